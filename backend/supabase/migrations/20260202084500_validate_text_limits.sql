alter table public.people validate constraint people_name_length;
alter table public.people validate constraint people_relationship_length;
alter table public.messages validate constraint messages_content_length;

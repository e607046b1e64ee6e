alter table public.messages drop constraint messages_content_length;

alter table public.people
  drop constraint people_relationship_length,
  drop constraint people_name_length;

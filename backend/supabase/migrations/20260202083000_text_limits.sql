-- Enforced for new rows at once; existing rows are checked by the next migration, under a weaker lock.
alter table public.people
  add constraint people_name_length check (char_length(name) between 1 and 200) not valid,
  add constraint people_relationship_length check (char_length(relationship) <= 100) not valid;

alter table public.messages
  add constraint messages_content_length check (char_length(content) between 1 and 20000) not valid;

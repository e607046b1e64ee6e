-- A constraint can't be made unvalidated: it is replaced by its form before the migration.
alter table public.messages drop constraint messages_content_length;
alter table public.messages
  add constraint messages_content_length check (char_length(content) between 1 and 20000) not valid;

alter table public.people
  drop constraint people_relationship_length,
  drop constraint people_name_length;
alter table public.people
  add constraint people_name_length check (char_length(name) between 1 and 200) not valid,
  add constraint people_relationship_length check (char_length(relationship) <= 100) not valid;

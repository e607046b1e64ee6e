-- A constant default rewrites nothing. The limit stays unvalidated: existing rows hold only the default.
alter table public.people
  add column notes text not null default '',
  add constraint people_notes_length check (char_length(notes) <= 5000) not valid;

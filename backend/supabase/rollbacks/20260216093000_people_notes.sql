alter table public.people
  drop constraint people_notes_length,
  drop column notes;

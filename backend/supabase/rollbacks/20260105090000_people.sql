drop table public.people;

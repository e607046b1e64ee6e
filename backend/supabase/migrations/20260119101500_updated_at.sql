-- Set by the database, so that every writer (functions, the Data API, a person at psql) keeps it right.
create function public.set_updated_at() returns trigger
  language plpgsql
  set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

create trigger people_updated_at before update on public.people
  for each row execute function public.set_updated_at();

create trigger conversations_updated_at before update on public.conversations
  for each row execute function public.set_updated_at();

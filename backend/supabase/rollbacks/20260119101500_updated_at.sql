drop trigger conversations_updated_at on public.conversations;
drop trigger people_updated_at on public.people;
drop function public.set_updated_at();

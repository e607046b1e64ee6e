-- The sub-select makes PostgreSQL evaluate auth.uid() once per statement, not once per row.
create policy people_of_their_owner on public.people
  for all to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy conversations_of_their_owner on public.conversations
  for all to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy messages_of_their_owner on public.messages
  for all to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

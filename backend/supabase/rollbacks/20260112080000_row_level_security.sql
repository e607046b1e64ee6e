drop policy messages_of_their_owner on public.messages;
drop policy conversations_of_their_owner on public.conversations;
drop policy people_of_their_owner on public.people;

-- Written once and never edited; the identity column is the order within a conversation.
create table public.messages (
  id bigint generated always as identity primary key,
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  conversation_id uuid not null,
  role text not null,
  content text not null,
  created_at timestamptz not null default now(),
  constraint messages_role_check check (role in ('user', 'assistant')),
  constraint messages_conversation_fkey foreign key (conversation_id, owner_id)
    references public.conversations (id, owner_id) on delete cascade
);

create index messages_owner_idx on public.messages (owner_id);

alter table public.messages enable row level security;
revoke all on public.messages from anon, authenticated;
grant select, insert on public.messages to authenticated;

create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  person_id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint conversations_id_owner_key unique (id, owner_id),
  -- Foreign keys are checked past row level security, so the owner is part of the key.
  constraint conversations_person_fkey foreign key (person_id, owner_id)
    references public.people (id, owner_id) on delete cascade
);

create index conversations_owner_idx on public.conversations (owner_id);
create index conversations_person_idx on public.conversations (person_id, owner_id);

alter table public.conversations enable row level security;
revoke all on public.conversations from anon, authenticated;
grant select, insert, update, delete on public.conversations to authenticated;

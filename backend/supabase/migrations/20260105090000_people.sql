-- The people a user keeps notes of. A row belongs to the user who created it and goes with that user.
create table public.people (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  name text not null,
  relationship text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Target of conversations' composite key: a conversation can't name somebody else's person.
  constraint people_id_owner_key unique (id, owner_id)
);

create index people_owner_idx on public.people (owner_id, created_at);

-- The platform may grant everything on new tables by default; what clients may do is said here.
alter table public.people enable row level security;
revoke all on public.people from anon, authenticated;
grant select, insert, update, delete on public.people to authenticated;

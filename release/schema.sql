-- What a release knows about its project, kept in the project's own database: the API does not expose this schema.
create schema if not exists release;
revoke all on schema release from public;

create table if not exists release.marker (
  single boolean primary key default true check (single),
  ref text not null,
  name text not null,
  organization text not null,
  api_host text not null,
  stack text not null,
  created_at timestamptz not null default now()
);

create table if not exists release.lease (
  single boolean primary key default true check (single),
  holder text not null,
  fencing bigint not null,
  acquired_at timestamptz not null,
  expires_at timestamptz not null
);

create table if not exists release.manifest (
  part text primary key,
  source text not null,
  live text not null,
  token text not null,
  version integer,
  seconds numeric not null,
  fencing bigint not null,
  updated_at timestamptz not null default now()
);

create table if not exists release.records (
  id bigint generated always as identity primary key,
  kind text not null,
  digest text not null,
  tree text not null,
  git_commit text,
  git_dirty boolean,
  released_by text not null,
  migrations jsonb not null,
  functions jsonb not null,
  seconds jsonb not null,
  fencing bigint not null,
  recorded_at timestamptz not null default now()
);
alter table release.records
  add column if not exists smoke text,
  add column if not exists undo jsonb not null default '{}',
  add column if not exists reason text,
  add column if not exists report jsonb not null default '{}',
  add column if not exists token text;

-- Packed files by digest: the sources that a release put live, its smoke tests, its undo scripts, and what somebody
-- had put live by hand before a release went over it.
create table if not exists release.archive (
  digest text primary key,
  part text not null,
  content bytea not null,
  archived_at timestamptz not null default now()
);

-- Release hashes that a rollback left: they are not released again until somebody says so.
create table if not exists release.hold (
  digest text primary key,
  record bigint not null,
  reason text not null,
  held_by text not null,
  held_at timestamptz not null default now()
);

-- What people and `ops validate` found of a release hash besides its smoke tests.
create table if not exists release.checklist (
  digest text not null,
  item text not null,
  passed boolean not null,
  told text not null,
  checked_by text not null,
  checked_at timestamptz not null default now(),
  primary key (digest, item)
);

-- Two users with their people and talks: for local development, and for the local production, which lacks the newest
-- migration. So it may only use what every migration but the last has made.
insert into auth.users (id, aud, role, email, email_confirmed_at, created_at, updated_at)
select id::uuid, 'authenticated', 'authenticated', email, now(), now(), now()
from (
  values
    ('5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001', 'ada@example.com'),
    ('5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a002', 'grace@example.com')
) as users (id, email);

insert into public.people (id, owner_id, name, relationship)
values
  ('9b8e5f60-0b1c-4f0a-8a51-0d5d3a7cb001', '5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001', 'Charles', 'colleague'),
  ('9b8e5f60-0b1c-4f0a-8a51-0d5d3a7cb002', '5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001', 'Mary', 'friend'),
  ('9b8e5f60-0b1c-4f0a-8a51-0d5d3a7cb003', '5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a002', 'Howard', 'mentor');

insert into public.conversations (id, owner_id, person_id)
values
  (
    'c3a1d7e4-6c2b-4e7d-b1f3-7e1f0a9dc001',
    '5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001',
    '9b8e5f60-0b1c-4f0a-8a51-0d5d3a7cb001'
  );

insert into public.messages (owner_id, conversation_id, role, content)
values
  ('5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001', 'c3a1d7e4-6c2b-4e7d-b1f3-7e1f0a9dc001', 'user', 'What shall I ask him?'),
  ('5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001', 'c3a1d7e4-6c2b-4e7d-b1f3-7e1f0a9dc001', 'assistant', 'How his engine is.');

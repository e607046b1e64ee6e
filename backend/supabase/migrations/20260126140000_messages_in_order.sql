-- Reads of a conversation's last messages. Alone in its file: CONCURRENTLY can't run in a transaction.
create index concurrently if not exists messages_conversation_idx on public.messages (conversation_id, id);

drop index concurrently if exists public.messages_conversation_idx;

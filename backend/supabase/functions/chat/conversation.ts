import { asCaller, type Caller } from "../_shared/caller.ts";
import type { Database, Transaction } from "../_shared/database.ts";
import { HttpError } from "../_shared/http.ts";

/** A stored message; `id` grows within a conversation. */
export interface Message {
  readonly id: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly created_at: Date;
}

/** What the user says to whom; without `conversationId` a new conversation begins. */
export interface Question {
  readonly personId: string;
  readonly conversationId: string | undefined;
  readonly message: string;
}

/** A conversation that waits for its answer: whom it is about and its last messages, oldest first. */
export interface OpenTurn {
  readonly conversationId: string;
  readonly person: { readonly name: string; readonly relationship: string | null; readonly notes: string };
  readonly messages: readonly Pick<Message, "role" | "content">[];
}

/** The caller's conversations. */
export interface ConversationStore {
  /** Stores the question. Throws 404 when the person or the conversation is not the caller's. */
  ask(caller: Caller, question: Question): Promise<OpenTurn>;
  /** Stores the answer to it. */
  answer(caller: Caller, conversationId: string, content: string): Promise<Message>;
}

/** How much of a conversation the answer is based on. */
const remembered = 40;

/** The store in the project's database; row level security limits each query to the caller's rows. */
export function databaseConversations(database: () => Database): ConversationStore {
  return {
    ask: (caller, question) =>
      asCaller(database(), caller, async (sql) => {
        const [person] = await sql<OpenTurn["person"][]>`
          select name, relationship, notes from public.people where id = ${question.personId}`;
        if (person === undefined) {
          throw new HttpError(404, "person_not_found", "You have no person with this id.");
        }
        const conversationId = await openConversation(sql, caller, question);
        await addMessage(sql, caller, conversationId, "user", question.message);
        const latest = await sql<OpenTurn["messages"][number][]>`
          select role, content from public.messages
          where conversation_id = ${conversationId} order by id desc limit ${remembered}`;
        return { conversationId, person, messages: [...latest].reverse() };
      }),
    answer: (caller, conversationId, content) =>
      asCaller(database(), caller, (sql) => addMessage(sql, caller, conversationId, "assistant", content)),
  };
}

async function openConversation(sql: Transaction, caller: Caller, question: Question): Promise<string> {
  const { personId, conversationId } = question;
  const [conversation] = conversationId === undefined
    ? await sql<{ id: string }[]>`
        insert into public.conversations ${sql({ person_id: personId, owner_id: caller.id })} returning id`
    : await sql<{ id: string }[]>`
        update public.conversations set updated_at = now()
        where id = ${conversationId} and person_id = ${personId} returning id`;
  if (conversation === undefined) {
    throw new HttpError(404, "conversation_not_found", "You have no conversation with this id and person.");
  }
  return conversation.id;
}

async function addMessage(
  sql: Transaction,
  caller: Caller,
  conversationId: string,
  role: Message["role"],
  content: string,
): Promise<Message> {
  const row = { conversation_id: conversationId, owner_id: caller.id, role, content };
  const [message] = await sql<[Message]>`
    insert into public.messages ${sql(row)} returning id, role, content, created_at`;
  return message;
}

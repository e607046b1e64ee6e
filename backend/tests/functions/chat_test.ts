import assert from "node:assert/strict";
import type { Caller } from "../../supabase/functions/_shared/caller.ts";
import { HttpError, withErrors } from "../../supabase/functions/_shared/http.ts";
import { type AnswerPrompt, anthropicAnswers } from "../../supabase/functions/chat/anthropic.ts";
import type { ConversationStore, Message, Question } from "../../supabase/functions/chat/conversation.ts";
import { chatHandler, promptFor } from "../../supabase/functions/chat/handler.ts";
import { userId, userRequest } from "./token.ts";

const person = { name: "Ada", relationship: "friend", notes: "Likes tea." };
const personId = "6b1f0c1e-52a4-4b1c-9a53-0d6f9d3c1a10";
const conversationId = "6b1f0c1e-52a4-4b1c-9a53-0d6f9d3c1a20";

/** One conversation with one person, kept in memory. */
class ConversationInMemory implements ConversationStore {
  readonly messages: Message[] = [];

  ask(caller: Caller, question: Question) {
    if (caller.id !== userId || question.personId !== personId) {
      throw new HttpError(404, "person_not_found", "You have no person with this id.");
    }
    this.#add("user", question.message);
    return Promise.resolve({ conversationId, person, messages: [...this.messages] });
  }

  answer(_caller: Caller, _conversationId: string, content: string) {
    return Promise.resolve(this.#add("assistant", content));
  }

  #add(role: Message["role"], content: string): Message {
    const message = { id: String(this.messages.length + 1), role, content, created_at: new Date() };
    this.messages.push(message);
    return message;
  }
}

function room(answer: AnswerPrompt) {
  const store = new ConversationInMemory();
  return { store, handler: withErrors(chatHandler(store, answer)) };
}

const hello = { person_id: personId, message: "Hello" };

Deno.test("a question is stored, answered by the model, and the answer stored and returned", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { messages } = await request.json();
    return Response.json({ content: [{ type: "text", text: `You said: ${messages.at(-1).content}` }] });
  });
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  try {
    const { store, handler } = room(anthropicAnswers({ apiKey: "key", baseUrl }));
    const answer = await handler(userRequest("POST", "chat", hello));
    assert.equal(answer.status, 200);
    assert.partialDeepStrictEqual(await answer.json(), {
      conversation_id: conversationId,
      message: { id: "2", role: "assistant", content: "You said: Hello" },
    });
    assert.deepEqual(store.messages.map(({ role }) => role), ["user", "assistant"]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("the question stays stored when no answer is obtained", async () => {
  const { store, handler } = room(() => Promise.reject(new HttpError(502, "no_answer", "Try again.")));
  assert.equal((await handler(userRequest("POST", "chat", hello))).status, 502);
  assert.deepEqual(store.messages.map(({ content }) => content), ["Hello"]);
});

Deno.test("the model knows the person and gets the conversation from a user's message on", () => {
  const messages = [
    { role: "assistant", content: "an answer to what is forgotten" },
    { role: "user", content: "What does she like?" },
  ] as const;
  const prompt = promptFor({ conversationId, person, messages });
  assert.match(prompt.system, /Name: Ada\nRelationship: friend\nNotes: Likes tea\.$/);
  assert.deepEqual(prompt.messages, [messages[1]]);
});

Deno.test("nothing is said of what is not known of the person", () => {
  const bare = { name: "Ada", relationship: null, notes: "" };
  assert.match(promptFor({ conversationId, person: bare, messages: [] }).system, /Name: Ada$/);
});

for (
  const [what, body, status] of [
    ["somebody else's person", { ...hello, person_id: conversationId }, 404],
    ["no person", { message: "Hello" }, 400],
    ["no message", { person_id: personId }, 400],
    ["a long message", { ...hello, message: "x".repeat(4001) }, 400],
    ["a conversation id that is none", { ...hello, conversation_id: "7" }, 400],
    ["an unknown field", { ...hello, model: "expensive" }, 400],
  ] as const
) {
  Deno.test(`a question with ${what} is refused before the model is asked`, async () => {
    const { store, handler } = room(() => Promise.reject(new Error("must not be called")));
    assert.equal((await handler(userRequest("POST", "chat", body))).status, status);
    assert.deepEqual(store.messages, []);
  });
}

Deno.test("only POST, only signed in", async () => {
  const { handler } = room(() => Promise.resolve("never"));
  assert.equal((await handler(userRequest("GET", "chat"))).status, 405);
  assert.equal((await handler(new Request("http://project.test/chat", { method: "POST" }))).status, 401);
});

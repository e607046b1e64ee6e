import { callerOf } from "../_shared/caller.ts";
import { onlyFields, textField } from "../_shared/fields.ts";
import { type Handler, HttpError, json, jsonObject } from "../_shared/http.ts";
import { isUuid } from "../_shared/uuid.ts";
import type { AnswerPrompt, Prompt } from "./anthropic.ts";
import type { ConversationStore, OpenTurn, Question } from "./conversation.ts";

/** `POST /chat`: stores the caller's message, obtains the answer, stores and returns that. */
export function chatHandler(store: ConversationStore, answerPrompt: AnswerPrompt): Handler {
  return async (request) => {
    if (request.method !== "POST") throw new HttpError(405, "method_not_allowed", "Use POST.");
    const caller = callerOf(request);
    const question = questionIn(await jsonObject(request));
    // No transaction is held open while the model thinks; the question stays stored if it never answers.
    const turn = await store.ask(caller, question);
    const text = await answerPrompt(promptFor(turn));
    const message = await store.answer(caller, turn.conversationId, text);
    return json(200, { conversation_id: turn.conversationId, message });
  };
}

/** The question in a request's body: `person_id`, `message` and, to go on, `conversation_id`. Throws 400. */
export function questionIn(body: Record<string, unknown>): Question {
  onlyFields(body, ["person_id", "conversation_id", "message"]);
  const { person_id: personId, conversation_id: conversationId = null } = body;
  if (!isUuid(personId)) throw new HttpError(400, "invalid_field", '"person_id" must be the id of a person.');
  if (conversationId !== null && !isUuid(conversationId)) {
    throw new HttpError(400, "invalid_field", '"conversation_id" must be the id of a conversation.');
  }
  return {
    personId,
    conversationId: conversationId ?? undefined,
    message: textField(body, "message", 1, 4000),
  };
}

/** What the model gets to see of a turn. */
export function promptFor({ person, messages }: OpenTurn): Prompt {
  const about = [
    `Name: ${person.name}`,
    ...(person.relationship === null ? [] : [`Relationship: ${person.relationship}`]),
    ...(person.notes === "" ? [] : [`Notes: ${person.notes}`]),
  ];
  return {
    system: "You help the user to be a good friend, relative or colleague to the person described below. " +
      `Answer briefly and concretely.\n\n${about.join("\n")}`,
    // The API wants a user's message first; the oldest one remembered may be an answer.
    messages: messages.slice(messages.findIndex((message) => message.role === "user")),
  };
}

import { HttpError } from "../_shared/http.ts";

/** What the model is given: its instructions, and the conversation with the newest message last. */
export interface Prompt {
  readonly system: string;
  readonly messages: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
}

/** Turns a prompt into the answer's text. */
export type AnswerPrompt = (prompt: Prompt) => Promise<string>;

/** Where the model is reached and with which key. */
export interface AnthropicOptions {
  readonly apiKey: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly model?: string | undefined;
  /** Milliseconds until an answer is given up, well below the platform's own limit of 150 s. */
  readonly timeoutMs?: number;
}

/**
 * Asks the Messages API (https://docs.anthropic.com/en/api/messages). Whatever goes wrong there is a 502 to
 * the client and a line in the function's log, which holds neither the key nor what the user wrote.
 */
export function anthropicAnswers(options: AnthropicOptions): AnswerPrompt {
  const url = `${(options.baseUrl ?? "https://api.anthropic.com").replace(/\/+$/, "")}/v1/messages`;
  return async ({ system, messages }) => {
    if (!options.apiKey) {
      console.error("ANTHROPIC_API_KEY is not set: add it to the project's function secrets.");
      throw new HttpError(503, "chat_not_configured", "The chat is not set up yet.");
    }
    const headers = {
      "content-type": "application/json",
      "x-api-key": options.apiKey,
      "anthropic-version": "2023-06-01",
    };
    const body = JSON.stringify({
      model: options.model ?? "claude-sonnet-4-5",
      max_tokens: 1024,
      system,
      messages,
    });
    let answer: unknown;
    try {
      const signal = AbortSignal.timeout(options.timeoutMs ?? 60_000);
      const response = await fetch(url, { method: "POST", headers, body, signal });
      answer = await response.json();
      if (!response.ok) throw new Error(`status ${response.status}, ${errorType(answer)}`);
    } catch (error) {
      throw noAnswer(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    const text = textOf(answer);
    if (text === "") throw noAnswer("an answer without text");
    return text;
  };
}

function noAnswer(reason: string): HttpError {
  console.error(`The Messages API gave no answer: ${reason}`);
  return new HttpError(502, "no_answer", "No answer could be obtained. Try again in a moment.");
}

function errorType(body: unknown): string {
  const type = (body as { error?: { type?: unknown } } | null)?.error?.type;
  return typeof type === "string" ? type : "no error type";
}

function textOf(body: unknown): string {
  const content = (body as { content?: unknown } | null)?.content;
  if (!Array.isArray(content)) return "";
  return content
    .map((block: { type?: unknown; text?: unknown }) => block.type === "text" ? String(block.text) : "")
    .join("")
    .trim();
}

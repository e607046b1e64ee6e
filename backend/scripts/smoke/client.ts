import type { Options } from "./options.ts";

/** A request to the project. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the project's URL, such as `/functions/v1/health`. */
  readonly path: string;
  readonly key: "publishable" | "secret";
  /** The access token of a user, if the call is made in a user's name. */
  readonly token?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** What the project answered; `body` is undefined if it was no JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A call that got no acceptable answer; the message names call, answer and number of tries, never a secret. */
export class CallFailed extends Error {}

/** Milliseconds before the second, third, … try; the last one repeats. */
export const patientBackoff: readonly number[] = [250, 500, 1_000, 2_000, 4_000];

/**
 * Calls the project until it answers as expected or the time is up. Connection errors, 404s of the gateway
 * (a function just deployed), 429 and 5xx (cold starts) are tried again, other answers are final. One call
 * takes at most half of the time, so that the others still tell what they find, and one try a quarter.
 */
export class Client {
  #tries = 0;
  readonly #secrets: string[];

  constructor(
    private readonly options: Omit<Options, "json">,
    private readonly signal: AbortSignal,
    private readonly backoff: readonly number[] = patientBackoff,
  ) {
    this.#secrets = [options.secretKey];
  }

  /** How many requests were sent so far. */
  get tries(): number {
    return this.#tries;
  }

  /** From now on, replaces this value in every message. */
  conceal(secret: string): void {
    this.#secrets.push(secret);
  }

  /** The text without secrets and line breaks, at most 300 characters. */
  safe(text: string): string {
    const concealed = this.#secrets.reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);
    return concealed.replaceAll(/\s+/g, " ").slice(0, 300);
  }

  /** The first answer that `accepts` accepts. Throws `CallFailed`. */
  async call(call: Call, accepts: (answer: Answer) => boolean): Promise<Answer> {
    const limit = AbortSignal.any([this.signal, AbortSignal.timeout(this.options.timeoutMs / 2)]);
    let last = "was not sent";
    for (let tried = 0;; tried++) {
      if (tried > 0) await pause(this.backoff[Math.min(tried, this.backoff.length) - 1] ?? 0, limit);
      if (limit.aborted) {
        const reason = limit.reason?.name === "TimeoutError" ? "the time is up" : "interrupted";
        throw new CallFailed(this.safe(`${call.method} ${call.path} ${last}; tries: ${tried}; ${reason}`));
      }
      this.#tries++;
      const answer = await this.#send(call, limit);
      if (answer instanceof Error) {
        // An earlier answer tells more than the abort at the end of the time.
        if (tried === 0 || !limit.aborted) last = `got no answer (${answer.message})`;
        continue;
      }
      if (accepts(answer)) return answer;
      last = `answered ${answer.status}${explanation(answer.body)}`;
      if (!mayPass(answer)) throw new CallFailed(this.safe(`${call.method} ${call.path} ${last}`));
    }
  }

  async #send(call: Call, limit: AbortSignal): Promise<Answer | Error> {
    const key = call.key === "secret" ? this.options.secretKey : this.options.publishableKey;
    const headers = new Headers({ apikey: key });
    // The new keys are no JWTs and belong into `apikey` alone; the legacy ones are expected in both.
    const admin = call.key === "secret" && !key.startsWith("sb_") ? key : undefined;
    const bearer = call.token ?? admin;
    if (bearer !== undefined) headers.set("Authorization", `Bearer ${bearer}`);
    if (call.body !== undefined) headers.set("Content-Type", "application/json");
    try {
      const response = await fetch(this.options.baseUrl + call.path, {
        method: call.method,
        headers,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        redirect: "manual",
        signal: AbortSignal.any([limit, AbortSignal.timeout(this.options.timeoutMs / 4)]),
      });
      const text = await response.text();
      return { status: response.status, body: jsonIn(text) };
    } catch (error) {
      const { cause } = error as Error;
      return cause instanceof Error ? cause : error as Error;
    }
  }
}

function mayPass({ status, body }: Answer): boolean {
  // Our functions' own 404 has a code such as person_not_found; the gateway's is NOT_FOUND or none.
  if (status === 404) return !/_not_found$/.test(String(field(body, "code") ?? ""));
  return status === 429 || status >= 500;
}

function explanation(body: unknown): string {
  const words = ["code", "error_code", "message", "msg", "error_description"]
    .map((name) => field(body, name))
    .filter((value) => typeof value === "string");
  return words.length === 0 ? "" : ` (${words.join(": ")})`;
}

/** A field of a JSON object, undefined for anything that has none. */
export function field(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

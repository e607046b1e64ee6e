import { type Handler, HttpError, json } from "../_shared/http.ts";

/** Resolves when the database has answered a query, rejects when it can't. */
export type Probe = () => Promise<unknown>;

/** Answers 200 when the function runs and its database answers within `limitMs`, else 503. */
export function healthHandler(probe: Probe, limitMs = 5_000): Handler {
  return async (request) => {
    if (request.method !== "GET") throw new HttpError(405, "method_not_allowed", "Use GET.");
    const started = performance.now();
    try {
      await within(limitMs, probe());
    } catch (error) {
      console.error("The database did not answer:", error);
      return json(503, { status: "unavailable", database: "unreachable" });
    }
    return json(200, { status: "ok", database: "ok", database_ms: Math.round(performance.now() - started) });
  };
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

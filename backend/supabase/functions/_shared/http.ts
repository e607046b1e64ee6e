/** What every function answers with: JSON, CORS for the browser, and errors that say only what a client may know. */

const cors = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, apikey, content-type, x-client-info",
  "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE, OPTIONS",
};

/** Answers one request; a thrown `HttpError` becomes the answer, anything else a 500. */
export type Handler = (request: Request) => Promise<Response>;

/** A refusal that the client is told about: `code` is for programs, `message` for people. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A JSON answer with the CORS headers. */
export function json(status: number, body: unknown): Response {
  return Response.json(body, { status, headers: cors });
}

/** Adds to a handler what all functions share: preflight requests and the form of errors. */
export function withErrors(handler: Handler): Handler {
  return async (request) => {
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: cors });
    try {
      return await handler(request);
    } catch (error) {
      if (error instanceof HttpError) {
        return json(error.status, { code: error.code, message: error.message });
      }
      console.error(error);
      return json(500, { code: "internal_error", message: "The request could not be completed." });
    }
  };
}

/** The path below the function's own name: "" for `/people`, "ID" for `/people/ID`. */
export function pathBelow(request: Request, functionName: string): string {
  const segments = new URL(request.url).pathname.split("/").filter((segment) => segment !== "");
  return segments.slice(segments.indexOf(functionName) + 1).join("/");
}

/** The request's body as a JSON object. Throws 400 when it is anything else. */
export async function jsonObject(request: Request): Promise<Record<string, unknown>> {
  const body: unknown = await request.json().catch(() => undefined);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new HttpError(400, "invalid_body", "The body must be a JSON object.");
  }
  return body as Record<string, unknown>;
}

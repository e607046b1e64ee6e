import assert from "node:assert/strict";
import type { HttpError } from "../../supabase/functions/_shared/http.ts";
import { anthropicAnswers } from "../../supabase/functions/chat/anthropic.ts";
import { silenced } from "./silenced.ts";

const prompt = { system: "Be brief.", messages: [{ role: "user", content: "A secret thought" }] } as const;

/** Asks a stand-in for the Messages API that answers with `answer`; returns what came of it and what it was sent. */
async function ask(answer: (request: Request) => Response | Promise<Response>, timeoutMs = 5_000) {
  const requests: { path: string; headers: Headers; body: unknown }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname: path } = new URL(request.url);
    requests.push({ path, headers: new Headers(request.headers), body: await request.json() });
    return await answer(request);
  });
  const baseUrl = `http://127.0.0.1:${server.addr.port}/`;
  const ask = anthropicAnswers({ apiKey: "sk-ant-seeded", baseUrl, timeoutMs });
  try {
    return { ...await silenced(() => ask(prompt).catch((error: HttpError) => error)), requests };
  } finally {
    await server.shutdown();
  }
}

Deno.test("the prompt is sent as the Messages API wants it, and the text returned", async () => {
  const content = [{ type: "text", text: "Hello" }, { type: "tool_use" }, { type: "text", text: " there. " }];
  const { result, requests } = await ask(() => Response.json({ content }));
  assert.equal(result, "Hello there.");
  const [sent] = requests;
  assert.equal(sent?.path, "/v1/messages");
  assert.equal(sent?.headers.get("x-api-key"), "sk-ant-seeded");
  assert.equal(sent?.headers.get("anthropic-version"), "2023-06-01");
  assert.partialDeepStrictEqual(sent?.body, { ...prompt, max_tokens: 1024 });
});

const overloaded = {
  type: "error",
  error: { type: "overloaded_error", message: "sk-ant-seeded was refused" },
};

for (
  const [what, answer, logged] of [
    ["an error", () => Response.json(overloaded, { status: 529 }), /529, overloaded_error/],
    ["a page", () => new Response("<html>", { status: 502 }), /JSON/],
    ["no text", () => Response.json({ content: [] }), /without text/],
    ["no content", () => Response.json(null), /without text/],
  ] as const
) {
  Deno.test(`${what} from the API is a 502 that tells nothing of it`, async () => {
    const { result, lines } = await ask(answer);
    assert.ok(result instanceof Error && "status" in result);
    assert.equal(result.status, 502);
    assert.equal(result.message, "No answer could be obtained. Try again in a moment.");
    assert.match(lines.join("\n"), logged);
    assert.doesNotMatch(lines.join("\n"), /seeded|secret thought/);
  });
}

Deno.test("an answer that takes too long is a 502", async () => {
  const late = Promise.withResolvers<Response>();
  const asked = ask(() => late.promise, 50);
  setTimeout(() => late.resolve(Response.json({})), 300);
  const { result, lines } = await asked;
  assert.equal((result as HttpError).status, 502);
  assert.match(lines.join(), /TimeoutError/);
});

Deno.test("without a key the remedy is in the log, not in the answer", async () => {
  const { result, lines } = await silenced(() =>
    anthropicAnswers({ apiKey: undefined })(prompt).catch((error: HttpError) => error)
  );
  assert.equal((result as HttpError).status, 503);
  assert.doesNotMatch((result as HttpError).message, /ANTHROPIC/);
  assert.match(lines.join(), /ANTHROPIC_API_KEY/);
});

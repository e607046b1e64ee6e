import assert from "node:assert/strict";
import { withErrors } from "../../supabase/functions/_shared/http.ts";
import { healthHandler } from "../../supabase/functions/health/handler.ts";
import { silenced } from "./silenced.ts";

const request = new Request("http://project.test/health");

Deno.test("healthy when the database answers", async () => {
  const answer = await healthHandler(() => Promise.resolve())(request);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).status, "ok");
});

Deno.test("503 without details when the database refuses", async () => {
  const probe = () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.1"));
  const { result, lines } = await silenced(() => healthHandler(probe)(request));
  assert.equal(result.status, 503);
  assert.deepEqual(await result.json(), { status: "unavailable", database: "unreachable" });
  assert.match(lines.join(), /ECONNREFUSED/);
});

Deno.test("503 when the database does not answer in time", async () => {
  const { result } = await silenced(() => healthHandler(() => new Promise(() => {}), 10)(request));
  assert.equal(result.status, 503);
  await result.body?.cancel();
});

Deno.test("only GET", async () => {
  const handler = withErrors(healthHandler(() => Promise.resolve()));
  const answer = await handler(new Request(request.url, { method: "POST" }));
  assert.equal(answer.status, 405);
});

import assert from "node:assert/strict";
import { HttpError, json, jsonObject, pathBelow, withErrors } from "../../supabase/functions/_shared/http.ts";
import { silenced } from "./silenced.ts";

const request = new Request("http://project.test/people");

Deno.test("a preflight request is answered without asking the handler", async () => {
  const handler = withErrors(() => Promise.reject(new Error("must not be called")));
  const answer = await handler(new Request(request.url, { method: "OPTIONS" }));
  assert.equal(answer.status, 204);
  assert.match(answer.headers.get("Access-Control-Allow-Headers") ?? "", /authorization.*apikey/);
});

Deno.test("a refusal becomes the answer, with its code", async () => {
  const answer = await withErrors(() => Promise.reject(new HttpError(404, "gone", "It is gone.")))(request);
  assert.equal(answer.status, 404);
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
  assert.deepEqual(await answer.json(), { code: "gone", message: "It is gone." });
});

Deno.test("an unexpected error is logged and not shown to the client", async () => {
  const failure = new Error("password authentication failed for user postgres");
  const { result, lines } = await silenced(() => withErrors(() => Promise.reject(failure))(request));
  assert.equal(result.status, 500);
  assert.doesNotMatch(await result.text(), /postgres/);
  assert.match(lines.join("\n"), /password authentication failed/);
});

Deno.test("an answer passes unchanged", async () => {
  const answer = await withErrors(() => Promise.resolve(json(201, { id: 1 })))(request);
  assert.equal(answer.status, 201);
  assert.deepEqual(await answer.json(), { id: 1 });
});

for (
  const [path, below] of [
    ["/people", ""],
    ["/people/", ""],
    ["/people/7", "7"],
    ["/functions/v1/people/7", "7"],
    ["/7", "7"],
  ] as const
) {
  Deno.test(`below the function at ${path} is "${below}"`, () => {
    assert.equal(pathBelow(new Request(`http://project.test${path}?x=1`), "people"), below);
  });
}

for (const body of ["", "{", "[]", "null", '"text"']) {
  Deno.test(`the body ${body || "(empty)"} is refused`, async () => {
    const post = new Request(request.url, { method: "POST", body });
    await assert.rejects(jsonObject(post), (error: HttpError) => error.status === 400);
  });
}

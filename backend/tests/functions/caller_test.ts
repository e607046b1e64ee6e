import assert from "node:assert/strict";
import { asCaller, callerOf } from "../../supabase/functions/_shared/caller.ts";
import type { Database } from "../../supabase/functions/_shared/database.ts";
import type { HttpError } from "../../supabase/functions/_shared/http.ts";
import { tokenWith, userId, userRequest } from "./token.ts";

function requestWith(authorization: string): Request {
  return new Request("http://project.test/people", { headers: { Authorization: authorization } });
}

Deno.test("the caller is the token's user, with all claims", () => {
  const claims = { sub: userId, role: "authenticated", name: "Zoë ÿ>?" };
  const caller = callerOf(requestWith(`Bearer ${tokenWith(claims)}`));
  assert.deepEqual(caller, { id: userId, claims });
});

for (
  const [what, authorization] of [
    ["no token", ""],
    ["another scheme", "Basic abc"],
    ["text that is no token", "Bearer sb_publishable_abc"],
    ["a payload that is no JSON", "Bearer e30.e.x"],
    ["a payload that is no object", `Bearer e30.${btoa("7")}.x`],
    ["the anon key", `Bearer ${tokenWith({ role: "anon" })}`],
    ["the service key", `Bearer ${tokenWith({ role: "service_role" })}`],
    ["a role without a user", `Bearer ${tokenWith({ role: "authenticated" })}`],
    ["a user id that is no UUID", `Bearer ${tokenWith({ role: "authenticated", sub: "1" })}`],
  ] as const
) {
  Deno.test(`${what} is no caller`, () => {
    assert.throws(() => callerOf(requestWith(authorization)), (error: HttpError) => error.status === 401);
  });
}

Deno.test("claims and role are set for the transaction before the work begins", async () => {
  const steps: string[] = [];
  const transaction = (text: TemplateStringsArray, ...values: unknown[]) => {
    steps.push(text.join("?") + values.join());
    return Promise.resolve([]);
  };
  const database = {
    begin: (work: (sql: typeof transaction) => unknown) => work(transaction),
  } as unknown as Database;
  const caller = callerOf(userRequest("GET", "people"));
  const result = await asCaller(database, caller, () => {
    steps.push("work");
    return Promise.resolve(7);
  });
  assert.equal(result, 7);
  assert.deepEqual(steps, [
    `select set_config('request.jwt.claims', ?, true)${JSON.stringify(caller.claims)}`,
    "set local role authenticated",
    "work",
  ]);
});

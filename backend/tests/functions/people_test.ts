import assert from "node:assert/strict";
import type { Caller } from "../../supabase/functions/_shared/caller.ts";
import { withErrors } from "../../supabase/functions/_shared/http.ts";
import { peopleHandler } from "../../supabase/functions/people/handler.ts";
import type { Person, PersonFields } from "../../supabase/functions/people/person.ts";
import type { PeopleStore } from "../../supabase/functions/people/store.ts";
import { userId, userRequest } from "./token.ts";

/** The store's promise kept in memory. */
class PeopleInMemory implements PeopleStore {
  readonly rows: (Person & { owner: string })[] = [];

  #own(caller: Caller) {
    return this.rows.filter(({ owner }) => owner === caller.id);
  }

  list(caller: Caller) {
    return Promise.resolve(this.#own(caller));
  }

  create(caller: Caller, fields: PersonFields) {
    const now = new Date();
    const row = { id: crypto.randomUUID(), created_at: now, updated_at: now, owner: caller.id, ...fields };
    this.rows.push(row);
    return Promise.resolve(row);
  }

  find(caller: Caller, id: string) {
    return Promise.resolve(this.#own(caller).find((row) => row.id === id));
  }

  async change(caller: Caller, id: string, change: Partial<PersonFields>) {
    const row = await this.find(caller, id);
    return row === undefined ? undefined : Object.assign(row, change);
  }

  async remove(caller: Caller, id: string) {
    const row = await this.find(caller, id);
    if (row !== undefined) this.rows.splice(this.rows.indexOf(row), 1);
    return row !== undefined;
  }
}

const owner = { id: userId, claims: {} };
const stranger = { id: "6b1f0c1e-52a4-4b1c-9a53-0d6f9d3c1a02", claims: {} };
const ada = { name: "Ada", relationship: "friend", notes: "" };

function room() {
  const store = new PeopleInMemory();
  return { store, handler: withErrors(peopleHandler(store)) };
}

Deno.test("a person is created with the given fields and defaults, for the caller", async () => {
  const { store, handler } = room();
  const answer = await handler(userRequest("POST", "people", { name: " Ada " }));
  assert.equal(answer.status, 201);
  const { person } = await answer.json();
  assert.partialDeepStrictEqual(person, { name: "Ada", relationship: null, notes: "" });
  assert.equal(store.rows[0]?.owner, userId);
});

Deno.test("the list holds the caller's people", async () => {
  const { store, handler } = room();
  const { id } = await store.create(owner, ada);
  await store.create(stranger, ada);
  const { people } = await (await handler(userRequest("GET", "people"))).json();
  assert.deepEqual(people.map((person: Person) => person.id), [id]);
});

Deno.test("a change leaves the other fields as they are", async () => {
  const { store, handler } = room();
  const { id } = await store.create(owner, ada);
  const answer = await handler(
    userRequest("PATCH", `people/${id}`, { notes: "Likes tea.", relationship: null }),
  );
  assert.equal(answer.status, 200);
  assert.partialDeepStrictEqual(store.rows[0], { name: "Ada", relationship: null, notes: "Likes tea." });
});

Deno.test("a deleted person is gone", async () => {
  const { store, handler } = room();
  const { id } = await store.create(owner, ada);
  assert.equal((await handler(userRequest("DELETE", `people/${id}`))).status, 200);
  assert.equal((await handler(userRequest("GET", `people/${id}`))).status, 404);
});

for (const method of ["GET", "PATCH", "DELETE"]) {
  Deno.test(`${method} finds neither somebody else's person nor an id that is none`, async () => {
    const { store, handler } = room();
    const { id } = await store.create(stranger, ada);
    for (const path of [`people/${id}`, "people/7"]) {
      const answer = await handler(
        userRequest(method, path, method === "PATCH" ? { notes: "x" } : undefined),
      );
      assert.equal(answer.status, 404);
      assert.equal((await answer.json()).code, "person_not_found");
    }
    assert.partialDeepStrictEqual(store.rows, [{ id, ...ada }]);
  });
}

for (
  const [body, message] of [
    [{}, /"name"/],
    [{ name: "" }, /"name"/],
    [{ name: "x".repeat(201) }, /1 to 200/],
    [{ name: "Ada", notes: "x".repeat(5001) }, /"notes"/],
    [{ name: "Ada", relationship: "" }, /"relationship"/],
    [{ name: "Ada", owner_id: stranger.id }, /owner_id/],
    ["Ada", /JSON object/],
  ] as const
) {
  Deno.test(`a new person of ${JSON.stringify(body).slice(0, 50)} is refused`, async () => {
    const { store, handler } = room();
    const answer = await handler(userRequest("POST", "people", body));
    assert.equal(answer.status, 400);
    assert.match((await answer.json()).message, message);
    assert.deepEqual(store.rows, []);
  });
}

Deno.test("a change of nothing is refused", async () => {
  const { store, handler } = room();
  const { id } = await store.create(owner, ada);
  assert.equal((await handler(userRequest("PATCH", `people/${id}`, {}))).status, 400);
});

Deno.test("without a user there is nothing to see", async () => {
  const answer = await room().handler(new Request("http://project.test/people"));
  assert.equal(answer.status, 401);
});

for (const [method, path] of [["PUT", "people"], ["POST", `people/${userId}`]] as const) {
  Deno.test(`${method} /${path} is no operation`, async () => {
    assert.equal((await room().handler(userRequest(method, path, {}))).status, 405);
  });
}

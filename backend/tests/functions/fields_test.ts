import assert from "node:assert/strict";
import { onlyFields, textField } from "../../supabase/functions/_shared/fields.ts";
import type { HttpError } from "../../supabase/functions/_shared/http.ts";
import { isUuid } from "../../supabase/functions/_shared/uuid.ts";
import { userId } from "./token.ts";

const is400 = (error: HttpError) => error.status === 400;

Deno.test("text is taken without surrounding blanks", () => {
  assert.equal(textField({ name: "  Ada \n" }, "name", 1, 3), "Ada");
});

Deno.test("length is counted in characters, as the database counts", () => {
  assert.equal(textField({ name: "👩👩" }, "name", 1, 2), "👩👩");
  assert.throws(() => textField({ name: "👩👩👩" }, "name", 1, 2), is400);
});

for (const value of [undefined, null, 7, ["Ada"], "", "  ", "a\0b", "abcd"]) {
  Deno.test(`${JSON.stringify(value)} is no text of 1 to 3 characters`, () => {
    assert.throws(() => textField({ name: value }, "name", 1, 3), is400);
  });
}

Deno.test("an unknown field is named", () => {
  onlyFields({ name: 1 }, ["name"]);
  assert.throws(() => onlyFields({ nmae: 1 }, ["name"]), /nmae.*name/);
});

Deno.test("a UUID has its form", () => {
  assert.ok(isUuid(userId) && isUuid(userId.toUpperCase()));
  for (const value of [7, "", userId.slice(1), `${userId}0`, userId.replaceAll("-", "")]) {
    assert.ok(!isUuid(value));
  }
});

import { HttpError } from "./http.ts";

/** Refuses a body with fields that nobody reads: a misspelt name would be lost silently. */
export function onlyFields(body: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(body).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new HttpError(
      400,
      "unknown_field",
      `Unknown field ${unknown.join(", ")}; the fields are ${known.join(", ")}.`,
    );
  }
}

/** A field's text without surrounding blanks, of `min` to `max` characters; throws 400 for anything else. */
export function textField(body: Record<string, unknown>, name: string, min: number, max: number): string {
  const value = body[name];
  const text = typeof value === "string" ? value.trim() : undefined;
  // PostgreSQL counts code points, as the spread does, and stores no NUL.
  const length = text === undefined ? -1 : [...text].length;
  if (text === undefined || length < min || length > max || text.includes("\0")) {
    throw new HttpError(400, "invalid_field", `"${name}" must be text of ${min} to ${max} characters.`);
  }
  return text;
}

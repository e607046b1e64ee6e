import { onlyFields, textField } from "../_shared/fields.ts";
import { HttpError } from "../_shared/http.ts";

/** A person as clients see it. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly relationship: string | null;
  readonly notes: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The fields of a person that its owner may set. The limits are the database's own. */
export interface PersonFields {
  name: string;
  relationship: string | null;
  notes: string;
}

const fieldNames = ["name", "relationship", "notes"] as const;

/** A new person's fields from a request's body; only the name is required. Throws 400. */
export function newPerson(body: Record<string, unknown>): PersonFields {
  return { relationship: null, notes: "", name: textField(body, "name", 1, 200), ...personChange(body) };
}

/** The fields that a request's body changes; those it leaves out stay as they are. Throws 400. */
export function personChange(body: Record<string, unknown>): Partial<PersonFields> {
  onlyFields(body, fieldNames);
  const change: Partial<PersonFields> = {};
  if ("name" in body) change.name = textField(body, "name", 1, 200);
  if ("relationship" in body) {
    change.relationship = body.relationship === null ? null : textField(body, "relationship", 1, 100);
  }
  if ("notes" in body) change.notes = textField(body, "notes", 0, 5000);
  if (Object.keys(change).length === 0) {
    throw new HttpError(400, "nothing_to_change", `Send at least one of ${fieldNames.join(", ")}.`);
  }
  return change;
}

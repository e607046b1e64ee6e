const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a value is the text of a UUID; PostgreSQL would answer anything else with an error. */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && form.test(value);
}

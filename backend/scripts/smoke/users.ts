import { type Answer, type Client, field } from "./client.ts";

/** A user that exists for one run; its address tells everybody what it is. */
export interface TestUser {
  readonly email: string;
  readonly password: string;
}

const address = /^smoke-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@example\.com$/;

/** Older test users were left by a run that could not clean up; younger ones may belong to one still running. */
const leftoverAgeMs = 10 * 60_000;

const pageSize = 200;

/** A user that no other run has, not yet known to the project. */
export function newTestUser(client: Client): TestUser {
  const user = { email: `smoke-${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() };
  client.conceal(user.password);
  return user;
}

/**
 * Whether the app's own way of signing up leads to a user at once. Where it does not, because the project
 * confirms e-mail addresses or takes no sign-ups, test users come from the admin API: nobody reads the mails
 * of example.com.
 */
export async function signUpIsOpen(client: Client): Promise<boolean> {
  const { body } = await client.call(
    { method: "GET", path: "/auth/v1/settings", key: "publishable" },
    ({ status }) => status === 200,
  );
  return field(body, "mailer_autoconfirm") === true && field(body, "disable_signup") !== true;
}

/** Signs the user up as the app does. */
export async function signUp(client: Client, { email, password }: TestUser): Promise<void> {
  const body = { email, password };
  await client.call({ method: "POST", path: "/auth/v1/signup", key: "publishable", body }, created);
}

/** Creates the user, confirmed, through the admin API. */
export async function createConfirmed(client: Client, { email, password }: TestUser): Promise<void> {
  const body = { email, password, email_confirm: true };
  await client.call({ method: "POST", path: "/auth/v1/admin/users", key: "secret", body }, created);
}

/** A try whose answer was lost has created the user all the same: the address is ours alone. */
function created({ status, body }: Answer): boolean {
  const code = field(body, "error_code");
  return status === 200 || (status === 422 && (code === "email_exists" || code === "user_already_exists"));
}

/** The user's access token. */
export async function logIn(client: Client, { email, password }: TestUser): Promise<string> {
  const { body } = await client.call(
    {
      method: "POST",
      path: "/auth/v1/token?grant_type=password",
      key: "publishable",
      body: { email, password },
    },
    ({ status, body }) => status === 200 && typeof field(body, "access_token") === "string",
  );
  const token = String(field(body, "access_token"));
  client.conceal(token);
  return token;
}

/** Deletes the given users wherever they exist; their rows go with them. Returns how many there were. */
export async function deleteUsers(client: Client, users: readonly TestUser[]): Promise<number> {
  const emails = new Set(users.map(({ email }) => email));
  return await deleteWhere(client, ({ email }) => emails.has(email));
}

/** Deletes what earlier runs left behind. Returns how many users that were. */
export async function sweepLeftovers(client: Client): Promise<number> {
  return await deleteWhere(client, ({ createdAt }) => createdAt < Date.now() - leftoverAgeMs);
}

interface FoundUser {
  readonly id: string;
  readonly email: string;
  readonly createdAt: number;
}

async function deleteWhere(client: Client, matches: (user: FoundUser) => boolean): Promise<number> {
  const users = (await testUsers(client)).filter(matches);
  for (const { id } of users) {
    await client.call(
      { method: "DELETE", path: `/auth/v1/admin/users/${id}`, key: "secret" },
      ({ status, body }) =>
        status === 200 || (status === 404 && field(body, "error_code") === "user_not_found"),
    );
  }
  return users.length;
}

async function testUsers(client: Client): Promise<FoundUser[]> {
  const found: FoundUser[] = [];
  for (let page = 1;; page++) {
    // The filter spares a large project its other users; the pattern decides.
    const path = `/auth/v1/admin/users?page=${page}&per_page=${pageSize}&filter=smoke-`;
    const { body } = await client.call(
      { method: "GET", path, key: "secret" },
      ({ status, body }) => status === 200 && Array.isArray(field(body, "users")),
    );
    const users = field(body, "users") as readonly unknown[];
    for (const user of users) {
      const email = String(field(user, "email"));
      if (!address.test(email)) continue;
      found.push({
        id: String(field(user, "id")),
        email,
        createdAt: Date.parse(String(field(user, "created_at"))),
      });
    }
    if (users.length < pageSize) return found;
  }
}

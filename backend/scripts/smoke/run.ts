import { Checks, needed, passed } from "./checks.ts";
import { Client, field, patientBackoff } from "./client.ts";
import type { Options } from "./options.ts";
import type { Report } from "./report.ts";
import {
  createConfirmed,
  deleteUsers,
  logIn,
  newTestUser,
  signUp,
  signUpIsOpen,
  sweepLeftovers,
  type TestUser,
} from "./users.ts";

/** Milliseconds that cleaning up may take after the run's own time. */
const cleanUpMs = 20_000;

/** The person that the tests create, and must read back as it is here. */
const person = { name: "Smoke Test", relationship: "colleague", notes: "Created by the smoke tests." };

/**
 * Runs all checks against the project and removes what they created, also when `interrupted` fires. What the
 * project does wrong is in the report; this throws only for a defect of the tests themselves.
 */
export async function runSmokeTests(
  options: Options,
  interrupted: AbortSignal,
  backoff: readonly number[] = patientBackoff,
): Promise<Report> {
  const started = performance.now();
  const checks = new Checks();
  const client = new Client(
    options,
    AbortSignal.any([interrupted, AbortSignal.timeout(options.timeoutMs)]),
    backoff,
  );
  const users: TestUser[] = [];
  try {
    await checkFlows(checks, client, users);
  } finally {
    const ownTime = { ...options, timeoutMs: cleanUpMs };
    const cleaner = new Client(ownTime, AbortSignal.timeout(cleanUpMs), backoff);
    await checks.check("clean-up", cleaner, async () => {
      const count = users.length === 0 ? 0 : await deleteUsers(cleaner, users);
      return passed(count, `${count} test users deleted`);
    });
  }
  return {
    base_url: options.baseUrl,
    ok: checks.results.every(({ status }) => status === "passed"),
    ms: Math.round(performance.now() - started),
    checks: checks.results,
  };
}

/** Adds to `users` whom it is about to create, so that they are deleted even if the answer gets lost. */
async function checkFlows(checks: Checks, client: Client, users: TestUser[]): Promise<void> {
  await checks.check("health", client, async () => {
    await client.call(
      { method: "GET", path: "/functions/v1/health", key: "publishable" },
      ({ status, body }) => status === 200 && field(body, "status") === "ok",
    );
    return passed(true);
  });

  await checks.check("sweep leftovers", client, async () => {
    const count = await sweepLeftovers(client);
    return passed(count, count === 0 ? "" : `${count} users of earlier runs deleted`);
  });

  const signedUp = await checks.check("sign-up", client, async () => {
    const open = await signUpIsOpen(client);
    const user = newTestUser(client);
    users.push(user);
    if (open) await signUp(client, user);
    else await createConfirmed(client, user);
    return passed(user, open ? "by the public sign-up" : "by the admin API: the public sign-up is not open");
  });

  const session = await checks.check("log-in", client, async () => {
    return passed(await logIn(client, needed(signedUp)));
  });

  await checks.check("wrong credentials refused", client, async () => {
    const token = needed(session);
    const path = "/auth/v1/token?grant_type=password";
    const body = { email: needed(signedUp).email, password: "wrong" };
    await client.call(
      { method: "POST", path, key: "publishable", body },
      ({ status }) => status === 400 || status === 401,
    );
    const people = { method: "GET", path: "/functions/v1/people", key: "publishable" } as const;
    await client.call(people, ({ status }) => status === 401);
    // The functions leave signatures to the gateway: this shows that it checks them.
    await client.call({ ...people, token: withForgedSignature(token) }, ({ status }) => status === 401);
    return passed(true, "wrong password, no token, forged token");
  });

  const created = await checks.check("create person", client, async () => {
    const token = needed(session);
    const { body } = await client.call(
      { method: "POST", path: "/functions/v1/people", key: "publishable", token, body: person },
      ({ status, body }) => status === 201 && typeof field(field(body, "person"), "id") === "string",
    );
    return passed(String(field(field(body, "person"), "id")));
  });

  await checks.check("read person", client, async () => {
    const path = `/functions/v1/people/${needed(created)}`;
    await client.call(
      { method: "GET", path, key: "publishable", token: needed(session) },
      ({ status, body }) =>
        status === 200 &&
        Object.entries(person).every(([name, value]) => field(field(body, "person"), name) === value),
    );
    return passed(true);
  });

  await checks.check("chat", client, async () => {
    const question = { person_id: needed(created), message: "Greet me in one short sentence." };
    const { body } = await client.call(
      {
        method: "POST",
        path: "/functions/v1/chat",
        key: "publishable",
        token: needed(session),
        body: question,
      },
      ({ status, body }) => status === 200 && answerIn(body) !== "",
    );
    return passed(true, `an answer of ${answerIn(body).length} characters`);
  });

  await checks.check("other user sees nothing", client, async () => {
    const path = `/functions/v1/people/${needed(created)}`;
    const other = newTestUser(client);
    users.push(other);
    await createConfirmed(client, other);
    const token = await logIn(client, other);
    await client.call(
      { method: "GET", path, key: "publishable", token },
      ({ status, body }) => status === 404 && field(body, "code") === "person_not_found",
    );
    await client.call(
      { method: "GET", path: "/functions/v1/people", key: "publishable", token },
      ({ status, body }) => {
        const people = field(body, "people");
        return status === 200 && Array.isArray(people) && people.length === 0;
      },
    );
    return passed(true);
  });
}

/** The assistant's text in the chat function's answer, "" if there is none. */
function answerIn(body: unknown): string {
  const message = field(body, "message");
  return field(message, "role") === "assistant" ? String(field(message, "content") ?? "") : "";
}

/** The token with another character in the middle of its signature. */
function withForgedSignature(token: string): string {
  const at = token.length - 10;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

import assert from "node:assert/strict";
import type { Report } from "../../scripts/smoke/report.ts";
import { runSmokeTests } from "../../scripts/smoke/run.ts";
import { type Fault, ProjectStandIn, publishableKey, secretKey } from "./project_stand_in.ts";

const names = [
  "health",
  "sweep leftovers",
  "sign-up",
  "log-in",
  "wrong credentials refused",
  "create person",
  "read person",
  "chat",
  "other user sees nothing",
  "clean-up",
];

function run(
  project: ProjectStandIn,
  { timeoutMs = 20_000, interrupted = new AbortController().signal, key = secretKey } = {},
): Promise<Report> {
  const options = { baseUrl: project.url, publishableKey, secretKey: key, json: false, timeoutMs };
  return runSmokeTests(options, interrupted, [1]);
}

function statusOf(report: Report, name: string): string | undefined {
  return report.checks.find((check) => check.name === name)?.status;
}

function detailOf(report: Report, name: string): string {
  return report.checks.find((check) => check.name === name)?.detail ?? "";
}

/** Answers the first `times` requests of that method and path with `answer`. */
function first(times: number, call: string, answer: () => Response): Fault {
  return (request, path) => `${request.method} ${path}` === call && times-- > 0 ? answer() : undefined;
}

Deno.test("a sound project passes every check and is left as it was", async () => {
  await using project = new ProjectStandIn();
  project.addUser("somebody@mano.app", 9_999);
  const report = await run(project);
  assert.deepEqual(
    report.checks.map(({ name, status }) => [name, status]),
    names.map((name) => [name, "passed"]),
  );
  assert.ok(report.ok);
  assert.match(detailOf(report, "sign-up"), /admin API/);
  assert.ok(!project.calls.includes("POST /auth/v1/signup"));
  assert.deepEqual(project.users.map(({ email }) => email), ["somebody@mano.app"]);
  assert.deepEqual(project.people, []);
});

Deno.test("the public sign-up is used where it is open", async () => {
  await using project = new ProjectStandIn();
  project.autoconfirm = true;
  const report = await run(project);
  assert.ok(report.ok);
  assert.match(detailOf(report, "sign-up"), /public/);
  assert.ok(project.calls.includes("POST /auth/v1/signup"));
});

Deno.test("old leftovers are swept on every page, and nobody else", async () => {
  await using project = new ProjectStandIn();
  const kept = ["smoke-tester@example.com", "person@mano.app", `smoke-${crypto.randomUUID()}@example.org`];
  for (const email of kept) project.addUser(email, 60);
  for (let n = 0; n < 250; n++) project.addUser(`person-${n}@mano.app`, 60);
  for (let n = 0; n < 3; n++) project.addUser(`smoke-${crypto.randomUUID()}@example.com`, 11);
  const running = project.addUser(`smoke-${crypto.randomUUID()}@example.com`, 9);
  const report = await run(project);
  assert.match(detailOf(report, "sweep leftovers"), /^3 users/);
  assert.equal(project.users.length, 254);
  for (const email of [...kept, running.email]) assert.ok(project.users.some((user) => user.email === email));
});

const gateway404 = () =>
  Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, { status: 404 });

for (
  const [what, call, answer] of [
    ["a function not yet served", "GET /functions/v1/health", gateway404],
    ["a cold start", "POST /functions/v1/chat", () => new Response("", { status: 503 })],
    ["a rate limit", "POST /auth/v1/token", () => Response.json({}, { status: 429 })],
  ] as const
) {
  Deno.test(`${what} is tried again`, async () => {
    await using project = new ProjectStandIn();
    project.fault = first(2, call, answer);
    const report = await run(project);
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(project.calls.filter((made) => made === call).length >= 3, true);
  });
}

Deno.test("a refusal is final, tells why, and only what needs it is not run", async () => {
  await using project = new ProjectStandIn();
  const refusal = { code: "invalid_field", message: "notes is unknown" };
  project.fault = first(99, "POST /functions/v1/people", () => Response.json(refusal, { status: 400 }));
  const report = await run(project);
  assert.equal(report.ok, false);
  assert.equal(
    detailOf(report, "create person"),
    "POST /functions/v1/people answered 400 (invalid_field: notes is unknown)",
  );
  assert.equal(project.calls.filter((made) => made === "POST /functions/v1/people").length, 1);
  assert.equal(detailOf(report, "chat"), 'needs "create person"');
  assert.deepEqual(
    report.checks.filter(({ status }) => status === "passed").map(({ name }) => name),
    [...names.slice(0, 5), "clean-up"],
  );
  assert.deepEqual(project.users, []);
});

Deno.test("a function that answers nonsense fails at once", async () => {
  await using project = new ProjectStandIn();
  project.fault = first(1, "GET /functions/v1/health", () => new Response("<html>"));
  const report = await run(project);
  assert.equal(statusOf(report, "health"), "failed");
  assert.equal(statusOf(report, "chat"), "passed");
});

Deno.test("a project that never answers fails when the time is up", async () => {
  await using project = new ProjectStandIn();
  project.fault = () => new Response("", { status: 503 });
  const report = await run(project, { timeoutMs: 200 });
  assert.equal(statusOf(report, "health"), "failed");
  // The last try may be cut off by the deadline instead of being answered.
  assert.match(detailOf(report, "health"), /(answered 503|got no answer.*); tries: \d+; the time is up$/);
  assert.equal(statusOf(report, "log-in"), "not run");
  assert.equal(report.ok, false);
});

Deno.test("a function that hangs leaves time for the other checks", async () => {
  await using project = new ProjectStandIn();
  const released = Promise.withResolvers<undefined>();
  project.fault = (_, path) => path === "/functions/v1/health" ? released.promise : undefined;
  const report = await run(project, { timeoutMs: 2_400 });
  released.resolve(undefined);
  assert.deepEqual(report.checks.filter(({ status }) => status !== "passed").map(({ name }) => name), [
    "health",
  ]);
  assert.match(detailOf(report, "health"), /got no answer/);
});

for (
  const [hole, check, fault] of [
    [
      "a gateway that checks no signatures",
      "wrong credentials refused",
      (request: Request) =>
        request.headers.get("Authorization")?.startsWith("Bearer token-of-") && request.method === "GET"
          ? Response.json({ people: [] })
          : undefined,
    ],
    [
      "a project that takes any password",
      "wrong credentials refused",
      (_: Request, path: string) =>
        path === "/auth/v1/token" ? Response.json({ access_token: "any" }) : undefined,
    ],
    [
      "rows that everybody sees",
      "other user sees nothing",
      (request: Request, path: string) =>
        request.method === "GET" && path.startsWith("/functions/v1/people/")
          ? Response.json({
            person: { name: "Smoke Test", relationship: "colleague", notes: "Created by the smoke tests." },
          })
          : undefined,
    ],
  ] as const
) {
  Deno.test(`${hole} is found`, async () => {
    await using project = new ProjectStandIn();
    project.fault = fault;
    const report = await run(project);
    assert.equal(statusOf(report, check), "failed", JSON.stringify(report));
    assert.equal(report.ok, false);
  });
}

Deno.test("a user whose creation was not confirmed to us is deleted too", async () => {
  await using project = new ProjectStandIn();
  project.fault = async (request, path) => {
    if (request.method === "POST" && path === "/auth/v1/admin/users") {
      project.addUser((await request.json()).email);
      return Response.json({ msg: "lost" }, { status: 400 });
    }
  };
  const report = await run(project);
  assert.equal(statusOf(report, "sign-up"), "failed");
  assert.equal(statusOf(report, "clean-up"), "passed");
  assert.deepEqual(project.users, []);
});

Deno.test("users that can't be deleted make the run fail", async () => {
  await using project = new ProjectStandIn();
  project.fault = (request) => request.method === "DELETE" ? Response.json({}, { status: 403 }) : undefined;
  const report = await run(project);
  assert.equal(statusOf(report, "clean-up"), "failed");
  assert.equal(report.ok, false);
});

Deno.test("an interrupted run cleans up", async () => {
  await using project = new ProjectStandIn();
  const interruption = new AbortController();
  project.fault = (_, path) => {
    if (path === "/functions/v1/chat") interruption.abort();
    return undefined;
  };
  const report = await run(project, { interrupted: interruption.signal });
  assert.match(detailOf(report, "chat"), /interrupted$/);
  assert.equal(statusOf(report, "clean-up"), "passed");
  assert.deepEqual(project.users, []);
});

Deno.test("neither key, token nor password is in the report, whatever the project echoes", async () => {
  await using project = new ProjectStandIn();
  const sent: string[] = [];
  project.fault = async (request, path) => {
    if (request.method === "POST" && path.startsWith("/auth/")) {
      sent.push((await request.clone().json()).password);
    }
    if (path === "/functions/v1/people" || path === "/functions/v1/chat") {
      const echo = `${request.headers.get("Authorization")} ${sent.join(" ")} ${secretKey}`;
      return Response.json({ message: echo }, { status: 400 });
    }
  };
  const text = JSON.stringify(await run(project));
  assert.match(text, /\[secret\]/);
  for (const secret of [secretKey, "token-of-", ...sent.filter((password) => password !== "wrong")]) {
    assert.ok(!text.includes(secret), text);
  }
});

Deno.test("a legacy key is sent as a bearer token as well, a new one is not", async () => {
  await using project = new ProjectStandIn();
  const bearers = new Set<string | null>();
  project.fault = (request, path) => {
    if (path === "/auth/v1/admin/users") bearers.add(request.headers.get("Authorization"));
    return undefined;
  };
  await run(project);
  assert.deepEqual([...bearers], [null]);
  bearers.clear();
  await run(project, { key: "eyJlegacy" });
  assert.deepEqual([...bearers], ["Bearer eyJlegacy"]);
});

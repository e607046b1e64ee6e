import assert from "node:assert/strict";
import { ProjectStandIn, publishableKey, secretKey } from "./project_stand_in.ts";

const script = new URL("../../scripts/smoke-tests.ts", import.meta.url).pathname;
const keys = { SUPABASE_PUBLISHABLE_KEY: publishableKey, SUPABASE_SECRET_KEY: secretKey };

/** The script as people and releases run it, with no more permissions than its usage asks for. */
function command(args: string[], permissions = ["--allow-net", "--allow-env"]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, script, ...args],
    env: keys,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function outputOf(args: string[], permissions?: string[]) {
  const { code, stdout, stderr } = await command(args, permissions).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("exit code 0 and a table for a sound project", async () => {
  await using project = new ProjectStandIn();
  const { code, stdout } = await outputOf([project.url]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /passed {3}chat +\d+ ms/);
  assert.match(stdout, /All 10 checks passed in \d+\.\d s\.\n$/);
});

Deno.test("exit code 1 and the report as JSON for a broken one", async () => {
  await using project = new ProjectStandIn();
  project.fault = (_, path) => path === "/functions/v1/chat" ? new Response("", { status: 400 }) : undefined;
  const { code, stdout } = await outputOf(["--json", project.url]);
  assert.equal(code, 1);
  const report = JSON.parse(stdout);
  assert.equal(report.ok, false);
  const failed = report.checks.filter(({ status }: { status: string }) => status === "failed");
  assert.partialDeepStrictEqual(failed, [{ name: "chat", tries: 1 }]);
});

Deno.test("exit code 2 for wrong usage", async () => {
  const { code, stdout, stderr } = await outputOf(["not a URL"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /BASE_URL must be[^]*Usage:/);
});

Deno.test("the permission that is missing is named", async () => {
  const { code, stderr } = await outputOf(["http://127.0.0.1:9"], ["--allow-net"]);
  assert.equal(code, 2);
  assert.match(stderr, /--allow-env/);
});

Deno.test("--help explains", async () => {
  const { code, stdout } = await outputOf(["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage:[^]*SUPABASE_SECRET_KEY/);
});

Deno.test("a terminated run leaves nothing behind", async () => {
  await using project = new ProjectStandIn();
  const child = Promise.withResolvers<Deno.ChildProcess>();
  const ended = Promise.withResolvers<undefined>();
  project.fault = (_, path) => {
    if (path !== "/functions/v1/chat") return undefined;
    // Without an answer the run can't be over before the signal reaches it.
    return child.promise.then((process) => process.kill("SIGTERM")).then(() => ended.promise);
  };
  const process = command([project.url]).spawn();
  child.resolve(process);
  const { code, stdout } = await process.output();
  ended.resolve(undefined);
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stdout), /passed {3}clean-up/);
  assert.deepEqual(project.users, []);
});

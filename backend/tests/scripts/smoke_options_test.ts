import assert from "node:assert/strict";
import { readOptions, UsageError } from "../../scripts/smoke/options.ts";

const keys: Record<string, string> = { SUPABASE_PUBLISHABLE_KEY: "p", SUPABASE_SECRET_KEY: "s" };

function read(args: readonly string[], env = keys) {
  return readOptions(args, (name) => env[name]);
}

Deno.test("URL, format and time come from the command line, keys from the environment", () => {
  const options = read(["--json", "https://ref.supabase.co/", "--timeout", "30"]);
  const expected = { baseUrl: "https://ref.supabase.co", publishableKey: "p", secretKey: "s" };
  assert.deepEqual(options, { ...expected, json: true, timeoutMs: 30_000 });
});

Deno.test("the legacy names are read where the new ones are missing or empty", () => {
  const env = { SUPABASE_PUBLISHABLE_KEY: "", SUPABASE_ANON_KEY: "a", SUPABASE_SERVICE_ROLE_KEY: "r" };
  assert.partialDeepStrictEqual(read(["http://127.0.0.1:9/projects/ref"], env), {
    baseUrl: "http://127.0.0.1:9/projects/ref",
    publishableKey: "a",
    secretKey: "r",
    timeoutMs: 120_000,
  });
});

for (
  const [args, message] of [
    [[], /BASE_URL/],
    [["https://a.co", "https://b.co"], /BASE_URL/],
    [["ref.supabase.co"], /http\(s\) URL/],
    [["ftp://ref.supabase.co"], /http\(s\) URL/],
    [["https://key@ref.supabase.co"], /http\(s\) URL/],
    [["http://ref.supabase.co"], /https/],
    [["https://ref.supabase.co", "--verbose"], /--verbose/],
    [["https://ref.supabase.co", "--timeout"], /--timeout/],
    [["https://ref.supabase.co", "--timeout=soon"], /soon/],
    [["https://ref.supabase.co", "--timeout=481"], /481/],
  ] as const
) {
  Deno.test(`${args.join(" ") || "no argument"} is wrong usage`, () => {
    assert.throws(() => read(args), (error) => error instanceof UsageError && message.test(error.message));
  });
}

Deno.test("a missing key is named", () => {
  assert.throws(
    () => read(["https://ref.supabase.co"], { SUPABASE_ANON_KEY: "a" }),
    /SUPABASE_SECRET_KEY or SUPABASE_SERVICE_ROLE_KEY/,
  );
});

/** A command line or an environment that the smoke tests can't run with. */
export class UsageError extends Error {}

/** Which project is tested, with which keys, and how long it may take. */
export interface Options {
  /** The project's URL without a slash at its end; `/functions/v1/…` and `/auth/v1/…` follow. */
  readonly baseUrl: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  readonly json: boolean;
  readonly timeoutMs: number;
}

export const usage =
  `Usage: deno run --allow-net --allow-env scripts/smoke-tests.ts BASE_URL [--json] [--timeout SECONDS]

Goes through the main flows of a deployed project: health, sign-up, log-in, create person, chat.
It creates two users, smoke-UUID@example.com, and deletes them and their rows at the end.

  BASE_URL     the project's URL, such as https://REF.supabase.co
  --json       print the report as JSON instead of a table
  --timeout S  give up after S seconds (default 120, at most 480); one request
               and its repetitions take at most half of it, and cleaning up has 20 more
  --help       this text

Environment:
  SUPABASE_PUBLISHABLE_KEY  (or SUPABASE_ANON_KEY)          the key that the app uses
  SUPABASE_SECRET_KEY       (or SUPABASE_SERVICE_ROLE_KEY)  the key that may create and delete users

Exit code: 0 all checks passed, 1 a check failed or could not run, 2 wrong usage.`;

/** A run must end before another run would take its users for leftovers; see `leftoverAgeMs`. */
const longestTimeout = 480;

/** Reads the command line and the keys. Throws `UsageError`, which names everything that is missing. */
export function readOptions(args: readonly string[], env: (name: string) => string | undefined): Options {
  const positional: string[] = [];
  let json = false;
  let timeout = "120";
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--json") json = true;
    else if (word === "--timeout") timeout = rest.shift() ?? "";
    else if (word.startsWith("--timeout=")) timeout = word.slice("--timeout=".length);
    else if (word.startsWith("-")) throw new UsageError(`Unknown option ${word}.`);
    else positional.push(word);
  }
  const [baseUrl, ...more] = positional;
  if (baseUrl === undefined || more.length > 0) throw new UsageError("Give exactly one BASE_URL.");
  const seconds = Number(timeout);
  if (!(seconds >= 1 && seconds <= longestTimeout)) {
    throw new UsageError(`--timeout takes 1 to ${longestTimeout} seconds, not "${timeout}".`);
  }
  return {
    baseUrl: projectUrl(baseUrl),
    publishableKey: key(env, "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
    secretKey: key(env, "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
    json,
    timeoutMs: seconds * 1000,
  };
}

function projectUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw new UsageError("BASE_URL must be an http(s) URL without user, query and fragment.");
  }
  if (url.protocol === "http:" && !/^(localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname)) {
    throw new UsageError(
      "BASE_URL must use https: the keys would travel in plain text. Only loopback may use http.",
    );
  }
  return url.href.replace(/\/+$/, "");
}

function key(env: (name: string) => string | undefined, name: string, legacyName: string): string {
  const value = env(name) || env(legacyName);
  if (!value) throw new UsageError(`No key: set ${name} or ${legacyName} in the environment.`);
  return value;
}

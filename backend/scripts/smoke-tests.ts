import { type Options, readOptions, usage, UsageError } from "./smoke/options.ts";
import { table } from "./smoke/report.ts";
import { runSmokeTests } from "./smoke/run.ts";

function optionsOrExit(): Options {
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.log(usage);
    Deno.exit(0);
  }
  try {
    return readOptions(Deno.args, (name) => Deno.env.get(name));
  } catch (error) {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof Deno.errors.NotCapable) {
      console.error("The keys can't be read: run Deno with --allow-env as well as --allow-net.");
    } else throw error;
    Deno.exit(2);
  }
}

const options = optionsOrExit();
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => interruption.abort());
}
const report = await runSmokeTests(options, interruption.signal);
console.log(options.json ? JSON.stringify(report, null, 2) : table(report));
Deno.exit(report.ok ? 0 : 1);

import { CallFailed, type Client } from "./client.ts";
import type { CheckResult } from "./report.ts";

/** What a check that passed hands to those that build on it, and what it has to say. */
export interface Passed<T> {
  readonly value: T;
  readonly detail: string;
}

/** A check's end; `passed` is undefined if it failed or was not run. */
export interface Outcome<T> {
  readonly name: string;
  readonly passed: Passed<T> | undefined;
}

class NotRun extends Error {}

/** The answer of a check that passed. */
export function passed<T>(value: T, detail = ""): Passed<T> {
  return { value, detail };
}

/** The value of an earlier check; if that did not pass, the check that needs it is not run. */
export function needed<T>({ name, passed }: Outcome<T>): T {
  if (passed === undefined) throw new NotRun(`needs "${name}"`);
  return passed.value;
}

/** Names and times each check; one that fails doesn't keep the others from running. */
export class Checks {
  readonly results: CheckResult[] = [];

  /** Runs a check whose requests go through `client`. Throws only what a defect of the check itself throws. */
  async check<T>(name: string, client: Client, work: () => Promise<Passed<T>>): Promise<Outcome<T>> {
    const started = performance.now();
    const triesBefore = client.tries;
    const record = (status: CheckResult["status"], detail: string) => {
      const ms = Math.round(performance.now() - started);
      this.results.push({ name, status, ms, tries: client.tries - triesBefore, detail: client.safe(detail) });
    };
    try {
      const passed = await work();
      record("passed", passed.detail);
      return { name, passed };
    } catch (error) {
      if (!(error instanceof CallFailed || error instanceof NotRun)) throw error;
      record(client.tries === triesBefore ? "not run" : "failed", error.message);
      return { name, passed: undefined };
    }
  }
}

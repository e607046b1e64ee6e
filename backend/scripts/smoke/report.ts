/** How one check ended; `ms` is its duration, `tries` the number of its requests. */
export interface CheckResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "not run";
  readonly ms: number;
  readonly tries: number;
  readonly detail: string;
}

/** What a run found out. */
export interface Report {
  readonly base_url: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly checks: readonly CheckResult[];
}

/** The report as a table with a closing line, for people. */
export function table({ base_url, ok, ms, checks }: Report): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(({ name, status, ms, tries, detail }) => {
    const often = tries > 1 && status === "passed" && detail === "" ? `${tries} requests` : detail;
    return `  ${status.padEnd(7)}  ${name.padEnd(width)}  ${String(Math.round(ms)).padStart(6)} ms  ${often}`
      .trimEnd();
  });
  const passed = checks.filter(({ status }) => status === "passed").length;
  const verdict = ok ? "All" : `${passed} of`;
  return [
    `Smoke tests of ${base_url}`,
    ...lines,
    `${verdict} ${checks.length} checks passed in ${(ms / 1000).toFixed(1)} s.`,
  ].join("\n");
}

/** Runs `work` with the log kept back: what it would have written is in `lines`. */
export async function silenced<T>(work: () => Promise<T>): Promise<{ result: T; lines: string[] }> {
  const original = console.error;
  const lines: string[] = [];
  console.error = (...words: unknown[]) => lines.push(words.map(String).join(" "));
  try {
    return { result: await work(), lines };
  } finally {
    console.error = original;
  }
}

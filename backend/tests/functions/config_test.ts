import assert from "node:assert/strict";

const supabase = new URL("../../supabase/", import.meta.url);

/** Whether a function verifies tokens, by its name, as config.toml says. */
async function configured(): Promise<Map<string, boolean>> {
  const text = await Deno.readTextFile(new URL("config.toml", supabase));
  const sections = text.matchAll(/^\[functions\.([\w-]+)\]\nverify_jwt = (true|false)$/gm);
  return new Map([...sections].map(([, name, verified]) => [name ?? "", verified === "true"]));
}

/** The names of the folders that hold a function. */
function deployed(): string[] {
  return [...Deno.readDirSync(new URL("functions/", supabase))]
    .filter(({ name, isDirectory }) => isDirectory && !name.startsWith("_"))
    .map(({ name }) => name);
}

Deno.test("config.toml says of each function whether it verifies tokens", async () => {
  assert.deepEqual([...(await configured()).keys()].sort(), deployed().sort());
});

Deno.test("a function that believes a token's claims has the gateway verify them", async () => {
  const verified = await configured();
  let believers = 0;
  for (const name of deployed()) {
    const folder = new URL(`functions/${name}/`, supabase);
    const sources = [...Deno.readDirSync(folder)].map((file) =>
      Deno.readTextFileSync(new URL(file.name, folder))
    );
    if (!sources.some((source) => source.includes("callerOf("))) continue;
    believers++;
    assert.equal(verified.get(name), true, `${name} reads the caller's claims: set verify_jwt = true`);
  }
  assert.ok(believers > 0);
});

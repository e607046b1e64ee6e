// A function is uploaded without backend/deno.json, so what it imports is pinned right here.
// deno-lint-ignore no-import-prefix
import postgres from "npm:postgres@3.4.9";

/** A pool of connections to the project's database. */
export type Database = postgres.Sql;

/** A transaction on one of them. */
export type Transaction = postgres.TransactionSql;

let pool: Database | undefined;

/**
 * The function's pool, opened at its first use: workers are many and the project's connections few.
 * Prepared statements are off, since a pooler in transaction mode hands out another session each time.
 */
export function database(): Database {
  return pool ??= postgres(connectionUrl(), {
    max: 2,
    idle_timeout: 20,
    connect_timeout: 10,
    prepare: false,
    onnotice: () => {},
  });
}

function connectionUrl(): string {
  const url = Deno.env.get("SUPABASE_DB_URL");
  if (!url) throw new Error("SUPABASE_DB_URL is not set: the function can't reach its database.");
  return url;
}

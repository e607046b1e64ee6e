import type { Database, Transaction } from "./database.ts";
import { HttpError } from "./http.ts";
import { isUuid } from "./uuid.ts";

/** The signed-in user a request comes from, and the claims of the token that says so. */
export interface Caller {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Reads the caller from the request's token. The signature is not checked again: only functions with
 * `verify_jwt = true` may call this, there the gateway has checked it. Throws 401 for anything but a user's
 * token, such as the public anon key, which passes the gateway too.
 */
export function callerOf(request: Request): Caller {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  const claims = token === undefined ? undefined : claimsOf(token);
  if (claims === undefined || !isUuid(claims.sub) || claims.role !== "authenticated") {
    throw new HttpError(401, "not_signed_in", "Sign in and send the user's access token.");
  }
  return { id: claims.sub, claims };
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(
      atob(payload.replaceAll("-", "+").replaceAll("_", "/")),
      (c) => c.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? claims as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs `work` in a transaction as the caller: the role and the claims hold for that transaction alone, so
 * that row level security decides what it may see and write, as it does for the Data API.
 */
export async function asCaller<T>(
  database: Database,
  caller: Caller,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const result = await database.begin(async (transaction) => {
    await transaction`select set_config('request.jwt.claims', ${JSON.stringify(caller.claims)}, true)`;
    await transaction`set local role authenticated`;
    return [await work(transaction)] as const;
  });
  return result[0] as T;
}

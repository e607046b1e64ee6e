/** A token with these claims, as the gateway lets it through; its signature is nobody's concern here. */
export function tokenWith(claims: Record<string, unknown>): string {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const payload = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll(
    "=",
    "",
  );
  return `e30.${payload}.c2lnbmF0dXJl`;
}

/** The id of the user who makes the requests. */
export const userId = "6b1f0c1e-52a4-4b1c-9a53-0d6f9d3c1a01";

/** A request of that user to a function; `path` begins with the function's name. */
export function userRequest(method: string, path: string, body?: unknown): Request {
  return new Request(`http://project.test/${path}`, {
    method,
    headers: { Authorization: `Bearer ${tokenWith({ sub: userId, role: "authenticated" })}` },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

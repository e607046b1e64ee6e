/** What a request to the stand-in is answered with instead of the truth; undefined leaves it alone. */
export type Fault = (request: Request, path: string) => Response | undefined | Promise<Response | undefined>;

interface User {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly created_at: string;
}

export const publishableKey = "sb_publishable_seeded";
export const secretKey = "sb_secret_seeded";

/** A deployed project as the smoke tests see it: Auth, gateway and the three functions, in memory. */
export class ProjectStandIn implements AsyncDisposable {
  readonly users: User[] = [];
  readonly people: { id: string; owner: string; [field: string]: unknown }[] = [];
  /** All requests so far, as "METHOD /path". */
  readonly calls: string[] = [];
  autoconfirm = false;
  fault: Fault = () => undefined;
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    this.#server = Deno.serve(options, async (request) => {
      const path = new URL(request.url).pathname.replace("/projects/ref", "");
      this.calls.push(`${request.method} ${path}`);
      return await this.fault(request, path) ?? await this.#answer(request, path);
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}/projects/ref`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  addUser(email: string, ageMinutes = 0, password = "password"): User {
    const created_at = new Date(Date.now() - ageMinutes * 60_000).toISOString();
    const user = { id: crypto.randomUUID(), email, password, created_at };
    this.users.push(user);
    return user;
  }

  async #answer(request: Request, path: string): Promise<Response> {
    const body = request.method === "POST" ? await request.json() : undefined;
    const admin = request.headers.get("apikey") === secretKey;
    if (!admin && request.headers.get("apikey") !== publishableKey) {
      return new Response(null, { status: 401 });
    }
    if (path.startsWith("/auth/v1/admin/") && !admin) return error(403, "not_admin");
    switch (`${request.method} ${path}`) {
      case "GET /auth/v1/settings":
        return Response.json({ mailer_autoconfirm: this.autoconfirm, disable_signup: false });
      case "POST /auth/v1/signup":
      case "POST /auth/v1/admin/users":
        if (this.users.some(({ email }) => email === body.email)) return error(422, "email_exists");
        return Response.json(this.addUser(body.email, 0, body.password));
      case "GET /auth/v1/admin/users": {
        const query = new URL(request.url).searchParams;
        const [page, size] = [Number(query.get("page")), Number(query.get("per_page"))];
        return Response.json({ users: this.users.slice((page - 1) * size, page * size) });
      }
      case "POST /auth/v1/token": {
        const user = this.users.find(({ email, password }) =>
          email === body.email && password === body.password
        );
        return user === undefined
          ? error(400, "invalid_credentials")
          : Response.json({ access_token: `token-of-${user.id}.signed-well` });
      }
      case "GET /functions/v1/health":
        return Response.json({ status: "ok" });
    }
    const adminUser = /^\/auth\/v1\/admin\/users\/(.+)$/.exec(path)?.[1];
    if (request.method === "DELETE" && adminUser !== undefined) return this.#delete(adminUser);
    if (path.startsWith("/functions/v1/")) return this.#function(request, path, body);
    return error(404, "no_such_path");
  }

  #delete(id: string): Response {
    const at = this.users.findIndex((user) => user.id === id);
    if (at < 0) return error(404, "user_not_found");
    this.users.splice(at, 1);
    this.people.splice(0, Infinity, ...this.people.filter(({ owner }) => owner !== id));
    return Response.json({});
  }

  #function(request: Request, path: string, body: Record<string, unknown>): Response {
    const owner = /^Bearer token-of-(.+)\.signed-well$/.exec(request.headers.get("Authorization") ?? "")?.[1];
    if (owner === undefined) return Response.json({ code: "UNAUTHORIZED_INVALID_JWT" }, { status: 401 });
    const own = this.people.filter((person) => person.owner === owner);
    if (path === "/functions/v1/chat") {
      return Response.json({ message: { role: "assistant", content: `Hello ${own[0]?.name}` } });
    }
    if (request.method === "POST") {
      const person = { ...body, id: crypto.randomUUID(), owner };
      this.people.push(person);
      return Response.json({ person }, { status: 201 });
    }
    const id = path.slice("/functions/v1/people/".length);
    if (id === "") return Response.json({ people: own });
    const person = own.find((person) => person.id === id);
    return person === undefined
      ? Response.json({ code: "person_not_found" }, { status: 404 })
      : Response.json({ person });
  }
}

function error(code: number, error_code: string): Response {
  return Response.json({ code, error_code, msg: error_code }, { status: code });
}

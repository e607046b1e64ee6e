import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.conftest import LocalCloudUnderTest

PASSWORD = "correct horse"
FUNCTION = """Deno.serve(async (request) => Response.json({
  said: await request.json(), caller: request.headers.get("authorization") }));"""


@dataclass(frozen=True)
class Project:
    """A project of the local cloud and a client of its Auth API."""

    cloud: LocalCloudUnderTest
    http: httpx.Client
    ref: str
    public: str
    secret: str

    @property
    def url(self) -> str:
        return f"{self.cloud.url}/projects/{self.ref}"

    def auth(
        self, method: str, path: str, body: Any = None, *, bearer: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"apikey": self.public, **headers, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
        return self.http.request(method, f"{self.url}/auth/v1/{path}", json=body, headers=sent)

    def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.auth(method, f"admin/users{path}", body, bearer=self.secret)

    def user(self, **facts: Any) -> dict[str, Any]:
        body = {"email": address(), "password": PASSWORD, "email_confirm": True, **facts}
        answer = self.admin("POST", "", body)
        assert answer.status_code == 200, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return self.auth("POST", "token?grant_type=password", {"email": email, "password": password})

    def query(self, sql: str, *parameters: str) -> Any:
        body = {"query": sql, "parameters": parameters}
        answer = self.cloud.api("POST", f"/projects/{self.ref}/database/query", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def autoconfirm(self, *, on: bool) -> None:
        assert self.cloud.api("PATCH", f"/projects/{self.ref}/config/auth", {"mailer_autoconfirm": on}).is_success


def address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["code"] == answer.status_code
    assert body["msg"]
    return answer.status_code, body["error_code"]


@pytest.fixture(scope="module")
def refs(local_cloud: LocalCloudUnderTest) -> dict[str, str]:
    adopted = next(p for p in local_cloud.api("GET", "/projects").json() if p["name"] == "mano-production")
    return {"legacy": adopted["ref"], "new": local_cloud.create_project("auth", adopted["organization_slug"])}


@pytest.fixture(params=["new", "legacy"])
def project(
    request: pytest.FixtureRequest, local_cloud: LocalCloudUnderTest, refs: dict[str, str]
) -> Iterator[Project]:
    ref = refs[request.param]
    shown = local_cloud.api("GET", f"/projects/{ref}/api-keys?reveal=true").json()
    keys = {key["type"] if key["type"] != "legacy" else key["name"]: key["api_key"] for key in shown}
    public, secret = (keys["anon"], keys["service_role"])
    if request.param == "new":
        public, secret = keys["publishable"], keys["secret"]
    with httpx.Client(timeout=60) as http:
        yield Project(local_cloud, http, ref, public, secret)


def test_who_signs_up_must_confirm_first(project: Project) -> None:
    email = address()

    answer = project.auth("POST", "signup", {"email": email.upper(), "password": PASSWORD, "data": {"name": "Ada"}})

    assert answer.status_code == 200
    user = answer.json()
    assert "access_token" not in user
    assert (user["email"], user["role"], user["aud"]) == (email, "authenticated", "authenticated")
    assert (user["user_metadata"]["name"], user["user_metadata"]["email_verified"]) == ("Ada", False)
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert [identity["provider"] for identity in user["identities"]] == ["email"]
    assert "email_confirmed_at" not in user
    assert error_of(project.log_in(email)) == (400, "email_not_confirmed")
    assert project.auth("POST", "signup", {"email": email, "password": PASSWORD}).json()["id"] == user["id"]


def test_with_autoconfirm_who_signs_up_is_signed_in(project: Project) -> None:
    project.autoconfirm(on=True)
    try:
        email = address()
        session = project.auth("POST", "signup", {"email": email, "password": PASSWORD}).json()
        again = project.auth("POST", "signup", {"email": email, "password": PASSWORD})
        assert project.auth("GET", "settings").json()["mailer_autoconfirm"] is True
    finally:
        project.autoconfirm(on=False)

    assert project.auth("GET", "user", bearer=session["access_token"]).json()["email"] == email
    assert error_of(again) == (422, "user_already_exists")
    assert project.auth("GET", "settings").json()["mailer_autoconfirm"] is False


def test_sign_up_does_not_tell_who_has_an_account(project: Project) -> None:
    known = project.user()

    answer = project.auth("POST", "signup", {"email": known["email"], "password": "another password"})

    assert answer.status_code == 200
    assert answer.json()["identities"] == []
    assert answer.json()["id"] != known["id"]
    assert project.log_in(known["email"]).status_code == 200


def test_a_session_holds_the_platforms_claims(project: Project) -> None:
    user = project.user(user_metadata={"name": "Ada"}, app_metadata={"plan": "free"})

    session = project.log_in(user["email"].upper()).json()

    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["email"], claims["role"], claims["aud"]) == (
        user["id"],
        user["email"],
        "authenticated",
        "authenticated",
    )
    assert claims["iss"] == f"{project.url}/auth/v1"
    assert claims["exp"] - claims["iat"] == session["expires_in"] == 3600
    assert session["expires_at"] == pytest.approx(claims["exp"], abs=2)
    assert claims["user_metadata"]["name"] == "Ada"
    assert claims["app_metadata"] == {"provider": "email", "providers": ["email"], "plan": "free"}
    assert uuid.UUID(claims["session_id"])
    assert session["token_type"] == "bearer"
    assert project.auth("GET", "user", bearer=session["access_token"]).json() == session["user"]


def test_tokens_verify_against_the_published_keys(project: Project) -> None:
    token = project.log_in(project.user()["email"]).json()["access_token"]

    published = project.http.get(f"{project.url}/auth/v1/.well-known/jwks.json").json()["keys"]

    if project.public.startswith("sb_publishable_"):
        kid = jwt.get_unverified_header(token)["kid"]
        (key,) = [jwt.PyJWK(key) for key in published if key["kid"] == kid]
        assert jwt.decode(token, key, audience="authenticated")["role"] == "authenticated"
    else:
        assert (published, jwt.get_unverified_header(token)["alg"]) == ([], "HS256")


def test_wrong_credentials_are_refused_alike(project: Project) -> None:
    user = project.user()

    for answer in (project.log_in(user["email"], "wrong password"), project.log_in(address())):
        assert error_of(answer) == (400, "invalid_credentials")
        assert answer.json()["msg"] == "Invalid login credentials"


def test_the_database_holds_a_hash_and_no_password(project: Project) -> None:
    user = project.user()

    (row,) = project.query("select encrypted_password from auth.users where id = $1::uuid", user["id"])

    assert row["encrypted_password"].startswith("$2a$06$")


def test_a_refresh_token_works_once(project: Project) -> None:
    first = project.log_in(project.user()["email"]).json()

    def refresh(token: str) -> httpx.Response:
        return project.auth("POST", "token?grant_type=refresh_token", {"refresh_token": token})

    second = refresh(first["refresh_token"]).json()
    assert project.auth("GET", "user", bearer=second["access_token"]).status_code == 200
    assert refresh(second["refresh_token"]).status_code == 200
    assert error_of(refresh(first["refresh_token"])) == (400, "refresh_token_already_used")
    assert error_of(refresh("nosuchtoken")) == (400, "refresh_token_not_found")


def test_logging_out_ends_sessions(project: Project) -> None:
    email = project.user()["email"]
    here, there = (project.log_in(email).json()["access_token"] for _ in range(2))

    assert project.auth("POST", "logout?scope=others", bearer=here).status_code == 204
    assert error_of(project.auth("GET", "user", bearer=there)) == (403, "session_not_found")
    assert project.auth("GET", "user", bearer=here).status_code == 200
    assert project.auth("POST", "logout", bearer=here).status_code == 204
    assert error_of(project.auth("GET", "user", bearer=here)) == (403, "session_not_found")


def test_admins_read_change_and_list_users(project: Project) -> None:
    user = project.user(user_metadata={"a": 1})
    path = f"/{user['id']}"

    changed = project.admin("PUT", path, {"password": "a new password", "user_metadata": {"b": 2}}).json()

    assert {"a": 1, "b": 2}.items() <= changed["user_metadata"].items()
    assert project.admin("GET", path).json() == changed
    assert error_of(project.log_in(user["email"])) == (400, "invalid_credentials")
    assert project.log_in(user["email"], "a new password").status_code == 200
    moved = address()
    assert project.admin("PUT", path, {"email": moved}).json()["identities"][0]["email"] == moved
    listed = project.admin("GET", "?page=1&per_page=1")
    assert (len(listed.json()["users"]), listed.json()["aud"]) == (1, "authenticated")
    assert int(listed.headers["x-total-count"]) >= 1


def test_a_deleted_user_is_gone_with_everything(project: Project) -> None:
    user = project.user()
    token = project.log_in(user["email"]).json()["access_token"]

    deleted = project.admin("DELETE", f"/{user['id']}")

    assert (deleted.status_code, deleted.json()) == (200, {})
    assert error_of(project.auth("GET", "user", bearer=token))[0] == 403
    assert error_of(project.admin("GET", f"/{user['id']}")) == (404, "user_not_found")
    assert error_of(project.admin("DELETE", f"/{user['id']}")) == (404, "user_not_found")
    left = """select id from auth.users where id = $1::uuid union all
              select id from auth.identities where user_id = $1::uuid union all
              select id from auth.sessions where user_id = $1::uuid"""
    assert project.query(left, user["id"]) == []


def test_only_the_secret_key_is_admin(project: Project) -> None:
    token = project.log_in(project.user()["email"]).json()["access_token"]

    assert error_of(project.auth("GET", "admin/users", bearer=token)) == (403, "not_admin")
    assert error_of(project.auth("GET", "admin/users", bearer=project.public)) == (403, "not_admin")
    assert error_of(project.auth("GET", "admin/users", bearer="nonsense")) == (403, "bad_jwt")


def test_an_api_key_is_asked_for(project: Project) -> None:
    without = project.http.get(f"{project.url}/auth/v1/settings")
    wrong = project.http.get(f"{project.url}/auth/v1/settings", headers={"apikey": "sb_publishable_wrong"})

    assert (without.status_code, without.json()["message"]) == (401, "No API key found in request")
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Invalid API key")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "nobody", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.org"}, 400, "validation_failed"),
        ({"email": "a@example.org", "password": "short"}, 422, "weak_password"),
        ({"email": "a@example.org", "password": "x" * 73}, 400, "validation_failed"),
        ([], 400, "bad_json"),
        ({"phone": "+491234567", "password": PASSWORD}, 501, "not_implemented"),
    ],
)
def test_a_wrong_sign_up_is_refused(project: Project, body: Any, status: int, code: str) -> None:
    assert error_of(project.auth("POST", "signup", body)) == (status, code)


def test_other_refusals_have_auths_codes(project: Project) -> None:
    known = project.user()["email"]

    assert error_of(project.admin("POST", "", {"email": known, "password": PASSWORD})) == (422, "email_exists")
    assert error_of(project.admin("GET", "/not-a-uuid")) == (400, "validation_failed")
    assert error_of(project.auth("GET", "user")) == (401, "no_authorization")
    assert error_of(project.auth("GET", "user", bearer="nonsense")) == (403, "bad_jwt")
    assert error_of(project.auth("POST", "token?grant_type=pkce", {})) == (501, "not_implemented")
    banned = project.user()
    ban = "update auth.users set banned_until = now() + interval '1 hour' where id = $1::uuid"
    project.query(ban, banned["id"])
    assert error_of(project.log_in(banned["email"])) == (400, "user_banned")


def test_supabase_js_works(project: Project, tmp_path: Path) -> None:
    token = project.cloud.environment["SUPABASE_ACCESS_TOKEN"]
    deployed = project.http.post(
        f"{project.cloud.url}/v1/projects/{project.ref}/functions/deploy",
        params={"slug": "echo"},
        headers={"authorization": f"Bearer {token}"},
        files=[
            ("file", ("index.ts", FUNCTION)),
            ("metadata", (None, json.dumps({"entrypoint_path": "index.ts", "verify_jwt": True}))),
        ],
    )
    assert deployed.status_code == 201
    script = tmp_path / "client.ts"
    script.write_text(
        """
import { createClient } from "npm:@supabase/supabase-js@2.57.4";
const [url, publicKey, secretKey, email] = JSON.parse(await new Response(Deno.stdin.readable).text());
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const [client, admin] = [createClient(url, publicKey, options), createClient(url, secretKey, options)];
const password = "correct horse";
const wrong = await client.auth.signInWithPassword({ email, password });
const created = await admin.auth.admin.createUser({ email, password, email_confirm: true });
const outside = await client.functions.invoke("echo", { body: { hello: 0 }, headers: { Authorization: "" } });
const session = await client.auth.signInWithPassword({ email, password });
const invoked = await client.functions.invoke("echo", { body: { hello: 1 } });
const refreshed = await client.auth.refreshSession();
const user = await client.auth.getUser();
const listed = await admin.auth.admin.listUsers();
const out = await client.auth.signOut();
const deleted = await admin.auth.admin.deleteUser(created.data.user.id);
console.log(JSON.stringify({
  errors: [created, session, invoked, refreshed, user, listed, out, deleted].map(({ error }) => error),
  wrong: wrong.error.code, outside: outside.error.context.status, said: invoked.data.said, user: user.data.user.email,
  caller: invoked.data.caller === `Bearer ${session.data.session.access_token}`,
  listed: listed.data.users.some(({ id }) => id === created.data.user.id),
}));
""",
        encoding="utf-8",
    )
    email = address()

    ran = subprocess.run(
        [Path(sys.executable).with_name("deno"), "run", "--quiet", "--no-lock", "--allow-net", "--allow-env", script],
        input=json.dumps([project.url, project.public, project.secret, email]),
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "errors": [None] * 8,
        "wrong": "invalid_credentials",
        "outside": 401,
        "said": {"hello": 1},
        "user": email,
        "caller": True,
        "listed": True,
    }

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localcloud.auth.keys import ProjectKeys
from localcloud.functions.service import FunctionService
from localcloud.logs.store import LogStore

Serve = Callable[..., str]
Validate = Callable[[str, Any], None]

REF = "abcdefghijklmnopqrst"
LEGACY = "zyxwvutsrqponmlkjihg"
DENO = Path(sys.executable).with_name("deno")
ENTRY = "supabase/functions/hello/index.ts"
HELLO = 'import { hello } from "../_shared/hello.ts";\nDeno.serve(() => new Response(hello("one")));\n'
SHARED = {"supabase/functions/_shared/hello.ts": "export const hello = (name: string) => `hello ${name}`;\n"}


class Cloud:
    """The service under test, served on a port, and what a client does with it."""

    def __init__(self, directory: Path, serve: Serve, *, idle: float = 60.0) -> None:
        self.environment = {"GREETING": "good morning"}
        self.keys = {REF: ProjectKeys.generate("new", REF), LEGACY: ProjectKeys.generate("legacy", LEGACY)}
        self.logs = LogStore()
        self.service = FunctionService(
            directory,
            deno=DENO,
            environment=lambda _: dict(self.environment),
            keys=self.keys.__getitem__,
            exists=self.keys.__contains__,
            authorize=lambda _: None,
            logs=self.logs,
            idle=idle,
        )
        forget = Route("/forget", self._forget, methods=["POST"])
        routes = [*self.service.management_routes(), *self.service.gateway_routes(), forget]
        url = serve(routes, self.service.close)
        self.http = httpx.Client(base_url=url, timeout=60)

    async def _forget(self, _: Request) -> Response:
        await self.service.forget(REF)
        return Response()

    def deploy(
        self,
        files: Mapping[str, str | bytes],
        *,
        slug: str = "hello",
        ref: str = REF,
        first: bool = False,
        **facts: Any,
    ) -> httpx.Response:
        query = {name: facts.pop(name) for name in ("bundleOnly",) if name in facts}
        metadata = {"entrypoint_path": next(iter(files)), "verify_jwt": False, **facts}
        parts: list[Any] = [("file", (path, content, "application/octet-stream")) for path, content in files.items()]
        parts.insert(0 if first else len(parts), ("metadata", (None, json.dumps(metadata))))
        return self.http.post(f"/v1/projects/{ref}/functions/deploy", params={"slug": slug, **query}, files=parts)

    def serve(self, handler: str, **facts: Any) -> dict[str, Any]:
        answer = self.deploy({ENTRY: f"Deno.serve({handler});\n"}, **facts)
        assert answer.status_code == 201, answer.text
        deployed: dict[str, Any] = answer.json()
        return deployed

    def call(self, path: str = "hello", *, ref: str = REF, method: str = "GET", **request: Any) -> httpx.Response:
        return self.http.request(method, f"/projects/{ref}/functions/v1/{path}", **request)

    def get(self, path: str = "") -> httpx.Response:
        return self.http.get(f"/v1/projects/{REF}/functions{path}")


@pytest.fixture
def start(tmp_path: Path, serve: Serve) -> Iterator[Callable[..., Cloud]]:
    with ExitStack() as stack:

        def start(**options: Any) -> Cloud:
            cloud = Cloud(tmp_path / "functions", serve, **options)
            stack.enter_context(cloud.http)
            return cloud

        yield start


@pytest.fixture
def cloud(start: Callable[..., Cloud]) -> Cloud:
    return start()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_deployed_function_answers_and_is_listed(cloud: Cloud, validate: Validate) -> None:
    deployed = cloud.deploy({ENTRY: HELLO, **SHARED}, name="Hello")

    assert deployed.status_code == 201
    validate("DeployFunctionResponse", deployed.json())
    assert (deployed.json()["slug"], deployed.json()["name"], deployed.json()["version"]) == ("hello", "Hello", 1)
    assert deployed.json()["entrypoint_path"].endswith(f"/source/{ENTRY}")
    assert cloud.call().text == "hello one"
    assert cloud.get("/hello").json() == deployed.json()
    validate("FunctionSlugResponse", cloud.get("/hello").json())
    assert cloud.get().json() == [deployed.json()]


def test_each_deploy_is_a_version_and_the_digest_is_of_the_contents(cloud: Cloud) -> None:
    first = cloud.deploy({ENTRY: HELLO, **SHARED}).json()
    again = cloud.deploy({ENTRY: HELLO, **SHARED}, first=True).json()
    other = cloud.deploy({ENTRY: HELLO.replace("one", "two"), **SHARED}).json()

    assert [deployed["version"] for deployed in (first, again, other)] == [1, 2, 3]
    assert first["id"] == again["id"] == other["id"]
    assert first["created_at"] == other["created_at"] <= other["updated_at"]
    assert first["ezbr_sha256"] == again["ezbr_sha256"] != other["ezbr_sha256"]
    assert cloud.call().text == "hello two"


def test_a_request_reaches_the_function_whole(cloud: Cloud) -> None:
    cloud.serve(
        """async (request) => new Response(request.body, { status: 207, headers: [
          ["x-seen", `${request.method} ${request.url.replace(/^http:..[^/]+/, "")}`],
          ["x-mine", request.headers.get("x-mine")], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] })"""
    )
    body = bytes(range(256)) * 1000

    answer = cloud.call("hello/a%20b/c?d=e%2Ff", method="PUT", content=body, headers={"x-mine": "kept"})

    assert (answer.status_code, answer.headers["x-seen"]) == (207, "PUT /hello/a%20b/c?d=e%2Ff")
    assert (answer.headers["x-mine"], answer.headers.get_list("set-cookie")) == ("kept", ["a=1", "b=2"])
    assert answer.content == body


def test_an_answer_is_passed_on_as_it_comes(cloud: Cloud) -> None:
    cloud.serve(
        """async (request) => {
          const { readable, writable } = new TransformStream();
          const writer = writable.getWriter();
          const send = (text) => writer.write(new TextEncoder().encode(text));
          (async () => {
            await send("first");
            await new Promise((done) => setTimeout(done, 1000));
            await send("second");
            await writer.close();
          })();
          return new Response(readable);
        }"""
    )
    cloud.call()
    started = time.monotonic()
    with cloud.http.stream("GET", f"/projects/{REF}/functions/v1/hello") as answer:
        arrivals = [(chunk, time.monotonic() - started) for chunk in answer.iter_raw()]

    assert [chunk for chunk, _ in arrivals] == [b"first", b"second"]
    assert arrivals[0][1] < 0.9 < arrivals[1][1]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('import "../_shared/nowhere.ts";', "Module not found"),
        ("const x = ;", "Expression expected"),
        ('import x from "@/somewhere.ts";', "@/somewhere.ts"),
    ],
)
def test_what_cannot_be_bundled_is_refused_and_changes_nothing(
    cloud: Cloud, tmp_path: Path, source: str, reason: str
) -> None:
    before = cloud.serve('() => new Response("still here")')

    refused = cloud.deploy({ENTRY: source})

    assert refused.status_code == 400
    message = refused.json()["message"]
    assert message.startswith("Failed to bundle the function (reason: ")
    assert reason in message
    assert f"{ENTRY}:1:" in message
    assert str(tmp_path) not in message
    assert cloud.get("/hello").json() == before
    assert cloud.call().text == "still here"


def test_a_type_error_is_no_bundle_error(cloud: Cloud) -> None:
    cloud.serve('() => { const x: number = "text"; return new Response(x); }')

    assert cloud.call().text == "text"


def test_wrong_uploads_are_refused(cloud: Cloud) -> None:
    missing = cloud.deploy({ENTRY: HELLO}, entrypoint_path="nowhere.ts")
    assert (missing.status_code, missing.json()["message"]) == (400, "Entrypoint path does not exist - nowhere.ts")
    no_map = cloud.deploy({ENTRY: HELLO}, import_map_path="deno.json")
    assert (no_map.status_code, no_map.json()["message"]) == (400, "Import map path does not exist - deno.json")
    assert cloud.deploy({ENTRY: HELLO}, slug="1-hello").status_code == 400
    assert cloud.deploy({ENTRY: HELLO, "../../../../../../etc/x": "y"}).status_code == 400
    assert cloud.deploy({ENTRY: HELLO, "/etc/x": "y"}).status_code == 400
    assert cloud.deploy({ENTRY: HELLO, "big.bin": bytes(21 * 2**20)}).status_code == 413
    assert cloud.deploy({ENTRY: HELLO}, ref="nosuchprojectnosuchp").json() == {"message": "Project not found"}
    assert cloud.get().json() == []


def test_import_maps_files_from_above_and_static_files_work(cloud: Cloud) -> None:
    files: dict[str, str | bytes] = {
        "functions/mapped/index.ts": """
          import { name } from "names/one.ts";
          import { above } from "../../../above.ts";
          const text = await Deno.readTextFile(new URL("./text.txt", import.meta.url));
          export default { fetch: () => new Response(`${name} ${above} ${text}`) };""",
        "functions/mapped/deno.json": '{"imports": {"names/": "../names/"}}',
        "functions/mapped/text.txt": "static",
        "functions/names/one.ts": 'export const name = "mapped";',
        "../above.ts": 'export const above = "above";',
    }

    deployed = cloud.deploy(files, slug="mapped", import_map_path="functions/mapped/deno.json").json()

    assert deployed["import_map"] is True
    assert deployed["import_map_path"].endswith("/source/functions/mapped/deno.json")
    assert cloud.call("mapped").text == "mapped above static"


def test_the_body_is_what_was_uploaded(cloud: Cloud) -> None:
    files = {
        ENTRY: HELLO.encode(),
        **{path: text.encode() for path, text in SHARED.items()},
        "data.bin": b"\r\n\0\xff--",
    }
    cloud.deploy(files)

    answer = cloud.get("/hello/body")

    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = {
        part["Supabase-Path"]: part.get_payload(decode=True)
        for part in message_from_bytes(head + answer.content).walk()
    }
    assert {path: content for path, content in parts.items() if path} == {f"source/{p}": c for p, c in files.items()}
    assert answer.content.count(f'"deno2_entrypoint_path": "source/{ENTRY}"'.encode()) == 1


def test_a_bundle_is_live_only_after_the_bulk_update(cloud: Cloud, validate: Validate) -> None:
    cloud.serve('() => new Response("old")')
    bundled = cloud.serve('() => new Response("new")', bundleOnly=True)
    fresh = cloud.serve('() => new Response("fresh")', slug="fresh", bundleOnly=True)
    assert (bundled["version"], fresh["version"]) == (2, 1)
    assert cloud.call().text == "old"
    assert cloud.get("/fresh").status_code == 404

    updated = cloud.http.put(f"/v1/projects/{REF}/functions", json=[bundled, fresh])

    assert updated.status_code == 200
    validate("BulkUpdateFunctionResponse", updated.json())
    timeless = [{**function, "updated_at": 0} for function in updated.json()["functions"]]
    assert timeless == [{**bundled, "updated_at": 0}, {**fresh, "updated_at": 0}]
    assert (cloud.call().text, cloud.call("fresh").text) == ("new", "fresh")


def test_a_bumped_version_without_a_bundle_is_active_and_gone(cloud: Cloud) -> None:
    deployed = cloud.serve('() => new Response("here")')
    assert cloud.call().text == "here"

    cloud.http.put(f"/v1/projects/{REF}/functions", json=[{**deployed, "version": 2}])

    assert cloud.get("/hello").json()["status"] == "ACTIVE"
    gone = cloud.call()
    assert (gone.status_code, gone.headers["sb-error-code"]) == (404, "NOT_FOUND_FUNCTION_BLOB")
    assert cloud.http.put(f"/v1/projects/{REF}/functions", json=[{**deployed, "version": 1}]).status_code == 400


def test_a_missing_window_passes(cloud: Cloud) -> None:
    cloud.serve('() => new Response("here")')
    cloud.service.model_missing(REF, "hello", 2)

    answers = [cloud.call() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404, 404, 200]
    assert answers[0].json() == {"code": "NOT_FOUND_FUNCTION_BLOB", "message": "Requested function was not found"}


def test_an_unknown_function_is_not_found(cloud: Cloud) -> None:
    answer = cloud.call("nowhere")

    assert (answer.status_code, answer.headers["sb-error-code"]) == (404, "NOT_FOUND")
    assert answer.json() == {"code": "NOT_FOUND", "message": "Requested function was not found"}
    assert cloud.get("/nowhere").json() == {"message": "Function not found"}
    assert cloud.http.delete(f"/v1/projects/{REF}/functions/nowhere").status_code == 404


@pytest.mark.parametrize("ref", [REF, LEGACY])
def test_a_jwt_is_asked_for_where_verify_jwt_is_on(cloud: Cloud, ref: str) -> None:
    keys = cloud.keys[ref]
    cloud.serve('() => new Response("in")', ref=ref, verify_jwt=True)

    def call(authorization: str | None) -> tuple[int, str]:
        headers = {"authorization": authorization} if authorization else {}
        answer = cloud.call(ref=ref, headers=headers)
        return answer.status_code, answer.headers.get("sb-error-code", answer.text)

    invalid = "UNAUTHORIZED_ASYMMETRIC_JWT" if ref == REF else "UNAUTHORIZED_LEGACY_JWT"
    assert call(None) == (401, "UNAUTHORIZED_NO_AUTH_HEADER")
    assert call("Bearer sb_publishable_x") == (401, "UNAUTHORIZED_INVALID_JWT_FORMAT")
    assert call(f"Basic {keys.anon}") == (401, "UNAUTHORIZED_INVALID_JWT_FORMAT")
    assert call(f"Bearer {keys.issue({'role': 'authenticated'}, -1)}") == (401, invalid)
    assert call(f"Bearer {ProjectKeys.generate(keys.kind, ref).issue({'sub': 'x'}, 60)}") == (401, invalid)
    unsigned = jwt.encode({"exp": time.time() + 60}, "", algorithm="none")
    assert call(f"Bearer {unsigned}") == (401, "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM")
    for token in (keys.anon, keys.service_role, keys.issue({"role": "authenticated"}, 60)):
        assert call(f"Bearer {token}") == (200, "in")
    assert cloud.call(ref=ref, method="OPTIONS").status_code == 200


def test_redeploys_under_load_drop_nothing(cloud: Cloud) -> None:
    handler = "async () => {{ await new Promise((d) => setTimeout(d, 20)); return new Response('{}'); }}"
    cloud.serve(handler.format(1))
    versions = iter(range(2, 6))

    def call(_: int) -> tuple[int, str]:
        answer = cloud.call()
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        under_load = pool.map(call, range(400))
        for version in versions:
            cloud.serve(handler.format(version))
            assert call(0) == (200, str(version))
        answers = list(under_load)

    assert {status for status, _ in answers} == {200}
    assert {text for _, text in answers} > {"1", "5"}
    wait_until(lambda: len(psutil.Process().children()) == 1)


def test_a_request_under_way_outlives_the_swap(cloud: Cloud) -> None:
    slow = "async () => {{ await new Promise((d) => setTimeout(d, {})); return new Response('{}'); }}"
    cloud.serve(slow.format(5000, "old"))
    cloud.serve(slow.format(5000, "old"))

    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(cloud.call)
        wait_until(lambda: bool(cloud.service.running()))
        time.sleep(0.2)
        cloud.serve(slow.format(0, "new"))
        assert cloud.call().text == "new"
        assert not under_way.done()
        assert under_way.result().text == "old"


def test_an_idle_worker_is_stopped_and_started_again(start: Callable[..., Cloud]) -> None:
    cloud = start(idle=0.3)
    cloud.serve('() => new Response("here")')
    assert cloud.service.running() == {}
    cloud.call()
    (pid,) = cloud.service.running().values()

    wait_until(lambda: not psutil.pid_exists(pid))

    assert cloud.service.running() == {}
    assert cloud.call().text == "here"


def test_a_client_that_leaves_ends_the_stream(start: Callable[..., Cloud]) -> None:
    cloud = start(idle=0.3)
    cloud.serve(
        """() => new Response(new ReadableStream({ async pull(out) {
          await new Promise((done) => setTimeout(done, 10));
          out.enqueue(new TextEncoder().encode("more"));
        } }))"""
    )

    with cloud.http.stream("GET", f"/projects/{REF}/functions/v1/hello") as answer:
        assert next(answer.iter_raw()) == b"more"
        assert cloud.service.running()

    wait_until(lambda: not cloud.service.running())


def test_changed_secrets_reach_the_next_request(cloud: Cloud) -> None:
    cloud.serve('() => new Response(Deno.env.get("GREETING"))')
    assert cloud.call().text == "good morning"

    cloud.environment["GREETING"] = "good night"

    assert cloud.call().text == "good night"


def test_a_function_sees_nothing_of_the_daemon(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DAEMON", "seeded")
    (tmp_path / "file").write_text("seeded", encoding="utf-8")
    cloud.serve(
        f"""async () => {{
          const file = await Deno.readTextFile("{tmp_path}/file").catch((error) => error.name);
          return Response.json({{ environment: Deno.env.toObject(), file }});
        }}"""
    )

    seen = cloud.call().json()

    assert seen["environment"]["GREETING"] == "good morning"
    assert "seeded" not in json.dumps(seen)
    assert "HOME" not in seen["environment"]
    assert seen["file"] == "NotCapable"


def test_failures_have_the_platforms_codes_and_are_logged(cloud: Cloud) -> None:
    def failure(source: str) -> tuple[int, str]:
        assert cloud.deploy({ENTRY: source}).status_code == 201
        answer = cloud.call()
        return answer.status_code, answer.headers["sb-error-code"]

    assert failure('throw new Error("at start");') == (503, "BOOT_ERROR")
    assert failure("export const nothing = 1;") == (503, "BOOT_ERROR")
    assert failure("Deno.serve(() => Deno.exit(3));") == (500, "WORKER_ERROR")
    assert failure('Deno.serve(() => { throw new Error("in handler"); });') == (500, "EDGE_FUNCTION_ERROR")
    assert failure('Deno.serve(() => { console.log("bye"); return new Response("", { status: 502 }); });')[0] == 502
    logs = list(cloud.logs.between(REF, "function_logs", 0, time.time_ns()))
    assert any("at start" in line.message and line.attributes["version"] == "1" for line in logs)
    assert any("in handler" in line.message and line.attributes["level"] == "error" for line in logs)
    assert [line.attributes["level"] for line in logs if line.message == "bye"] == ["info"]
    assert {line.attributes["event_type"] for line in logs} == {"Boot", "Log", "Shutdown"}


def test_a_worker_that_ended_after_its_answer_is_replaced(cloud: Cloud) -> None:
    cloud.serve('() => { setTimeout(() => Deno.exit(1), 50); return new Response("here"); }')
    assert cloud.call().text == "here"
    time.sleep(0.3)

    assert cloud.call().text == "here"


def test_a_cold_start_can_be_modelled(cloud: Cloud) -> None:
    cloud.serve('() => new Response("here")')
    cloud.service.model_cold_start(700)

    cold, warm = cloud.call().elapsed.total_seconds(), cloud.call().elapsed.total_seconds()

    assert cold >= 0.7
    assert warm < 0.7


def test_deployed_functions_survive_a_restart(start: Callable[..., Cloud]) -> None:
    first = start()
    deployed = first.deploy({ENTRY: HELLO, **SHARED}).json()

    second = start()

    assert second.get("/hello").json() == deployed
    assert second.call().text == "hello one"
    assert second.deploy({ENTRY: HELLO, **SHARED}).json()["version"] == 2


def test_a_deleted_function_is_gone_and_starts_anew(cloud: Cloud, tmp_path: Path) -> None:
    before = cloud.serve('() => new Response("here")')
    cloud.call()

    deleted = cloud.http.delete(f"/v1/projects/{REF}/functions/hello")

    assert (deleted.status_code, deleted.json()) == (200, {"message": "ok"})
    assert cloud.call().headers["sb-error-code"] == "NOT_FOUND"
    assert cloud.get().json() == []
    assert not list(tmp_path.rglob("index.ts"))
    again = cloud.serve('() => new Response("here")')
    assert (again["version"], again["id"] == before["id"]) == (1, False)


def test_a_forgotten_project_leaves_nothing(cloud: Cloud, tmp_path: Path) -> None:
    cloud.serve('() => new Response("here")')

    cloud.http.post("/forget")

    assert cloud.get().json() == []
    assert not list((tmp_path / "functions").iterdir())


def test_no_worker_outlives_a_killed_daemon(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from localcloud.functions.service import FunctionService
from localcloud.logs.store import LogStore
service = FunctionService(Path({str(tmp_path)!r}), deno=Path({str(DENO)!r}), environment=lambda ref: {{}},
    keys=None, exists=lambda ref: True, authorize=lambda request: None, logs=LogStore())
uvicorn.run(Starlette(routes=[*service.management_routes(), *service.gateway_routes()]), port=0, log_level="info")
"""
    daemon = subprocess.Popen(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert daemon.stderr is not None
    try:
        url = next(line for line in daemon.stderr if "running on" in line).split("running on ")[1].split()[0]
        with httpx.Client(base_url=url) as http:
            files = [
                ("file", (ENTRY, "Deno.serve(() => { while (true) ; });")),
                ("metadata", (None, json.dumps({"entrypoint_path": ENTRY, "verify_jwt": False}))),
            ]
            http.post(f"/v1/projects/{REF}/functions/deploy", params={"slug": "hello"}, files=files).raise_for_status()
            with pytest.raises(httpx.ReadTimeout):
                http.get(f"/projects/{REF}/functions/v1/hello", timeout=1)
        (worker,) = psutil.Process(daemon.pid).children()
        daemon.send_signal(signal.SIGKILL)
        wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    finally:
        daemon.kill()
        daemon.communicate()


def test_the_digest_does_not_depend_on_the_order_of_the_upload(cloud: Cloud) -> None:
    one = cloud.deploy({ENTRY: HELLO, **SHARED}).json()["ezbr_sha256"]
    other = cloud.deploy({**SHARED, ENTRY: HELLO}, entrypoint_path=ENTRY).json()["ezbr_sha256"]

    assert one == other
    assert len(bytes.fromhex(one)) == hashlib.sha256().digest_size

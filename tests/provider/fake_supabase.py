"""A Management API held in memory: the same answers through an httpx transport and through a socket."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.provider.contract import neutral_answer, violations

TOKEN = "sbp_" + "0123456789abcdef" * 2 + "01234567"
DROP = 0
"""As the status of a fault: do the work, then break the connection."""
Answer = tuple[int, dict[str, str], Any]


@dataclass
class Call:
    method: str
    path: str
    body: Any
    query: dict[str, list[str]]


@dataclass
class Fault:
    method: str
    path: str
    status: int
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "synthetic fault"
    effect: bool = False
    """Whether the work is done all the same."""


@dataclass
class FakeSupabase:
    organizations: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"acme": {"id": "acme", "name": "Acme", "plan": "pro"}}
    )
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    coming: dict[str, list[str]] = field(default_factory=dict)
    """Per project the statuses that its next reads go through."""
    passwords: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    functions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    unhealthy_services: list[str] = field(default_factory=list)
    statuses_of_new: list[str] = field(default_factory=lambda: ["COMING_UP", "ACTIVE_HEALTHY"])
    statuses_of_restored: list[str] = field(default_factory=lambda: ["RESTORING", "ACTIVE_HEALTHY"])
    not_ready_for_deletion: int = 0
    auth: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    encrypted: set[str] = field(default_factory=set)
    obeys: bool = True
    """Whether an order to encrypt is carried out."""
    raw: dict[str, bytes] = field(default_factory=dict)
    """Per path a body to send in place of the answer."""
    delay: float = 0
    """Seconds before each answer."""
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)

    def add_project(self, name: str = "app", *, status: str = "ACTIVE_HEALTHY", region: str = "eu-central-1") -> str:
        ref = "".join(
            chr(ord("a") + int(digit, 16)) for digit in sha256(f"{name}{len(self.projects)}".encode()).hexdigest()[:20]
        )
        self.projects[ref] = {
            "id": ref,
            "ref": ref,
            "organization_id": "acme",
            "organization_slug": "acme",
            "name": name,
            "region": region,
            "created_at": "2026-01-01T00:00:00Z",
            "status": status,
        }
        self.secrets[ref] = {}
        self.functions[ref] = []
        return ref

    def made(self, method: str, pattern: str) -> list[Call]:
        return [call for call in self.calls if call.method == method and re.fullmatch(pattern, call.path)]

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            status, headers, body = self.handle(
                request.method,
                str(request.url),
                request.content,
                request.headers.get("Authorization", ""),
            )
            if status == DROP:
                raise httpx.ReadError("connection broken", request=request)
            return httpx.Response(status, headers=headers, content=_encoded(body))

        return httpx.MockTransport(answer)

    @contextmanager
    def serving(self) -> Iterator[str]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body = fake.handle(
                    self.command, self.path, content, self.headers.get("Authorization", "")
                )
                if status == DROP:
                    self.close_connection = True
                    return
                encoded = _encoded(body)
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def handle(self, method: str, url: str, content: bytes, authorization: str) -> Answer:
        address = urlsplit(url)
        call = Call(method, address.path, json.loads(content) if content else None, parse_qs(address.query))
        time.sleep(self.delay)
        with self.lock:
            self.calls.append(call)
            if authorization != f"Bearer {TOKEN}":
                return 401, {}, {"message": "Unauthorized"}
            for fault in self.faults:
                if fault.times and fault.method == method and re.fullmatch(fault.path, call.path):
                    fault.times -= 1
                    if fault.status == DROP or fault.effect:
                        self._answer(call)
                    return fault.status, fault.headers, {"message": fault.message}
            if call.path in self.raw:
                return 200, {}, self.raw[call.path]
            answer = self._answer(call)
            status, _, body = answer
            if status < 300:
                self.violations += violations(method, call.path, call.body, status, body)
            return answer

    def _answer(self, call: Call) -> Answer:
        routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", r"/v1/projects", self._list_projects),
            ("POST", r"/v1/projects", self._create),
            ("GET", r"/v1/organizations/([\w-]+)", self._organization),
            ("GET", r"/v1/organizations/([\w-]+)/projects", self._organization_projects),
            ("GET", r"/v1/projects/([a-z]{20})", self._get),
            ("PATCH", r"/v1/projects/([a-z]{20})", self._rename),
            ("DELETE", r"/v1/projects/([a-z]{20})", self._delete),
            ("GET", r"/v1/projects/([a-z]{20})/health", self._health),
            ("POST", r"/v1/projects/([a-z]{20})/restore", self._restore),
            ("PATCH", r"/v1/projects/([a-z]{20})/database/password", self._password),
            ("PATCH", r"/v1/projects/([a-z]{20})/billing/addons", self._addon),
            ("GET", r"/v1/projects/([a-z]{20})/billing/addons", self._addons),
            ("DELETE", r"/v1/projects/([a-z]{20})/billing/addons/(\w+)", self._remove_addon),
            ("GET", r"/v1/projects/([a-z]{20})/secrets", self._list_secrets),
            ("POST", r"/v1/projects/([a-z]{20})/secrets", self._set_secrets),
            ("DELETE", r"/v1/projects/([a-z]{20})/secrets", self._delete_secrets),
            ("GET", r"/v1/projects/([a-z]{20})/network-restrictions", self._get_network),
            ("POST", r"/v1/projects/([a-z]{20})/network-restrictions/apply", self._restrict_network),
            ("GET", r"/v1/projects/([a-z]{20})/ssl-enforcement", self._get_ssl),
            ("PUT", r"/v1/projects/([a-z]{20})/ssl-enforcement", self._enforce_ssl),
            ("GET", r"/v1/projects/([a-z]{20})/config/auth", self._get_auth),
            ("PATCH", r"/v1/projects/([a-z]{20})/config/auth", self._change_auth),
            ("GET", r"/v1/projects/([a-z]{20})/functions", self._list_functions),
            ("POST", r"/v1/projects/([a-z]{20})/database/query/read-only", self._query),
        ]
        for method, pattern, route in routes:
            match = re.fullmatch(pattern, call.path)
            if match and method == call.method:
                if match.groups() and "/projects/" in pattern and match[1] not in self.projects:
                    return 404, {}, {"message": "Project not found"}
                return route(call, *match.groups())
        return 501, {}, {"message": f"the fake has no {call.method} {call.path}"}

    def _with_database(self, ref: str) -> dict[str, Any]:
        host = {"host": f"db.{ref}.supabase.co", "version": "17.4", "postgres_engine": "17", "release_channel": "ga"}
        return self.projects[ref] | {"database": host}

    def _list_projects(self, call: Call) -> Answer:
        del call
        return 200, {}, [self._with_database(ref) for ref in self.projects]

    def _create(self, call: Call) -> Answer:
        ref = self.add_project(call.body["name"], status="UNKNOWN", region=call.body["region_selection"]["code"])
        self.passwords[ref] = call.body["db_pass"]
        self.sizes[ref] = call.body.get("desired_instance_size", "nano")
        self.coming[ref] = list(self.statuses_of_new)
        return 201, {}, dict(self.projects[ref])

    def _organization(self, call: Call, slug: str) -> Answer:
        del call
        found = self.organizations.get(slug)
        if found is None:
            return 404, {}, {"message": "Organization not found"}
        return 200, {}, found | {"opt_in_tags": [], "allowed_release_channels": ["ga"]}

    def _organization_projects(self, call: Call, slug: str) -> Answer:
        del slug
        search = call.query.get("search", [""])[0]
        listed = [
            {
                "ref": ref,
                "name": project["name"],
                "cloud_provider": "AWS",
                "region": project["region"],
                "is_branch": False,
                "status": project["status"],
                "inserted_at": project["created_at"],
                "databases": [
                    {
                        "infra_compute_size": self.sizes.get(ref, "nano"),
                        "region": project["region"],
                        "status": "ACTIVE_HEALTHY",
                        "cloud_provider": "AWS",
                        "identifier": ref,
                        "type": "PRIMARY",
                    }
                ],
            }
            for ref, project in self.projects.items()
            if search in project["name"]
        ]
        return 200, {}, {"projects": listed, "pagination": {"count": len(listed), "limit": 100, "offset": 0}}

    def _get(self, call: Call, ref: str) -> Answer:
        del call
        if self.coming.get(ref):
            self.projects[ref]["status"] = self.coming[ref].pop(0)
        answer = self._with_database(ref)
        if answer["status"] == "GOING_DOWN" and not self.coming.get(ref):
            del self.projects[ref]
        return 200, {}, answer

    def _rename(self, call: Call, ref: str) -> Answer:
        self.projects[ref]["name"] = call.body["name"]
        return 200, {}, {"id": 1, "ref": ref, "name": call.body["name"]}

    def _delete(self, call: Call, ref: str) -> Answer:
        del call
        if self.not_ready_for_deletion:
            self.not_ready_for_deletion -= 1
            return 400, {}, {"message": "Project not ready for deletion."}
        self.projects[ref]["status"] = "GOING_DOWN"
        return 200, {}, {"id": 1, "ref": ref, "name": self.projects[ref]["name"]}

    def _health(self, call: Call, ref: str) -> Answer:
        del ref
        services = []
        for name in call.query["services"]:
            healthy = name not in self.unhealthy_services
            status = "ACTIVE_HEALTHY" if healthy else "UNHEALTHY"
            services.append({"name": name, "healthy": healthy, "status": status})
        return 200, {}, services

    def _restore(self, call: Call, ref: str) -> Answer:
        del call
        self.coming[ref] = list(self.statuses_of_restored)
        return 200, {}, None

    def _password(self, call: Call, ref: str) -> Answer:
        self.passwords[ref] = call.body["password"]
        return 200, {}, {"message": "ok"}

    def _addon(self, call: Call, ref: str) -> Answer:
        self.sizes[ref] = call.body["addon_variant"].removeprefix("ci_")
        return 200, {}, None

    def _addons(self, call: Call, ref: str) -> Answer:
        del call
        size = self.sizes.get(ref, "nano")
        price = {"description": "$10", "type": "fixed", "interval": "monthly", "amount": 10}
        variant = {"id": f"ci_{size}", "name": size, "price": price}
        selected = [] if size == "nano" else [{"type": "compute_instance", "variant": variant}]
        return 200, {}, {"selected_addons": selected, "available_addons": []}

    def _remove_addon(self, call: Call, ref: str, variant: str) -> Answer:
        del call, variant
        self.sizes[ref] = "nano"
        return 200, {}, None

    def _list_secrets(self, call: Call, ref: str) -> Answer:
        del call
        if self.projects[ref]["status"] == "INACTIVE":
            return 400, {}, {"message": "Project is paused"}
        own = {"SUPABASE_URL": "https://x"} | self.secrets[ref]
        return 200, {}, [{"name": key, "value": sha256(value.encode()).hexdigest()} for key, value in own.items()]

    def _set_secrets(self, call: Call, ref: str) -> Answer:
        self.secrets[ref].update({item["name"]: item["value"] for item in call.body})
        return 201, {}, None

    def _delete_secrets(self, call: Call, ref: str) -> Answer:
        for name in call.body:
            self.secrets[ref].pop(name, None)
        return 200, {}, None

    def _get_network(self, call: Call, ref: str) -> Answer:
        del call
        config = self.networks.get(ref, {"dbAllowedCidrs": ["0.0.0.0/0"], "dbAllowedCidrsV6": ["::/0"]})
        return 200, {}, {"entitlement": "allowed", "config": config, "status": "applied"}

    def _restrict_network(self, call: Call, ref: str) -> Answer:
        self.networks[ref] = call.body
        return 201, {}, self._get_network(call, ref)[2]

    def _get_ssl(self, call: Call, ref: str) -> Answer:
        del call
        return 200, {}, {"currentConfig": {"database": ref in self.encrypted}, "appliedSuccessfully": self.obeys}

    def _enforce_ssl(self, call: Call, ref: str) -> Answer:
        if self.obeys and call.body["requestedConfig"]["database"]:
            self.encrypted.add(ref)
        return self._get_ssl(call, ref)

    def _get_auth(self, call: Call, ref: str) -> Answer:
        del call
        return 200, {}, neutral_answer("GET", "/v1/projects/{ref}/config/auth") | self.auth.get(ref, {})

    def _change_auth(self, call: Call, ref: str) -> Answer:
        self.auth.setdefault(ref, {}).update(call.body)
        return self._get_auth(call, ref)

    def _list_functions(self, call: Call, ref: str) -> Answer:
        del call
        if self.projects[ref]["status"] == "INACTIVE":
            return 400, {}, {"message": "Project is paused"}
        return 200, {}, self.functions[ref]

    def _query(self, call: Call, ref: str) -> Answer:
        del ref
        if "broken" in call.body["query"]:
            return 400, {}, {"message": 'ERROR:  42601: syntax error at or near "broken"'}
        return 201, {}, self.rows


def _encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()

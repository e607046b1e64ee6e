"""Killed at any moment, the local cloud comes back with what it had confirmed, and with nothing by halves."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
import pytest

from localcloud.place import Place
from tests.conftest import LocalCloudUnderTest

SEED = 20261126
KILLS = 4
ENTRY = "supabase/functions/{slug}/index.ts"


@dataclass
class Confirmed:
    """What the local cloud has said is written, and what it was asked for when it died.

    `maybe` holds, by the kind of thing, the name and the value that were asked for last: there, whole, or not there.
    """

    rows: set[int] = field(default_factory=set)
    secrets: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)
    maybe: tuple[str, str, str] = ("", "", "")


class Stream:
    """Writes one thing after the other, until the local cloud is gone."""

    def __init__(self, cloud: LocalCloudUnderTest, ref: str, confirmed: Confirmed, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test that can be repeated
        self.confirmed = confirmed
        self.ref = ref
        token = Place(cloud.directory).credentials().supabase_access_token
        self.http = httpx.Client(base_url=f"{cloud.url}/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        self.number = 1000 * seed

    def run(self) -> None:
        kinds = [self._row, self._row, self._secret, self._secret, self._function, self._key, self._organization]
        with self.http, contextlib.suppress(httpx.TransportError):
            while True:
                self.number += 1
                self.random.choice(kinds)(f"n{self.number}")

    def _send(self, kind: str, name: str, value: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        self.confirmed.maybe = (kind, name, value)
        answer = send()
        assert answer.is_success, answer.text
        return answer

    def _row(self, name: str) -> None:
        # Two rows in one transaction: never one of them.
        number = int(name[1:])
        body = {"query": "insert into kept values ($1::int), (-$1::int)", "parameters": [number]}
        path = f"/projects/{self.ref}/database/query"
        if self._send("row", name, "", lambda: self.http.post(path, json=body)).is_success:
            self.confirmed.rows |= {number, -number}

    def _secret(self, _: str) -> None:
        name, value = f"S{self.random.randrange(20)}", f"{self.random.random()}"
        path = f"/projects/{self.ref}/secrets"
        body = [{"name": name, "value": value}, {"name": f"{name}_TWIN", "value": value}]
        if self._send("secret", name, value, lambda: self.http.post(path, json=body)).is_success:
            self.confirmed.secrets[name] = value

    def _function(self, _: str) -> None:
        slug, version = f"f{self.random.randrange(3)}", f"{self.random.random()}"
        entry = ENTRY.format(slug=slug)
        metadata = json.dumps({"entrypoint_path": entry, "verify_jwt": False})
        source = f'Deno.serve(() => new Response("{version}"));\n'
        files: Any = [("file", (entry, source)), ("metadata", (None, metadata))]
        path = f"/projects/{self.ref}/functions/deploy?slug={slug}"
        if self._send("function", slug, version, lambda: self.http.post(path, files=files)).is_success:
            self.confirmed.functions[slug] = version

    def _key(self, name: str) -> None:
        path = f"/projects/{self.ref}/api-keys"
        body = {"type": "secret", "name": f"key_{name}"}
        if self._send("key", body["name"], "", lambda: self.http.post(path, json=body)).is_success:
            self.confirmed.keys.add(body["name"])

    def _organization(self, name: str) -> None:
        if self._send(
            "organization", name, "", lambda: self.http.post("/organizations", json={"name": name})
        ).is_success:
            self.confirmed.organizations.add(name)


def _kill_everything(cloud: LocalCloudUnderTest) -> None:
    """End every process at once, the databases' too, as a power cut does."""
    victims = [psutil.Process(cloud.pid)]
    with contextlib.suppress(psutil.NoSuchProcess):
        victims += victims[0].children(recursive=True)
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.suspend()
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    psutil.wait_procs(victims, timeout=10)


def _compare(cloud: LocalCloudUnderTest, ref: str, confirmed: Confirmed) -> None:
    kind, name, value = confirmed.maybe
    query = {"query": "select array_agg(number) as numbers from kept"}
    answer = cloud.api("POST", f"/projects/{ref}/database/query", query)
    assert answer.status_code == 201, answer.text
    rows = set(answer.json()[0]["numbers"] or ())
    assert confirmed.rows <= rows
    assert {-number for number in rows} == rows, "half of a transaction"
    assert rows - confirmed.rows <= ({int(name[1:]), -int(name[1:])} if kind == "row" else set())

    environment = json.loads((cloud.directory / "supabase.json").read_text())
    (project,) = [p for p in environment["projects"] if p["ref"] == ref]
    secrets = {secret: entry["value"] for secret, entry in project["secrets"].items()}
    expected = [confirmed.secrets, {**confirmed.secrets, name: value}] if kind == "secret" else [confirmed.secrets]
    assert secrets in [{**plain, **{f"{k}_TWIN": v for k, v in plain.items()}} for plain in expected]

    live = {function["slug"] for function in cloud.api("GET", f"/projects/{ref}/functions").json()}
    asked = {name} if kind == "function" else set()
    assert set(confirmed.functions) <= live <= set(confirmed.functions) | asked
    for slug in live:
        served = httpx.get(f"{cloud.url}/projects/{ref}/functions/v1/{slug}", timeout=60).text
        assert served in {confirmed.functions.get(slug), value if slug in asked else None}
        confirmed.functions[slug] = served

    keys = {
        key["name"] for key in cloud.api("GET", f"/projects/{ref}/api-keys").json() if key["name"].startswith("key")
    }
    assert confirmed.keys <= keys <= confirmed.keys | ({name} if kind == "key" else set())
    known = {organization["name"] for organization in cloud.api("GET", "/organizations").json()}
    made = {organization for organization in known if organization.startswith("n")}
    assert confirmed.organizations <= made <= confirmed.organizations | ({name} if kind == "organization" else set())
    # What was asked for and is there counts as confirmed from now on.
    confirmed.rows, confirmed.keys, confirmed.organizations = rows, keys, made
    confirmed.secrets = {secret: text for secret, text in secrets.items() if not secret.endswith("_TWIN")}


@pytest.mark.timeout(120)
def test_every_confirmed_write_survives_and_none_is_half_there(own_cloud: LocalCloudUnderTest) -> None:
    own_cloud.control("PUT", "/rate-limit", 100_000)
    ref = str(own_cloud.api("GET", "/projects").json()[0]["ref"])
    created = own_cloud.api("POST", f"/projects/{ref}/database/query", {"query": "create table kept (number int)"})
    assert created.status_code == 201, created.text
    chance = random.Random(SEED)  # noqa: S311 - a test that can be repeated
    confirmed = Confirmed()
    for kill in range(KILLS):
        stream = Stream(own_cloud, ref, confirmed, kill + 1)
        writer = threading.Thread(target=stream.run)
        writer.start()
        time.sleep(chance.uniform(0.2, 1.2))
        _kill_everything(own_cloud)
        writer.join()
        assert own_cloud.processes() == []
        own_cloud.start()
        own_cloud.control("PUT", "/rate-limit", 100_000)
        _compare(own_cloud, ref, confirmed)
    assert confirmed.rows
    assert confirmed.secrets
    leftovers = [path.name for path in own_cloud.directory.rglob("*.tmp")]
    assert leftovers == []


def test_what_a_deleted_project_left_is_gone_after_the_next_start(own_cloud: LocalCloudUnderTest) -> None:
    orphan = "z" * 20
    own_cloud.stop()
    left = [own_cloud.directory / folder / orphan for folder in ("databases", "functions", "databases/snapshots")]
    for path in left:
        path.mkdir(parents=True)
    own_cloud.start()
    assert [path.exists() for path in left] == [False, False, False]


def test_a_database_that_was_being_put_back_is_put_back_after_the_kill(own_cloud: LocalCloudUnderTest) -> None:
    ref = str(own_cloud.api("GET", "/projects").json()[0]["ref"])
    own_cloud.control("PUT", "/organizations/mano/plan", "pro")

    def query(text: str) -> Any:
        return own_cloud.api("POST", f"/projects/{ref}/database/query", {"query": text}).json()

    query("create table kept as select 7 as seven")
    point = {"name": "before"}
    assert own_cloud.api("POST", f"/projects/{ref}/database/backups/restore-point", point).status_code == 201
    query("drop table kept")
    assert own_cloud.api("POST", f"/projects/{ref}/database/backups/undo", point).status_code == 201
    _kill_everything(own_cloud)
    own_cloud.start()
    own_cloud.wait_for(ref, "ACTIVE_HEALTHY")
    assert query("select seven from kept") == [{"seven": 7}]

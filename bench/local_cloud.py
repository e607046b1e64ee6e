"""What the local cloud costs: to start, at rest, for each call of a function, and after many of them."""

import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench.measurement import Bench, Measurement, Say
from localcloud.durable import read_json
from localcloud.place import HOST, PROJECT, Place

_STARTS = 5
_ROUNDS = 7
_CALLS = 300  # of one round
_FUNCTIONS = 100
_WARM_UP = 10_000  # more than any list of last requests or log lines keeps, and a worker's heap has its size then
_MANY = 10_000
_CLIENTS = 4
_SOURCE = 'Deno.serve({DENO_OPTIONS}() => new Response("hello", { headers: { "content-type": "text/plain" } }));\n'
_MEBIBYTE = 2**20


def measure(say: Say) -> list[Measurement]:
    """Measure everything on local clouds of its own, which are gone afterwards."""
    starts, work = [], []
    for number in range(_STARTS):
        say(f"starting a new local cloud, {number + 1} of {_STARTS}")
        with _started() as (cloud, seconds):
            starts.append(seconds)
            work.append(cloud.work_of_start)
    with _started() as (cloud, _):
        for number in range(_FUNCTIONS):
            say(f"deploying function {number + 1} of {_FUNCTIONS}")
            cloud.deploy(f"function-{number}")
        cloud.query("select 1")
        time.sleep(2)
        at_rest = sum(process.memory_full_info().pss for process in cloud.processes()) / _MEBIBYTE
        say("calling a warm function, and a bare Deno server")
        extra = _extra_latency(cloud)
        before = _held(cloud, say, _WARM_UP)
        after = _held(cloud, say, _MANY)
    grown = {name: after[name] - before[name] for name in after}
    return [
        Measurement(name="start of a new local cloud, tools in place", unit="s", samples=starts, goal=3),
        Measurement(name="processor time of that start, all processes", unit="s", samples=work, goal=3),
        Measurement(
            name=f"memory of all its processes, {_FUNCTIONS} functions deployed and none called",
            unit="MiB", samples=[at_rest], goal=400,
        ),
        Measurement(
            name="a warm function through the gateway, more than a bare Deno server", unit="ms", samples=extra, goal=5
        ),
        *(
            Measurement(name=f"{_MANY} requests: growth of {name}", unit=unit, samples=[grown[name]], goal=goal)
            for name, unit, goal in (
                ("the gateway's memory", "MiB", 4), ("the worker's memory", "MiB", 8),
                ("open files", "", 0), ("threads", "", 0),
            )
        ),
    ]  # fmt: skip


BENCH = Bench(
    title="The local cloud",
    method=(
        f"`python -m bench local-cloud`. A start is `python -m localcloud start` in an empty folder, the database"
        f" template cached; its processor time tells what it takes where the machine is busy. Memory is the sum of the"
        f" proportional set sizes, a running database included. Latency: in each of {_ROUNDS} rounds {_CALLS} calls"
        f" each of one function through the gateway and of the same code in a bare Deno server, by turns, one"
        f" connection each; a sample is the difference of the two medians. Growth counts from after {_WARM_UP} requests"
        f" to after {_MANY} more, by {_CLIENTS} clients."
    ),
    run=measure,
)


class _Cloud:
    """A running local cloud, and one of its projects."""

    def __init__(self, place: Place, work_before: float) -> None:
        self._place = place
        self.work_of_start = _work_of_children() - work_before + sum(self.gateway().cpu_times()[:4])
        token = place.credentials().supabase_access_token
        self._http = httpx.Client(base_url=place.url(), headers={"Authorization": f"Bearer {token}"}, timeout=60)
        # What the platform limits a minute would otherwise be waited for.
        self._http.put("/_control/rate-limit", json=1_000_000).raise_for_status()
        self.ref = self._http.get("/v1/projects").raise_for_status().json()[0]["ref"]
        ports = place.ports()
        assert ports is not None, "it was started"  # noqa: S101
        self.port = ports[0]

    def deploy(self, slug: str) -> None:
        entry = f"supabase/functions/{slug}/index.ts"
        metadata = json.dumps({"entrypoint_path": entry, "verify_jwt": False})
        self._http.post(
            f"/v1/projects/{self.ref}/functions/deploy",
            params={"slug": slug},
            files=[("file", (entry, _SOURCE.replace("{DENO_OPTIONS}", ""))), ("metadata", (None, metadata))],
        ).raise_for_status()

    def query(self, sql: str) -> None:
        self._http.post(f"/v1/projects/{self.ref}/database/query", json={"query": sql}).raise_for_status()

    def path(self, slug: str) -> str:
        return f"/projects/{self.ref}/functions/v1/{slug}"

    def gateway(self) -> psutil.Process:
        return psutil.Process(read_json(self._place.directory / "process.json")["pid"])

    def processes(self) -> list[psutil.Process]:
        return [self.gateway(), *self.gateway().children(recursive=True)]


@contextmanager
def _started() -> Iterator[tuple[_Cloud, float]]:
    """Start a local cloud in a new folder; give it and the seconds that it took."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Place(Path(folder).resolve())
        environment = {**os.environ, "LOCALCLOUD_DIR": str(place.directory)}

        def localcloud(command: str) -> None:
            subprocess.run(
                [sys.executable, "-m", "localcloud", command],
                cwd=PROJECT, env=environment, check=True, capture_output=True,
            )  # fmt: skip

        begin, work_before = time.monotonic(), _work_of_children()
        try:
            localcloud("start")
            seconds = time.monotonic() - begin
            yield _Cloud(place, work_before), seconds
        finally:
            localcloud("stop")


def _work_of_children() -> float:
    """Give the processor time, in seconds, of every child that has ended."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _extra_latency(cloud: _Cloud) -> list[float]:
    """Give, for each round, by how many milliseconds the gateway is slower than a bare server."""
    slug = "function-0"
    with _bare_server() as port:
        connections = [http.client.HTTPConnection(HOST, cloud.port), http.client.HTTPConnection(HOST, port)]
        paths = [cloud.path(slug), f"/{slug}"]
        for connection, path in zip(connections, paths, strict=True):
            for _ in range(50):
                _call(connection, path)
        samples = []
        for _ in range(_ROUNDS):
            times: list[list[float]] = [[], []]
            for _ in range(_CALLS):
                for kept, connection, path in zip(times, connections, paths, strict=True):
                    kept.append(_call(connection, path))
            gateway, bare = map(statistics.median, times)
            samples.append((gateway - bare) * 1000)
        for connection in connections:
            connection.close()
    return samples


@contextmanager
def _bare_server() -> Iterator[int]:
    options = '{ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) }, '
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        program = Path(folder) / "server.ts"
        program.write_text(_SOURCE.replace("{DENO_OPTIONS}", options), encoding="utf-8")
        deno = Path(sys.executable).with_name("deno")
        with subprocess.Popen(
            [deno, "run", "--quiet", "--allow-net", str(program)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None, "it is a pipe"  # noqa: S101
            try:
                yield int(process.stdout.readline())
            finally:
                process.kill()


def _call(connection: http.client.HTTPConnection, path: str) -> float:
    """Call, and give the seconds until the answer was there."""
    begin = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    elapsed = time.perf_counter() - begin
    if (answer.status, body) != (http.client.OK, b"hello"):
        raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
    return elapsed


def _held(cloud: _Cloud, say: Say, requests: int) -> dict[str, float]:
    """Send requests, and give what gateway and worker hold afterwards."""
    say(f"sending {requests} requests")

    def send() -> None:
        connection = http.client.HTTPConnection(HOST, cloud.port)
        for _ in range(requests // _CLIENTS):
            _call(connection, cloud.path("function-0"))
        connection.close()

    with ThreadPoolExecutor(_CLIENTS) as pool:
        for sent in [pool.submit(send) for _ in range(_CLIENTS)]:
            sent.result()
    time.sleep(2)
    gateway = cloud.gateway()
    (worker,) = [child for child in gateway.children(recursive=True) if "deno" in child.name()]
    both = (gateway, worker)
    return {
        "the gateway's memory": gateway.memory_full_info().uss / _MEBIBYTE,
        "the worker's memory": worker.memory_full_info().uss / _MEBIBYTE,
        "open files": sum(process.num_fds() for process in both),
        "threads": sum(process.num_threads() for process in both),
    }

"""What reads the network, with answers that are truncated, of another type, a proxy's page, or none."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from githubkit import GitHub
from hypothesis import given
from hypothesis import strategies as st

from components import adoption, github_reads, stack_outputs
from components.adoption import Adoption
from components.repository_facts import begin_repository
from ops import hosting as hosting_room
from ops.audit.answer_forms import check_github, check_supabase
from ops.audit.github_reading import read_github
from ops.audit.reader import Reader
from ops.audit.refusal import Refusal
from ops.audit.supabase_reading import read_supabase
from ops.audit.tracked_issue import track
from ops.hosting import Hosting, find_hosting
from ops.plan.pull_comment import tell_pull_request
from ops.release import find_features
from ops.release_log import read_log
from provider.plugin.client import Client
from provider.plugin.function_secrets import FunctionSecretsResource
from provider.plugin.project import ProjectResource
from provider.plugin.queries import Queries
from provider.plugin.resource import Operation
from release import management_api
from release.database import find_database
from release.error import ReleaseError
from release.management_api import ManagementApi, list_refs
from release.target import Target
from settings.reading import read_files
from tests.conftest import ROOT
from tests.hostile.clear_error import JSON, RELAXED, assert_clear, mistaken, told
from tests.hostile.network import Handler, answering, handlers
from tests.ops.audit.conftest import Clouds, declare

REF = "a" * 20
TOKEN = f"sbp_{'0' * 40}"
TARGET = Target(
    stack="staging", ref=REF, name="app", organization="acme", api_endpoint="https://api.example", url="https://x"
)
SETTINGS = read_files(ROOT, "production")
PROJECT = {
    "id": REF, "ref": REF, "name": "app", "organization_id": "acme", "organization_slug": "acme", "status": "ACTIVE",
    "region": "eu-central-1", "created_at": "2026-01-01T00:00:00Z", "database": {"host": "db", "version": "17"},
}  # fmt: skip
RECORD = {
    "id": 1, "kind": "release", "digest": "d" * 64, "tree": "t" * 64, "git_commit": None, "git_dirty": None,
    "released_by": "ada", "migrations": ["20260101000000"], "functions": {"hello": "e" * 64}, "smoke": None, "undo": {},
    "reason": None, "report": {}, "seconds": {"hello": 1.5}, "at": "2026-01-01T00:00:00Z",
}  # fmt: skip
CALLS: dict[str, Callable[[ManagementApi], object]] = {
    "project": ManagementApi.project,
    "functions": ManagementApi.functions,
    "api-keys": ManagementApi.api_keys,
    "pooler": find_database,
    "body": lambda api: api.function_body("hello"),
    "query": lambda api: api.query("select 1"),
    "presence": ManagementApi.presence,
    "backups": ManagementApi.has_restore_points,
    "restore point": lambda api: api.create_restore_point("before"),
    "deletion": lambda api: api.delete_function("hello"),
    "log": lambda api: read_log(api, TARGET),
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None:
        """Wait not at all."""

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(management_api, "_wait", lambda _: 0)


def management(handler: Handler) -> ManagementApi:
    api = ManagementApi(TARGET, TOKEN)
    api._client = httpx.Client(transport=httpx.MockTransport(handler))  # noqa: SLF001
    return api


@RELAXED
@given(handler=handlers(), call=st.sampled_from(list(CALLS)))
def test_each_call_of_a_release_ends_in_one_error_or_well(handler: Handler, call: str) -> None:
    with management(handler) as api:
        text = told(lambda: CALLS[call](api))
    assert text is None or "api.example" in text


def rows(present: Any, marker: Any, records: Any, hashes: Any) -> Handler:
    """Give a database whose every table was changed by hand."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=PROJECT)
        sql = request.read().decode()
        named = {"to_regclass": present, "release.marker": marker, "release.hold": hashes}
        found = next((table for words, table in named.items() if words in sql), records)
        return answering(found)(request)

    return answer


@RELAXED
@given(data=st.data())
def test_records_that_somebody_changed_end_in_one_error_or_well(data: st.DataObject) -> None:
    right = {
        "present": [{"release": True, "ledger": True, "tables": True}],
        "marker": [{"ref": REF, "name": "app", "organization": "acme", "api_host": "api.example"}],
        "records": [RECORD],
        "hashes": [{"digest": "d" * 64, "number": 1, "at": "2026-01-01 00:00", "reason": None}],
    }
    with management(rows(**right)) as api:
        assert told(lambda: read_log(api, TARGET)) is None
    table = data.draw(st.sampled_from(sorted(right)))
    with management(rows(**{**right, table: data.draw(mistaken(right[table]))})) as api:
        told(lambda: read_log(api, TARGET))


@RELAXED
@given(handler=handlers() | mistaken([PROJECT]).map(answering))
def test_the_list_of_projects_ends_in_one_error_or_well(handler: Handler) -> None:
    client = httpx.Client(transport=httpx.MockTransport(handler))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "get", lambda url, **options: client.get(url, headers=options["headers"]))
        told(lambda: list_refs("https://api.example", TOKEN, organization="acme", name="app"))


@pytest.mark.parametrize("token", ["sbp_1\n", "ä", "sbp_\x00"])
def test_a_token_that_no_header_takes_is_not_shown(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = told(lambda: ManagementApi(TARGET, token))
    assert text
    monkeypatch.setenv("GITHUB_TOKEN", token.replace("\x00", "\x01"))
    assert told(lambda: find_hosting(SETTINGS))
    assert token not in text


OPERATION = Operation(preview=False, timeout=1, log=lambda *_: None)
PLUGIN: dict[str, Callable[[Client], object]] = {
    "project by ref": lambda client: Queries(client).get_project({"ref": REF}),
    "project by name": lambda client: Queries(client).get_project({"organization": "acme", "name": "app"}),
    "reach": lambda client: Queries(client).reaches_project({"ref": REF}),
    "organization": lambda client: Queries(client).get_organization({"slug": "acme"}),
    "functions": lambda client: Queries(client).get_functions({"ref": REF}),
    "rows": lambda client: Queries(client).query_database({"ref": REF, "query": "select 1"}),
    "refresh": lambda client: ProjectResource(client).read(OPERATION, REF, {"instance_size": "micro"}, {}),
    "secrets": lambda client: FunctionSecretsResource(client).read(OPERATION, REF, {}, {}),
}


@RELAXED
@given(
    handler=handlers() | mistaken([PROJECT]).map(answering) | mistaken(PROJECT).map(answering),
    call=st.sampled_from(list(PLUGIN)),
)
def test_each_call_of_the_plugin_ends_in_one_error_or_well(handler: Handler, call: str) -> None:
    client = Client(token=TOKEN, endpoint="https://api.example", transport=httpx.MockTransport(handler), pause_unit=0)
    # It waits as it is asked to, as far as it waits at all.
    client.cancelled.wait = lambda timeout=None: False  # type: ignore[method-assign] # noqa: ARG005
    told(lambda: client.in_form(lambda: PLUGIN[call](client)))


def run(work: Callable[[], Any]) -> Any:
    # Not in the main thread, whose event loop other tests of the same process use.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


def audit(handler: Handler) -> tuple[dict[str, Any], dict[str, Any]]:
    async def work() -> tuple[dict[str, Any], dict[str, Any]]:
        headers = {"Authorization": "Bearer t"}
        reader = Reader("The API", "https://api.example", headers, httpx.MockTransport(handler))
        try:
            graphql = "https://api.example/graphql"
            github = await read_github(reader, graphql, "acme", "app", branches=["main"], teams=["keepers"])
            return dict(github), dict(await read_supabase(reader, SETTINGS.supabase))
        finally:
            await reader.close()

    github, supabase = run(work)
    return check_github(github), check_supabase(supabase)


@RELAXED
@given(handler=handlers() | st.lists(JSON, max_size=2).map(answering))
def test_an_audit_takes_what_it_can_not_read_for_unreadable(handler: Handler) -> None:
    github, supabase = audit(handler)
    for part, answer in {**github, **supabase}.items():
        if isinstance(answer, Refusal):
            assert_clear(f"{answer.reason} Remedy: {answer.permission}")
            assert "<html" not in answer.reason
        else:
            # An empty list, or something else that has the form by chance.
            assert answer in ([], {}, None) or isinstance(answer, dict | list), part


def test_an_audit_of_endless_pages_ends() -> None:
    page = {"hasNextPage": True, "endCursor": "x"}
    rules = {"viewerCanAdminister": True, "branchProtectionRules": {"nodes": [], "pageInfo": page}}
    github, _ = audit(answering({"data": {"repository": rules}}))
    assert isinstance(github["rules"], Refusal)
    assert "of no end" in github["rules"].reason


@RELAXED
@given(data=st.data())
def test_an_audit_of_any_mistaken_answer_ends_in_a_report(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stacks = {name: declare(name) for name in ("production", "staging")}
    clouds = Clouds.clean(tmp_path_factory.mktemp("clouds"), stacks)
    if data.draw(st.booleans()):
        clouds.github = mistaken_part(data, clouds.github)
    else:
        clouds.supabase["production"] = mistaken_part(data, clouds.supabase["production"])
    clouds.audit()


def mistaken_part(data: st.DataObject, reading: dict[str, Any]) -> dict[str, Any]:
    """Give a reading in which one answer is mistaken; which parts there are is the reader's own doing."""
    part = data.draw(st.sampled_from(sorted(reading)))
    return {**reading, part: data.draw(mistaken([reading[part]]).map(lambda found: found[0] if found else None))}


@pytest.fixture
def with_github(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], Hosting]:
    def make(handler: Handler) -> Hosting:
        transport = httpx.MockTransport(handler)
        client = functools.partial(GitHub, transport=transport, auto_retry=False, http_cache=False)
        monkeypatch.setattr(hosting_room, "GitHub", client)
        monkeypatch.setenv("GITHUB_TOKEN", "ghp_0")
        return find_hosting(SETTINGS)

    return make


PULL = {
    "number": 1,
    "body": None,
    "html_url": "https://x",
    "merged_at": "x",
    "base": {"ref": "staging"},
    "user": {"login": "ada"},
    "title": "x",
}


@RELAXED
@given(handler=handlers() | mistaken([PULL]).map(answering))
def test_each_use_of_githubs_client_ends_in_one_error_or_well(
    handler: Handler, with_github: Callable[[Handler], Hosting], tmp_path_factory: pytest.TempPathFactory
) -> None:
    hosting = with_github(handler)
    told(lambda: hosting.find_pull_request(head="staging", base="main"))
    told(
        lambda: hosting.open_pull_request(head="a", base="b", title="t", write=lambda before: f"{before}", labels=["x"])
    )
    told(lambda: find_features(hosting, ["c" * 40], "staging"))
    stacks = {"production": declare("production")}
    clouds = Clouds.clean(tmp_path_factory.mktemp("clouds"), stacks)
    clouds.github["labels"].clear()
    told(lambda: track(hosting, clouds.audit()))
    refused = tell_pull_request(hosting, 1, "staging", "text")
    if refused:
        assert_clear(f"{refused} Remedy: the caller's")


def answer_each_read(patch: pytest.MonkeyPatch, *, code: int, body: str) -> None:
    def pending(*_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(answer=lambda: {"code": code, "body": body})

    patch.setattr(github_reads, "PendingInvoke", pending)
    patch.setattr(adoption, "PendingInvoke", pending)
    patch.setattr(stack_outputs, "PendingInvoke", pending)


@RELAXED
@given(status=st.sampled_from([200, 404, 599]), body=st.text(max_size=30) | mistaken(PULL).map(str) | JSON.map(repr))
def test_each_read_of_the_program_ends_in_one_error_or_well(status: int, body: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        answer_each_read(patch, code=status, body=body)
        told(lambda: github_reads.read_github("repos/a/b"))
        told(lambda: github_reads.read_all("repos/a/b/hooks"))
        told(lambda: github_reads.read_all("repos/a/b/environments", "environments"))
        told(begin_repository(SETTINGS))


def test_pages_without_end_are_an_error() -> None:
    with pytest.MonkeyPatch.context() as patch:
        answer_each_read(patch, code=200, body=str([0] * 100))
        assert "pages" in (told(lambda: github_reads.read_all("repos/a/b/hooks")) or "")


def test_a_database_without_a_marker_is_told_as_one() -> None:
    present = [{"release": True, "ledger": True, "tables": True}]
    with management(rows(present, [], [], [])) as api, pytest.raises(ReleaseError, match="carries no marker"):
        read_log(api, TARGET)


def test_an_adoption_of_what_has_another_form_is_an_error() -> None:
    adoption = object.__new__(Adoption)
    adoption._known, adoption._path, adoption._repository = frozenset(), "repos/a/b", "b"
    with pytest.MonkeyPatch.context() as patch:
        answer_each_read(patch, code=200, body='[{"unexpected": 1}]')
        assert told(lambda: adoption.ruleset("branch", "main"))

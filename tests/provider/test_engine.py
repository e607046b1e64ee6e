import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.provider.fake_supabase import TOKEN, FakeSupabase, Fault
from tests.provider.stack import Stack

pytestmark = pytest.mark.engine
PASSWORD = "first-password-of-the-database"
KEY = "first-value-of-the-key"


@pytest.fixture
def stack(supabase: FakeSupabase, tmp_path: Path) -> Iterator[Stack]:
    project = {"organization": "acme", "name": "app", "region": "eu-central-1", "database_password": PASSWORD}
    with supabase.serving() as url:
        running = Stack(tmp_path, url, {"project": project, "secrets": {"KEY": KEY, "OTHER": "second-value"}})
        yield running
    for secret in (PASSWORD, KEY, "second-value", "rotated-password", TOKEN):
        assert secret not in running.shown
        assert secret not in running.written()


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


def writes(supabase: FakeSupabase) -> list[tuple[str, str]]:
    return [(call.method, call.path.rsplit("/", 1)[1]) for call in supabase.calls if call.method != "GET"]


def test_the_whole_life_of_a_stack(stack: Stack, supabase: FakeSupabase) -> None:
    preview = stack.run("preview")
    assert not supabase.projects
    assert "[unknown]" in preview
    output = stack.up()
    (ref,) = supabase.projects
    assert f'"{ref}"' in output
    assert supabase.passwords[ref] == PASSWORD
    assert supabase.secrets[ref] == {"KEY": KEY, "OTHER": "second-value"}
    assert "waiting for health" in output
    supabase.calls.clear()
    stack.up("--expect-no-changes")
    stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert not writes(supabase)
    foreign = supabase.secrets[ref]
    foreign["FOREIGN"] = "x"
    stack.run("destroy", "--yes", "--skip-preview")
    assert foreign == {"FOREIGN": "x"}
    assert not supabase.projects
    assert stack.resources() == []


def test_trap_6_what_is_changed_by_hand_is_seen_by_a_plain_preview_and_repaired(
    stack: Stack, supabase: FakeSupabase
) -> None:
    stack.up()
    (ref,) = supabase.projects
    supabase.projects[ref] |= {"name": "renamed by hand", "status": "ACTIVE_UNHEALTHY"}
    supabase.secrets[ref] |= {"KEY": "changed by hand", "FOREIGN": "left alone"}
    preview = stack.run("preview", "--diff", "--expect-no-changes", fails=True)
    for line in ("~ name", "~ status", "~ KEY: [secret] => [secret]", "does not declare: FOREIGN"):
        assert line in preview
    assert "OTHER" not in preview
    supabase.projects[ref]["status"] = "INACTIVE"
    del supabase.secrets[ref]["OTHER"]
    supabase.calls.clear()
    output = stack.up()
    assert "is paused: restoring it" in output
    assert set(writes(supabase)) == {("PATCH", ref), ("POST", "restore"), ("POST", "secrets")}
    assert supabase.projects[ref] | {"name": "app", "status": "ACTIVE_HEALTHY"} == supabase.projects[ref]
    assert supabase.secrets[ref] == {"KEY": KEY, "OTHER": "second-value", "FOREIGN": "left alone"}
    stack.up("--expect-no-changes")


def test_trap_3_an_adoption_repairs_what_differs_and_never_sets_the_password(
    stack: Stack, supabase: FakeSupabase
) -> None:
    ref = supabase.add_project("an older name")
    stack.wanted |= {"import": ref}
    del stack.wanted["secrets"]
    stack.up()
    assert supabase.projects[ref]["name"] == "app"
    assert not supabase.passwords
    assert not supabase.made("POST", "/v1/projects")
    del stack.wanted["import"]
    stack.up("--expect-no-changes")
    assert not supabase.passwords
    stack.wanted["project"]["database_password"] = "rotated-password"
    stack.up()
    assert supabase.passwords == {ref: "rotated-password"}


def test_an_import_of_nothing_is_an_error_and_leaves_nothing(stack: Stack) -> None:
    stack.wanted |= {"import": "a" * 20}
    assert "does not exist" in stack.up(fails=True)
    assert stack.resources() == []


def test_an_adoption_in_another_region_is_refused_and_writes_nothing(stack: Stack, supabase: FakeSupabase) -> None:
    stack.wanted |= {"import": supabase.add_project("another name", region="us-east-1")}
    assert "region can't change from us-east-1 to eu-central-1" in stack.up(fails=True)
    assert not writes(supabase)


def test_rotation_and_removal_change_only_what_they_name(stack: Stack, supabase: FakeSupabase) -> None:
    stack.up()
    (ref,) = supabase.projects
    supabase.calls.clear()
    stack.wanted["project"]["database_password"] = "rotated-password"
    stack.wanted["secrets"] = {"KEY": "rotated-password"}
    stack.up()
    assert supabase.passwords[ref] == "rotated-password"
    assert writes(supabase) == [("PATCH", "password"), ("POST", "secrets"), ("DELETE", "secrets")]
    assert supabase.made("POST", ".*secrets")[0].body == [{"name": "KEY", "value": "rotated-password"}]
    assert supabase.secrets[ref] == {"KEY": "rotated-password"}
    stack.up("--expect-no-changes")


def test_a_move_is_an_error_of_the_preview_and_never_a_replacement(stack: Stack) -> None:
    stack.up()
    stack.wanted["project"]["region"] = "us-east-1"
    preview = " ".join(stack.run("preview", fails=True).split())
    assert "region can't change from eu-central-1 to us-east-1" in preview
    assert "would need a new project" in preview


def test_trap_1_a_refused_secret_is_not_printed(stack: Stack) -> None:
    stack.wanted["secrets"] |= {"SUPABASE_URL": KEY}
    assert "SUPABASE_URL begins with SUPABASE_" in stack.up(fails=True)
    del stack.wanted["secrets"]
    stack.wanted["project"]["database_password"] = "pw7"
    output = stack.up(fails=True)
    assert "database_password must have at least 4" in output
    assert "pw7" not in output


def test_a_project_that_does_not_come_up_stays_in_the_state_and_the_next_up_goes_on(
    stack: Stack, supabase: FakeSupabase
) -> None:
    supabase.statuses_of_new = ["COMING_UP"]
    stack.wanted["project"]["wait_seconds"] = 1
    output = " ".join(stack.up(fails=True).split())
    assert "is not healthy after 1 s (COMING_UP); it is kept in the state" in output
    (ref,) = supabase.projects
    assert [item["id"] for item in stack.resources()] == [ref]
    supabase.projects[ref]["status"] = "ACTIVE_HEALTHY"
    supabase.calls.clear()
    stack.up()
    assert list(supabase.projects) == [ref]
    assert writes(supabase) == [("POST", "secrets")]
    stack.up("--expect-no-changes")


def test_a_status_for_good_is_an_error_until_somebody_deletes_the_project(stack: Stack, supabase: FakeSupabase) -> None:
    supabase.statuses_of_new = ["INIT_FAILED"]
    assert "INIT_FAILED and won't become healthy" in stack.up(fails=True)
    assert len(supabase.projects) == 1
    supabase.projects.clear()
    supabase.statuses_of_new = ["ACTIVE_HEALTHY"]
    stack.up()
    assert len(supabase.projects) == 1


def test_trap_7_a_killed_engine_leaves_one_project_and_no_process(stack: Stack, supabase: FakeSupabase) -> None:
    supabase.statuses_of_new = ["COMING_UP"]
    process = stack.start("up", "--yes", "--skip-preview")
    eventually(lambda: supabase.made("GET", "/v1/projects/[a-z]+"))
    plugins = [
        child for child in psutil.Process(process.pid).children(recursive=True) if "provider.plugin" in child.cmdline()
    ]
    assert plugins
    process.kill()
    stack.finish(process, fails=True)
    eventually(lambda: not any(plugin.is_running() for plugin in plugins))
    (ref,) = supabase.projects
    supabase.projects[ref]["status"] = "ACTIVE_HEALTHY"
    stack.run("cancel", "--yes")
    output = stack.up()
    assert f"took over the existing project {ref}" in output
    assert list(supabase.projects) == [ref]
    stack.up("--expect-no-changes")


def test_an_interrupted_wait_keeps_the_ref(stack: Stack, supabase: FakeSupabase) -> None:
    supabase.statuses_of_new = ["COMING_UP"]
    process = stack.start("up", "--yes", "--skip-preview")
    eventually(lambda: supabase.made("GET", "/v1/projects/[a-z]+"))
    os.kill(process.pid, signal.SIGINT)
    stack.finish(process, fails=True)
    assert [item["id"] for item in stack.resources()] == list(supabase.projects)


def test_a_project_deleted_by_hand_is_created_anew(stack: Stack, supabase: FakeSupabase) -> None:
    stack.up()
    supabase.projects.clear()
    stack.up()
    (ref,) = supabase.projects
    assert supabase.secrets[ref] == {"KEY": KEY, "OTHER": "second-value"}


def test_a_program_asks_before_it_declares(stack: Stack, supabase: FakeSupabase) -> None:
    ref = supabase.add_project("asked")
    supabase.functions[ref] = [
        {
            "id": "1",
            "slug": "chat",
            "name": "chat",
            "status": "ACTIVE",
            "version": 3,
            "created_at": 1_700_000_000_000,
            "updated_at": 1_700_000_000_123,
        }
    ]
    supabase.rows = [{"id": 2**60 + 1, "when": None}]
    stack.wanted = {
        "ask": [
            ("get_project", {"organization": "acme", "name": "asked"}),
            ("get_project", {"ref": "a" * 20}),
            ("get_organization", {"slug": "acme"}),
            ("get_functions", {"ref": ref}),
            ("query_database", {"ref": ref, "query": "select 1"}),
        ]
    }
    output = stack.run("preview")
    assert f"get_project: ProjectInfo(found=True, ref='{ref}', name='asked', organization='acme'" in output
    assert "get_project: ProjectInfo(found=False, ref=''" in output
    assert "get_organization: OrganizationInfo(id='acme', name='Acme', plan='pro')" in output
    assert "get_functions: [FunctionInfo(slug='chat', name='chat', status='ACTIVE', version=3, " in output
    assert "updated_at=1700000000123" in output
    assert f"query_database: [{{'id': {2**60 + 1}, 'when': None}}]" in output


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        ("", 200, "SUPABASE_ACCESS_TOKEN is not set"),
        (TOKEN, 403, "Supabase answered 403"),
        (TOKEN, 400, "INACTIVE, not active"),
    ],
)
def test_a_question_that_fails_is_one_error_without_frames(
    stack: Stack, supabase: FakeSupabase, token: str, status: int, message: str
) -> None:
    ref = supabase.add_project(status="INACTIVE" if status == 400 else "ACTIVE_HEALTHY")
    supabase.faults.append(Fault("GET", ".*functions", status, times=0 if status == 200 else 100))
    stack.token = token
    stack.wanted = {"ask": [("get_functions", {"ref": ref})]}
    output = stack.run("preview", fails=True)
    assert message in output
    assert "Remedy: " in output
    assert "Traceback" not in output

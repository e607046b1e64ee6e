from typing import Any

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client
from provider.plugin.errors import (
    AmbiguousError,
    InitializationError,
    InvalidInputError,
    NotAllowedError,
    PlanLimitError,
    RefusedError,
    UnhealthyError,
)
from provider.plugin.project import CREATE_ATTEMPTS, TERMINAL, ProjectResource
from provider.plugin.resource import Line
from provider.plugin.values import UNKNOWN, Properties
from tests.provider.fake_supabase import DROP, FakeSupabase, Fault
from tests.provider.recorder import Recorder

PASSWORD = "correct-horse"


@pytest.fixture
def project(client: Client) -> ProjectResource:
    return ProjectResource(client, first_poll=0.001)


def wanted(**changes: Any) -> Properties:
    return {
        "organization": "acme",
        "name": "app",
        "region": "eu-central-1",
        "database_password": PASSWORD,
        "restore_when_paused": True,
        "wait_seconds": 5,
    } | changes


def test_check_fills_in_defaults_and_accepts_what_is_right(project: ProjectResource) -> None:
    inputs, problems = project.check({}, {"organization": "acme", "name": "app", "region": "eu-central-1"})
    assert not problems
    assert (inputs["restore_when_paused"], inputs["wait_seconds"]) == (True, 600)


def test_check_accepts_what_a_preview_does_not_know_yet(project: ProjectResource) -> None:
    unknown = dict.fromkeys(("organization", "name", "region", "database_password", "wait_seconds"), UNKNOWN)
    assert project.check(wanted(), unknown)[1] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"organization": "no slug"}, "organization must be"),
        ({"name": ""}, "name must be"),
        ({"name": "n" * 257}, "name must be"),
        ({"region": None}, "region must be"),
        ({"database_password": "abc"}, "at least 4"),
        ({"wait_seconds": 0}, "wait_seconds"),
        ({"wait_seconds": 1.5}, "wait_seconds"),
    ],
)
def test_check_refuses_what_the_platform_would(project: ProjectResource, change: Properties, problem: str) -> None:
    _, problems = project.check({}, wanted(**change))
    assert len(problems) == 1
    assert problem in problems[0]


@pytest.mark.parametrize(("key", "value"), [("region", "us-east-1"), ("organization", "other")])
def test_a_move_is_refused_with_its_price_and_never_replaces(project: ProjectResource, key: str, value: str) -> None:
    _, problems = project.check(wanted(), wanted(**{key: value}))
    assert len(problems) == 1
    assert key in problems[0]
    assert "data of this one would be lost" in problems[0]
    state = wanted() | {"status": "ACTIVE_HEALTHY"}
    assert PropertyDiffKind.UPDATE_REPLACE not in project.diff(wanted(), state, wanted(**{key: value})).values()


def test_no_difference_is_no_difference(project: ProjectResource) -> None:
    assert project.diff(wanted(), wanted() | {"status": "ACTIVE_HEALTHY"}, wanted(wait_seconds=9)) == {}


@pytest.mark.parametrize("status", ["INACTIVE", "ACTIVE_UNHEALTHY", "COMING_UP", None])
def test_trap_6_a_status_other_than_healthy_is_a_difference(project: ProjectResource, status: str | None) -> None:
    assert list(project.diff(wanted(), wanted() | {"status": status}, wanted())) == ["status"]


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"instance_size": "small"}, {"database_password": "another"}, {"name": UNKNOWN}]
)
def test_what_can_change_in_place_is_an_update(project: ProjectResource, change: Properties) -> None:
    changed = project.diff(wanted(), wanted() | {"status": "ACTIVE_HEALTHY"}, wanted(**change))
    assert changed == dict.fromkeys(change, PropertyDiffKind.UPDATE)


def test_trap_3_the_password_of_an_adopted_project_is_no_difference(project: ProjectResource) -> None:
    before = wanted()
    del before["database_password"]
    assert project.diff(before, before | {"status": "ACTIVE_HEALTHY"}, wanted()) == {}


def test_create_waits_for_status_and_services_and_says_so(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    supabase.faults.append(Fault("GET", ".*health", 503))
    ref, state = project.create(recorder.operation(), wanted(instance_size="small"))
    assert supabase.passwords == {ref: PASSWORD}
    assert supabase.made("POST", "/v1/projects")[0].body == {
        "name": "app",
        "organization_slug": "acme",
        "db_pass": PASSWORD,
        "region_selection": {"type": "specific", "code": "eu-central-1"},
        "desired_instance_size": "small",
    }
    assert state == wanted(instance_size="small") | {
        "ref": ref,
        "status": "ACTIVE_HEALTHY",
        "url": f"https://{ref}.supabase.co",
        "database_host": f"db.{ref}.supabase.co",
        "created_at": "2026-01-01T00:00:00Z",
    }
    assert supabase.made("GET", ".*health")[-1].query["services"] == ["db", "auth", "pooler"]
    assert recorder.shown(Line.PROGRESS) == ["waiting for health, 0 s (COMING_UP)"]


def test_a_preview_creates_nothing(project: ProjectResource, supabase: FakeSupabase, recorder: Recorder) -> None:
    identifier, state = project.create(recorder.operation(preview=True), wanted(name=UNKNOWN))
    assert (identifier, state["ref"], state["status"]) == ("", UNKNOWN, UNKNOWN)
    project.create(recorder.operation(preview=True), wanted())
    assert not supabase.projects


@pytest.mark.parametrize("preview", [True, False])
def test_creating_without_a_password_says_what_is_missing(
    project: ProjectResource, recorder: Recorder, *, preview: bool
) -> None:
    with pytest.raises(InvalidInputError, match="database_password is missing"):
        project.create(recorder.operation(preview=preview), wanted(database_password=None))


def test_trap_7_the_project_of_a_run_that_was_killed_is_taken_over(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    supabase.add_project("app", region="us-east-1", status="REMOVED")
    supabase.add_project("other")
    ref = supabase.add_project("app", status="COMING_UP")
    supabase.coming[ref] = ["ACTIVE_HEALTHY"]
    assert project.create(recorder.operation(), wanted())[0] == ref
    assert len(supabase.projects) == 3
    assert not supabase.passwords
    assert recorder.shown(Line.WARNING) == [
        f"took over the existing project {ref} of this name; its database password was not changed"
    ]


def test_a_preview_announces_a_take_over(project: ProjectResource, supabase: FakeSupabase, recorder: Recorder) -> None:
    ref = supabase.add_project("app")
    project.create(recorder.operation(preview=True), wanted())
    assert ref in recorder.shown(Line.WARNING)[0]
    assert "takes it over" in recorder.shown(Line.WARNING)[0]


@pytest.mark.parametrize("preview", [True, False])
def test_two_projects_of_the_name_are_an_error_that_lists_them(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, *, preview: bool
) -> None:
    refs = [supabase.add_project("app"), supabase.add_project("app")]
    with pytest.raises(AmbiguousError, match=f"2 projects called app \\({', '.join(refs)}\\)"):
        project.create(recorder.operation(preview=preview), wanted())
    assert len(supabase.projects) == 2


def test_a_project_of_the_name_elsewhere_is_not_taken_over(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    supabase.add_project("app", region="us-east-1")
    with pytest.raises(InvalidInputError, match=r"in us-east-1, not in eu-central-1"):
        project.create(recorder.operation(), wanted())
    assert len(supabase.projects) == 1


@pytest.mark.parametrize(
    "fault", [Fault("POST", "/v1/projects", DROP), Fault("POST", "/v1/projects", 504, effect=True)]
)
def test_trap_7_a_create_whose_answer_was_lost_makes_one_project(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, fault: Fault
) -> None:
    supabase.faults.append(fault)
    ref, _ = project.create(recorder.operation(), wanted())
    assert list(supabase.projects) == [ref]
    assert len(supabase.made("POST", "/v1/projects")) == 1


def test_a_create_that_had_no_effect_is_repeated_within_a_bound(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    supabase.faults.append(Fault("POST", "/v1/projects", 500, times=1))
    ref, _ = project.create(recorder.operation(), wanted())
    assert list(supabase.projects) == [ref]
    supabase.faults.append(Fault("POST", "/v1/projects", 500, times=100))
    supabase.calls.clear()
    with pytest.raises(RefusedError, match=r"status\.supabase\.com"):
        project.create(recorder.operation(), wanted(name="second"))
    assert len(supabase.made("POST", "/v1/projects")) == CREATE_ATTEMPTS


def test_the_plans_limit_is_explained(project: ProjectResource, supabase: FakeSupabase, recorder: Recorder) -> None:
    limit = "have reached their maximum limits for the number of active free projects"
    supabase.faults.append(Fault("POST", "/v1/projects", 400, message=limit))
    with pytest.raises(PlanLimitError, match=r"maximum limits.*pause or delete a project.*nothing was created"):
        project.create(recorder.operation(), wanted())


@pytest.mark.parametrize("status", sorted(TERMINAL.keys() - {"REMOVED"}))
def test_a_status_for_good_ends_the_wait_and_keeps_the_ref(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, status: str
) -> None:
    supabase.statuses_of_new = ["COMING_UP", status]
    with pytest.raises(InitializationError, match=f"is {status}.*Remedy: ") as caught:
        project.create(recorder.operation(), wanted())
    assert caught.value.identifier in supabase.passwords
    assert caught.value.state["ref"] == caught.value.identifier


@pytest.mark.parametrize(
    ("statuses", "unhealthy", "detail"),
    [(["COMING_UP"], [], "COMING_UP"), (["ACTIVE_HEALTHY"], ["auth"], "auth: UNHEALTHY")],
)
def test_a_wait_that_takes_too_long_keeps_the_ref(
    project: ProjectResource,
    supabase: FakeSupabase,
    recorder: Recorder,
    *,
    statuses: list[str],
    unhealthy: list[str],
    detail: str,
) -> None:
    supabase.statuses_of_new, supabase.unhealthy_services = statuses, unhealthy
    with pytest.raises(InitializationError, match="goes on waiting") as caught:
        project.create(recorder.operation(timeout=0.05), wanted())
    assert detail in caught.value.reason
    assert caught.value.state["database_password"] == PASSWORD


@pytest.mark.parametrize("status", [403, 500])
def test_whatever_fails_after_the_create_keeps_the_ref(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, status: int
) -> None:
    supabase.faults.append(Fault("GET", "/v1/projects/[a-z]+", status, times=100))
    with pytest.raises(InitializationError) as caught:
        project.create(recorder.operation(), wanted())
    assert caught.value.identifier in supabase.projects


def test_a_cancelled_wait_keeps_the_ref(project: ProjectResource, recorder: Recorder) -> None:
    project.client.cancelled.set()
    with pytest.raises(InitializationError, match="cancelled") as caught:
        project.create(recorder.operation(), wanted())
    assert caught.value.state["ref"]


def test_read_gives_the_live_state_and_keeps_what_cannot_be_read(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project("renamed by hand", status="INACTIVE")
    supabase.sizes[ref] = "large"
    before = wanted(instance_size="small")
    found = project.read(recorder.operation(), ref, before, before)
    assert found
    assert found.inputs == wanted(name="renamed by hand", instance_size="large")
    assert found.state["status"] == "INACTIVE"
    assert set(project.diff(found.inputs, found.state, before)) == {"name", "status", "instance_size"}


def test_an_import_reads_everything_but_the_password(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    found = project.read(recorder.operation(), supabase.add_project(), {}, {})
    assert found
    assert "database_password" not in found.inputs | found.state
    assert not supabase.made("GET", ".*organizations.*")
    assert project.check(found.inputs, wanted())[1] == []
    assert project.diff(found.inputs, found.state, wanted()) == {}


@pytest.mark.parametrize("removed", [True, False])
def test_a_project_that_is_gone_is_not_found(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, *, removed: bool
) -> None:
    ref = supabase.add_project(status="REMOVED") if removed else "a" * 20
    assert project.read(recorder.operation(), ref, wanted(), wanted()) is None


def test_a_project_that_must_not_be_read_is_an_error_and_not_gone(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project()
    supabase.faults.append(Fault("GET", ".*", 403))
    with pytest.raises(NotAllowedError):
        project.read(recorder.operation(), ref, {}, {})


def test_an_import_id_that_is_no_ref_is_explained(project: ProjectResource, recorder: Recorder) -> None:
    with pytest.raises(InvalidInputError, match="is no project ref"):
        project.read(recorder.operation(), "my-project", {}, {})


def test_update_changes_only_what_differs(project: ProjectResource, supabase: FakeSupabase, recorder: Recorder) -> None:
    ref = supabase.add_project("app")
    state = wanted() | {"ref": ref, "status": "ACTIVE_HEALTHY"}
    assert project.update(recorder.operation(), ref, wanted(), state, wanted(name="new"))["name"] == "new"
    assert [call.body for call in supabase.calls if call.method != "GET"] == [{"name": "new"}]
    supabase.calls.clear()
    project.update(recorder.operation(), ref, wanted(), state, wanted(database_password="rotated"))
    assert supabase.passwords[ref] == "rotated"
    assert len([call for call in supabase.calls if call.method != "GET"]) == 1
    assert "rotated" not in str(recorder.lines)


@pytest.mark.parametrize(("old", "new"), [("nano", "small"), ("small", "large"), ("large", "nano")])
def test_update_resizes(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder, old: str, new: str
) -> None:
    ref = supabase.add_project("app")
    supabase.sizes[ref] = old
    state = wanted(instance_size=old) | {"status": "ACTIVE_HEALTHY"}
    project.update(recorder.operation(), ref, wanted(), state, wanted(instance_size=new))
    assert supabase.sizes[ref] == new


def test_a_size_that_an_adopted_project_has_already_is_not_ordered(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project("app")
    supabase.sizes[ref] = "small"
    found = project.read(recorder.operation(), ref, {}, {})
    assert found
    updated = project.update(recorder.operation(), ref, found.inputs, found.state, wanted(instance_size="small"))
    assert updated["instance_size"] == "small"
    assert all(call.method == "GET" for call in supabase.calls)


def test_trap_3_an_update_after_an_adoption_leaves_the_password(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project("old name")
    found = project.read(recorder.operation(), ref, {}, {})
    assert found
    project.update(recorder.operation(), ref, found.inputs, found.state, wanted())
    assert supabase.projects[ref]["name"] == "app"
    assert not supabase.made("PATCH", ".*password")


def test_a_preview_of_an_update_changes_nothing_and_knows_the_outcome(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    state = wanted() | {"ref": "a" * 20, "status": "INACTIVE"}
    outcome = project.update(recorder.operation(preview=True), "a" * 20, wanted(), state, wanted(name="new"))
    assert (outcome["name"], outcome["status"], outcome["ref"]) == ("new", "ACTIVE_HEALTHY", "a" * 20)
    assert not supabase.calls


def test_a_paused_project_is_restored_before_its_password_is_set(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project(status="INACTIVE")
    state = wanted() | {"status": "INACTIVE"}
    updated = project.update(recorder.operation(), ref, wanted(), state, wanted(database_password="rotated"))
    assert updated["status"] == "ACTIVE_HEALTHY"
    written = [call.path.rsplit("/", 1)[1] for call in supabase.calls if call.method != "GET"]
    assert written == ["restore", "password"]
    assert recorder.shown(Line.INFO)[0] == f"project {ref} is paused: restoring it"


def test_a_project_that_is_just_being_paused_is_restored_afterwards(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project(status="PAUSING")
    supabase.coming[ref] = ["PAUSING", "INACTIVE"]
    project.update(recorder.operation(), ref, wanted(), wanted(), wanted())
    assert len(supabase.made("POST", ".*restore")) == 1


@pytest.mark.parametrize(
    ("restore", "statuses", "remedy"),
    [(False, [], "set restore_when_paused"), (True, ["RESTORING", "INACTIVE"], "fell back to INACTIVE")],
)
def test_a_paused_project_that_stays_paused_is_explained(
    project: ProjectResource,
    supabase: FakeSupabase,
    recorder: Recorder,
    *,
    restore: bool,
    statuses: list[str],
    remedy: str,
) -> None:
    ref = supabase.add_project(status="INACTIVE")
    supabase.statuses_of_restored = statuses
    inputs = wanted(restore_when_paused=restore)
    with pytest.raises(UnhealthyError, match=f"{remedy}"):
        project.update(recorder.operation(), ref, inputs, inputs, inputs)
    assert len(supabase.made("POST", ".*restore")) == int(restore)


def test_an_update_that_ends_unhealthy_leaves_the_rotation_for_the_next_run(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    """An InitializationError would record the new inputs, and the password would count as set."""
    ref = supabase.add_project(status="INIT_FAILED")
    with pytest.raises(UnhealthyError, match="INIT_FAILED"):
        project.update(recorder.operation(), ref, wanted(), wanted(), wanted(database_password="rotated"))
    assert ref not in supabase.passwords


def test_an_update_of_a_deleted_project_is_explained(project: ProjectResource, recorder: Recorder) -> None:
    with pytest.raises(UnhealthyError, match="it was deleted"):
        project.update(recorder.operation(), "a" * 20, wanted(), wanted(), wanted())


def test_delete_is_repeated_until_the_platform_is_ready_and_waits_until_it_is_gone(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project()
    supabase.not_ready_for_deletion = 2
    project.delete(recorder.operation(), ref, {})
    assert not supabase.projects
    assert len(supabase.made("DELETE", ".*")) == 3


def test_delete_of_what_is_gone_is_a_success(project: ProjectResource, recorder: Recorder) -> None:
    project.delete(recorder.operation(), "a" * 20, {})


@pytest.mark.parametrize(
    ("times", "status", "message", "error"),
    [(10_000, 400, "Project not ready for deletion.", RefusedError), (1, 403, "no", NotAllowedError)],
)
def test_a_delete_that_is_refused_ends_within_its_bound(
    project: ProjectResource,
    supabase: FakeSupabase,
    recorder: Recorder,
    *,
    times: int,
    status: int,
    message: str,
    error: type[RefusedError],
) -> None:
    ref = supabase.add_project()
    supabase.faults.append(Fault("DELETE", ".*", status, times=times, message=message))
    with pytest.raises(error):
        project.delete(recorder.operation(timeout=0.02), ref, {})
    assert ref in supabase.projects


def test_a_deletion_that_does_not_end_is_explained(
    project: ProjectResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    ref = supabase.add_project()
    supabase.coming[ref] = ["GOING_DOWN"] * 10_000
    with pytest.raises(UnhealthyError, match="still being deleted"):
        project.delete(recorder.operation(timeout=0.02), ref, {})

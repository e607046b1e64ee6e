from hashlib import sha256

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client
from provider.plugin.errors import InitializationError, InvalidInputError, RefusedError
from provider.plugin.function_secrets import FunctionSecretsResource
from provider.plugin.resource import Line
from provider.plugin.values import UNKNOWN, Properties
from tests.provider.fake_supabase import FakeSupabase, Fault
from tests.provider.recorder import Recorder


@pytest.fixture
def resource(client: Client) -> FunctionSecretsResource:
    return FunctionSecretsResource(client)


@pytest.fixture
def ref(supabase: FakeSupabase) -> str:
    return supabase.add_project()


def digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def written(supabase: FakeSupabase) -> list[tuple[str, object]]:
    return [(call.method, call.body) for call in supabase.calls if call.method != "GET"]


def test_check_accepts_what_the_platform_does_and_what_is_not_known_yet(resource: FunctionSecretsResource) -> None:
    for secrets in ({}, {"A": "x" * 24576, "n" * 256: "", "SUPA": UNKNOWN}, UNKNOWN):
        assert resource.check({}, {"project": UNKNOWN, "secrets": secrets})[1] == []


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"project": "nonsense", "secrets": {}}, "project must be"),
        ({"project": UNKNOWN}, "secrets must be a map"),
        ({"project": UNKNOWN, "secrets": {"SUPABASE_URL": "hush-hush"}}, "SUPABASE_URL begins with SUPABASE_"),
        ({"project": UNKNOWN, "secrets": {"n" * 257: "hush-hush"}}, "1 to 256"),
        ({"project": UNKNOWN, "secrets": {"": "hush-hush"}}, "1 to 256"),
        ({"project": UNKNOWN, "secrets": {"A": "hush-hush" * 3000}}, "value of A is longer than 24576"),
        ({"project": UNKNOWN, "secrets": {"A": 5}}, "value of A must be a text"),
    ],
)
def test_check_refuses_what_the_platform_would_without_the_value(
    resource: FunctionSecretsResource, inputs: Properties, problem: str
) -> None:
    _, problems = resource.check({}, inputs)
    assert len(problems) == 1
    assert problem in problems[0]
    assert "hush-hush" not in problems[0]


def test_each_name_has_its_own_difference(resource: FunctionSecretsResource, ref: str) -> None:
    state = {"project": ref, "digests": {"SAME": digest("1"), "DRIFTED": digest("by hand"), "OLD": digest("3")}}
    wanted = {"project": ref, "secrets": {"SAME": "1", "DRIFTED": "2", "NEW": "4"}}
    assert resource.diff({}, state, wanted) == {
        'secrets["DRIFTED"]': PropertyDiffKind.UPDATE,
        'secrets["NEW"]': PropertyDiffKind.ADD,
        'secrets["OLD"]': PropertyDiffKind.DELETE,
    }


def test_unknown_values_are_differences(resource: FunctionSecretsResource, ref: str) -> None:
    state = {"project": ref, "digests": {"A": digest("1")}}
    assert resource.diff({}, state, {"project": ref, "secrets": {"A": UNKNOWN}})
    assert resource.diff({}, state, {"project": ref, "secrets": UNKNOWN})


def test_another_project_replaces(resource: FunctionSecretsResource, ref: str) -> None:
    other = {"project": "b" * 20, "secrets": {}}
    assert resource.diff({}, {"project": ref}, other) == {"project": PropertyDiffKind.UPDATE_REPLACE}


def test_create_sends_only_what_is_not_live_and_reports_foreign_names(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"SAME": "1", "DIFFERENT": "by hand", "FOREIGN": "x"}
    inputs = {"project": ref, "secrets": {"SAME": "1", "DIFFERENT": "2", "NEW": "3"}}
    identifier, state = resource.create(recorder.operation(), inputs)
    assert identifier == ref
    assert written(supabase) == [("POST", [{"name": "DIFFERENT", "value": "2"}, {"name": "NEW", "value": "3"}])]
    assert state["digests"] == {"SAME": digest("1"), "DIFFERENT": digest("2"), "NEW": digest("3")}
    assert state["foreign"] == ["FOREIGN"]
    assert supabase.secrets[ref]["FOREIGN"] == "x"
    assert "FOREIGN" in recorder.shown(Line.WARNING)[0]
    assert resource.diff(inputs, state, inputs) == {}


def test_nothing_to_do_writes_nothing(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"A": "1"}
    resource.create(recorder.operation(), {"project": ref, "secrets": {"A": "1"}})
    assert not written(supabase)


def test_previews_write_nothing(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    inputs = {"project": UNKNOWN, "secrets": {"A": "1"}}
    assert resource.create(recorder.operation(preview=True), inputs)[0] == ""
    resource.update(recorder.operation(preview=True), ref, {}, {}, inputs | {"project": ref})
    assert not supabase.calls


def test_a_rotation_overwrites_and_never_deletes_first(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"A": "old", "GONE": "1", "FOREIGN": "x"}
    state = {"project": ref, "digests": {"A": digest("old"), "GONE": digest("1")}, "foreign": ["FOREIGN"]}
    inputs = {"project": ref, "secrets": {"A": "new"}}
    updated = resource.update(recorder.operation(), ref, {"secrets": {"A": "old", "GONE": "1"}}, state, inputs)
    assert written(supabase) == [("POST", [{"name": "A", "value": "new"}]), ("DELETE", ["GONE"])]
    assert supabase.secrets[ref] == {"A": "new", "FOREIGN": "x"}
    assert resource.diff(inputs, updated, inputs) == {}
    assert "new" not in str([text for _, text in recorder.lines])


def test_a_read_sees_a_value_changed_and_a_name_deleted_by_hand(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    inputs = {"project": ref, "secrets": {"A": "1", "B": "2", "C": "3"}}
    _, state = resource.create(recorder.operation(), inputs)
    supabase.secrets[ref]["A"] = "by hand"
    del supabase.secrets[ref]["B"]
    found = resource.read(recorder.operation(), ref, inputs, state)
    assert found
    assert found.inputs == inputs
    assert resource.diff(found.inputs, found.state, inputs) == {
        'secrets["A"]': PropertyDiffKind.UPDATE,
        'secrets["B"]': PropertyDiffKind.ADD,
    }
    supabase.calls.clear()
    resource.update(recorder.operation(), ref, found.inputs, found.state, inputs)
    assert written(supabase) == [("POST", [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])]


def test_an_import_takes_no_name_as_ours(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"A": "1"}
    found = resource.read(recorder.operation(), ref, {}, {})
    assert found
    assert (found.inputs, found.state["digests"]) == ({"project": ref, "secrets": {}}, {})
    assert found.state["foreign"] == ["A"]


def test_the_secrets_of_a_project_that_is_gone_are_gone(resource: FunctionSecretsResource, recorder: Recorder) -> None:
    assert resource.read(recorder.operation(), "a" * 20, {}, {}) is None
    resource.delete(recorder.operation(), "a" * 20, {"digests": {"A": digest("1")}})


def test_a_paused_project_stops_no_run_and_is_never_clean(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder
) -> None:
    paused = supabase.add_project("paused", status="INACTIVE")
    state = {"project": paused, "digests": {"A": digest("1")}}
    found = resource.read(recorder.operation(), paused, {"secrets": {"A": "1"}}, state)
    assert found
    assert resource.diff(found.inputs, found.state, {"project": paused, "secrets": {"A": "1"}})
    assert "the project is INACTIVE" in recorder.shown(Line.WARNING)[0]
    with pytest.raises(RefusedError):
        resource.read(recorder.operation(), paused, {}, {})


def test_a_read_that_is_refused_for_another_reason_is_an_error(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.faults.append(Fault("GET", ".*secrets", 400))
    with pytest.raises(RefusedError):
        resource.read(recorder.operation(), ref, {}, {"digests": {}})
    with pytest.raises(InvalidInputError, match="is no project ref"):
        resource.read(recorder.operation(), "my-secrets", {}, {})


def test_delete_removes_only_ours(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"A": "1", "FOREIGN": "x"}
    resource.delete(recorder.operation(), ref, {"digests": {"A": digest("1"), "ALREADY_GONE": digest("2")}})
    assert supabase.secrets[ref] == {"FOREIGN": "x"}
    assert written(supabase) == [("DELETE", ["A"])]


def test_a_write_that_the_platform_accepts_and_forgets_is_found(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.secrets[ref] = {"A": "old", "FOREIGN": "x"}
    supabase.faults.append(Fault("POST", ".*secrets", 201))
    inputs = {"project": ref, "secrets": {"A": "new-value"}}
    with pytest.raises(InitializationError, match="A did not change") as caught:
        resource.create(recorder.operation(), inputs)
    assert "new-value" not in str(caught.value)
    assert caught.value.identifier == ref
    assert resource.diff(inputs, caught.value.state, inputs) == {'secrets["A"]': PropertyDiffKind.UPDATE}


def test_a_write_is_repeated_after_a_fault(
    resource: FunctionSecretsResource, supabase: FakeSupabase, recorder: Recorder, ref: str
) -> None:
    supabase.faults.append(Fault("POST", ".*secrets", 500))
    resource.create(recorder.operation(), {"project": ref, "secrets": {"A": "1"}})
    assert supabase.secrets[ref] == {"A": "1"}

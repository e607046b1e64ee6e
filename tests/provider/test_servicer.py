import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToJson
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from provider.plugin.values import UNKNOWN, from_engine, to_engine
from tests.provider.fake_supabase import TOKEN, FakeSupabase, Fault
from tests.provider.plugin_process import EngineDouble, engine, plugin

PROJECT = "urn:pulumi:stack::app::component$supabase:index:Project::main"
SECRETS = "urn:pulumi:stack::app::supabase:index:FunctionSecrets::main"
PASSWORD = "very-secret-password"
SENSITIVE = frozenset({"database_password", "secrets"})
Stub = provider_pb2_grpc.ResourceProviderStub


@pytest.fixture
def engine_double() -> Iterator[tuple[EngineDouble, str]]:
    with engine() as running:
        yield running


@pytest.fixture
def stub(supabase: FakeSupabase, engine_double: tuple[EngineDouble, str]) -> Iterator[Stub]:
    with (
        supabase.serving() as url,
        plugin(engine_double[1], SUPABASE_API_ENDPOINT=url, SUPABASE_ACCESS_TOKEN_STAGING=TOKEN) as running,
    ):
        urn = "urn:pulumi:staging::tested::pulumi:providers:supabase::default"
        running.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True, urn=urn))
        yield running


def wanted(**changes: Any) -> Struct:
    inputs = {
        "organization": "acme",
        "name": "app",
        "region": "eu-central-1",
        "database_password": PASSWORD,
        "restore_when_paused": True,
        "wait_seconds": 1,
    }
    return to_engine(inputs | changes, SENSITIVE)


def test_trap_1_a_check_failure_names_no_property_and_prints_no_secret(stub: Stub) -> None:
    """The engine prints the value of the property that a failure names."""
    answer = stub.Check(provider_pb2.CheckRequest(urn=PROJECT, news=wanted(database_password="pw1")))
    assert [failure.property for failure in answer.failures] == [""]
    assert "database_password must have at least 4" in answer.failures[0].reason
    assert "pw1" not in answer.failures[0].reason
    secrets = to_engine({"project": UNKNOWN, "secrets": {"SUPABASE_X": "hush-hush"}}, SENSITIVE)
    answer = stub.Check(provider_pb2.CheckRequest(urn=SECRETS, news=secrets))
    assert [failure.property for failure in answer.failures] == [""]
    assert "hush-hush" not in answer.failures[0].reason


def test_check_keeps_secrets_secret_and_makes_passwords_secret(stub: Stub) -> None:
    given = {"organization": "acme", "name": "app", "region": "eu-central-1", "database_password": PASSWORD}
    answer = stub.Check(provider_pb2.CheckRequest(urn=PROJECT, news=to_engine(given, {"name"})))
    assert not answer.failures
    completed = given | {"restore_when_paused": True, "wait_seconds": 600}
    assert answer.inputs == to_engine(completed, {"name", "database_password"})


def test_check_of_a_wholly_secret_map_leaves_the_names_readable(stub: Stub) -> None:
    inputs = to_engine({"project": UNKNOWN}, frozenset())
    inputs["secrets"] = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": {"A": "1"}}
    answer = stub.Check(provider_pb2.CheckRequest(urn=SECRETS, news=inputs))
    assert answer.inputs == to_engine({"project": UNKNOWN, "secrets": {"A": "1"}}, SENSITIVE)


def test_trap_2_diff_always_fills_changes_and_detailed_diff(stub: Stub) -> None:
    state = wanted(status="ACTIVE_HEALTHY")
    same = stub.Diff(provider_pb2.DiffRequest(urn=PROJECT, olds=state, news=wanted(), old_inputs=wanted()))
    assert (same.changes, same.hasDetailedDiff) == (provider_pb2.DiffResponse.DIFF_NONE, True)
    assert not same.detailedDiff
    request = provider_pb2.DiffRequest(urn=PROJECT, olds=state, news=wanted(name=UNKNOWN), old_inputs=wanted())
    differs = stub.Diff(request)
    assert (differs.changes, list(differs.diffs)) == (provider_pb2.DiffResponse.DIFF_SOME, ["name"])
    assert differs.detailedDiff["name"].kind == provider_pb2.PropertyDiff.UPDATE
    request.ignoreChanges.append("name")
    assert stub.Diff(request).changes == provider_pb2.DiffResponse.DIFF_NONE
    request = provider_pb2.DiffRequest(
        urn=SECRETS,
        olds=to_engine({"project": "a" * 20}, frozenset()),
        news=to_engine({"project": "b" * 20, "secrets": {}}, frozenset()),
    )
    replaced = stub.Diff(request)
    assert list(replaced.replaces) == ["project"]
    assert replaced.detailedDiff["project"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_trap_2_numbers_and_unknowns_cross_the_wire() -> None:
    values = {"whole": 3, "part": 1.5, "flag": True, "none": None, "list": [1, {"a": UNKNOWN}]}
    assert from_engine(to_engine(values, {"list"})) == values


def test_trap_2_a_provider_configuration_never_differs(stub: Stub) -> None:
    assert stub.DiffConfig(provider_pb2.DiffRequest()).changes == provider_pb2.DiffResponse.DIFF_UNKNOWN


def test_old_inputs_reach_diff_and_update(stub: Stub, supabase: FakeSupabase) -> None:
    """The stock servicer drops them; without them a password's change can't be told from an adoption."""
    ref = supabase.add_project("app")
    state, news = wanted(status="ACTIVE_HEALTHY"), wanted(database_password="rotated")
    adopted = to_engine({"name": "app"}, frozenset())
    for before, changes, password in (
        (adopted, provider_pb2.DiffResponse.DIFF_NONE, None),
        (wanted(), provider_pb2.DiffResponse.DIFF_SOME, "rotated"),
    ):
        request = provider_pb2.DiffRequest(urn=PROJECT, id=ref, olds=state, news=news, old_inputs=before)
        assert stub.Diff(request).changes == changes
        answer = stub.Update(provider_pb2.UpdateRequest(urn=PROJECT, id=ref, olds=state, news=news, old_inputs=before))
        assert answer.refresh_before_update
        assert supabase.passwords.get(ref) == password


def test_an_initialization_failure_keeps_id_and_state(stub: Stub, supabase: FakeSupabase) -> None:
    supabase.statuses_of_new = ["INIT_FAILED"]
    given = wanted()
    given.fields["name"].CopyFrom(to_engine({"name": "app"}, {"name"}).fields["name"])
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=given))
    metadata: Any = caught.value.trailing_metadata()
    details = dict(metadata)["grpc-status-details-bin"]
    (detail,) = status_pb2.Status.FromString(details).details
    kept = provider_pb2.ErrorResourceInitFailed()
    assert detail.Unpack(kept)
    (ref,) = supabase.projects
    assert kept.id == ref
    assert "INIT_FAILED" in kept.reasons[0]
    assert kept.properties.fields["database_password"] == wanted().fields["database_password"]
    assert kept.properties["ref"] == ref
    assert kept.properties.fields["name"] == to_engine({"name": "app"}, {"name"}).fields["name"]
    assert PASSWORD not in "".join(kept.reasons)


def test_a_name_that_looks_like_an_urn_is_no_problem(stub: Stub) -> None:
    assert not stub.Check(provider_pb2.CheckRequest(urn=f"{PROJECT}::more::of::it", news=wanted())).failures


def test_not_found_is_an_answer_without_an_id(stub: Stub) -> None:
    answer = stub.Read(provider_pb2.ReadRequest(urn=PROJECT, id="a" * 20, inputs=wanted(), properties=wanted()))
    assert answer == provider_pb2.ReadResponse()


def test_read_marks_what_is_secret(stub: Stub, supabase: FakeSupabase) -> None:
    ref = supabase.add_project("app")
    supabase.secrets[ref] = {"A": "1"}
    inputs = to_engine({"project": ref, "secrets": {"A": "1"}}, SENSITIVE)
    properties = to_engine({"project": ref, "secrets": {"A": "1"}, "digests": {"A": "x"}}, SENSITIVE)
    answer = stub.Read(provider_pb2.ReadRequest(urn=SECRETS, id=ref, inputs=inputs, properties=properties))
    assert answer.refresh_before_update
    assert answer.inputs == inputs
    assert "1b47061264138c4ac30d75fd1eb44270" in MessageToJson(answer.properties["digests"])


def test_a_user_error_shows_its_message_alone(stub: Stub, supabase: FakeSupabase) -> None:
    supabase.faults.append(Fault("POST", "/v1/projects", 400, message=f"db_pass {PASSWORD} is weak, token {TOKEN}"))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted()))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    shown = str(caught.value.details())
    assert shown.startswith("could not create project app: Supabase answered 400: db_pass [secret] is weak")
    assert "Traceback" not in shown
    assert TOKEN not in shown


def test_an_answer_of_another_form_is_an_error_that_names_the_call(stub: Stub, supabase: FakeSupabase) -> None:
    supabase.raw["/v1/projects"] = json.dumps([{"unexpected": PASSWORD}]).encode()
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted()))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    shown = str(caught.value.details())
    assert shown.startswith("could not list the projects: what ")
    assert "Remedy: check SUPABASE_API_ENDPOINT" in shown
    assert "Traceback" not in shown
    assert PASSWORD not in shown


def test_a_defect_is_reported_with_its_frames_and_without_secrets(stub: Stub) -> None:
    # The engine never compares what was not checked before: settings are a map there.
    urn = "urn:pulumi:stack::app::supabase:index:AuthSettings::main"
    given = to_engine({"project": "a" * 20, "settings": PASSWORD}, frozenset({"settings"}))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Diff(provider_pb2.DiffRequest(urn=urn, olds=given, news=given))
    assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert "a defect in the supabase provider: Traceback" in str(caught.value.details())
    assert PASSWORD not in str(caught.value.details())


@pytest.mark.parametrize("token", ["supabase:index:nothing", ""])
def test_what_the_provider_does_not_have_is_refused(stub: Stub, token: str) -> None:
    with pytest.raises(grpc.RpcError, match="the provider has no function"):
        stub.Invoke(provider_pb2.InvokeRequest(tok=token))
    with pytest.raises(grpc.RpcError, match="the provider has no resource"):
        stub.Check(provider_pb2.CheckRequest(urn="urn:pulumi:stack::app::supabase:index:Nothing::main"))


def test_that_there_is_no_schema_is_said_with_the_way_to_import(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError, match="--generate-code=false"):
        stub.GetSchema(provider_pb2.GetSchemaRequest())


def test_progress_goes_to_the_engines_log(
    stub: Stub, engine_double: tuple[EngineDouble, str], supabase: FakeSupabase
) -> None:
    ref = supabase.add_project("app", status="COMING_UP")
    supabase.coming[ref] = ["COMING_UP", "ACTIVE_HEALTHY"]
    answer = stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted()))
    assert (answer.id, answer.refresh_before_update) == (ref, True)
    taken_over, waiting = engine_double[0].logged
    assert (taken_over.severity, taken_over.urn, taken_over.ephemeral) == (engine_pb2.WARNING, PROJECT, False)
    assert (waiting.severity, waiting.message, waiting.ephemeral) == (
        engine_pb2.INFO,
        "waiting for health, 0 s (COMING_UP)",
        True,
    )


def test_an_engine_that_attaches_later_gets_the_log(supabase: FakeSupabase) -> None:
    """PULUMI_DEBUG_PROVIDERS attaches to a plugin that was started without an engine's address."""
    supabase.add_project("app")
    with (
        engine() as (double, address),
        supabase.serving() as url,
        plugin("", SUPABASE_API_ENDPOINT=url, SUPABASE_ACCESS_TOKEN=TOKEN) as stub,
    ):
        stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted()))
        assert not double.logged
        stub.Attach(plugin_pb2.PluginAttach(address=address))
        stub.Create(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted()))
        assert double.logged


def test_trap_4_calls_do_not_wait_for_each_other(stub: Stub, supabase: FakeSupabase) -> None:
    supabase.delay = 0.5
    request = provider_pb2.InvokeRequest(tok="supabase:index:getOrganization", args=to_engine({"slug": "acme"}, set()))
    started = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: stub.Invoke(request), range(40)))
    assert time.monotonic() - started < 40 * supabase.delay / 4
    assert all(getattr(answer, "return")["plan"] == "pro" for answer in answers)


def test_trap_9_the_token_comes_from_the_environment_and_never_from_the_configuration(stub: Stub) -> None:
    answer = stub.CheckConfig(provider_pb2.CheckRequest(news=Struct()))
    assert answer.inputs == Struct()


def test_a_missing_token_is_an_error_at_the_first_call_only(engine_double: tuple[EngineDouble, str]) -> None:
    with plugin(engine_double[1]) as stub:
        stub.Configure(provider_pb2.ConfigureRequest())
        stub.Check(provider_pb2.CheckRequest(urn=PROJECT, news=wanted()))
        with pytest.raises(grpc.RpcError, match="SUPABASE_ACCESS_TOKEN is not set"):
            stub.Read(provider_pb2.ReadRequest(urn=PROJECT, id="a" * 20))


def test_a_cancellation_ends_a_wait_and_keeps_the_ref(stub: Stub, supabase: FakeSupabase) -> None:
    supabase.statuses_of_new = ["COMING_UP"]
    creation = stub.Create.future(provider_pb2.CreateRequest(urn=PROJECT, properties=wanted(wait_seconds=300)))
    deadline = time.monotonic() + 20
    while not supabase.projects and time.monotonic() < deadline:
        time.sleep(0.05)
    stub.Cancel(Empty())
    assert "cancelled" in str(creation.exception(timeout=20))
    assert b"ErrorResourceInitFailed" in dict(creation.trailing_metadata())["grpc-status-details-bin"]

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client
from provider.plugin.database_access import DatabaseAccessResource
from provider.plugin.errors import SupabaseError
from provider.plugin.values import UNKNOWN, Properties
from tests.provider.fake_supabase import FakeSupabase
from tests.provider.recorder import Recorder

OFFICE = ["2001:db8::/32", "203.0.113.0/24"]


@pytest.fixture
def resource(client: Client) -> DatabaseAccessResource:
    return DatabaseAccessResource(client)


@pytest.fixture
def ref(supabase: FakeSupabase) -> str:
    return supabase.add_project()


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"project": "nonsense"}, "project must be"),
        ({"project": UNKNOWN, "allowed_networks": []}, "at least one network"),
        ({"project": UNKNOWN, "allowed_networks": ["203.0.113.1"]}, "'203.0.113.1' is no network"),
        ({"project": UNKNOWN, "allowed_networks": ["everywhere"]}, "'everywhere' is no network"),
        ({"project": UNKNOWN, "ssl_enforced": 1}, "true or false"),
    ],
)
def test_check_refuses(resource: DatabaseAccessResource, inputs: Properties, problem: str) -> None:
    _, problems = resource.check({}, inputs)
    assert len(problems) == 1
    assert problem in problems[0]


def test_the_order_of_networks_means_nothing(resource: DatabaseAccessResource) -> None:
    checked, problems = resource.check({}, {"project": UNKNOWN, "allowed_networks": OFFICE[::-1], "ssl_enforced": None})
    assert (checked, problems) == ({"project": UNKNOWN, "allowed_networks": OFFICE}, [])


def test_networks_are_sent_by_their_version_and_read_back(
    resource: DatabaseAccessResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    inputs: Properties = {"project": ref, "allowed_networks": OFFICE}
    _, state = resource.create(recorder.operation(), inputs)
    assert supabase.networks[ref] == {"dbAllowedCidrs": OFFICE[1:], "dbAllowedCidrsV6": OFFICE[:1]}
    assert ref not in supabase.encrypted
    found = resource.read(recorder.operation(), ref, inputs, state)
    assert found is not None
    assert resource.diff(inputs, found.state, inputs) == {}
    before = len(supabase.made("POST", ".*"))
    resource.update(recorder.operation(), ref, inputs, state, inputs)
    assert len(supabase.made("POST", ".*")) == before


def test_what_was_opened_by_hand_is_a_difference(
    resource: DatabaseAccessResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    inputs: Properties = {"project": ref, "allowed_networks": OFFICE, "ssl_enforced": True}
    _, state = resource.create(recorder.operation(), inputs)
    assert ref in supabase.encrypted
    supabase.networks[ref] = {"dbAllowedCidrs": ["0.0.0.0/0"]}
    supabase.encrypted.clear()
    found = resource.read(recorder.operation(), ref, inputs, state)
    assert found is not None
    changes = dict.fromkeys(("allowed_networks", "ssl_enforced"), PropertyDiffKind.UPDATE)
    assert resource.diff(inputs, found.state, inputs) == changes


def test_an_order_that_is_not_carried_out_is_an_error(
    resource: DatabaseAccessResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    supabase.obeys = False
    with pytest.raises(SupabaseError, match="did not carry it out"):
        resource.create(recorder.operation(), {"project": ref, "ssl_enforced": True})


def test_a_preview_and_a_delete_send_nothing(
    resource: DatabaseAccessResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    operation, inputs = recorder.operation(preview=True), {"project": ref, "ssl_enforced": True}
    assert resource.create(operation, inputs) == ("", inputs)
    assert resource.update(operation, ref, inputs, {}, inputs) == inputs
    resource.delete(recorder.operation(), ref, inputs)
    assert supabase.calls == []


def test_what_is_no_longer_given_is_left_alone(resource: DatabaseAccessResource, ref: str) -> None:
    state: Properties = {"project": ref, "allowed_networks": OFFICE, "ssl_enforced": True}
    assert resource.diff({}, state, {"project": ref, "ssl_enforced": True}) == {
        "allowed_networks": PropertyDiffKind.DELETE
    }
    assert resource.diff({}, state, {"project": "z" * 20}) == {"project": PropertyDiffKind.UPDATE_REPLACE}


def test_a_project_that_is_gone_has_none(resource: DatabaseAccessResource, recorder: Recorder) -> None:
    assert resource.read(recorder.operation(), "z" * 20, {}, {}) is None

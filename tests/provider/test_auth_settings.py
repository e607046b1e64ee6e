import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.auth_settings import AuthSettingsResource
from provider.plugin.client import Client
from provider.plugin.errors import InvalidInputError
from provider.plugin.values import UNKNOWN, Properties
from tests.provider.fake_supabase import FakeSupabase
from tests.provider.recorder import Recorder

SITE = {"site_url": "https://example.com", "jwt_exp": 3600}


@pytest.fixture
def resource(client: Client) -> AuthSettingsResource:
    return AuthSettingsResource(client)


@pytest.fixture
def ref(supabase: FakeSupabase) -> str:
    return supabase.add_project()


def written(supabase: FakeSupabase) -> list[object]:
    return [call.body for call in supabase.made("PATCH", r".*/config/auth")]


def test_check_accepts_what_is_not_known_yet(resource: AuthSettingsResource) -> None:
    for settings in ({}, SITE, {"site_url": UNKNOWN}, UNKNOWN):
        assert resource.check({}, {"project": UNKNOWN, "settings": settings})[1] == []


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"project": "nonsense", "settings": {}}, "project must be"),
        ({"project": UNKNOWN}, "settings must be a map"),
        ({"project": UNKNOWN, "settings": {"external_apple_secret": "hush"}}, "comes back as a hash"),
        ({"project": UNKNOWN, "settings": {"smtp_pass": "hush"}}, "comes back as a hash"),
        ({"project": UNKNOWN, "settings": {"site_url": ["x"]}}, "site_url must be a text"),
    ],
)
def test_check_refuses(resource: AuthSettingsResource, inputs: Properties, problem: str) -> None:
    _, problems = resource.check({}, inputs)
    assert len(problems) == 1
    assert problem in problems[0]
    assert "hush" not in problems[0]


def test_only_what_differs_is_sent_and_only_what_is_named_is_kept(
    resource: AuthSettingsResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    supabase.auth[ref] = {"jwt_exp": 3600, "disable_signup": True}
    identifier, state = resource.create(recorder.operation(), {"project": ref, "settings": SITE})
    assert (identifier, state["settings"]) == (ref, SITE)
    assert written(supabase) == [{"site_url": "https://example.com"}]
    assert supabase.auth[ref]["disable_signup"] is True


def test_a_change_by_hand_is_a_difference_and_is_repaired(
    resource: AuthSettingsResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    inputs: Properties = {"project": ref, "settings": SITE}
    _, state = resource.create(recorder.operation(), inputs)
    supabase.auth[ref]["site_url"] = "https://evil.example"
    found = resource.read(recorder.operation(), ref, inputs, state)
    assert found is not None
    assert found.inputs == inputs
    assert resource.diff(inputs, found.state, inputs) == {'settings["site_url"]': PropertyDiffKind.UPDATE}
    resource.update(recorder.operation(), ref, inputs, found.state, inputs)
    assert supabase.auth[ref]["site_url"] == "https://example.com"


def test_names_come_and_go_without_touching_the_live_value(
    resource: AuthSettingsResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    inputs: Properties = {"project": ref, "settings": SITE}
    _, state = resource.create(recorder.operation(), inputs)
    fewer: Properties = {"project": ref, "settings": {"jwt_exp": 3600}}
    assert resource.diff(inputs, state, fewer) == {'settings["site_url"]': PropertyDiffKind.DELETE}
    state = resource.update(recorder.operation(), ref, inputs, state, fewer)
    assert resource.diff(fewer, state, fewer) == {}
    resource.delete(recorder.operation(), ref, state)
    assert supabase.auth[ref]["site_url"] == "https://example.com"


def test_a_setting_that_the_platform_does_not_have_changes_nothing(
    resource: AuthSettingsResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    inputs: Properties = {"project": ref, "settings": {"site_ulr": "x", **SITE}}
    with pytest.raises(InvalidInputError, match="no setting site_ulr"):
        resource.create(recorder.operation(), inputs)
    assert written(supabase) == []


def test_a_preview_sends_nothing(
    resource: AuthSettingsResource, supabase: FakeSupabase, ref: str, recorder: Recorder
) -> None:
    operation, inputs = recorder.operation(preview=True), {"project": ref, "settings": SITE}
    assert resource.create(operation, inputs) == ("", inputs)
    assert resource.update(operation, ref, inputs, {}, inputs) == inputs
    assert supabase.calls == []


def test_an_import_names_no_setting_and_a_project_that_is_gone_has_none(
    resource: AuthSettingsResource, ref: str, recorder: Recorder
) -> None:
    found = resource.read(recorder.operation(), ref, {}, {})
    assert found is not None
    assert found.inputs == {"project": ref, "settings": {}}
    assert resource.read(recorder.operation(), "z" * 20, {}, {}) is None


def test_another_project_replaces(resource: AuthSettingsResource, ref: str) -> None:
    inputs: Properties = {"project": "z" * 20, "settings": {}}
    assert resource.diff({}, {"project": ref, "settings": {}}, inputs) == {"project": PropertyDiffKind.UPDATE_REPLACE}

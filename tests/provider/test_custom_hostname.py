from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from provider.plugin.client import Client
from provider.plugin.custom_hostname import CustomHostnameResource
from provider.plugin.errors import PlanLimitError
from provider.plugin.resource import Line
from provider.plugin.values import UNKNOWN, Properties
from tests.conftest import LocalCloudUnderTest
from tests.provider.recorder import Recorder


@pytest.fixture(scope="module")
def ref(local_cloud: LocalCloudUnderTest) -> str:
    return local_cloud.create_project("domains", local_cloud.api("GET", "/organizations").json()[0]["slug"])


@pytest.fixture
def resource(local_cloud: LocalCloudUnderTest) -> Iterator[CustomHostnameResource]:
    with httpx.HTTPTransport() as transport:
        yield CustomHostnameResource(replace(Client.from_environment(local_cloud.environment), transport=transport))


@pytest.fixture
def inputs(local_cloud: LocalCloudUnderTest, ref: str) -> Iterator[Properties]:
    """Give what a program declares, on a project that may have a domain and has none yet."""
    addon = {"addon_type": "custom_domain", "addon_variant": "cd_default"}
    assert local_cloud.api("PATCH", f"/projects/{ref}/billing/addons", addon).is_success
    yield {"project": ref, "hostname": "api.example.com"}
    local_cloud.api("DELETE", f"/projects/{ref}/custom-hostname?remove_addon=true")
    local_cloud.control("PUT", f"/projects/{ref}/domain-records", body=False)


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"project": "nonsense", "hostname": "api.example.com"}, "project must be"),
        ({"project": UNKNOWN, "hostname": "https://api.example.com"}, "must be a domain"),
        ({"project": UNKNOWN, "hostname": "API.example.com"}, "must be a domain"),
        ({"project": UNKNOWN, "hostname": "localhost"}, "must be a domain"),
        ({"project": UNKNOWN}, "must be a domain"),
    ],
)
def test_check_refuses(inputs: Properties, problem: str) -> None:
    _, problems = CustomHostnameResource(Client(token="")).check({}, inputs)
    assert len(problems) == 1
    assert problem in problems[0]


def test_without_its_records_a_domain_is_ordered_and_the_records_are_named(
    resource: CustomHostnameResource, inputs: Properties, recorder: Recorder, ref: str
) -> None:
    identifier, state = resource.create(recorder.operation(), inputs)
    assert identifier == ref
    (told,) = recorder.shown(Line.WARNING)
    assert "api.example.com is not active yet. Remedy: create these DNS records, then `pulumi up`: CNAME" in told
    assert "TXT _cf-custom-hostname.api.example.com = " in told
    assert "TXT _acme-challenge.api.example.com = " in told
    found = resource.read(recorder.operation(), ref, inputs, state)
    assert found is not None
    assert resource.diff(inputs, found.state, inputs) == {"status": PropertyDiffKind.UPDATE}


def test_with_its_records_it_is_activated_by_the_next_up(
    resource: CustomHostnameResource, inputs: Properties, recorder: Recorder, local_cloud: LocalCloudUnderTest, ref: str
) -> None:
    _, state = resource.create(recorder.operation(), inputs)
    local_cloud.control("PUT", f"/projects/{ref}/domain-records", body=True)
    silent = Recorder()
    state = resource.update(silent.operation(), ref, inputs, state, inputs)
    assert silent.lines == []
    found = resource.read(silent.operation(), ref, inputs, state)
    assert found is not None
    assert found.inputs == inputs
    assert resource.diff(inputs, found.state, inputs) == {}
    other = {**inputs, "hostname": "app.example.com"}
    assert resource.diff(inputs, found.state, other) == {"hostname": PropertyDiffKind.UPDATE}


def test_without_the_add_on_the_plan_is_named_and_a_preview_changes_nothing(
    resource: CustomHostnameResource, recorder: Recorder, ref: str
) -> None:
    inputs: Properties = {"project": ref, "hostname": "api.example.com"}
    assert resource.create(recorder.operation(preview=True), inputs) == ("", {**inputs, "status": UNKNOWN})
    with pytest.raises(PlanLimitError, match="add-on custom_domain"):
        resource.create(recorder.operation(), inputs)

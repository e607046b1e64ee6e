"""The one issue, on the local GitHub."""

import dataclasses
from typing import Any

import pytest

from ops.audit.tracked_issue import track
from ops.hosting import Hosting
from release.error import ReleaseError
from tests.conftest import LocalCloudUnderTest
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.sample import disturb

ISSUES = "/repos/mano-app/mano/issues"


def issues(cloud: LocalCloudUnderTest) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = cloud.github_api(
        "GET", f"{ISSUES}?state=all", token=cloud.environment["GITHUB_TOKEN"]
    ).json()
    return listed


def test_it_is_opened_updated_closed_and_opened_again(
    own_cloud: LocalCloudUnderTest, hosting: Hosting, clouds: Clouds
) -> None:
    clean = clouds.audit()
    assert (track(hosting, clean), issues(own_cloud)) == (None, [])

    drifted = disturb(clouds.copy()).audit()
    address = track(hosting, drifted)
    (first,) = issues(own_cloud)
    assert (first["html_url"], first["state"]) == (address, "open")
    assert "deploy key ci" in first["body"]
    assert [label["name"] for label in first["labels"]] == ["drift"]

    track(hosting, drifted.model_copy(update={"at": "2026-06-03T00:00:00Z"}))
    (same,) = issues(own_cloud)
    assert same["updated_at"] == first["updated_at"], "the same findings are no news"

    fewer = clouds.copy()
    fewer.github["labels"].clear()
    track(hosting, fewer.audit())
    (updated,) = issues(own_cloud)
    assert "deploy key ci" not in updated["body"]

    assert track(hosting, clean) == address
    (closed,) = issues(own_cloud)
    assert (closed["state"], closed["comments"]) == ("closed", 1)
    track(hosting, clean)
    assert issues(own_cloud)[0]["comments"] == 1

    track(hosting, drifted)
    (again,) = issues(own_cloud)
    assert (again["number"], again["state"]) == (first["number"], "open")


def test_a_token_that_may_not_write_issues(own_cloud: LocalCloudUnderTest, hosting: Hosting, clouds: Clouds) -> None:
    token = own_cloud.github_token(login="administrator", profile="read-only")
    with pytest.raises(ReleaseError, match="needs issues"):
        track(dataclasses.replace(hosting, token=token), disturb(clouds).audit())

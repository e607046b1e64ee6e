from typing import Any

import pytest

from localcloud.github.seed import GitHubSeed
from tests.localcloud.github.conftest import seeded

R = "/repos/mano-app/mano"


@pytest.fixture
def seed() -> GitHubSeed:
    return seeded(users=("ada", "bob", "cyn"), teams={"core": ("bob",)}, base_role="none", roles={"eve": "write"})


def logins(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["login"] for item in answer.json()]


def test_people_are_listed_by_how_they_belong(github: Any) -> None:
    github("PUT", f"{R}/collaborators/cyn", {"permission": "triage"})
    path = f"{R}/collaborators"
    assert logins(github("GET", path)) == ["ada", "bob", "cyn", "eve"]
    assert logins(github("GET", f"{path}?affiliation=direct")) == ["cyn", "eve"]
    assert logins(github("GET", f"{path}?affiliation=outside")) == ["eve"]
    assert logins(github("GET", f"{path}?permission=push")) == ["ada", "bob", "eve"]
    assert logins(github("GET", f"{path}?permission=admin")) == ["ada"]
    assert logins(github("GET", "/orgs/mano-app/outside_collaborators")) == ["eve"]
    assert github("GET", f"{path}?affiliation=some").status_code == 422


def test_people_are_told_to_who_may_push(github: Any) -> None:
    github("PUT", f"{R}/collaborators/cyn", {"permission": "pull"})
    refused = github.user("cyn")("GET", f"{R}/collaborators")
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        "Must have push access to view repository collaborators.",
    )
    assert github.user("eve")("GET", f"{R}/collaborators").status_code == 200


def test_an_invitation_is_the_invited_person_s_to_accept(github: Any) -> None:
    zoe = github.user("zoe")
    invited = github("PUT", f"{R}/collaborators/zoe", {"permission": "push"})
    assert (invited.status_code, invited.json()["permissions"]) == (201, "write")
    path = f"/user/repository_invitations/{invited.json()['id']}"
    assert zoe("GET", R).status_code == 404
    assert github.user("bob")("PATCH", path).status_code == 404
    assert zoe("PATCH", path).status_code == 204
    assert zoe("GET", R).status_code == 200
    assert github("GET", f"{R}/invitations").json() == []


def test_a_team_s_role_is_told(github: Any) -> None:
    (team,) = github("GET", f"{R}/teams").json()
    assert (team["slug"], team["permission"], team["permissions"]["maintain"]) == ("core", "push", False)
    assert github("PUT", "/orgs/mano-app/teams/core/repos/mano-app/mano", {"permission": "own"}).status_code == 422


def test_the_last_owner_stays_one(github: Any) -> None:
    assert github("PUT", "/orgs/mano-app/memberships/ada", {"role": "member"}).status_code == 403
    github("PUT", "/orgs/mano-app/memberships/bob", {"role": "admin"})
    assert github("PUT", "/orgs/mano-app/memberships/ada", {"role": "member"}).status_code == 200
    assert logins(github("GET", "/orgs/mano-app/members?role=admin")) == ["bob"]
    assert logins(github("GET", "/orgs/mano-app/members?role=member")) == ["ada", "cyn"]
    assert github("PUT", "/orgs/mano-app/memberships/cyn", {"role": "admin"}).status_code == 404


@pytest.mark.parametrize(("plan", "status"), [("free", 404), ("team", 404), ("enterprise", 501)])
def test_the_audit_log_is_enterprise_s(github: Any, plan: str, status: int) -> None:
    github.service.set_plan("mano-app", plan)
    assert github("GET", "/orgs/mano-app/audit-log").status_code == status

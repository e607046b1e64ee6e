"""Organisations, users and teams: read here and hardly written, as the release process only refers to them."""

from typing import Any

from localcloud.github.errors import ForbiddenError, InvalidFieldsError, NotEmulatedError, NotFoundError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import Answer, Call, operation
from localcloud.github.roles import organization_role
from localcloud.github.store import Json

_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_SIMPLE_ORGANIZATION = (
    "login", "id", "node_id", "url", "repos_url", "events_url", "hooks_url", "issues_url", "members_url",
    "public_members_url", "avatar_url", "description",
)  # fmt: skip
_MEMBERSHIP = "/orgs/{org}/memberships/{username}"
_ABSENT_PROFILE = ("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username")


def account_json(call: Call, login: str) -> Json:
    """Show a user or an organisation in the short form, as an owner, author or reviewer appears."""
    organization = call.store.state["organizations"].get(login.lower())
    if organization:
        return _short_json(call, organization["login"], organization["id"], "Organization")
    bot = next((app for app in call.store.apps() if login == f"{app['slug']}[bot]"), None)
    if bot:
        return _short_json(call, login, bot["id"], "Bot")
    user = call.store.user(login)
    return _short_json(call, user["login"], user["id"], "User")


def app_json(call: Call, app: Json) -> Json:
    """Show an app."""
    return {
        **app,
        "node_id": node_id("App", app["id"]),
        "owner": _short_json(call, "github", 9919, "Organization"),
        "description": app["name"],
        "external_url": f"{call.web}/apps/{app['slug']}",
        "html_url": f"{call.web}/apps/{app['slug']}",
        "created_at": "2018-07-30T09:30:17Z",
        "updated_at": "2019-12-10T19:04:12Z",
        "permissions": {"actions": "write", "checks": "write", "contents": "write", "metadata": "read"},
        "events": [],
    }


def _short_json(call: Call, login: str, number: int, kind: str) -> Json:
    url = f"{call.api}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id(kind, number),
        "avatar_url": f"{call.web}/avatars/{number}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{call.web}/{login}",
        **{name: url + path for name, path in _USER_LINKS.items()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def organization_json(call: Call, organization: Json) -> Json:
    """Show an organisation in full."""
    url = f"{call.api}/orgs/{organization['login']}"
    repositories = [
        item for item in call.store.state["repositories"].values() if item["owner"] == organization["login"]
    ]
    private = sum(item["private"] for item in repositories)
    for_owners = {
        "plan": {"name": organization["plan"], "space": 976562499, "private_repos": 999999},
        "default_repository_permission": organization["base_role"],
        "two_factor_requirement_enabled": False,
        "members_can_create_repositories": True,
    }
    told = call.authority.owns(organization["login"], "organization_plan", "read")
    return {
        "login": organization["login"],
        "id": organization["id"],
        "node_id": node_id("Organization", organization["id"]),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{call.web}/avatars/{organization['id']}",
        "html_url": f"{call.web}/{organization['login']}",
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": len(repositories) - private,
        "total_private_repos": private,
        "owned_private_repos": private,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": organization["created_at"],
        "updated_at": organization["created_at"],
        "archived_at": None,
        **(for_owners if told else {}),
    }


def team_json(call: Call, team: Json) -> Json:
    """Show a team as lists and reviewers do."""
    organization = call.store.organization(team["organization"])
    url = f"{call.api}/organizations/{organization['id']}/team/{team['id']}"
    return {
        "id": team["id"],
        "node_id": node_id("Team", team["id"]),
        "name": team["slug"],
        "slug": team["slug"],
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "push",
        "url": url,
        "html_url": f"{call.web}/orgs/{organization['login']}/teams/{team['slug']}",
        "members_url": url + "/members{/member}",
        "repositories_url": f"{url}/repos",
        "type": "organization",
        "organization_id": organization["id"],
        "parent": None,
    }


def _user_json(call: Call, user: Json) -> Json:
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": user["created_at"], "updated_at": user["created_at"]}
    return account_json(call, user["login"]) | dict.fromkeys(_ABSENT_PROFILE) | counts | dates


@operation("GET", "/orgs/{org}")
def get_organization(call: Call) -> Answer:
    """Show an organisation; 404 tells the plugin that the owner is a user."""
    return Answer(body=organization_json(call, call.store.organization(call.parameters["org"])))


@operation("GET", "/orgs/{org}/members")
def list_members(call: Call) -> Answer:
    """List the people of an organisation: with `role` its owners ("admin") or the others ("member") only.

    Raises:
        InvalidFieldsError: a role that there is none of.
        NotEmulatedError: the list is to be filtered otherwise.
    """
    members, wanted = call.store.organization(call.parameters["org"])["members"], call.query.get("role", "all")
    if call.query.get("filter", "all") != "all":
        raise NotEmulatedError(f"The filter {call.query['filter']} of members")
    if wanted not in {"all", "admin", "member"}:
        raise InvalidFieldsError({"resource": "Member", "field": "role", "code": "invalid"})
    return call.page([account_json(call, login) for login in sorted(members) if wanted in {"all", members[login]}])


@operation("GET", _MEMBERSHIP)
def get_membership(call: Call) -> Answer:
    """Show what somebody is in an organisation."""
    return Answer(body=_membership_json(call, call.store.user(call.parameters["username"])["login"]))


@operation("PUT", _MEMBERSHIP)
def put_membership(call: Call) -> Answer:
    """Make a member an owner ("admin") or an owner a member.

    Raises:
        InvalidFieldsError: a role that there is none of.
        ForbiddenError: the organisation would have no owner.
        NotEmulatedError: the user is no member, and would be invited.
    """
    login, organization = call.store.user(call.parameters["username"])["login"], _organization(call)
    role = call.optional("role", str, "member")
    if role not in {"admin", "member"}:
        raise InvalidFieldsError({"resource": "OrganizationMembership", "field": "role", "code": "invalid"})
    if login not in organization["members"]:
        raise NotEmulatedError("Inviting somebody to an organisation")
    members = organization["members"] | {login: role}
    if "admin" not in members.values():
        raise ForbiddenError("You can't remove the last owner of the organization.")
    organization["members"] = members
    return Answer(body=_membership_json(call, login))


@operation("GET", "/orgs/{org}/rulesets")
def list_organization_rulesets(call: Call) -> Answer:
    """List the organisation's own rulesets; there are none here, and the plan free could have none."""
    if _organization(call)["plan"] == "free":
        raise ForbiddenError("Upgrade to GitHub Team to enable this feature.")
    return call.page([])


@operation("GET", "/orgs/{org}/audit-log")
def get_audit_log(call: Call) -> Answer:
    """Answer as an organisation without Enterprise Cloud does, which has no such page.

    Raises:
        NotFoundError: that plan is not the organisation's.
        NotEmulatedError: it is, and nothing is kept here.
    """
    if _organization(call)["plan"] != "enterprise":
        raise NotFoundError
    raise NotEmulatedError("GET /api/v3/orgs/{org}/audit-log")


@operation("GET", "/user")
def get_viewer(call: Call) -> Answer:
    """Show the user of the token.

    Raises:
        ForbiddenError: the token is an app's.
    """
    if call.actor.app_id is not None:
        raise ForbiddenError("Resource not accessible by integration")
    private = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
    user = _user_json(call, call.store.user(call.viewer))
    more = dict.fromkeys(private, 0) | {"two_factor_authentication": True, "user_view_type": "private"}
    return Answer(body=user | more)


@operation("GET", "/users/{username}")
def get_user(call: Call) -> Answer:
    """Show a user."""
    return Answer(body=_user_json(call, call.store.user(call.parameters["username"])))


@operation("GET", "/users/{username}/gpg_keys", "/users/{username}/keys")
def list_keys(call: Call) -> Answer:
    """List the keys of a user; nobody here has one."""
    call.store.user(call.parameters["username"])
    return call.page([])


@operation("GET", "/orgs/{org}/teams")
def list_teams(call: Call) -> Answer:
    """List the teams of an organisation."""
    organization = call.store.organization(call.parameters["org"])
    teams = call.store.state["teams"].values()
    return call.page([team_json(call, team) for team in teams if team["organization"] == organization["login"]])


@operation("GET", "/orgs/{org}/teams/{team_slug}")
def get_team(call: Call) -> Answer:
    """Show a team in full."""
    team = _team(call)
    organization = call.store.organization(team["organization"])
    more: dict[str, Any] = {
        "members_count": len(team["members"]),
        "repos_count": len(call.store.state["repositories"]),
        "created_at": team["created_at"],
        "updated_at": team["created_at"],
        "organization": organization_json(call, organization),
    }
    return Answer(body=team_json(call, team) | more)


@operation("GET", "/orgs/{org}/teams/{team_slug}/members", "/organizations/{org_id}/team/{team_id}/members")
def list_team_members(call: Call) -> Answer:
    """List the people of a team."""
    return call.page([account_json(call, login) for login in _team(call)["members"]])


def _organization(call: Call) -> Json:
    return call.store.organization(call.parameters["org"])


def _membership_json(call: Call, login: str) -> Json:
    organization = _organization(call)
    role = organization_role(call.store, organization["login"], login)
    if role is None:
        raise NotFoundError
    url = f"{call.api}/orgs/{organization['login']}"
    shown = organization_json(call, organization)
    simple = {name: shown[name] for name in _SIMPLE_ORGANIZATION}
    return {
        "url": f"{url}/memberships/{login}",
        "state": "active",
        "role": role,
        "organization_url": url,
        "organization": simple,
        "user": account_json(call, login),
    }


def _team(call: Call) -> Json:
    if "team_id" in call.parameters:
        return call.store.by_id("teams", call.parameters["team_id"])
    return call.store.team(call.parameters["org"], call.parameters["team_slug"])

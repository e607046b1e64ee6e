"""Organisations, users and teams: read-only here, since the release process only refers to them."""

from typing import Any

from localcloud.github.errors import ForbiddenError, NotFoundError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json, Store

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
_ABSENT_PROFILE = ("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username")
_COLLABORATORS = REPOSITORY + "/collaborators"
_PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")


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
        "plan": {"name": organization["plan"], "space": 976562499, "private_repos": 999999},
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


def role_of(store: Store, repository: Json, login: str) -> str | None:
    """Tell which role somebody has on a repository: admin, write, read or none.

    An app is installed with the right to write where the repository is an organisation's.
    """
    organization = store.state["organizations"].get(repository["owner"].lower())
    if organization is None:
        held = "admin" if login.lower() == repository["owner"].lower() else None
    elif login.endswith("[bot]"):
        held = "write"
    else:
        members = {name.lower(): role for name, role in organization["members"].items()}
        held = {"admin": "admin", "member": "write"}.get(members.get(login.lower(), ""))
    return held or (None if repository["private"] else "read")


def may_write(store: Store, repository: Json, login: str) -> bool:
    """Tell whether somebody may push, merge, and approve with effect."""
    return role_of(store, repository, login) in {"admin", "write"}


def association_of(store: Store, repository: Json, login: str) -> str:
    """Tell what somebody is to a repository, in GitHub's word."""
    if login.lower() == repository["owner"].lower():
        return "OWNER"
    return "MEMBER" if may_write(store, repository, login) else "NONE"


def permissions_json(role: str | None) -> Json:
    """Show a role as GitHub's five permissions."""
    granted = {"admin": _PERMISSIONS, "write": _PERMISSIONS[:3], "read": _PERMISSIONS[:1]}.get(role or "", ())
    return {name: name in granted for name in _PERMISSIONS}


def _user_json(call: Call, user: Json) -> Json:
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    dates = {"created_at": user["created_at"], "updated_at": user["created_at"]}
    return account_json(call, user["login"]) | dict.fromkeys(_ABSENT_PROFILE) | counts | dates


def _collaborator_json(call: Call, login: str) -> Json:
    role = role_of(call.store, call.repository, login)
    return account_json(call, login) | {"permissions": permissions_json(role), "role_name": role or "none"}


@operation("GET", "/orgs/{org}")
def get_organization(call: Call) -> Answer:
    """Show an organisation; 404 tells the plugin that the owner is a user."""
    return Answer(body=organization_json(call, call.store.organization(call.parameters["org"])))


@operation("GET", "/orgs/{org}/members")
def list_members(call: Call) -> Answer:
    """List the people of an organisation."""
    members = call.store.organization(call.parameters["org"])["members"]
    return call.page([account_json(call, login) for login in sorted(members)])


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


@operation("GET", _COLLABORATORS)
def list_collaborators(call: Call) -> Answer:
    """List who may read the repository: every member of the organisation."""
    members = call.store.organization(call.repository["owner"])["members"]
    return call.page([_collaborator_json(call, login) for login in sorted(members)])


@operation("GET", _COLLABORATORS + "/{username}")
def check_collaborator(call: Call) -> Answer:
    """Answer 204 when the user may read the repository."""
    if role_of(call.store, call.repository, call.parameters["username"]) is None:
        raise NotFoundError
    return NO_CONTENT


@operation("GET", _COLLABORATORS + "/{username}/permission")
def get_permission(call: Call) -> Answer:
    """Show what a user may do in the repository."""
    login = call.store.user(call.parameters["username"])["login"]
    role = role_of(call.store, call.repository, login) or "none"
    return Answer(body={"permission": role, "role_name": role, "user": _collaborator_json(call, login)})


def _team(call: Call) -> Json:
    if "team_id" in call.parameters:
        return call.store.by_id("teams", call.parameters["team_id"])
    return call.store.team(call.parameters["org"], call.parameters["team_slug"])

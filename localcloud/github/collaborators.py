"""People and teams of a repository: who has which role, who is invited."""

from localcloud.github.accounts import account_json, team_json
from localcloud.github.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.repositories import repository_json
from localcloud.github.roles import (
    includes,
    legacy_permission,
    organization_role,
    people,
    permission_of,
    permissions_json,
    role_named,
    role_of,
)
from localcloud.github.store import Json, found

_COLLABORATORS = REPOSITORY + "/collaborators"
_COLLABORATOR = _COLLABORATORS + "/{username}"
_INVITATIONS = REPOSITORY + "/invitations"
_TEAM_REPOSITORY = "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}"
_AFFILIATIONS = {"all", "direct", "outside"}


@operation("GET", _COLLABORATORS)
def list_collaborators(call: Call) -> Answer:
    """List who has a role: `affiliation` chooses all, those named themselves, or those outside the organisation.

    Raises:
        ForbiddenError: the caller may not push.
        InvalidFieldsError: an affiliation or a permission that there is none of.
    """
    _require_push(call, "Must have push access to view repository collaborators.")
    affiliation, repository = call.query.get("affiliation", "all"), call.repository
    if affiliation not in _AFFILIATIONS:
        raise InvalidFieldsError({"resource": "Repository", "field": "affiliation", "code": "invalid"})
    wanted = role_named(call.query["permission"]) if "permission" in call.query else "read"
    direct = {login.lower() for login in repository["collaborators"]}
    shown = [
        _collaborator_json(call, login)
        for login in people(call.store, repository)
        if includes(role_of(call.store, repository, login), wanted)
        and (affiliation == "all" or login.lower() in direct)
        and (affiliation != "outside" or organization_role(call.store, repository["owner"], login) is None)
    ]
    return call.page(shown)


@operation("GET", _COLLABORATOR)
def check_collaborator(call: Call) -> Answer:
    """Answer 204 when somebody gave the user a role."""
    if call.store.user(call.parameters["username"])["login"] not in people(call.store, call.repository):
        raise NotFoundError
    return NO_CONTENT


@operation("GET", _COLLABORATOR + "/permission")
def get_permission(call: Call) -> Answer:
    """Show what a user may do in the repository."""
    _require_push(call, "Must have push access to view collaborator permission.")
    login = call.store.user(call.parameters["username"])["login"]
    role = role_of(call.store, call.repository, login)
    shown = {"permission": legacy_permission(role), "role_name": role or "none"}
    return Answer(body=shown | {"user": _collaborator_json(call, login)})


@operation("PUT", _COLLABORATOR)
def add_collaborator(call: Call) -> Answer:
    """Give a role: a member has it at once (204), anybody else is invited (201)."""
    login = call.store.user(call.parameters["username"])["login"]
    role, repository = role_named(call.optional("permission", str, "push")), call.repository
    known = {name.lower() for name in repository["collaborators"]}
    if login.lower() in known or organization_role(call.store, repository["owner"], login):
        _forget_collaborator(repository, login)
        repository["collaborators"][login] = role
        return NO_CONTENT
    invitation = next((item for item in repository["invitations"].values() if item["invitee"] == login), None)
    made = {"id": call.store.next_id(), "invitee": login, "inviter": call.viewer, "created_at": call.store.now()}
    invitation = (invitation or made) | {"role": role}
    repository["invitations"][str(invitation["id"])] = invitation
    return Answer(body=_invitation_json(call, invitation), status=201)


@operation("DELETE", _COLLABORATOR)
def remove_collaborator(call: Call) -> Answer:
    """Take away a role that was given to the user themselves."""
    _forget_collaborator(call.repository, call.parameters["username"])
    return NO_CONTENT


@operation("GET", _INVITATIONS)
def list_invitations(call: Call) -> Answer:
    """List who is invited and has not accepted."""
    return call.page([_invitation_json(call, item) for item in call.repository["invitations"].values()])


@operation("DELETE", _INVITATIONS + "/{invitation_id}")
def delete_invitation(call: Call) -> Answer:
    """Take an invitation back."""
    invitations = call.repository["invitations"]
    del invitations[str(found(invitations, call.parameters["invitation_id"])["id"])]
    return NO_CONTENT


@operation("PATCH", "/user/repository_invitations/{invitation_id}")
def accept_invitation(call: Call) -> Answer:
    """Accept an invitation to the caller."""
    for repository in call.store.state["repositories"].values():
        invitation = repository["invitations"].get(call.parameters["invitation_id"])
        if invitation and invitation["invitee"] == call.viewer:
            del repository["invitations"][str(invitation["id"])]
            repository["collaborators"][call.viewer] = invitation["role"]
            return NO_CONTENT
    raise NotFoundError


@operation("GET", "/orgs/{org}/outside_collaborators")
def list_outside_collaborators(call: Call) -> Answer:
    """List who has a role on a repository without being a member."""
    organization = call.store.organization(call.parameters["org"])["login"]
    named = {
        login
        for repository in call.store.state["repositories"].values()
        if repository["owner"] == organization
        for login in repository["collaborators"]
        if organization_role(call.store, organization, login) is None
    }
    return call.page([account_json(call, login) for login in sorted(named)])


@operation("GET", REPOSITORY + "/teams")
def list_repository_teams(call: Call) -> Answer:
    """List the teams that have a role, each with it."""
    repository = call.repository
    shown = [
        team_json(call, call.store.team(repository["owner"], slug))
        | {"permission": permission_of(role), "permissions": permissions_json(role)}
        for slug, role in sorted(repository["teams"].items())
    ]
    return call.page(shown)


@operation("PUT", _TEAM_REPOSITORY)
def add_team(call: Call) -> Answer:
    """Give a team a role on the repository."""
    team = call.store.team(call.parameters["org"], call.parameters["team_slug"])
    call.repository["teams"][team["slug"]] = role_named(call.optional("permission", str, "push"))
    return NO_CONTENT


@operation("DELETE", _TEAM_REPOSITORY)
def remove_team(call: Call) -> Answer:
    """Take away a team's role on the repository."""
    team = call.store.team(call.parameters["org"], call.parameters["team_slug"])
    call.repository["teams"].pop(team["slug"], None)
    return NO_CONTENT


def _require_push(call: Call, refusal: str) -> None:
    if call.actor.app_id is None and not includes(role_of(call.store, call.repository, call.viewer), "write"):
        raise ForbiddenError(refusal)


def _forget_collaborator(repository: Json, login: str) -> None:
    kept = {name: role for name, role in repository["collaborators"].items() if name.lower() != login.lower()}
    repository["collaborators"] = kept


def _collaborator_json(call: Call, login: str) -> Json:
    role = role_of(call.store, call.repository, login)
    return account_json(call, login) | {"permissions": permissions_json(role), "role_name": role or "none"}


def _invitation_json(call: Call, invitation: Json) -> Json:
    return {
        "id": invitation["id"],
        "node_id": node_id("RepositoryInvitation", invitation["id"]),
        "repository": repository_json(call, call.repository),
        "invitee": account_json(call, invitation["invitee"]),
        "inviter": account_json(call, invitation["inviter"]),
        "permissions": invitation["role"],
        "created_at": invitation["created_at"],
        "expired": False,
        "url": f"{call.api}/user/repository_invitations/{invitation['id']}",
        "html_url": f"{call.web}/{call.repository['owner']}/{call.repository['name']}/invitations",
    }

"""Repositories: their settings, topics and alerts."""

import re
from typing import Any

from localcloud.github.accounts import account_json
from localcloud.github.errors import InvalidFieldsError, NotEmulatedError, NotFoundError, UnprocessableError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.plans import plan_of
from localcloud.github.roles import permissions_json, role_of
from localcloud.github.store import Json, found

_LINKS = (
    "archive_url/{archive_format}{/ref}", "assignees_url/assignees{/user}", "blobs_url/git/blobs{/sha}",
    "branches_url/branches{/branch}", "collaborators_url/collaborators{/collaborator}",
    "comments_url/comments{/number}", "commits_url/commits{/sha}", "compare_url/compare/{base}...{head}",
    "contents_url/contents/{+path}", "contributors_url/contributors", "deployments_url/deployments",
    "downloads_url/downloads", "events_url/events", "forks_url/forks", "git_commits_url/git/commits{/sha}",
    "git_refs_url/git/refs{/sha}", "git_tags_url/git/tags{/sha}", "hooks_url/hooks",
    "issue_comment_url/issues/comments{/number}", "issue_events_url/issues/events{/number}",
    "issues_url/issues{/number}", "keys_url/keys{/key_id}", "labels_url/labels{/name}", "languages_url/languages",
    "merges_url/merges", "milestones_url/milestones{/number}",
    "notifications_url/notifications{?since,all,participating}", "pulls_url/pulls{/number}",
    "releases_url/releases{/id}", "stargazers_url/stargazers", "statuses_url/statuses/{sha}",
    "subscribers_url/subscribers", "subscription_url/subscription", "tags_url/tags", "teams_url/teams",
    "trees_url/git/trees{/sha}",
)  # fmt: skip
_COUNTS = (
    "forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count",
    "network_count", "subscribers_count", "size",
)  # fmt: skip
# What PATCH may change and a repository starts with (GitHub's documented defaults).
_DEFAULTS: Json = {
    "description": None,
    "homepage": None,
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_discussions": False,
    "is_template": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "use_squash_pr_title_as_default": False,
    "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
    "merge_commit_title": "MERGE_MESSAGE",
    "merge_commit_message": "PR_TITLE",
    "allow_forking": False,
    "web_commit_signoff_required": False,
}
_SECURITY = (
    "secret_scanning", "secret_scanning_push_protection", "secret_scanning_non_provider_patterns",
    "secret_scanning_validity_checks", "dependabot_security_updates",
)  # fmt: skip
# What the free plan has for public repositories only (docs.github.com, "About secret scanning").
_PAID_SECURITY = {name for name in _SECURITY if name.startswith("secret_scanning")}
# Shown to whoever may write contents (the OpenAPI document's note on "Get a repository").
_MERGE_SETTINGS = {
    "allow_squash_merge", "allow_merge_commit", "allow_rebase_merge", "allow_auto_merge", "delete_branch_on_merge",
    "allow_update_branch", "use_squash_pr_title_as_default", "squash_merge_commit_title", "squash_merge_commit_message",
    "merge_commit_title", "merge_commit_message",
}  # fmt: skip
_VISIBILITIES = {"public", "private"}
_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_MAX_TOPICS = 20
_NOT_EMULATED = {"has_pull_requests", "pull_request_creation_policy"}
_MERGE_METHODS = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")


def repository_json(call: Call, repository: Json) -> Json:
    """Show a repository in full, as the viewer sees it."""
    organization = call.store.state["organizations"].get(repository["owner"].lower())
    settings = settings_of(repository)
    owner = account_json(call, repository["owner"])
    full_name = f"{repository['owner']}/{repository['name']}"
    links = (line.partition("/") for line in _LINKS)
    host = call.web.partition("://")[2]
    return {
        "id": repository["id"],
        "node_id": node_id("Repository", repository["id"]),
        "name": repository["name"],
        "full_name": full_name,
        "owner": owner,
        **({"organization": owner} if organization else {}),
        "url": call.url(of=repository),
        "html_url": f"{call.web}/{full_name}",
        **{name: f"{call.url(of=repository)}/{path}" for name, _, path in links},
        "clone_url": f"{call.web}/{full_name}.git",
        "git_url": f"git://{host}/{full_name}.git",
        "ssh_url": f"git@{host}:{full_name}.git",
        "svn_url": f"{call.web}/{full_name}",
        "mirror_url": None,
        "private": repository["private"],
        "visibility": "private" if repository["private"] else "public",
        "archived": repository["archived"],
        "default_branch": repository["default_branch"],
        "created_at": repository["created_at"],
        "updated_at": repository["updated_at"],
        "pushed_at": repository.get("pushed_at", repository["created_at"]),
        "topics": repository["topics"],
        **dict.fromkeys(_COUNTS, 0),
        "fork": repository.get("parent") is not None,
        **dict.fromkeys(("disabled", "has_pages", "has_downloads"), False),
        "language": None,
        "license": None,
        **{name: value for name, value in settings.items() if name not in _MERGE_SETTINGS},
        "permissions": permissions_json(role_of(call.store, repository, call.viewer)),
        **_guarded_json(call, repository),
    }


@operation("GET", REPOSITORY)
def get_repository(call: Call) -> Answer:
    """Show a repository, a fork together with its parent."""
    shown = repository_json(call, call.repository)
    if call.repository.get("parent"):
        parent = repository_json(call, found(call.store.state["repositories"], call.repository["parent"]))
        shown |= {"parent": parent, "source": parent}
    return Answer(body=shown)


@operation("PATCH", REPOSITORY)
def update_repository(call: Call) -> Answer:
    """Change the settings given.

    Raises:
        InvalidFieldsError: the default branch does not exist, or no merge method would be left.
        NotEmulatedError: a rename, or a setting that is not kept here.
    """
    repository = call.repository
    if call.optional("name", str, repository["name"]) != repository["name"]:
        raise NotEmulatedError("Renaming a repository")
    security: dict[str, Any] = call.optional("security_and_analysis", dict, {})
    for setting in sorted((_NOT_EMULATED & call.body.keys()) | (security.keys() - {*_SECURITY})):
        raise NotEmulatedError(f"The repository setting {setting}")
    if any(value not in ({"status": "enabled"}, {"status": "disabled"}) for value in security.values()):
        raise _refused("security_and_analysis", "Each status is enabled or disabled.")
    settings = repository["settings"] | {
        name: call.optional(name, str if default is None else type(default), default)
        for name, default in _DEFAULTS.items()
        if name in call.body
    }
    if not any((_DEFAULTS | settings)[name] for name in _MERGE_METHODS):
        raise _refused(
            "merge_commit_allowed", "Sorry, you need to allow at least one merge strategy. (no_merge_method)"
        )
    branch = call.optional("default_branch", str, repository["default_branch"])
    if branch != repository["default_branch"]:
        if call.git.branch(branch) is None:
            raise _refused(
                "default_branch",
                f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API.",
            )
        call.store.move(repository, "HEAD", f"refs/heads/{branch}")
    private = call.optional("private", bool, repository["private"])
    visibility = call.optional("visibility", str, "private" if private else "public")
    if visibility not in _VISIBILITIES:
        raise _refused("visibility", f"The visibility {visibility} is not one of: {', '.join(sorted(_VISIBILITIES))}.")
    wanted = {name for name, value in security.items() if value["status"] == "enabled"}
    free = plan_of(call.store, repository) == "free"
    if visibility == "private" and free and wanted & _PAID_SECURITY:
        raise UnprocessableError("Secret scanning is not available for this repository.")
    repository["private"] = visibility == "private"
    repository["security"] |= {name: value["status"] for name, value in security.items()}
    repository["archived"] = call.optional("archived", bool, repository["archived"])
    repository |= {"settings": settings, "default_branch": branch, "updated_at": call.store.now()}
    return Answer(body=repository_json(call, repository))


@operation("GET", REPOSITORY + "/topics")
def get_topics(call: Call) -> Answer:
    """List the topics."""
    return Answer(body={"names": call.repository["topics"]})


@operation("PUT", REPOSITORY + "/topics")
def replace_topics(call: Call) -> Answer:
    """Replace the topics.

    Raises:
        InvalidFieldsError: too many, or one that is no topic.
    """
    names = [str(name).lower() for name in call.required("names", list)]
    if len(names) > _MAX_TOPICS:
        raise _refused("topics", f"A repository cannot have more than {_MAX_TOPICS} topics.")
    if not all(_TOPIC.fullmatch(name) for name in names):
        message = (
            "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include "
            "hyphens."
        )
        raise _refused("topics", message)
    call.repository["topics"] = names
    return get_topics(call)


@operation("GET", REPOSITORY + "/vulnerability-alerts")
def get_alerts(call: Call) -> Answer:
    """Answer 204 where alerts are on, 404 where they are off."""
    if not call.repository["vulnerability_alerts"]:
        raise NotFoundError("Vulnerability alerts are disabled.")
    return NO_CONTENT


@operation("PUT", REPOSITORY + "/vulnerability-alerts")
def enable_alerts(call: Call) -> Answer:
    """Switch alerts on."""
    call.repository["vulnerability_alerts"] = True
    return NO_CONTENT


@operation("DELETE", REPOSITORY + "/vulnerability-alerts")
def disable_alerts(call: Call) -> Answer:
    """Switch alerts off."""
    call.repository["vulnerability_alerts"] = False
    return NO_CONTENT


def _guarded_json(call: Call, repository: Json) -> Json:
    """Show what takes more than reading: merge settings, and what is switched on for security."""
    shown: Json = {}
    if call.authority.holds(repository, "contents", "write"):
        shown |= {name: value for name, value in settings_of(repository).items() if name in _MERGE_SETTINGS}
    if call.authority.holds(repository, "administration", "read"):
        status = {name: {"status": repository["security"].get(name, "disabled")} for name in _SECURITY}
        shown["security_and_analysis"] = status
    return shown


def settings_of(repository: Json) -> Json:
    """Give the settings in force: what was changed, else GitHub's defaults."""
    settings: Json = _DEFAULTS | repository["settings"]
    return settings


def _refused(field: str, message: str) -> InvalidFieldsError:
    return InvalidFieldsError({"resource": "Repository", "code": "custom", "field": field, "message": message})

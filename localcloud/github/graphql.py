"""GitHub's GraphQL API, executed by graphql-core on GitHub's own schema (a cut of it, see cut_schema)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import (
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    build_schema,
    execute_sync,
    parse,
    specified_rules,
    validate,
)

from localcloud.github.authority import Authority
from localcloud.github.cut_schema import TARGET
from localcloud.github.errors import ForbiddenError, GitHubError, NotFoundError
from localcloud.github.graphql_answers import Page, connection, payload, unknown_node
from localcloud.github.node_ids import node_id, parse_node_id
from localcloud.github.protections import FLAGS, actor, create_rule, require_protections, update_rule
from localcloud.github.pull_nodes import PullNodes
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

# GitHub takes queries that select nullable and non-null fields of one name on the members of a union.
_RULES = tuple(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule)


def mutates(request: Json) -> bool:
    """Tell whether a request would change something; one that cannot be read would not."""
    try:
        document = parse(str(request.get("query") or ""))
    except GraphQLError:
        return False
    parts = (part for part in document.definitions if isinstance(part, OperationDefinitionNode))
    return any(part.operation is OperationType.MUTATION for part in parts)


def execute(store: Store, actor: GitHubToken, request: Json) -> Json:
    """Answer one GraphQL request inside a transaction; errors stand in the answer, as GraphQL has it.

    Args:
        store: the state.
        actor: the token, which says whom it acts as.
        request: query, variables and operationName.
    """
    try:
        document = parse(request.get("query") or "")
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    unknown = validate(_schema(), document, [FieldsOnCorrectTypeRule])
    errors = validate(_schema(), document, _RULES)
    if unknown:
        beyond = "; the local cloud answers a cut of GitHub's schema, which this is beyond"
        return {"errors": [dict(error.formatted) | {"message": error.message + beyond} for error in unknown]}
    if errors:
        return {"errors": [error.formatted for error in errors]}
    result = execute_sync(
        _schema(),
        document,
        root_value=_Root(store, actor).fields(),
        variable_values=request.get("variables") or {},
        operation_name=request.get("operationName"),
        field_resolver=_resolve,
    )
    answer: Json = {"data": result.data}
    if result.errors:
        answer["errors"] = [_error_json(error) for error in result.errors]
    return answer


@cache
def _schema() -> GraphQLSchema:
    return build_schema(TARGET.read_text(encoding="utf-8"), assume_valid=True)


def _resolve(source: Mapping[str, Any], info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Take a field from what its parent offers; one that it does not offer is an error, never null."""
    if info.field_name not in source:
        raise GraphQLError(f"{info.parent_type.name}.{info.field_name} is not implemented by the local cloud")
    value = source[info.field_name]
    return value(**arguments) if callable(value) else value


def _error_json(error: GraphQLError) -> Json:
    cause = error.original_error
    kinds = {403: "FORBIDDEN", 404: "NOT_FOUND", 422: "UNPROCESSABLE"}
    kind = {"type": kinds[cause.status]} if isinstance(cause, GitHubError) and cause.status in kinds else {}
    return kind | dict(error.formatted)


class _Root:
    """What Query and Mutation offer, and how each object of the state looks as a GraphQL node."""

    def __init__(self, store: Store, actor: GitHubToken) -> None:
        self._store = store
        self._actor_token = actor
        self._authority = Authority(store, actor)
        self._pulls = PullNodes(store, actor, self._repository, self._account)

    def fields(self) -> Json:
        """Give the entry points."""
        return {
            "node": self._node,
            "repository": self._find_repository,
            "user": self._find_user,
            "organization": self._find_organization,
            "viewer": lambda: self._user(self._store.user(self._actor_token.login)),
            "createBranchProtectionRule": self._create_rule,
            "updateBranchProtectionRule": self._update_rule,
            "deleteBranchProtectionRule": self._delete_rule,
            **self._pulls.mutations(),
        }

    def _node(self, id: str) -> Json:  # noqa: A002 - the schema's name of the argument
        kind, number = parse_node_id(id) or ("", 0)
        try:
            match kind:
                case "BranchProtectionRule":
                    return self._rule(*self._located_rule(id))
                case "Repository":
                    return self._repository(self._visible(self._store.by_id("repositories", number)))
                case "Organization":
                    return self._organization(self._store.by_id("organizations", number))
                case "User" | "Team" | "App":
                    return self._actor(id)
                case "PullRequest" | "PullRequestReviewThread":
                    return self._pulls.node(kind, number)
        except ForbiddenError:
            raise
        except GitHubError:
            pass
        raise unknown_node(id)

    def _find_repository(self, owner: str, name: str, *, followRenames: bool = True) -> Json:  # noqa: ARG002, N803 - the schema's names; nothing is ever renamed here
        try:
            return self._repository(self._visible(self._store.repository(owner, name)))
        except NotFoundError:
            raise NotFoundError(f"Could not resolve to a Repository with the name '{owner}/{name}'.") from None

    def _find_user(self, login: str) -> Json:
        try:
            return self._user(self._store.user(login))
        except NotFoundError:
            raise NotFoundError(f"Could not resolve to a User with the login of '{login}'.") from None

    def _find_organization(self, login: str) -> Json:
        try:
            return self._organization(self._store.organization(login))
        except NotFoundError:
            raise NotFoundError(f"Could not resolve to an Organization with the login of '{login}'.") from None

    def _create_rule(self, input: Json) -> Json:  # noqa: A002
        kind, number = parse_node_id(input["repositoryId"]) or ("", 0)
        if kind != "Repository":
            raise unknown_node(input["repositoryId"])
        repository = self._visible(self._store.by_id("repositories", number))
        self._require_administration(repository, "write")
        require_protections(self._store, repository)
        rule = create_rule(self._store, repository, input)
        return payload(input) | {"branchProtectionRule": self._rule(repository, rule)}

    def _update_rule(self, input: Json) -> Json:  # noqa: A002
        repository, rule = self._located_rule(input["branchProtectionRuleId"], "write")
        require_protections(self._store, repository)
        changed = update_rule(self._store, repository, rule, input)
        return payload(input) | {"branchProtectionRule": self._rule(repository, changed)}

    def _delete_rule(self, input: Json) -> Json:  # noqa: A002
        repository, rule = self._located_rule(input["branchProtectionRuleId"], "write")
        del repository["protections"][str(rule["id"])]
        return payload(input)

    def _located_rule(self, identifier: str, level: str = "read") -> tuple[Json, Json]:
        _, number = parse_node_id(identifier) or ("", 0)
        for repository in self._store.state["repositories"].values():
            if str(number) in repository["protections"] and self._authority.sees(repository):
                self._require_administration(repository, level)
                return repository, repository["protections"][str(number)]
        raise unknown_node(identifier)

    def _visible(self, repository: Json) -> Json:
        if not self._authority.sees(repository):
            raise NotFoundError
        return repository

    def _require_administration(self, repository: Json, level: str) -> None:
        """Refuse as GraphQL does: what may not be read is forbidden too, where REST says that there is none."""
        try:
            self._authority.require(repository, [{"administration": level}])
        except NotFoundError:
            login = self._actor_token.login
            raise ForbiddenError(f"{login} does not have the correct permissions to read that.") from None

    def _repository(self, repository: Json) -> Json:
        def rules(**page: Any) -> Json:
            self._require_administration(repository, "read")
            found = [self._rule(repository, rule) for rule in repository["protections"].values()]
            return connection(found, **page)

        return {
            "__typename": "Repository",
            "id": node_id("Repository", repository["id"]),
            "databaseId": repository["id"],
            "name": repository["name"],
            "nameWithOwner": f"{repository['owner']}/{repository['name']}",
            "isPrivate": repository["private"],
            "isArchived": repository["archived"],
            "viewerCanAdminister": lambda: self._authority.holds(repository, "administration", "read"),
            "owner": lambda: self._organization(self._store.organization(repository["owner"])),
            "branchProtectionRules": rules,
            "pullRequest": lambda number: self._pulls.find(repository, number),
        }

    def _organization(self, organization: Json) -> Json:
        def team(slug: str) -> Json | None:
            self._authority.require_organization(organization["login"], [{"members": "read"}])
            found = self._store.state["teams"].get(f"{organization['login']}/{slug}".lower())
            return None if found is None else self._team(found)

        return {
            "__typename": "Organization",
            "id": node_id("Organization", organization["id"]),
            "databaseId": organization["id"],
            "login": organization["login"],
            "name": organization["login"],
            "team": team,
            "repository": lambda name, **_: self._find_repository(organization["login"], name),
        }

    def _user(self, user: Json) -> Json:
        return {
            "__typename": "User",
            "id": node_id("User", user["id"]),
            "databaseId": user["id"],
            "login": user["login"],
            "name": None,
        }

    def _account(self, login: str) -> Json:
        """Show a user, or the bot of an app, as the author of something."""
        if not login.endswith("[bot]"):
            return self._user(self._store.user(login))
        app = next(app for app in self._store.apps() if login == f"{app['slug']}[bot]")
        shown = {"databaseId": app["id"], "login": app["slug"]}
        return {"__typename": "Bot", "id": node_id("Bot", app["id"]), **shown}

    def _team(self, team: Json) -> Json:
        return {
            "__typename": "Team",
            "id": node_id("Team", team["id"]),
            "databaseId": team["id"],
            "name": team["slug"],
            "slug": team["slug"],
            "combinedSlug": f"{team['organization']}/{team['slug']}",
            "organization": lambda: self._organization(self._store.organization(team["organization"])),
        }

    def _app(self, app: Json) -> Json:
        shown = {"databaseId": app["id"], "name": app["name"], "slug": app["slug"]}
        return {"__typename": "App", "id": node_id("App", app["id"]), **shown}

    def _actor(self, identifier: str) -> Json:
        kind, item = actor(self._store, identifier)
        return {"User": self._user, "Team": self._team, "App": self._app}[kind](item)

    def _rule(self, repository: Json, rule: Json) -> Json:
        identifier = node_id("BranchProtectionRule", rule["id"])

        def allowances(kind: str, actors: str) -> Page:
            nodes = [
                {"__typename": kind, "id": f"{identifier}_{actor_id}", "actor": self._actor(actor_id)}
                for actor_id in rule[actors]
            ]
            return lambda **page: connection(nodes, **page)

        return {
            "__typename": "BranchProtectionRule",
            "id": identifier,
            "databaseId": rule["id"],
            "pattern": rule["pattern"],
            "repository": lambda: self._repository(repository),
            **{name: rule[name] for name in FLAGS},
            "requiredApprovingReviewCount": rule["requiredApprovingReviewCount"],
            "requiredDeploymentEnvironments": rule["requiredDeploymentEnvironments"],
            "requiredStatusCheckContexts": [check["context"] for check in rule["checks"]],
            "requiredStatusChecks": [
                {
                    "context": check["context"],
                    "app": self._app(self._store.app(check["app_id"])) if check["app_id"] else None,
                }
                for check in rule["checks"]
            ],
            "pushAllowances": allowances("PushAllowance", "pushActorIds"),
            "reviewDismissalAllowances": allowances("ReviewDismissalAllowance", "reviewDismissalActorIds"),
            "bypassForcePushAllowances": allowances("BypassForcePushAllowance", "bypassForcePushActorIds"),
            "bypassPullRequestAllowances": allowances("BypassPullRequestAllowance", "bypassPullRequestActorIds"),
        }

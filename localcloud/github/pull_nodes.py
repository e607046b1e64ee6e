"""Pull requests, their conversations and their drafts in GraphQL; the rest of them is REST."""

from collections.abc import Callable
from typing import Any

from localcloud.github.authority import Authority
from localcloud.github.errors import ForbiddenError, NotFoundError
from localcloud.github.graphql_answers import connection, payload, unknown_node
from localcloud.github.merge_rules import review_decision
from localcloud.github.node_ids import node_id, parse_node_id
from localcloud.github.roles import may_write
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken


class PullNodes:
    """Pull requests and review threads as GraphQL nodes, for one request.

    Args:
        store: the state, inside a transaction.
        actor: who asks.
        repository: shows a repository as a node.
        account: shows a login as a node.
    """

    def __init__(
        self,
        store: Store,
        actor: GitHubToken,
        repository: Callable[[Json], Json],
        account: Callable[[str], Json],
    ) -> None:
        self._store = store
        self._actor = actor
        self._authority = Authority(store, actor)
        self._repository = repository
        self._account = account

    def mutations(self) -> Json:
        """Give the mutations."""
        return {
            "resolveReviewThread": lambda **given: self._resolve(given["input"], self._actor.login),
            "unresolveReviewThread": lambda **given: self._resolve(given["input"], None),
            "markPullRequestReadyForReview": lambda **given: self._set_draft(given["input"], draft=False),
            "convertPullRequestToDraft": lambda **given: self._set_draft(given["input"], draft=True),
        }

    def find(self, repository: Json, number: int) -> Json:
        """Show a pull request by its number.

        Raises:
            NotFoundError: the repository has none of that number.
            ForbiddenError: the caller may read none.
        """
        self._authority.require(repository, [{"pull_requests": "read"}])
        issue = repository["issues"].get(str(number))
        if issue is None or issue["pull"] is None:
            raise NotFoundError(f"Could not resolve to a PullRequest with the number of {number}.")
        return self._pull(repository, issue)

    def node(self, kind: str, number: int) -> Json:
        """Show a PullRequest or a PullRequestReviewThread by its database number.

        Raises:
            NotFoundError: there is none.
        """
        if kind == "PullRequest":
            return self._pull(*self._located(node_id(kind, number)))
        return self._thread(*self._located_thread(node_id(kind, number)))

    def _located(self, identifier: str, level: str = "read") -> tuple[Json, Json]:
        for repository in self._store.state["repositories"].values():
            for issue in repository["issues"].values():
                if issue["pull"] and ("PullRequest", issue["pull"]["id"]) == parse_node_id(identifier):
                    self._authority.require(repository, [{"pull_requests": level}])
                    return repository, issue
        raise unknown_node(identifier)

    def _located_thread(self, identifier: str, level: str = "read") -> tuple[Json, Json, Json]:
        kind, number = parse_node_id(identifier) or ("", 0)
        for repository in self._store.state["repositories"].values():
            for issue in repository["issues"].values():
                first = issue["pull"] and issue["pull"]["comments"].get(str(number))
                if first and kind == "PullRequestReviewThread" and first["in_reply_to_id"] is None:
                    self._authority.require(repository, [{"pull_requests": level}])
                    return repository, issue, first
        raise unknown_node(identifier)

    def _resolve(self, given: Json, login: str | None) -> Json:
        repository, issue, first = self._located_thread(given["threadId"], "write")
        self._require_author_or_writer(repository, issue)
        first["resolved_by"] = login
        return payload(given) | {"thread": self._thread(repository, issue, first)}

    def _set_draft(self, given: Json, *, draft: bool) -> Json:
        repository, issue = self._located(given["pullRequestId"], "write")
        self._require_author_or_writer(repository, issue)
        issue["pull"]["draft"] = draft
        return payload(given) | {"pullRequest": self._pull(repository, issue)}

    def _require_author_or_writer(self, repository: Json, issue: Json) -> None:
        login = self._actor.login
        if login != issue["user"] and not may_write(self._store, repository, login):
            raise ForbiddenError(f"{login} does not have the correct permissions to execute this")

    def _pull(self, repository: Json, issue: Json) -> Json:
        pull = issue["pull"]
        mergeable = {True: "MERGEABLE", False: "CONFLICTING"}.get(pull["mergeable"], "UNKNOWN")

        def threads(**page: Any) -> Json:
            firsts = [item for item in pull["comments"].values() if item["in_reply_to_id"] is None]
            return connection([self._thread(repository, issue, first) for first in firsts], **page)

        return {
            "__typename": "PullRequest",
            "id": node_id("PullRequest", pull["id"]),
            "databaseId": pull["id"],
            "number": issue["number"],
            "title": issue["title"],
            "body": issue["body"] or "",
            "state": "MERGED" if pull["merged_at"] else issue["state"].upper(),
            "merged": pull["merged_at"] is not None,
            "mergedAt": pull["merged_at"],
            "createdAt": issue["created_at"],
            "updatedAt": issue["updated_at"],
            "isDraft": pull["draft"],
            "mergeable": mergeable,
            "author": lambda: self._account(issue["user"]),
            "repository": lambda: self._repository(repository),
            "headRefName": pull["head"]["ref"],
            "headRefOid": pull["head"]["sha"],
            "baseRefName": pull["base"]["ref"],
            "baseRefOid": pull["base"]["sha"],
            "isCrossRepository": pull["head"]["repository"] != f"{repository['owner']}/{repository['name']}".lower(),
            "reviewDecision": lambda: review_decision(self._store, repository, issue, self._actor),
            "reviewThreads": threads,
        }

    def _thread(self, repository: Json, issue: Json, first: Json) -> Json:
        comments = [
            item for item in issue["pull"]["comments"].values() if first["id"] in {item["id"], item["in_reply_to_id"]}
        ]
        resolver = first["resolved_by"]
        return {
            "__typename": "PullRequestReviewThread",
            "id": node_id("PullRequestReviewThread", first["id"]),
            "isResolved": resolver is not None,
            "resolvedBy": lambda: self._account(resolver) if resolver else None,
            "isOutdated": first["commit_id"] != issue["pull"]["head"]["sha"],
            "path": first["path"],
            "line": first["line"],
            "pullRequest": lambda: self._pull(repository, issue),
            "comments": lambda **page: connection([self._comment(item) for item in comments], **page),
        }

    def _comment(self, comment: Json) -> Json:
        return {
            "__typename": "PullRequestReviewComment",
            "id": node_id("PullRequestReviewComment", comment["id"]),
            "databaseId": comment["id"],
            "body": comment["body"],
            "path": comment["path"],
            "createdAt": comment["created_at"],
            "author": lambda: self._account(comment["user"]),
        }

"""Merging a pull request, and bringing its head up to date; every commit is made without a work tree."""

from localcloud.github.commits import signature, web_signature
from localcloud.github.errors import ConflictError, ForbiddenError, NotFoundError, NotMergeableError, UnprocessableError
from localcloud.github.merge_rules import METHODS, OUT_OF_DATE, judge_merge
from localcloud.github.operations import NO_CONTENT, Answer, Call, operation
from localcloud.github.pull_requests import PULL, pull_of
from localcloud.github.pull_sync import mark_merged
from localcloud.github.push_rules import judge
from localcloud.github.ref_updates import change_ref, set_ref
from localcloud.github.repositories import settings_of
from localcloud.github.roles import may_write
from localcloud.github.store import Json


@operation("GET", PULL + "/merge")
def check_merged(call: Call) -> Answer:
    """Answer 204 where the pull request was merged, 404 where it was not."""
    if pull_of(call)["pull"]["merged_at"] is None:
        raise NotFoundError
    return NO_CONTENT


@operation("PUT", PULL + "/merge")
def merge_pull(call: Call) -> Answer:
    """Merge a pull request by `merge_method` merge, squash or rebase.

    Raises:
        NotMergeableError: it is closed, a draft or in conflict, or the method or a rule of its base refuses.
        ConflictError: the head is not the commit `sha` any more, or lacks commits of a base that must be in it.
        ForbiddenError: the caller has no write access.
    """
    issue = pull_of(call)
    pull, repository = issue["pull"], call.repository
    method = call.optional("merge_method", str, "merge")
    if not may_write(call.store, repository, call.viewer):
        raise ForbiddenError("Resource not accessible by personal access token")
    if method not in METHODS:
        raise UnprocessableError("Invalid request.\n\nFor 'properties/merge_method', not a possible value.")
    if call.optional("sha", str, pull["head"]["sha"]) != pull["head"]["sha"]:
        raise ConflictError("Head branch was modified. Review and try the merge again.")
    setting, disallowed = METHODS[method]
    obstacles = {
        "Pull Request is not mergeable": issue["state"] != "open" or not pull["mergeable"],
        "Pull Request is still a draft": pull["draft"],
        disallowed: not settings_of(repository)[setting],
    }
    for message, holds in obstacles.items():
        if holds:
            raise NotMergeableError(message)
    verdict = judge_merge(call.store, repository, issue, method, call.actor)
    if verdict.refused == (OUT_OF_DATE,):
        raise ConflictError(OUT_OF_DATE)
    if verdict.refused:
        raise NotMergeableError(verdict.message)
    sha = {"merge": _merge, "squash": _squash, "rebase": _rebase}[method](call, issue)
    mark_merged(call.store, issue, call.viewer, sha)
    set_ref(call.store, repository, f"refs/heads/{pull['base']['ref']}", sha, call.actor)
    call.store.move(repository, f"refs/pull/{issue['number']}/merge", None)
    _delete_head(call, issue)
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@operation("PUT", PULL + "/update-branch")
def update_branch(call: Call) -> Answer:
    """Merge the base into the head, which the rules of the head's own branch may refuse.

    Raises:
        UnprocessableError: there is nothing to merge, it conflicts, the head has moved, or a rule refuses.
        ForbiddenError: the caller may not push to the head's repository.
    """
    issue = pull_of(call)
    pull = issue["pull"]
    if issue["state"] != "open":
        raise UnprocessableError("The pull request is closed.")
    owner, _, name = pull["head"]["repository"].partition("/")
    source = call.store.repository(owner, name)
    git, base, head = call.store.git_of(source), pull["base"]["sha"], pull["head"]["sha"]
    by_maintainer = pull["maintainer_can_modify"] and may_write(call.store, call.repository, call.viewer)
    if not by_maintainer and not may_write(call.store, source, call.viewer):
        raise ForbiddenError("Resource not accessible by personal access token")
    if call.optional("expected_head_sha", str, head) != head:
        raise UnprocessableError("expected head sha didn\u2019t match current head ref.")
    if call.git.is_ancestor(base, head):
        raise UnprocessableError("There are no new commits on the base branch.")
    if source is not call.repository:
        git.fetch(call.git, base)
    tree = git.merged_tree(head, base)
    if tree is None:
        raise UnprocessableError("merge conflict between base and head")
    message = f"Merge branch '{pull['base']['ref']}' into {pull['head']['ref']}"
    sha = git.write_commit(tree, [head, base], message, author=signature(call), committer=web_signature(call))
    change_ref(call.store, source, f"refs/heads/{pull['head']['ref']}", sha, call.actor)
    url = call.url("pulls", issue["number"])
    return Answer(body={"message": "Updating pull request branch.", "url": url}, status=202)


def _merge(call: Call, issue: Json) -> str:
    settings, pull = settings_of(call.repository), issue["pull"]
    owner = pull["head"]["repository"].partition("/")[0]
    titles = {
        "MERGE_MESSAGE": f"Merge pull request #{issue['number']} from {owner}/{pull['head']['ref']}",
        "PR_TITLE": f"{issue['title']} (#{issue['number']})",
    }
    texts = {"PR_TITLE": issue["title"], "PR_BODY": issue["body"] or "", "BLANK": ""}
    message = _message(call, titles[settings["merge_commit_title"]], texts[settings["merge_commit_message"]])
    parents = [pull["base"]["sha"], pull["head"]["sha"]]
    return call.git.write_commit(
        _merged_tree(call, pull), parents, message, author=signature(call), committer=web_signature(call)
    )


def _squash(call: Call, issue: Json) -> str:
    settings, pull = settings_of(call.repository), issue["pull"]
    commits = list(reversed(call.git.commits(f"{pull['base']['sha']}..{pull['head']['sha']}")))
    title, text = issue["title"], "\n\n".join(f"* {commit.message}" for commit in commits)
    if len(commits) == 1:
        first, _, text = commits[0].message.partition("\n")
        title = first if settings["squash_merge_commit_title"] == "COMMIT_OR_PR_TITLE" else title
    texts = {"COMMIT_MESSAGES": text.strip(), "PR_BODY": issue["body"] or "", "BLANK": ""}
    message = _message(call, f"{title} (#{issue['number']})", texts[settings["squash_merge_commit_message"]])
    author = signature(call, issue["user"])
    return call.git.write_commit(
        _merged_tree(call, pull), [pull["base"]["sha"]], message, author=author, committer=web_signature(call)
    )


def _rebase(call: Call, issue: Json) -> str:
    sha = call.git.rebased(issue["pull"]["base"]["sha"], issue["pull"]["head"]["sha"], signature(call))
    if sha is None:
        raise NotMergeableError("This branch can't be rebased")
    return sha


def _merged_tree(call: Call, pull: Json) -> str:
    tree = call.git.merged_tree(pull["base"]["sha"], pull["head"]["sha"])
    assert tree is not None  # noqa: S101 - the pull request was found mergeable with this very base and head
    return tree


def _message(call: Call, title: str, text: str) -> str:
    return "\n\n".join(
        part for part in (call.optional("commit_title", str, title), call.optional("commit_message", str, text)) if part
    )


def _delete_head(call: Call, issue: Json) -> None:
    """Delete the merged branch where the repository wants that and nothing stands against it."""
    branch, repository = issue["pull"]["head"]["ref"], call.repository
    own = issue["pull"]["head"]["repository"] == f"{repository['owner']}/{repository['name']}".lower()
    ref = f"refs/heads/{branch}"
    if not (own and settings_of(repository)["delete_branch_on_merge"]) or branch == repository["default_branch"]:
        return
    if call.git.sha(ref) is not None and not judge(call.store, repository, ref, None, call.actor).refused:
        set_ref(call.store, repository, ref, None, call.actor)

"""Check runs of apps, and commit statuses: what was found out about a commit."""

from typing import Any

from localcloud.github.accounts import account_json, app_json
from localcloud.github.branch_policies import RequiredCheck
from localcloud.github.errors import ForbiddenError, InvalidFieldsError, UnprocessableError
from localcloud.github.node_ids import node_id
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.repositories import repository_json
from localcloud.github.store import Json, found

_RUNS = REPOSITORY + "/check-runs"
_COMMIT = REPOSITORY + "/commits/{ref+}"
_STATES = {"error", "failure", "pending", "success"}
_STATUSES = {"queued", "in_progress", "completed", "waiting", "requested", "pending"}
_CONCLUSIONS = {
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out",
}  # fmt: skip
_PASSED = {"success", "neutral", "skipped"}
_EMPTY_OUTPUT = {"title": None, "summary": None, "text": None}


def standing(repository: Json, sha: str, check: RequiredCheck) -> str:
    """Tell how a required check stands on a commit.

    Returns:
        "success", or in GitHub's words what else it "is": expected, queued, in progress, pending, failing; or
        "foreign" where only others than the expected app have reported it.
    """
    reports = [item for item in latest_reports(repository, sha) if item["context"] == check.context]
    mine = [item for item in reports if check.app_id is None or item["app_id"] == check.app_id]
    if not mine:
        return "foreign" if reports else "expected"
    states = [item["state"] for item in mine]
    order = ("failing", "expected", "queued", "in progress", "pending")
    return next((state for state in order if state in states), "success")


def has_failed_or_pending(repository: Json, sha: str) -> bool:
    """Tell whether anything that was reported of a commit is not a success."""
    return any(item["state"] != "success" for item in latest_reports(repository, sha))


def latest_reports(repository: Json, sha: str) -> list[Json]:
    """List the newest report for each name and reporter."""
    newest: dict[tuple[str, str, int | None], Json] = {}
    for run in repository["check_runs"].values():
        if run["head_sha"] == sha:
            word = run["status"].replace("_", " ")
            if run["status"] == "completed":
                word = "success" if run["conclusion"] in _PASSED else "failing"
            report = {"context": run["name"], "app_id": run["app_id"], "state": word}
            newest["run", run["name"], run["app_id"]] = report
    for status in repository["statuses"]:
        if status["sha"] == sha:
            word = {"success": "success", "pending": "pending"}.get(status["state"], "failing")
            # The newest status of a context counts, whoever set it.
            report = {"context": status["context"], "app_id": status["app_id"], "state": word}
            newest["status", status["context"], None] = report
    return list(newest.values())


@operation("POST", _RUNS)
def create_run(call: Call) -> Answer:
    """Report a check run, which only an app may do.

    Raises:
        ForbiddenError: the token is a user's.
        UnprocessableError: the repository has no such commit, or a field is wrong.
    """
    app = _require_app(call)
    run: Json = {
        "id": call.store.next_id(),
        "app_id": app,
        "name": call.required("name", str),
        "head_sha": call.required("head_sha", str),
        "status": "queued",
        "conclusion": None,
        "started_at": call.store.now(),
        "completed_at": None,
        "external_id": "",
        "details_url": "",
        "output": _EMPTY_OUTPUT,
    }
    if call.git.sha(run["head_sha"]) != run["head_sha"]:
        raise UnprocessableError(f"No commit found for SHA: {run['head_sha']}")
    _change(call, run)
    call.repository["check_runs"][str(run["id"])] = run
    return Answer(body=_run_json(call, run), status=201)


@operation("GET", _RUNS + "/{check_run_id}")
def get_run(call: Call) -> Answer:
    """Show a check run."""
    return Answer(body=_run_json(call, _run(call)))


@operation("PATCH", _RUNS + "/{check_run_id}")
def update_run(call: Call) -> Answer:
    """Change a check run, which only its own app may do."""
    app, run = _require_app(call), _run(call)
    if run["app_id"] != app:
        raise ForbiddenError(
            "Invalid app_id `" + str(app) + "` - check run can only be modified by the GitHub App that created it."
        )
    _change(call, run)
    return Answer(body=_run_json(call, run))


@operation("GET", _COMMIT + "/check-runs")
def list_runs(call: Call) -> Answer:
    """List the check runs of a commit: the newest of each name and app, or all with `filter=all`."""
    sha = _commit(call)
    runs = [run for run in call.repository["check_runs"].values() if run["head_sha"] == sha]
    if call.query.get("filter") != "all":
        runs = list({(run["name"], run["app_id"]): run for run in runs}.values())
    for field in ("check_name", "status", "app_id"):
        stored = {"check_name": "name"}.get(field, field)
        runs = [run for run in runs if call.query.get(field) in {None, str(run[stored])}]
    return call.page([_run_json(call, run) for run in runs], "check_runs")


@operation("POST", REPOSITORY + "/statuses/{sha}")
def create_status(call: Call) -> Answer:
    """Set a commit status; it counts as its app's where an app sets it."""
    state = call.required("state", str)
    if state not in _STATES:
        raise InvalidFieldsError(
            {"resource": "Status", "code": "custom", "field": "state", "message": "state is not included in the list"}
        )
    sha = call.git.sha(call.parameters["sha"])
    if sha is None or sha != call.parameters["sha"]:
        raise UnprocessableError(f"No commit found for SHA: {call.parameters['sha']}")
    status = {
        "id": call.store.next_id(),
        "sha": sha,
        "state": state,
        "context": call.optional("context", str, "default"),
        "description": call.optional("description", str, "") or None,
        "target_url": call.optional("target_url", str, "") or None,
        "creator": call.viewer,
        "app_id": call.actor.app_id,
        "created_at": call.store.now(),
    }
    call.repository["statuses"].append(status)
    return Answer(body=_status_json(call, status), status=201)


@operation("GET", _COMMIT + "/statuses")
def list_statuses(call: Call) -> Answer:
    """List every status of a commit, newest first."""
    return call.page([_status_json(call, status) for status in _statuses(call, _commit(call))])


@operation("GET", _COMMIT + "/status")
def get_combined_status(call: Call) -> Answer:
    """Show the newest status of each context, and what they come to."""
    sha = _commit(call)
    newest = list({status["context"]: status for status in reversed(_statuses(call, sha))}.values())
    states = {status["state"] for status in newest}
    shown = [_status_json(call, status) for status in newest]
    combined = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    return Answer(
        body={
            "state": combined,
            "sha": sha,
            "total_count": len(shown),
            "statuses": [{name: item[name] for name in item if name != "creator"} for item in shown],
            "repository": repository_json(call, call.repository),
            "commit_url": call.url("commits", sha),
            "url": call.url("commits", sha, "status"),
        }
    )


def _require_app(call: Call) -> int:
    if call.actor.app_id is None:
        raise ForbiddenError("You must authenticate via a GitHub App.")
    return call.actor.app_id


def _run(call: Call) -> Json:
    return found(call.repository["check_runs"], call.parameters["check_run_id"])


def _commit(call: Call) -> str:
    sha = call.git.sha(call.parameters["ref"])
    if sha is None:
        raise UnprocessableError(f"No commit found for SHA: {call.parameters['ref']}")
    return sha


def _statuses(call: Call, sha: str) -> list[Json]:
    return [status for status in reversed(call.repository["statuses"]) if status["sha"] == sha]


def _change(call: Call, run: Json) -> None:
    given: dict[str, Any] = {
        name: call.optional(name, str, run[name]) for name in ("name", "external_id", "details_url", "started_at")
    }
    conclusion = call.optional("conclusion", str, run["conclusion"] or "") or None
    # A conclusion completes the run, whatever else was said.
    status = "completed" if "conclusion" in call.body else call.optional("status", str, run["status"])
    if status not in _STATUSES or (conclusion is not None and conclusion not in _CONCLUSIONS):
        raise UnprocessableError(
            "Invalid request.\n\nFor 'properties/status' or 'properties/conclusion', not a possible value."
        )
    if status == "completed" and conclusion is None:
        raise UnprocessableError("Invalid request.\n\nMissing required property: conclusion.")
    completed = call.optional("completed_at", str, call.store.now()) if status == "completed" else None
    output = _EMPTY_OUTPUT | call.optional("output", dict, run["output"])
    run |= given | {
        "status": status,
        "conclusion": conclusion if status == "completed" else None,
        "completed_at": completed,
        "output": {name: output[name] for name in _EMPTY_OUTPUT},
    }


def _run_json(call: Call, run: Json) -> Json:
    url = call.url("check-runs", run["id"])
    heads = [
        item
        for item in call.repository["issues"].values()
        if (item["pull"] or {}).get("head", {}).get("sha") == run["head_sha"]
    ]
    name = f"{call.repository['owner']}/{call.repository['name']}".lower()
    return {
        **{field: run[field] for field in ("id", "name", "head_sha", "external_id", "status", "conclusion")},
        "node_id": node_id("CheckRun", run["id"]),
        "url": url,
        "html_url": call.html("runs", run["id"]),
        "details_url": run["details_url"] or call.html("runs", run["id"]),
        "started_at": run["started_at"],
        "completed_at": run["completed_at"],
        "output": run["output"] | {"annotations_count": 0, "annotations_url": f"{url}/annotations"},
        "check_suite": {"id": run["app_id"]},
        "app": app_json(call, call.store.app(run["app_id"])),
        "pull_requests": [
            {
                "id": item["pull"]["id"],
                "number": item["number"],
                "url": call.url("pulls", item["number"]),
                **{side: _side_json(call, item["pull"], side) for side in ("head", "base")},
            }
            for item in heads
            if item["state"] == "open" and item["pull"]["head"]["repository"] == name
        ],
    }


def _side_json(call: Call, pull: Json, side: str) -> Json:
    repository = {"id": call.repository["id"], "url": call.url(), "name": call.repository["name"]}
    return {"ref": pull[side]["ref"], "sha": pull[side]["sha"], "repo": repository}


def _status_json(call: Call, status: Json) -> Json:
    creator = account_json(call, status["creator"])
    return {
        "url": call.url("statuses", status["sha"]),
        "avatar_url": creator["avatar_url"],
        "id": status["id"],
        "node_id": node_id("StatusContext", status["id"]),
        **{field: status[field] for field in ("state", "description", "target_url", "context", "created_at")},
        "updated_at": status["created_at"],
        "creator": creator,
    }

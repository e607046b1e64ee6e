"""The checks that this repository's own workflows report on a pull request."""

from pathlib import Path

import yaml

_PULL_REQUEST_EVENTS = {"pull_request", "pull_request_target", "merge_group"}


def read_reported_checks(project: Path) -> frozenset[str] | None:
    """Read the names of the checks from `.github/workflows`.

    A job reports under its `name`, or its key where it has none. Jobs whose name is an expression (a matrix) and calls
    of reusable workflows report names that can't be read here, and are left out.

    Returns:
        None where the project has no workflows at all.

    Raises:
        ValueError: a workflow is no YAML.
    """
    folder = project / ".github" / "workflows"
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not files:
        return None
    checks: set[str] = set()
    for path in files:
        try:
            workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"{path.relative_to(project)} is no YAML, so its checks can't be read: {error}") from error
        # YAML 1.1 reads the key `on` as true.
        events = workflow.get("on", workflow.get(True, ()))
        if not _PULL_REQUEST_EVENTS & set([events] if isinstance(events, str) else events):
            continue
        names = {str(job.get("name", key)) for key, job in workflow.get("jobs", {}).items() if "uses" not in job}
        checks |= {name for name in names if "${{" not in name}
    return frozenset(checks)

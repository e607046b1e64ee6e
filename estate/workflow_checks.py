"""The checks that this repository's own workflows report on a pull request."""

from pathlib import Path
from typing import Any

import yaml

_PULL_REQUEST_EVENTS = {"pull_request", "pull_request_target", "merge_group"}


def read_reported_checks(project: Path) -> frozenset[str] | None:
    """Read the names of the checks from `.github/workflows`.

    A job reports under its `name`, or its key where it has none. Jobs whose name is an expression (a matrix) and calls
    of reusable workflows report names that can't be read here, and are left out.

    Returns:
        None where the project has no workflows at all.

    Raises:
        ValueError: a workflow is no YAML, or none of GitHub's; the text says which, and what to do.
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
            mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
            raise _unreadable(path, f"is no YAML{f' in line {mark.line + 1}' if mark else ''}") from error
        except OSError as error:
            raise _unreadable(path, f"can't be read ({error.strerror})") from error
        # What PyYAML raises for values that are none of their tag, and for what is nested too deeply.
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _unreadable(path, "is no YAML of a workflow") from error
        try:
            names = _names(workflow)
        except (AttributeError, TypeError) as error:
            raise _unreadable(path, "has not the form of a workflow") from error
        checks |= {name for name in names if "${{" not in name}
    return frozenset(checks)


def _names(workflow: Any) -> set[str]:
    # YAML 1.1 reads the key `on` as true.
    events = workflow.get("on", workflow.get(True, ()))
    if not _PULL_REQUEST_EVENTS & set([events] if isinstance(events, str) else events):
        return set()
    return {str(job.get("name", key)) for key, job in workflow.get("jobs", {}).items() if "uses" not in job}


def _unreadable(path: Path, why: str) -> ValueError:
    return ValueError(
        f".github/workflows/{path.name} {why}, so it can't be told which checks it reports. Nothing was changed."
        " Remedy: correct the file."
    )

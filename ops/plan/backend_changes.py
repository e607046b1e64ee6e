"""What a plan would release of the backend: migrations with their SQL, functions with their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.plan.preview import Preview, Step
from ops.plan.sql_risks import SqlRisk, find_sql_risks
from release.backend_source import BackendSource
from release.migration_source import migration_path
from release.migration_waivers import Waiver, find_waivers_in
from release.work_tree import ask_git

_COMMAND = "command:local:Command"
_FUNCTION = "function-"


@dataclass(frozen=True, kw_only=True)
class NewMigration:
    """One that is not applied yet."""

    file_name: str
    sql: str
    risks: tuple[SqlRisk, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChangedFunction:
    """One that would be deployed or deleted.

    Attributes:
        operation: as of its step.
        files: lines such as `+3 -1 supabase/functions/chat/index.ts`; empty where there is nothing to compare with.
    """

    slug: str
    operation: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BackendChanges:
    """Everything of the backend that a plan would release."""

    migrations: tuple[NewMigration, ...] = ()
    functions: tuple[ChangedFunction, ...] = ()


def is_of_backend(step: Step) -> bool:
    """Tell whether a step is one of the release's."""
    return step.kind == _COMMAND


def find_backend_changes(preview: Preview, backend: BackendSource | None, base: str | None) -> BackendChanges:
    """Find what would be released.

    Args:
        preview: the plan.
        backend: the sources in the work tree; None where they can't be read.
        base: the revision to compare functions' files with; None where there is none.
    """
    steps = [step for step in preview.steps if is_of_backend(step)]
    names: list[str] = []
    for step in steps:
        if step.name == "migrations":
            before, after = _migrations(step.old), _migrations(step.new)
            # A path would lead elsewhere.
            names = [name for name in after if name not in before and "/" not in name]
    migrations = tuple(_read_migration(backend.directory, name) for name in names) if backend else ()
    functions = tuple(
        ChangedFunction(
            slug=step.name.removeprefix(_FUNCTION),
            operation=step.operation,
            files=_differences(backend, step.name.removeprefix(_FUNCTION), base),
        )
        for step in steps
        if step.name.startswith(_FUNCTION)
    )
    return BackendChanges(migrations=migrations, functions=functions)


def find_base(branch: str) -> str | None:
    """Give the commit that this one and a branch of `origin` have in common; None where there is none."""
    return ask_git(Path.cwd(), "merge-base", "HEAD", f"origin/{branch}")


def _migrations(inputs: object) -> Sequence[str]:
    environment = inputs.get("environment") if isinstance(inputs, dict) else None
    listed = environment.get("MIGRATIONS") if isinstance(environment, dict) else None
    return listed.split() if isinstance(listed, str) else []


def _read_migration(directory: Path, file_name: str) -> NewMigration:
    path = migration_path(directory, file_name)
    try:
        sql = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # Of another work tree, or no possible name.
        sql = ""
    return NewMigration(
        file_name=file_name,
        sql=sql,
        risks=tuple(find_sql_risks(sql)),
        waivers=tuple(find_waivers_in(file_name, sql)),
    )


def _differences(backend: BackendSource | None, slug: str, base: str | None) -> tuple[str, ...]:
    if not backend or not base or slug not in backend.functions:
        return ()
    told = ask_git(backend.directory, "diff", "--numstat", "--relative", base, "--", *backend.functions[slug].files)
    lines = []
    for line in (told or "").splitlines():
        added, removed, name = line.split("\t", 2)
        lines.append(f"binary {name}" if added == "-" else f"+{added} -{removed} {name}")
    return tuple(lines)

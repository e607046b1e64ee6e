"""A plan as its reviewers read it: what is risky first, then what is new."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.plan.backend_changes import BackendChanges, ChangedFunction, NewMigration, is_of_backend
from ops.plan.markdown import LIMIT, Document, block, cell, inline
from ops.plan.preview import Preview, Step
from ops.plan.weakening import find_weakened

_ORDER = ("delete", "replace", "create", "import", "update")
_SECRETS = {
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": ("environment", "secretName"),
    "github:index/actionsSecret:ActionsSecret": (None, "secretName"),
}
_FUNCTION_SECRETS = "supabase:index:FunctionSecrets"
_SAID = {"create": "new", "import": "new", "update": "changed", "replace": "changed", "delete": "removed"}


@dataclass(frozen=True, kw_only=True)
class PlanDigest:
    """Everything that is told of one stack's plan."""

    stack: str
    preview: Preview
    backend: BackendChanges
    hotfix: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Give how many resources each operation is about."""
        counted = Counter(step.operation for step in self.preview.steps)
        return {operation: counted[operation] for operation in _ORDER if counted[operation]}

    def risks(self) -> list[str]:
        """Give one line for each thing that somebody should look at twice, the gravest first."""
        return [
            *self._gone("delete", "deletes"),
            *self._gone("replace", "deletes and makes anew"),
            *self._weakened(),
            *self._destroying(),
            *self._waived(),
            *([f"- goes without validation, as a hotfix: {inline(self.hotfix)}"] if self.hotfix else []),
            *self._locking(),
            *(f"- warning: {inline(warning, 600)}" for warning in self.preview.warnings),
        ]

    def secrets(self) -> list[tuple[str, str]]:
        """Give name and what happens to it of each secret; values are nowhere here."""
        return [entry for step in self.preview.steps for entry in _secrets_of(step)]

    def settings(self) -> list[tuple[Step, str, Any, Any]]:
        """Give each change of an input that is neither a secret nor a part of the release."""
        changed = [step for step in self._plain() if step.operation in {"update", "replace"}]
        return [(step, *change) for step in changed for change in step.changes()]

    def added(self) -> list[Step]:
        """Give the resources that are new and neither a secret nor a part of the release."""
        return [step for step in self._plain() if step.operation in {"create", "import"}]

    def _plain(self) -> Iterator[Step]:
        return (step for step in self.preview.steps if not is_of_backend(step) and not _is_secret(step))

    def write(self, limit: int = LIMIT) -> str:
        """Give the whole as Markdown, at most `limit` characters of it."""
        document = Document(limit)
        if self.preview.errors:
            document.add(f"## The preview of `{self.stack}` failed\n")
            document.add("Nothing can be said of what it would do, and nothing would be released.\n")
            for error in self.preview.errors:
                document.add(block(error))
            document.section("Warnings", [f"- {inline(warning, 600)}" for warning in self.preview.warnings])
            return document.text()
        told = ", ".join(f"{number} to {operation}" for operation, number in self.counts.items())
        document.add(f"## Plan of `{self.stack}`: {told or 'no changes'}\n")
        document.section("Risks", self.risks())
        document.section("New migrations", [_write_migration(migration) for migration in self.backend.migrations])
        document.section("Functions", [_write_function(function) for function in self.backend.functions])
        rows = [
            f"| {cell(s.name)} | {cell(path)} | {_value(old)} | {_value(new)} |"
            for s, path, old, new in self.settings()
        ]
        document.section(
            "Settings", ["| resource | setting | before | after |\n|---|---|---|---|", *rows] if rows else []
        )
        document.section("Secrets, by name", [f"- {inline(name)}: {what}" for name, what in self.secrets()])
        document.section("New", [f"- {inline(_short_kind(step.kind))} {inline(step.name)}" for step in self.added()])
        return document.text()

    def as_json(self) -> dict[str, Any]:
        """Give the whole for machines."""
        return {
            "stack": self.stack,
            "failed": list(self.preview.errors),
            "counts": self.counts,
            "risks": [risk.removeprefix("- ") for risk in self.risks()],
            "migrations": [migration.file_name for migration in self.backend.migrations],
            "functions": {function.slug: function.operation for function in self.backend.functions},
            "settings": [
                {"resource": step.name, "setting": path, "before": old, "after": new}
                for step, path, old, new in self.settings()
            ],
            "secrets": dict(self.secrets()),
        }

    def _gone(self, operation: str, verb: str) -> Iterator[str]:
        for step in self.preview.steps:
            # A function that is gone from the backend is deployed code, and so is told of here as well.
            if step.operation == operation:
                yield f"- **{verb}** {inline(_short_kind(step.kind))} {inline(step.name)}"

    def _weakened(self) -> Iterator[str]:
        for step in self.preview.steps:
            for path, old, new in find_weakened(step):
                yield f"- **weakens** {inline(step.name)}: {inline(path)} from {_value(old)} to {_value(new)}"

    def _destroying(self) -> Iterator[str]:
        for migration in self.backend.migrations:
            for risk in migration.risks:
                if risk.destroys:
                    yield f"- {inline(migration.file_name)} **{risk.what}**: {inline(risk.statement)}"

    def _locking(self) -> Iterator[str]:
        for migration in self.backend.migrations:
            for risk in migration.risks:
                if not risk.destroys:
                    yield f"- {inline(migration.file_name)} {inline(risk.what)}: {inline(risk.statement)}"

    def _waived(self) -> Iterator[str]:
        for migration in self.backend.migrations:
            for waiver in migration.waivers:
                yield (
                    f"- {inline(migration.file_name)} waives {inline(waiver.rule)}, because {inline(waiver.reason)}:"
                    f" {inline(waiver.statement)}"
                )


def _write_migration(migration: NewMigration) -> str:
    return (
        f"<details><summary><code>{_plain(migration.file_name)}</code></summary>\n\n"
        f"{block(migration.sql, 'sql')}\n\n</details>"
    )


def _write_function(function: ChangedFunction) -> str:
    shown = function.files[:10]
    more = f", and {len(function.files) - len(shown)} more" if len(function.files) > len(shown) else ""
    files = f": {', '.join(inline(line) for line in shown)}{more}" if shown else ""
    return f"- {inline(function.slug)} {_SAID[function.operation]}{files}"


def _secrets_of(step: Step) -> Iterator[tuple[str, str]]:
    inputs = step.new or step.old
    if step.kind in _SECRETS:
        scope, name = _SECRETS[step.kind]
        where = f"{inputs.get(scope)}/" if scope else ""
        yield f"{where}{inputs.get(name)}", _SAID[step.operation]
    elif step.kind == _FUNCTION_SECRETS:
        before, after = (part if isinstance(part := x.get("secrets"), dict) else {} for x in (step.old, step.new))
        for name in sorted(before.keys() | after.keys()):
            if name not in before:
                yield f"function secret {name}", "new"
            elif name not in after:
                yield f"function secret {name}", "removed"
            elif {f"secrets.{name}", f'secrets["{name}"]'} & set(step.differing):
                yield f"function secret {name}", "changed"


def _is_secret(step: Step) -> bool:
    return step.kind in _SECRETS or step.kind == _FUNCTION_SECRETS


def _short_kind(kind: str) -> str:
    return kind.rpartition(":")[2]


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return cell(", ".join(map(str, value)) if isinstance(value, list) else value)


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isalnum() or character in "._- ")

"""What a migration's files have to be like, whatever is applied: text, statements, lint, waivers."""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from release.child_environment import child_environment
from release.error import ReleaseError
from release.migration_source import Migration, find_byte_refusals, migration_path, undo_path
from release.migration_statements import find_refusals, is_empty
from release.migration_waivers import find_waivers_in
from release.tools import find_tool, identify
from release.verdicts import Verdict, verdict_on

# Part of every verdict: raise it when a check here changes its mind about a file.
_RULES = 1

# The release sets both timeouts on the connection; in a file they would reach the files after it.
_OURS = ("--exclude", "require-lock-timeout,require-statement-timeout")


def check_files(backend: Path, migrations: Sequence[Migration]) -> list[str]:
    """Give one sentence for each thing that must not be pushed; files that passed before are not looked at again.

    Args:
        backend: the backend's folder.
        migrations: those to check, with their undo where there is one.

    Raises:
        ReleaseError: squawk is not installed.
    """
    if not migrations:
        return []
    squawk = find_tool("squawk")
    options = _options(backend)
    verdicts = {migration: _verdict(backend, migration, squawk, options) for migration in migrations}
    unproven = [migration for migration, verdict in verdicts.items() if not verdict.passed]
    own = {migration: _refusals(backend, migration) for migration in unproven}
    # One file that the linter can't read would take its findings in the others along.
    found = lint(backend, [migration for migration in unproven if not own[migration]], squawk, options)
    for migration in unproven:
        own[migration] += found.get(migration.file_name, [])
        if not own[migration]:
            verdicts[migration].note_pass()
    return [refusal for refusals in own.values() for refusal in refusals]


def lint(backend: Path, migrations: Sequence[Migration], squawk: Path, options: Sequence[str]) -> dict[str, list[str]]:
    """Give, by file name, what squawk finds: statements that lock, rewrite, or break code that is running.

    A finding that is meant is waived beside its statement: `-- squawk-ignore RULE -- why it is meant`.

    Raises:
        ReleaseError: squawk could not read the files.
    """
    if not migrations:
        return {}
    files = [str(migration_path(backend, migration.file_name)) for migration in migrations]
    result = subprocess.run(
        [squawk, *options, "--reporter", "json", *files],
        env=child_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        findings = json.loads(result.stdout)
    except ValueError as error:
        told = next(iter(result.stderr.strip().splitlines()), f"it ended with {result.returncode}")
        raise ReleaseError(
            f"squawk could not read {', '.join(migration.file_name for migration in migrations)}: {told}"
            " Remedy: simplify the file that it can't read."
        ) from error
    sentences: dict[str, list[str]] = {}
    for finding in findings:
        name, rule = Path(finding["file"]).name, finding["rule_name"]
        sentences.setdefault(name, []).append(
            f"{name}:{finding['line'] + 1}: {finding['message']} ({rule})"
            f" Remedy: {finding['help'] or 'another way'}; where it is meant, waive it:"
            f" -- squawk-ignore {rule} -- why it is meant"
        )
    return sentences


def _options(backend: Path) -> list[str]:
    configuration = backend / ".squawk.toml"
    if configuration.is_file():
        return ["--config", str(configuration)]
    return ["--pg-version", "17", "--assume-in-transaction", *_OURS]


def _verdict(backend: Path, migration: Migration, squawk: Path, options: Sequence[str]) -> Verdict:
    configuration, undo = backend / ".squawk.toml", undo_path(backend, migration.file_name)
    return verdict_on(
        "migration",
        _RULES,
        identify(squawk),
        metadata.version("pglast"),
        configuration.read_text(encoding="utf-8", errors="replace") if configuration.is_file() else list(options),
        migration.file_name,
        migration.digest,
        hashlib.sha256(undo.read_bytes()).hexdigest() if undo.is_file() else None,
    )


def _refusals(backend: Path, migration: Migration) -> list[str]:
    name = migration.file_name
    content = migration_path(backend, name).read_bytes()
    refusals = find_byte_refusals(name, content)
    if not refusals:
        text = content.decode()
        refusals = find_refusals(name, text)
        if not refusals and is_empty(text):
            refusals.append(f"{name} holds no statement. Remedy: write it, or remove it together with its undo")
        refusals += [
            f"{name}:{waiver.line}: {waiver.rule} is waived without a reason."
            " Remedy: -- squawk-ignore RULE -- why it is meant, or `-- why: …` on the line above"
            for waiver in find_waivers_in(name, text)
            if not waiver.reason
        ]
    undo = undo_path(backend, name)
    if undo.is_file():
        shown, content = f"rollbacks/{name}", undo.read_bytes()
        refusals += find_byte_refusals(shown, content) or find_refusals(shown, content.decode())
    return refusals

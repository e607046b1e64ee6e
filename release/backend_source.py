"""The backend in the work tree, as a release sees it."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.error import ReleaseError
from release.function_source import FunctionSource, read_function
from release.migration_source import Migration, read_migrations

_NOT_SOURCES = frozenset({".git", "node_modules", ".temp", ".branches"})
# What Deno reads beside the scripts that it runs.
_DENO = ("deno.json", "deno.jsonc", "deno.lock")


@dataclass(frozen=True, kw_only=True)
class BackendSource:
    """What would be released.

    Attributes:
        directory: the backend's folder, resolved.
        migrations: in the order in which they apply.
        functions: by slug, sorted.
        smoke_files: what the smoke tests run from, relative to the folder.
        smoke_digest: SHA-256 over those files.
        tree_digest: SHA-256 over every file of the backend, tests included.
    """

    directory: Path
    migrations: tuple[Migration, ...]
    functions: Mapping[str, FunctionSource]
    smoke_files: tuple[str, ...]
    smoke_digest: str
    tree_digest: str

    @property
    def digest(self) -> str:
        """Give the release hash: what goes live, whatever the tests say. The same in each environment."""
        content = (
            [[migration.file_name, migration.digest] for migration in self.migrations],
            [[function.slug, function.digest] for function in self.functions.values()],
        )
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read_backend(directory: Path) -> BackendSource:
    """Read a backend's sources.

    Args:
        directory: the folder that holds `supabase/` and `scripts/smoke-tests.ts`.

    Raises:
        ReleaseError: the folder is not a backend, or a part of it can't be released.
    """
    backend = directory.resolve()
    smoke_tests = backend / "scripts" / "smoke-tests.ts"
    for needed in (backend / "supabase" / "config.toml", smoke_tests):
        if not needed.is_file():
            raise ReleaseError(
                f"{directory} has no {needed.relative_to(backend)}, so it can't be released."
                " Remedy: add the file, or set backend.directory in the stack file to the right folder."
            )
    tree = _files(backend, backend)
    smoke = _files(backend, smoke_tests.parent) + [backend / name for name in _DENO if (backend / name).is_file()]
    return BackendSource(
        directory=backend,
        migrations=read_migrations(backend),
        functions=_functions(backend),
        smoke_files=tuple(path.relative_to(backend).as_posix() for path in smoke),
        smoke_digest=_digest_files(backend, smoke),
        tree_digest=_digest_files(backend, tree),
    )


def read_config(backend: Path) -> dict[str, Any]:
    """Read supabase/config.toml; what it has under `functions` is a table for each.

    Raises:
        ReleaseError: it is no TOML, or has something else there.
    """
    path = backend / "supabase" / "config.toml"
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReleaseError(f"supabase/config.toml can't be read: {error.strerror}. Remedy: correct it.") from error
    except ValueError as error:
        raise ReleaseError(f"supabase/config.toml is no TOML: {error}. Remedy: correct the file.") from error
    except RecursionError as error:
        raise ReleaseError("supabase/config.toml is nested too deeply to be read. Remedy: correct the file.") from error
    functions = config.get("functions", {})
    if not isinstance(functions, dict) or not all(isinstance(settings, dict) for settings in functions.values()):
        raise ReleaseError(
            "supabase/config.toml has something under `functions` that is no table, so it is unclear what is to be"
            " released. Remedy: one table [functions.NAME] for each function."
        )
    return config


def _functions(backend: Path) -> dict[str, FunctionSource]:
    declared = read_config(backend).get("functions", {})
    folder = backend / "supabase" / "functions"
    present = {path.parent.name for path in folder.glob("*/index.ts") if not path.parent.name.startswith("_")}
    undeclared = sorted(present - set(declared))
    if undeclared:
        raise ReleaseError(
            f"supabase/config.toml has no table for: {', '.join(undeclared)}. Without verify_jwt there, the CLI keeps"
            " whatever the live function has, which nobody reviewed. Remedy: add, for each,"
            f" [functions.{undeclared[0]}] with verify_jwt = true (or false)."
        )
    return {
        slug: read_function(backend, slug, settings)
        for slug, settings in sorted(declared.items())
        if settings.get("enabled", True)
    }


def _files(backend: Path, folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _NOT_SOURCES & set(path.relative_to(backend).parts)
    ]


def _digest_files(backend: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(backend).as_posix()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ReleaseError(
                f"{name} of the backend can't be read ({error.strerror}), so it can't be told from another."
                " Remedy: make it readable, or remove it."
            ) from error
        digest.update(os.fsencode(name) + b"\0")
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()

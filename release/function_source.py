"""One Edge Function's sources: just the files that the platform receives when it is deployed."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from release.error import ReleaseError
from settings.printable import one_line

# `from "x"`, `import "x"` and `import("x")`: more may match (a comment), never less than the CLI's own walk uploads.
_SPECIFIER = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'`]([^"'`\n]+)["'`]""")
# A package of a registry, in whatever form: an import, a mapping in deno.json, a directive in a comment.
_PACKAGE = re.compile(r"""(?:["'`]|@jsxImportSource\s+)((?:npm|jsr):[^"'`\s]+)""")
_PINNED = re.compile(r"(?:npm|jsr):/?(?:@[^/@]+/)?[^/@]+@\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?(?:/.*)?")
_SLUG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_shown = partial(one_line, longest=120)
_COMMENT_STARTS = ("//", "/*", "*")
_MEANT_FOR_DENO = re.compile(r"@jsxImportSource|@deno-types|@ts-types|<reference")
_CONFIGURATIONS = frozenset({"deno.json", "deno.jsonc"})
_SCRIPTS = frozenset({".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".cts"})


@dataclass(frozen=True, kw_only=True)
class FunctionSource:
    """The sources of one function.

    Attributes:
        slug: the function's name in URLs.
        entrypoint: the file that the platform starts, relative to the backend's folder.
        verify_jwt: whether the gateway refuses calls without a valid token.
        files: every file that a deploy uploads, relative to the backend's folder, sorted.
        digest: SHA-256 over those files' names and contents, and over the function's settings; hexadecimal.
    """

    slug: str
    entrypoint: str
    verify_jwt: bool
    files: tuple[str, ...]
    digest: str


def read_function(backend: Path, slug: str, settings: Mapping[str, Any]) -> FunctionSource:
    """Follow a function's imports and hash what they reach.

    Args:
        backend: the backend's folder, which holds `supabase/`.
        slug: the function's name.
        settings: its table `[functions.SLUG]` in config.toml.

    Raises:
        ReleaseError: the entrypoint is not there, or an import leads out of the backend's folder.
    """
    _require_form(slug, settings)
    named = settings.get("entrypoint", f"functions/{slug}/index.ts")
    entrypoint = backend / "supabase" / named
    if not _is_file(entrypoint):
        raise ReleaseError(
            f"Function {slug} has no supabase/{_shown(named)}, so it can't be deployed."
            f" Remedy: add the file, or remove [functions.{slug}] from supabase/config.toml."
        )
    reached = _reach(backend, slug, entrypoint, settings.get("static_files", []))
    verify_jwt = bool(settings.get("verify_jwt", True))
    names = sorted(path.relative_to(backend).as_posix() for path in reached)
    if strange := next((name for name in names if not name.isprintable()), None):
        raise ReleaseError(
            f"Function {slug} needs a file named {_shown(strange)}, which not every tool of a release can name."
            " Remedy: rename it, without control characters and in UTF-8."
        )
    digest = hashlib.sha256(json.dumps([slug, verify_jwt, names]).encode())
    for name in names:
        digest.update(hashlib.sha256(_read(backend / name, slug)).digest())
    return FunctionSource(
        slug=slug,
        entrypoint=entrypoint.relative_to(backend).as_posix(),
        verify_jwt=verify_jwt,
        files=tuple(names),
        digest=digest.hexdigest(),
    )


def _reach(backend: Path, slug: str, entrypoint: Path, static_files: Iterable[str]) -> set[Path]:
    """Give every file that a deploy of a function uploads."""
    folder = backend / "supabase" / "functions" / slug
    reached: set[Path] = set()
    configuration = folder / "deno.json"
    imports = _import_map(configuration)
    if configuration.is_file():
        reached.add(configuration)
    pending = [entrypoint]
    for prefix, target in imports.items():
        # The CLI uploads a mapped folder whole, used or not.
        if prefix.endswith("/") and target.startswith("."):
            mapped = _inside(folder / target, backend, slug)
            pending += sorted(path for path in mapped.rglob("*") if _is_file(path))
    for pattern in static_files:
        pending += sorted(path for path in _match(backend, slug, pattern) if _is_file(path))
    while pending:
        path = _inside(pending.pop(), backend, slug)
        if path in reached:
            continue
        reached.add(path)
        if path.suffix in _SCRIPTS:
            pending += _imported(path, folder, imports)
    return reached


def find_unpinned(backend: Path, function: FunctionSource) -> list[str]:
    """Give one sentence for each package that a function takes without an exact version.

    A later deploy of the same sources, a rollback for instance, would run other code.

    Args:
        backend: the backend's folder.
        function: the function.
    """
    found = []
    for name in function.files:
        path = backend / name
        if path.suffix not in _SCRIPTS and path.name not in _CONFIGURATIONS:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if line.lstrip().startswith(_COMMENT_STARTS) and not _MEANT_FOR_DENO.search(line):
                continue
            found += [
                f"{name}:{number}: {specifier} names no exact version, so a rollback could run other code."
                " Remedy: name one, as in npm:zod@4.1.12"
                for specifier in _PACKAGE.findall(line)
                if not _PINNED.fullmatch(specifier)
            ]
    return found


def _require_form(slug: str, settings: Mapping[str, Any]) -> None:
    """Refuse a name that the platform would, and settings of another kind than the CLI takes."""
    wrong = []
    # The platform's own rule (Management API, v1-deploy-a-function).
    if not _SLUG.fullmatch(slug):
        wrong.append("its name has to begin with a letter, and go on with letters, digits, _ and -")
    if not isinstance(settings.get("entrypoint", ""), str):
        wrong.append("entrypoint has to be a text")
    if not isinstance(settings.get("verify_jwt", True), bool):
        wrong.append("verify_jwt has to be true or false")
    patterns = settings.get("static_files", [])
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        wrong.append("static_files has to be a list of texts")
    if wrong:
        raise ReleaseError(
            f"Function {_shown(slug)} can't be released: {'; '.join(wrong)}. Remedy: correct its table in"
            " supabase/config.toml."
        )


def _match(backend: Path, slug: str, pattern: str) -> Iterator[Path]:
    try:
        yield from (backend / "supabase").glob(pattern.removeprefix("./"))
    except (NotImplementedError, ValueError, OSError) as error:
        raise ReleaseError(
            f"Function {slug} has {_shown(pattern)} among its static_files, which names no files ({error})."
            " Remedy: a pattern relative to supabase/, such as functions/hello/*.html."
        ) from error


def _import_map(configuration: Path) -> dict[str, str]:
    try:
        document = json.loads(configuration.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ReleaseError(_unusable(configuration, f"can't be read ({error.strerror})")) from error
    except ValueError as error:
        raise ReleaseError(_unusable(configuration, f"is no JSON ({error})")) from error
    except RecursionError as error:
        raise ReleaseError(_unusable(configuration, "is nested too deeply")) from error
    imports = document.get("imports", {}) if isinstance(document, dict) else None
    if not isinstance(imports, dict) or not all(isinstance(target, str) for target in imports.values()):
        raise ReleaseError(_unusable(configuration, "maps no names to texts under `imports`"))
    return imports


def _unusable(configuration: Path, why: str) -> str:
    return (
        f"{configuration.parent.name}/deno.json {why}, so the function's imports are unknown. Remedy: correct the file."
    )


def _imported(script: Path, folder: Path, imports: Mapping[str, str]) -> Iterator[Path]:
    for specifier in _SPECIFIER.findall(_read(script, folder.name).decode(errors="replace")):
        path: Path | None = None
        if specifier.startswith("."):
            path = script.parent / specifier
        elif imports.get(specifier, "").startswith("."):
            path = folder / imports[specifier]
        # What does not exist may stand in a comment; if it is real, bundling refuses it by name.
        if path is not None and _is_file(path):
            yield path


def _read(path: Path, slug: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(
            f"Function {slug} needs {_shown(path.name)}, which can't be read ({error.strerror})."
            " Remedy: make it readable."
        ) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name that no file can have.
        return False


def _inside(path: Path, backend: Path, slug: str) -> Path:
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ReleaseError(
            f"Function {slug} imports {_shown(path.name)}, which leads nowhere (a link to itself, or no possible name)."
            " Remedy: correct the import or the link."
        ) from error
    if not resolved.is_relative_to(backend):
        raise ReleaseError(
            f"Function {slug} imports {_shown(resolved.name)} from outside of {backend.name}/, so what is reviewed and"
            " what is deployed could differ. Remedy: move the file below"
            f" {backend.name}/supabase/functions/_shared."
        )
    return resolved

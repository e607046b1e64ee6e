"""One Edge Function's sources: just the files that the platform receives when it is deployed."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.error import ReleaseError

# `from "x"`, `import "x"` and `import("x")`: more may match (a comment), never less than the CLI's own walk uploads.
_SPECIFIER = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'`]([^"'`\n]+)["'`]""")
# A package of a registry, in whatever form: an import, a mapping in deno.json, a directive in a comment.
_PACKAGE = re.compile(r"""(?:["'`]|@jsxImportSource\s+)((?:npm|jsr):[^"'`\s]+)""")
_PINNED = re.compile(r"(?:npm|jsr):/?(?:@[^/@]+/)?[^/@]+@\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?(?:/.*)?")
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
    folder = backend / "supabase" / "functions" / slug
    entrypoint = backend / "supabase" / settings.get("entrypoint", f"functions/{slug}/index.ts")
    if not entrypoint.is_file():
        raise ReleaseError(
            f"Function {slug} has no {entrypoint.relative_to(backend)}, so it can't be deployed."
            f" Remedy: add the file, or remove [functions.{slug}] from supabase/config.toml."
        )
    reached: set[Path] = set()
    configuration = folder / "deno.json"
    imports = _import_map(configuration)
    if configuration.is_file():
        reached.add(configuration)
    pending = [entrypoint]
    for prefix, target in imports.items():
        # The CLI uploads a mapped folder whole, used or not.
        if prefix.endswith("/") and target.startswith("."):
            pending += sorted(path for path in (folder / target).rglob("*") if path.is_file())
    for pattern in settings.get("static_files", []):
        pending += sorted(path for path in (backend / "supabase").glob(pattern.removeprefix("./")) if path.is_file())
    while pending:
        path = _inside(pending.pop(), backend, slug)
        if path in reached:
            continue
        reached.add(path)
        if path.suffix in _SCRIPTS:
            pending += _imported(path, folder, imports)
    verify_jwt = bool(settings.get("verify_jwt", True))
    names = sorted(path.relative_to(backend).as_posix() for path in reached)
    digest = hashlib.sha256(json.dumps([slug, verify_jwt, names]).encode())
    for name in names:
        digest.update(hashlib.sha256((backend / name).read_bytes()).digest())
    return FunctionSource(
        slug=slug,
        entrypoint=entrypoint.relative_to(backend).as_posix(),
        verify_jwt=verify_jwt,
        files=tuple(names),
        digest=digest.hexdigest(),
    )


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


def _import_map(configuration: Path) -> dict[str, str]:
    try:
        document = json.loads(configuration.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ReleaseError(
            f"{configuration.parent.name}/deno.json is no JSON ({error}), so the function's imports are unknown."
            " Remedy: correct the file."
        ) from error
    return {str(name): str(target) for name, target in document.get("imports", {}).items()}


def _imported(script: Path, folder: Path, imports: Mapping[str, str]) -> Iterator[Path]:
    for specifier in _SPECIFIER.findall(script.read_text(encoding="utf-8", errors="replace")):
        path: Path | None = None
        if specifier.startswith("."):
            path = script.parent / specifier
        elif imports.get(specifier, "").startswith("."):
            path = folder / imports[specifier]
        # What does not exist may stand in a comment; if it is real, bundling refuses it by name.
        if path is not None and path.is_file():
            yield path


def _inside(path: Path, backend: Path, slug: str) -> Path:
    resolved = path.resolve()
    if not resolved.is_relative_to(backend):
        raise ReleaseError(
            f"Function {slug} imports {resolved.name} from outside of {backend.name}/, so what is reviewed and what is"
            f" deployed could differ. Remedy: move the file below {backend.name}/supabase/functions/_shared."
        )
    return resolved

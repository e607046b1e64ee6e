"""Whether functions would bundle: their modules resolve, their types fit, their packages are pinned."""

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from release.backend_source import BackendSource
from release.deno import run_deno, shorten_output
from release.error import ReleaseError
from release.function_source import FunctionSource, find_unpinned
from release.tools import find_tool, identify
from release.verdicts import Verdict, verdict_on

# Deno checks types on one core, and takes a few hundred megabytes for it.
_AT_ONCE = 2
# Where Deno looks for settings that reach functions without a configuration of their own.
_FOLDERS = (".", "supabase", "supabase/functions")
_SETTINGS = ("deno.json", "deno.jsonc", "deno.lock", "package.json")


def check_functions(backend: BackendSource, slugs: Collection[str]) -> int:
    """Check functions with Deno; those whose files passed before are not checked again.

    Args:
        backend: the sources.
        slugs: which of its functions.

    Returns:
        How many were checked now.

    Raises:
        ReleaseError: what is wrong with which file, in Deno's words; nothing was touched.
    """
    functions = [backend.functions[slug] for slug in sorted(slugs)]
    unpinned = sorted({line for function in functions for line in find_unpinned(backend.directory, function)})
    if unpinned:
        raise ReleaseError("These functions can't be released:\n  " + "\n  ".join(unpinned))
    verdicts = {function.slug: verdict for function, verdict in _verdicts(backend.directory, functions)}
    unproven = [function for function in functions if not verdicts[function.slug].passed]
    groups = _group(backend.directory, unproven)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = pool.map(lambda group: _check(backend.directory, group[0], group[1]), groups)
        failures = [failure for outcome in outcomes for failure in outcome]
    failed = {slug for slug, _ in failures}
    for function in unproven:
        if function.slug not in failed:
            verdicts[function.slug].note_pass()
    if failures:
        raise ReleaseError(
            "These functions do not bundle, so nothing was released:\n"
            + "\n".join(text for _, text in failures)
            + "\nRemedy: correct them, then `pulumi up`."
        )
    return len(unproven)


def _verdicts(backend: Path, functions: Sequence[FunctionSource]) -> list[tuple[FunctionSource, Verdict]]:
    deno = identify(find_tool("deno"))
    files = [backend / folder / name for folder in _FOLDERS for name in _SETTINGS]
    surroundings = {
        file.relative_to(backend).as_posix(): file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file()
    }
    return [(function, verdict_on("bundle", deno, surroundings, function.digest)) for function in functions]


def _group(backend: Path, functions: Sequence[FunctionSource]) -> list[tuple[str | None, list[FunctionSource]]]:
    """Put together what one process can check: functions without a configuration, and those with equal ones."""
    groups: dict[tuple[str, bytes], tuple[str | None, list[FunctionSource]]] = {}
    for function in functions:
        configuration = _configuration(function)
        if configuration is None:
            key = ("", b"")
        else:
            content = (backend / configuration).read_bytes()
            key = (configuration if _is_relative(content) else "", content)
        groups.setdefault(key, (configuration, []))[1].append(function)
    return list(groups.values())


def _configuration(function: FunctionSource) -> str | None:
    # Deno itself would take the one nearest to where it is started; the platform takes the function's own.
    own = f"supabase/functions/{function.slug}/deno.json"
    return own if own in function.files else None


def _is_relative(configuration: bytes) -> bool:
    """Tell whether a configuration points at files, so that it means another thing in another folder."""
    pending: list[Any] = [json.loads(configuration)]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            pending += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            pending += part
        elif isinstance(part, str) and part.startswith((".", "/")):
            return True
    return False


def _check(backend: Path, configuration: str | None, functions: Sequence[FunctionSource]) -> list[tuple[str, str]]:
    """Give, for each function that does not bundle, its slug and what Deno says."""
    # The platform does not get the lock file, and a check must not write one beside a function.
    options = ["--config", configuration, "--no-lock"] if configuration else []
    result = run_deno(backend, ["check", "--quiet", *options, *(function.entrypoint for function in functions)])
    if result.returncode == 0:
        return []
    if len(functions) == 1:
        entrypoint = functions[0].entrypoint
        return [(functions[0].slug, f"{entrypoint}:\n{shorten_output(result.stdout + result.stderr)}")]
    # Deno stops at the first module that it can't resolve, and names the file that is wrong, not whose it is.
    half = len(functions) // 2
    return [
        failure for part in (functions[:half], functions[half:]) for failure in _check(backend, configuration, part)
    ]

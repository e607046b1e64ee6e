"""All parts together: obtaining what is missing, and saying where each is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain import engine, npm, pins, plugins, pypi, report, virtualenv
from toolchain.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable

_NPM = "npm packages"


@dataclass(frozen=True)
class State:
    """One part: its name, its pinned version, where it is (None: missing) and from which source that came."""

    name: str
    version: str
    where: Path | None
    source: str

    def size(self) -> int | None:
        """Its bytes on disk, or None where it is missing or is not the toolchain's own."""
        if self.where is None or self.source == engine.PATH:
            return None
        return sum(path.lstat().st_size for path in self.where.rglob("*") if path.is_symlink() or path.is_file())


def status() -> list[State]:
    """Every part as it is now; obtains nothing."""
    carried = (pins.GO_PACKAGE, pins.NODE_PACKAGE)
    return [
        State("python packages", "requirements", virtualenv.FOLDER if virtualenv.present() else None, "PyPI"),
        State("engine", pins.PULUMI, engine.folder(), engine.source()),
        *(
            State(
                f"plugin {name}",
                version,
                plugins.folder(name) if plugins.present(name) else None,
                plugins.source(name),
            )
            for name, version in pins.PLUGINS.items()
        ),
        State(_NPM, "lock file", npm.folder() if npm.folder().exists() else None, "npm"),
        # Only on a machine whose own is missing or too old.
        *(
            State(name, version, pypi.folder(f"{name}=={version}"), "PyPI")
            for name, version in (package.split("==") for package in carried)
            if pypi.folder(f"{name}=={version}").exists()
        ),
    ]


def ensure() -> None:
    """Obtain whatever is missing, what is independent at the same time.

    Raises:
        ToolchainError: At least one part can't be had; the others were obtained all the same.
    """
    missing = {state.name for state in status() if state.where is None}
    if not missing:
        return
    report.say(f"obtaining {', '.join(sorted(missing))}")
    # Go and Node may have to come from PyPI, for which the virtual environment's pip is needed.
    virtualenv.python()
    work: list[Callable[[], object]] = [virtualenv.ensure, npm.ensure, _engine_and_plugins]
    failures = []
    with ThreadPoolExecutor(len(work)) as pool:
        for done in as_completed([pool.submit(part) for part in work]):
            try:
                done.result()
            except ToolchainError as error:
                failures.append(str(error))
                report.say(f"ERROR: {error}")
    if failures:
        raise ToolchainError(f"{len(failures)} part(s) are missing; the reason of each is above.")


def path() -> list[Path]:
    """The folders to put on PATH, in this order.

    Raises:
        ToolchainError: A part is missing.
    """
    _require()
    carried = npm.node()
    programs = engine.folder()
    return [
        virtualenv.FOLDER / "bin",
        *([programs] if programs else []),
        npm.folder() / "node_modules" / ".bin",
        *([carried] if carried else []),
    ]


def postgres() -> Path:
    """The PostgreSQL server's root folder; databases need no other part.

    Raises:
        ToolchainError: The npm packages are missing.
    """
    # Only this part is looked at: asking the engine for its version takes longer than all else here.
    if not npm.folder().exists():
        raise _missing([_NPM])
    return npm.postgres(npm.folder())


def _require() -> None:
    missing = [state.name for state in status() if state.where is None]
    if missing:
        raise _missing(missing)


def _missing(names: Sequence[str]) -> ToolchainError:
    return ToolchainError(
        f"These parts are missing or not as pinned: {', '.join(names)}. There is no answer before they are there."
        " Run `python3 -m toolchain ensure`."
    )


def _engine_and_plugins() -> None:
    # One after the other: each build uses all cores, and the later ones reuse most of what the first compiled.
    programs = engine.ensure()
    for name in pins.PLUGINS:
        plugins.ensure(name, programs)

"""The work tree's functions, served as they are on the disk."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from localcloud.dev.backend import FunctionSource
from localcloud.dev.terminal import Terminal
from localcloud.functions.deno import Bundler, Program, deno_environment
from localcloud.functions.errors import BootError, BundleError
from localcloud.functions.store import FunctionRecord
from localcloud.functions.workers import WorkerOrder, Workers


@dataclass
class _Served:
    """A function with what is known of it.

    Attributes:
        modules: the files that its imports reach, as of the last look.
        digest: of the files that it is made of.
        problem: what keeps it from starting, in Deno's words.
    """

    source: FunctionSource
    record: FunctionRecord
    modules: frozenset[Path] = frozenset()
    digest: str = ""
    problem: str = ""


class DevFunctions:
    """The functions by slug; each change of a function's files is a new version, which takes the old one's place.

    A version that does not build takes it too and answers BOOT_ERROR: an answer is never that of sources which are no
    longer on the disk.
    """

    def __init__(
        self,
        *,
        ref: str,
        folder: Path,
        deno: Path,
        workers: Workers,
        environment: Callable[[], Mapping[str, str]],
        terminal: Terminal,
    ) -> None:
        """Take the project's ref, the backend's folder, and what starts, feeds and reports the functions."""
        self._ref = ref
        self._folder = folder
        self._deno = deno
        self._workers = workers
        self._environment = environment
        self._terminal = terminal
        self._bundler = Bundler(deno)
        self._served: dict[str, _Served] = {}
        self._warned: set[str] = set()

    @property
    def slugs(self) -> list[str]:
        """The names of what is served."""
        return list(self._served)

    def find(self, ref: str, slug: str) -> FunctionRecord | None:
        """Give a function's record."""
        served = self._served.get(slug)
        return served.record if served and ref == self._ref else None

    def has_files(self, ref: str, record: FunctionRecord) -> bool:
        """Whether the record's version can run: all are in the work tree."""
        return ref == self._ref and record.slug in self._served

    def order(self, _: str, record: FunctionRecord) -> WorkerOrder:
        """Say what a worker is to run.

        Raises:
            BootError: the sources do not build, which was told when they were saved.
        """
        served = self._served[record.slug]
        if served.problem:
            raise BootError
        return WorkerOrder(
            version=record.version, program=self._program(served.source), environment=self._environment()
        )

    async def follow(self, sources: Iterable[FunctionSource], changed: frozenset[Path] | None = None) -> None:
        """Serve what the work tree holds now.

        Args:
            sources: the functions.
            changed: the files that were saved or removed; None looks at everything.
        """
        known = {source.slug: source for source in sources}
        for slug in self._served.keys() - known.keys():
            del self._served[slug]
            self._workers.withdraw((self._ref, slug))
            self._terminal.tell("function", f"{slug} is no longer served", style="yellow", function=slug)
        added, touched = [], []
        for slug, source in known.items():
            served = self._served.get(slug)
            if served is None:
                added.append(self._add(source))
            elif served.source != source or changed is None or self._concerns(served, changed):
                settings_changed = served.source != source
                served.source = source
                served.record = replace(served.record, verify_jwt=source.verify_jwt)
                if self._advance(served) or settings_changed:
                    touched.append(served)
            self._warn_once(source)
        await asyncio.gather(*(self._look(served) for served in [*added, *touched]))
        self._tell_state("serving", added)
        self._tell_state("reloaded", touched)
        await asyncio.gather(*(self._swap(served) for served in touched if not served.problem))

    def _add(self, source: FunctionSource) -> _Served:
        record = FunctionRecord(
            id=source.slug, slug=source.slug, name=source.slug, version=1, created_at=0, updated_at=0,
            entrypoint_path=source.entrypoint.as_uri(), ezbr_sha256="", verify_jwt=source.verify_jwt,
        )  # fmt: skip
        served = _Served(source, record)
        self._served[source.slug] = served
        return served

    def _concerns(self, served: _Served, changed: frozenset[Path]) -> bool:
        return any(
            path in served.modules or path == served.source.import_map or path.is_relative_to(served.source.folder)
            for path in changed
        )

    def _advance(self, served: _Served) -> bool:
        """Make a new version of what the files hold, at once, and say whether they hold anything else than before."""
        digest = _digest(served)
        if digest == served.digest:
            return False
        served.digest = digest
        served.problem = ""
        served.record = replace(served.record, version=served.record.version + 1)
        return True

    async def _look(self, served: _Served) -> None:
        """Find out what a function is made of and whether it builds."""
        program = self._program(served.source)
        process = await asyncio.create_subprocess_exec(
            str(self._deno), "info", "--json", *program.resolution_flags(), str(program.entrypoint),
            cwd=program.root, env=deno_environment({}), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, complaint = await process.communicate()
        if process.returncode:
            served.problem = complaint.decode(errors="replace").strip().removeprefix("error: ")
        else:
            modules = json.loads(printed)["modules"]
            served.modules = frozenset(path for module in modules if (path := _local_path(module["specifier"])))
            served.problem = ""
            # Of a module that can't be read, or of an import that can't be resolved.
            if b'"error"' in printed:
                # Deno's own words name the place of the import as well.
                try:
                    await self._bundler.check(program)
                except BundleError as error:
                    served.problem = error.reason
        served.digest = _digest(served)

    async def _swap(self, served: _Served) -> None:
        """Have the new version ready before the old one's worker goes; where none runs the next request starts it."""
        key = (self._ref, served.record.slug)
        async with self._workers.replacing(key, self.order(self._ref, served.record)):
            pass

    def _tell_state(self, verb: str, functions: list[_Served]) -> None:
        well = [served.record.slug for served in functions if not served.problem]
        if well:
            self._terminal.tell("function", f"{verb} {', '.join(well)}", style="cyan", functions=well)
        problems: dict[str, list[str]] = {}
        for served in functions:
            if served.problem:
                problems.setdefault(served.problem, []).append(served.record.slug)
        for problem, slugs in problems.items():
            for slug in slugs:
                self._workers.withdraw((self._ref, slug))
            self._terminal.complain(
                f"{', '.join(slugs)}: {problem}\nAnswered with 503 BOOT_ERROR until it is corrected.",
                source="function", functions=slugs,
            )  # fmt: skip

    def _warn_once(self, source: FunctionSource) -> None:
        if not source.is_configured and source.slug not in self._warned:
            self._warned.add(source.slug)
            self._terminal.warn(
                f"{source.slug} is not in config.toml: it is served with verify_jwt = true, the default, and would not"
                f" be released. Remedy: add [functions.{source.slug}] with verify_jwt"
            )

    def _program(self, source: FunctionSource) -> Program:
        return Program(root=self._folder, entrypoint=source.entrypoint, import_map=source.import_map)


def _digest(served: _Served) -> str:
    """Digest what the function is made of: all files of its folder, and what it reaches elsewhere."""
    source = served.source
    own = {path for path in source.folder.rglob("*") if path.is_file()}
    shared = served.modules | ({source.import_map} if source.import_map else set())
    digest = sha256(f"{source.entrypoint} {source.import_map}".encode())
    for path in sorted(own | shared):
        try:
            content = path.read_bytes()
        except OSError:
            continue  # gone, or not there yet
        digest.update(f"\0{path}\0".encode() + sha256(content).digest())
    return digest.hexdigest()


def _local_path(specifier: str) -> Path | None:
    address = urlsplit(specifier)
    return Path(unquote(address.path)) if address.scheme == "file" else None

"""How Deno is called, for bundling and for running."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.functions.errors import BundleError

_NEEDED_BY_DENO = (
    "DENO_CERT",
    "DENO_TLS_CA_STORE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "NPM_CONFIG_REGISTRY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What Deno is to build or run.

    Attributes:
        root: the folder outside of which the program reads nothing.
        entrypoint: its main module.
        import_map: the `deno.json` or import map, where there is one.
    """

    root: Path
    entrypoint: Path
    import_map: Path | None

    def resolution_flags(self) -> list[str]:
        """Give the flags that keep Deno from looking for settings around the function, as the platform does not."""
        flags = ["--no-lock", "--node-modules-dir=none"]
        if self.import_map is None:
            return [*flags, "--no-config"]
        if self.import_map.name in {"deno.json", "deno.jsonc"}:
            return [*flags, f"--config={self.import_map}"]
        return [*flags, "--no-config", f"--import-map={self.import_map}"]


def deno_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give `environment` and what Deno itself needs: its cache, certificates and proxies, nothing else of ours."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deno"
    own = {name: os.environ[name] for name in _NEEDED_BY_DENO if name in os.environ}
    return {
        "DENO_DIR": os.environ.get("DENO_DIR", str(cache)),
        "DENO_NO_PACKAGE_JSON": "1",
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
        **own,
        **environment,
    }


class Bundler:
    """Builds the module graph of an upload as the platform's bundler does: parse and resolve, no type check."""

    def __init__(self, deno: Path) -> None:
        self._deno = deno
        self._places = asyncio.Semaphore(2)

    async def check(self, program: Program) -> None:
        """Resolve, fetch and parse all modules that the program reaches.

        Raises:
            BundleError: a module is missing, cannot be parsed, or its package cannot be had.
        """
        async with self._places:
            process = await asyncio.create_subprocess_exec(
                str(self._deno),
                "cache",
                "--quiet",
                *program.resolution_flags(),
                str(program.entrypoint),
                cwd=program.root,
                env=deno_environment({}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                _, complaint = await asyncio.wait_for(process.communicate(), timeout=120)
            except TimeoutError:
                raise BundleError("Bundle generation timed out") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            text = complaint.decode(errors="replace").split("\n\nStack backtrace")[0]
            raise BundleError(text.strip().removeprefix("error: ").replace(str(program.root), ""))

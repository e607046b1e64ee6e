"""The backend in the work tree: what config.toml says, and the functions, migrations and seeds beside it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

_SLUG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class BackendError(Exception):
    """The backend can't be read; the message says why and what helps."""


class _Function(BaseModel):
    enabled: bool = True
    verify_jwt: bool = True
    entrypoint: str = ""
    import_map: str = ""


class _Seed(BaseModel):
    enabled: bool = True
    sql_paths: list[str] = ["./seed.sql"]


class _Database(BaseModel):
    port: int = 54322
    seed: _Seed = _Seed()


class _Api(BaseModel):
    port: int = 54321


class _Email(BaseModel):
    enable_confirmations: bool = False


class _Auth(BaseModel):
    email: _Email = _Email()


class _Config(BaseModel):
    """The tables of config.toml that matter here, each with the default that the Supabase CLI has."""

    project_id: str = "backend"
    api: _Api = _Api()
    db: _Database = _Database()
    auth: _Auth = _Auth()
    functions: dict[str, _Function] = {}


@dataclass(frozen=True, kw_only=True)
class FunctionSource:
    """One function of the work tree.

    Attributes:
        slug: its name in URLs.
        folder: where its own files are.
        entrypoint: its main module; it need not exist where config.toml names the function.
        import_map: its `deno.json` or import map, where it has one.
        verify_jwt: whether the gateway wants a valid token.
        is_configured: whether config.toml names it.
    """

    slug: str
    folder: Path
    entrypoint: Path
    import_map: Path | None
    verify_jwt: bool
    is_configured: bool


@dataclass(frozen=True)
class Backend:
    """A folder that holds `supabase/`, as the Supabase CLI reads it."""

    folder: Path
    config: _Config

    @classmethod
    def read(cls, folder: Path) -> "Backend":
        """Read config.toml.

        Raises:
            BackendError: it is not there, no TOML, or has a value of another kind than the CLI's.
        """
        path = folder / "supabase" / "config.toml"
        try:
            return cls(folder, _Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))))
        except OSError as error:
            raise BackendError(
                f"{path} can not be read ({error.strerror}), so there is no backend to serve."
                " Remedy: name the folder that holds supabase/ with --backend."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BackendError(f"{path} is no TOML: {error}. Remedy: correct it and save.") from error
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise BackendError(f"{path} has wrong values: {problems}. Remedy: correct them and save.") from error

    @property
    def supabase(self) -> Path:
        """The folder that paths in config.toml are relative to."""
        return self.folder / "supabase"

    @property
    def migrations(self) -> Path:
        """The folder of the migrations."""
        return self.supabase / "migrations"

    @property
    def functions_folder(self) -> Path:
        """The folder of the functions."""
        return self.supabase / "functions"

    def seeds(self) -> list[Path]:
        """Give the seed files in the order in which they run; none where seeding is switched off."""
        seed = self.config.db.seed
        paths = [sorted(self.supabase.glob(pattern.removeprefix("./"))) for pattern in seed.sql_paths * seed.enabled]
        return list(dict.fromkeys(path for found in paths for path in found if path.is_file()))

    def functions(self) -> list[FunctionSource]:
        """Give the functions that config.toml names and those that only have a folder with an `index.ts`."""
        named = self.config.functions
        found = {path.parent.name for path in self.functions_folder.glob("*/index.ts")}
        slugs = {slug for slug in found if _SLUG.fullmatch(slug)} | named.keys()
        return [self._function(slug) for slug in sorted(slugs) if slug not in named or named[slug].enabled]

    def _function(self, slug: str) -> FunctionSource:
        settings = self.config.functions.get(slug, _Function())
        folder = self.functions_folder / slug
        # In the CLI's order; the last is its fallback for all functions.
        maps = [folder / "deno.json", folder / "deno.jsonc", self.functions_folder / "import_map.json"]
        if settings.import_map:
            maps = [self.supabase / settings.import_map]
        return FunctionSource(
            slug=slug,
            folder=folder,
            entrypoint=self.supabase / settings.entrypoint if settings.entrypoint else folder / "index.ts",
            import_map=next((path for path in maps if path.is_file()), None),
            verify_jwt=settings.verify_jwt,
            is_configured=slug in self.config.functions,
        )

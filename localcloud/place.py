"""Where a local cloud keeps its state, its ports and its credentials."""

import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localcloud.durable import read_json, write_json

PROJECT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "localcloud"
HOST = "127.0.0.1"
PROJECT_HOST = "localcloud.invalid"  # never resolves: databases are reached through the pooler
PASSPHRASE = "local"  # noqa: S105 - public: it protects a state that holds the local cloud's credentials only


@dataclass(frozen=True)
class Credentials:
    """What the local cloud accepts; made once, random, valid nowhere else."""

    supabase_access_token: str = field(default_factory=lambda: f"sbp_{secrets.token_hex(20)}", repr=False)
    supabase_read_token: str = field(default_factory=lambda: f"sbp_{secrets.token_hex(20)}", repr=False)
    supabase_db_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    github_token: str = field(default_factory=lambda: f"ghp_{secrets.token_hex(18)}", repr=False)
    repository_read_token: str = field(default_factory=lambda: f"github_pat_{secrets.token_hex(18)}", repr=False)
    repository_write_token: str = field(default_factory=lambda: f"github_pat_{secrets.token_hex(18)}", repr=False)
    anthropic_api_key: str = field(default_factory=lambda: f"sk-ant-local-{secrets.token_hex(24)}", repr=False)
    platform_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


@dataclass(frozen=True)
class Place:
    """One local cloud's folder."""

    directory: Path

    @classmethod
    def current(cls) -> "Place":
        """Give the folder that LOCALCLOUD_DIR names, or `.local` in the project."""
        return cls(Path(os.environ.get("LOCALCLOUD_DIR") or PROJECT / ".local").resolve())

    @property
    def development(self) -> "Place":
        """The place of the local project that `localcloud dev` serves, apart from the stacks' own."""
        return Place(self.directory / "dev")

    @property
    def log(self) -> Path:
        """What the background process prints."""
        return self.directory / "localcloud.log"

    @property
    def profile(self) -> Path:
        """The profile file of the Supabase CLI."""
        return self.directory / "supabase-profile.yaml"

    @property
    def pulumi(self) -> Path:
        """The file backend of the engine."""
        return self.directory / "pulumi"

    @property
    def previews(self) -> Path:
        """The file backend of copies of the state that hold no secret."""
        return self.directory / "previews"

    @property
    def access_tokens(self) -> Path:
        """The access tokens of the Management API that are made for the stacks, or by the control plane."""
        return self.directory / "access-tokens.json"

    def stack_tokens(self) -> dict[str, str]:
        """Give the access tokens by the variable that hands them out; none before the first start."""
        document = read_json(self.access_tokens) or {}
        return {entry["variable"]: value for value, entry in document.items() if entry["variable"]}

    def ports(self) -> tuple[int, int] | None:
        """Give the HTTP port and the pooler's port, or None before the first start."""
        document = read_json(self.directory / "ports.json")
        return (document["http"], document["pooler"]) if document else None

    def keep_ports(self, http: int, pooler: int) -> None:
        """Remember the ports, so that addresses stay valid over restarts."""
        write_json(self.directory / "ports.json", {"http": http, "pooler": pooler})

    def forget_ports(self) -> None:
        """Let the next start choose new ports."""
        (self.directory / "ports.json").unlink(missing_ok=True)

    def url(self) -> str:
        """Give the local cloud's address; it must have been started once."""
        ports = self.ports()
        if ports is None:
            raise LookupError("the local cloud was never started: run `python -m localcloud start`")
        return f"http://{HOST}:{ports[0]}"

    def page(self) -> str:
        """Give the status page's address, for a browser; the local cloud must have been started once."""
        return f"{self.url()}/"

    def credentials(self) -> Credentials:
        """Give the credentials, made at the first call, in a file that only its owner reads."""
        path = self.directory / "credentials.json"
        document = read_json(path) or {}
        credentials = Credentials(**document)
        if asdict(credentials) != document:  # new, or from before one of them existed
            write_json(path, asdict(credentials))  # a temporary file is made with mode 0600
        return credentials

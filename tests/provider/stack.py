"""One stack of a small program that declares what a test wants, run by the real engine."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.provider.fake_supabase import TOKEN

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, signal
from pathlib import Path

import pulumi
from provider import invokes
from provider.resources import FunctionSecrets, Project

signal.signal(signal.SIGINT, signal.SIG_DFL)
wanted = json.loads(Path("wanted.json").read_text())
for name, arguments in wanted.get("ask", []):
    print(f"{name}: {getattr(invokes, name)(**arguments)}")
if "project" in wanted:
    project = Project("main", **wanted["project"], opts=pulumi.ResourceOptions(import_=wanted.get("import")))
    pulumi.export("ref", project.ref)
    pulumi.export("status", project.status)
    if "secrets" in wanted:
        secrets = FunctionSecrets("main", project=project.ref, secrets=wanted["secrets"])
        pulumi.export("foreign", secrets.foreign)
"""


@cache
def engine_path() -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "toolchain", "path"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return os.pathsep.join([*answer.stdout.split(), os.environ["PATH"]])


@dataclass
class Stack:
    folder: Path
    endpoint: str
    wanted: dict[str, Any]
    token: str = TOKEN
    project_url: str = "https://{ref}.supabase.co"
    shown: str = ""
    """Everything that any run has printed."""

    def __post_init__(self) -> None:
        (self.folder / "state").mkdir()
        plugins = {"providers": [{"name": "supabase", "path": str(ROOT / "provider")}]}
        project = {"name": "app", "runtime": "python", "plugins": plugins}
        (self.folder / "Pulumi.yaml").write_text(json.dumps(project))
        (self.folder / "__main__.py").write_text(PROGRAM)
        self.run("stack", "init", "test")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        (self.folder / "wanted.json").write_text(json.dumps(self.wanted))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SUPABASE_", "PULUMI_"))}
        environment = kept | {
            "PATH": engine_path(),
            "PYTHONPATH": str(ROOT),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            "SUPABASE_API_ENDPOINT": self.endpoint,
            "SUPABASE_ACCESS_TOKEN": self.token,
            "SUPABASE_PROJECT_URL": self.project_url,
        }
        return subprocess.Popen(
            ["pulumi", *arguments, "--color", "never", "--non-interactive"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, fails: bool = False) -> str:
        process = self.start(*arguments)
        return self.finish(process, fails=fails)

    def finish(self, process: subprocess.Popen[str], *, fails: bool = False) -> str:
        try:
            output, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        self.shown += output
        assert (process.returncode != 0) is fails, output
        return output

    def up(self, *arguments: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def resources(self) -> list[dict[str, Any]]:
        document = json.loads((self.folder / "state/.pulumi/stacks/app/test.json").read_text())
        listed: list[dict[str, Any]] = document["checkpoint"]["latest"].get("resources", [])
        return [item for item in listed if item["type"].startswith("supabase:")]

    def written(self) -> str:
        """Everything that the runs have left on the disk, apart from what this test wrote itself."""
        files = (self.folder / "state").rglob("*")
        return "\n".join(path.read_text(errors="replace") for path in files if path.is_file())

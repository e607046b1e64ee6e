"""Runs workflows on this machine: act in host mode, with stand-ins for the actions that they use."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

STAND_INS = Path(__file__).parent / "actions"
_USES = re.compile(r"uses:\s*([\w.-]+/[\w.-]+)@([0-9a-f]{40})")

# Where this machine keeps its tools, and how it reaches where they come from.
_OF_THE_MACHINE = re.compile(
    r"XDG_CACHE_HOME|PULUMI_HOME|DENO_DIR|GO(CACHE|FLAGS|MODCACHE|PROXY|SUMDB)|(PIP|npm_config)_\w+|SSL_CERT_\w+"
    r"|NODE_EXTRA_CA_CERTS"
)


@dataclass(frozen=True)
class Outcome:
    """What a run of a workflow came to.

    Attributes:
        code: act's exit code.
        jobs: name of each job to `success`, `failure` or `skipped`.
        text: what the steps printed.
        log: what the stand-ins were asked for.
        summary: what was written to the jobs' summaries.
    """

    code: int
    jobs: Mapping[str, str]
    text: str
    log: tuple[str, ...]
    summary: str = ""


@dataclass(frozen=True)
class Act:
    """Runs workflows of one checkout.

    Attributes:
        source: a git repository that a checkout clones from.
        place: a folder for everything that a run leaves.
        variables: what every step's environment has beside act's own; no secret.
        path: folders of the programs that the steps find.
    """

    source: Path
    place: Path
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        workflow: Path,
        event: str,
        payload: Mapping[str, Any],
        *,
        ref: str,
        job: str | None = None,
        secrets: Mapping[str, str] | None = None,
        configured: Mapping[str, str] | None = None,
        inputs: Mapping[str, str] | None = None,
        timeout: int = 280,
    ) -> Outcome:
        """Run one workflow, or one job of it with what it needs.

        Args:
            workflow: the file.
            event: such as `push`.
            payload: the event's content.
            ref: what a checkout without a ref of its own checks out.
            job: the key of a job.
            secrets: what `secrets` has.
            configured: what `vars` has.
            inputs: those of workflow_dispatch.
            timeout: seconds.

        Raises:
            AssertionError: an action has no stand-in, or a label no machine.
        """
        home = self.place / "act"
        home.mkdir(parents=True, exist_ok=True)
        log, artifacts = home / "stubs.log", home / "artifacts"
        log.write_text("", encoding="utf-8")
        listed = [workflow, *sorted(workflow.parent.glob("*.yml"))]
        uses = {pair for file in listed for pair in _USES.findall(file.read_text(encoding="utf-8"))}
        stand_ins = []
        for name, revision in sorted(uses):
            assert (STAND_INS / name / "action.yml").is_file(), f"{name} has no stand-in in {STAND_INS}"
            stand_ins += ["--local-repository", f"{name}@{revision}={STAND_INS / name}"]
        labels = {label for file in listed for label in find_labels(yaml.safe_load(file.read_text(encoding="utf-8")))}
        platforms = [part for label in sorted(labels) for part in ("-P", f"{label}=-self-hosted")]
        environment = {
            "GITHUB_REPOSITORY": "mano-app/mano",
            **self.variables,
            "STUB_LOG": str(log),
            "STUB_SRC": str(self.source),
            "STUB_REF": ref,
            "STUB_VENV": str(ROOT / ".venv"),
            "STUB_ARTIFACTS": str(artifacts),
            "HOME": str(Path.home()),
            "XDG_CACHE_HOME": str(Path.home() / ".cache"),
            **{name: value for name, value in os.environ.items() if _OF_THE_MACHINE.fullmatch(name)},
            "PATH": self.path,
        }
        files = {
            "event": json.dumps({**payload, "inputs": dict(inputs or {})}),
            "secrets": "".join(f"{name}={json.dumps(value)}\n" for name, value in (secrets or {}).items()),
            "vars": "".join(f"{name}={json.dumps(value)}\n" for name, value in (configured or {}).items()),
            "env": "".join(f"{name}={json.dumps(value)}\n" for name, value in environment.items()),
            "inputs": "".join(f"{name}={json.dumps(value)}\n" for name, value in (inputs or {}).items()),
        }
        for name, content in files.items():
            (home / name).touch(mode=0o600)
            (home / name).write_text(content, encoding="utf-8")
        command = [
            str(ROOT / ".venv/bin/act"), event, "-W", str(workflow), "-e", str(home / "event"), *platforms,
            "--json", "-v", "--rm", "--no-cache-server", "--no-skip-checkout",
            "--action-cache-path", str(home / "actions"), "--github-instance", "localhost.invalid",
            "--env-file", str(home / "env"), "--secret-file", str(home / "secrets"), "--var-file", str(home / "vars"),
            "--input-file", str(home / "inputs"), *stand_ins, *(["-j", job] if job else []),
        ]  # fmt: skip
        result = subprocess.run(
            command,
            cwd=workflow.parents[2],
            env={
                "PATH": self.path,
                "HOME": str(home),
                "XDG_CACHE_HOME": str(home),
                "NO_COLOR": "1",
                "GIT_PAGER": "cat",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )
        return _read(result.returncode, result.stdout, tuple(log.read_text(encoding="utf-8").splitlines()))


def find_labels(workflow: Any) -> set[str]:
    """Give every label of a machine that a workflow may ask for, those within expressions among them."""
    found = set()
    for job in workflow.get("jobs", {}).values():
        asked = job.get("runs-on", [])
        for text in [asked] if isinstance(asked, str) else asked:
            if "${{" not in text:
                found.add(text)
                continue
            # The other texts of an expression are what it compares with.
            found |= {label for label in re.findall(r"'([^']+)'", text) if re.match(r"(ubuntu|macos|windows)-", label)}
    return found


def _read(code: int, output: str, log: tuple[str, ...]) -> Outcome:
    jobs: dict[str, str] = {}
    texts: list[str] = []
    summaries: list[str] = []
    for line in output.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            texts.append(line)
            continue
        message = str(entry.get("msg", ""))
        assert "Skipping unsupported platform" not in message, message
        name = str(entry.get("job", "")).rpartition("/")[2].strip()
        if result := entry.get("jobResult"):
            jobs[name] = result
        elif entry.get("jobID") and name not in jobs and "Skipping job" in message:
            jobs[name] = "skipped"
        if entry.get("command") == "summary":
            summaries.append(str(entry.get("content", "")))
        if entry.get("raw_output") or entry.get("level") in {"error", "warning"}:
            texts.append(message.rstrip("\n"))
    return Outcome(code, jobs, "\n".join(texts), log, "\n".join(summaries))

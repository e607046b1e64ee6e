"""The ground for faults of a stack's first `up`: nothing of it is released, and all of it is declared."""

import contextlib
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from faults.ground import Ground, temporary_checkout
from tests.engine.checkout import Live

_RULES = '{repository(owner:"%s",name:"%s"){branchProtectionRules(first:50){nodes{pattern}}}}'


@dataclass
class FirstUp(Ground):
    """A checkout with the reference backend, whose local cloud each case finds as it was before that `up`.

    Attributes:
        before: a copy of the local cloud's folder.
        repository: OWNER/NAME, as the audit of an undisturbed run tells it.
        findings: what that audit finds; one after a repaired run finds no more and no less.
    """

    before: Path = Path()
    repository: str = ""
    findings: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    @contextlib.contextmanager
    def prepared_for(cls, stack: str) -> Iterator["FirstUp"]:
        """Make one: staging's project is created, production's is adopted after staging was released."""
        with temporary_checkout() as checkout:
            if stack != "staging":
                checkout.up_well("--skip-preview")
            variables = checkout.variables()
            before = checkout.directory.parent / "before"
            checkout.localcloud("stop")
            _copy(checkout.directory / ".local", before)
            ground = cls(replace(checkout, stack=stack), Live("", variables), before=before)
            with ground.ended():
                yield ground

    @property
    def title(self) -> str:
        """What comes before a case's name."""
        return f"first `up` of {self.checkout.stack}, "

    @property
    def ref(self) -> str:
        """A regular expression for refs: the project's is not known before it is created."""
        return "[a-z]{20}"

    def prepare_release(self) -> None:
        """Put the local cloud back to before."""
        self.checkout.localcloud("stop")
        shutil.rmtree(self.checkout.directory / ".local")
        _copy(self.before, self.checkout.directory / ".local")
        started = self.checkout.localcloud("start")
        if started.code != 0:
            raise RuntimeError(f"The local cloud does not start again:\n{started.text}")
        self.control("PUT", "/rate-limit", 100_000)

    def note_undisturbed(self) -> None:
        """Take what an audit finds now for what it should find."""
        document = self._audit()
        self.repository = document["repository"]
        self.findings = _findings(document)

    def broken_promises(self) -> list[str]:
        """Say what there is twice: projects of one name, rulesets, protections of one branch."""
        names = Counter(f"project {name}" for name in self.projects().values())
        names.update(
            f"ruleset {ruleset['name']}" for ruleset in self.live.github(f"/repos/{self.repository}/rulesets").json()
        )
        rules = self.live.graphql(_RULES % tuple(self.repository.split("/")))["repository"]["branchProtectionRules"][
            "nodes"
        ]
        names.update(f"protection of {rule['pattern']}" for rule in rules)
        return [f"{name} is there {count} times" for name, count in sorted(names.items()) if count > 1]

    def missing(self) -> list[str]:
        """Say what an audit finds that it does not find after an undisturbed run, and the other way round."""
        found = _findings(self._audit())
        new = [f"an audit finds {finding}" for finding in sorted(found - self.findings)]
        return new + [f"an audit no longer finds {finding}" for finding in sorted(self.findings - found)]

    def projects(self) -> dict[str, str]:
        """Give the name of each project by its ref; production's token reads staging's too."""
        url = f"{self.live.variables['SUPABASE_API_ENDPOINT']}/v1/projects"
        projects: dict[str, str] = {}
        for variable in ("SUPABASE_ACCESS_TOKEN_STAGING", "SUPABASE_ACCESS_TOKEN_PRODUCTION"):
            headers = {"Authorization": f"Bearer {self.live.variables[variable]}"}
            answer = httpx.get(url, headers=headers, timeout=60).raise_for_status()
            projects |= {project["ref"]: project["name"] for project in answer.json()}
        return projects

    def _audit(self) -> dict[str, Any]:
        stack = self.checkout.stack
        command = ("python", "-m", "ops", "audit", "--stack", stack, "--json")
        run = self.checkout.run(*command)
        remedy = ("pulumi", "refresh", "--stack", stack)
        if run.code == 1 and " ".join(remedy) in run.text:
            # GitHub withheld when a secret was written; the audit says so, and what helps.
            self.checkout.run(*remedy, "--yes", "--skip-preview")
            run = self.checkout.run(*command)
        if run.code not in {0, 2}:
            raise RuntimeError(f"The audit failed:\n{run.text}")
        document: dict[str, Any] = json.loads(run.text[run.text.index("{") :])
        return document


def _findings(document: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        f"{finding['kind']} {finding['name']} {finding['field'] or ''} {finding['state']}"
        for finding in document["findings"]
    )


def _copy(folder: Path, copy: Path) -> None:
    # With owners: databases belong to a user of their own where this is root.
    subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)

"""A project on the local clouds whose changes go the way of the process: pull request, review, merge, workflows."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from settings.model import configured_name
from settings.provided import provided_value
from settings.reading import read_files
from tests.conftest import ROOT
from tests.engine.checkout import Checkout, Live
from tests.workflows.act import Act, Outcome

REPOSITORY = "mano-app/mano"
CHECKS = ("backend-tests", "ios-build", "secrets", "preview", "release-source")
_SHARED = (
    "GITHUB_BASE_URL",
    "SUPABASE_API_ENDPOINT",
    "SUPABASE_PROFILE",
    "SUPABASE_PROJECT_URL",
    "SUPABASE_TELEMETRY_DISABLED",
    "PGSSLMODE",
    "PULUMI_SKIP_UPDATE_CHECK",
)
_BRANCHES = {"staging": "staging", "production": "main"}


@dataclass
class Project:
    """The copy of the project, the people who work on it, and the machine that runs its workflows."""

    checkout: Checkout
    place: Path
    people: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    act: Act = field(init=False)

    def begin(self) -> None:
        """Release both stacks by hand, once, as whoever sets the process up."""
        for stack in ("staging", "production"):
            done = Checkout(self.checkout.directory, stack).up()
            assert done.code == 0, done.text
            shared = self.checkout.run("python", "-m", "ops", "share-state", "--stack", stack)
            assert shared.code == 0, shared.text
        self.variables = self.checkout.variables()
        who = {"dana": {"login": "dana"}, "lee": {"login": "lee"}, "actions": {"app": "github-actions"}}
        for name, body in who.items():
            self.people[name] = str(self.live("staging").control("POST", "/github-tokens", body).json()["token"])
        self.people["administrator"] = self.variables["GITHUB_TOKEN"]
        self.act = Act(
            source=self.checkout.directory / f".local/github/git/{REPOSITORY}.git",
            place=self.place,
            path=os.pathsep.join([str(ROOT / ".venv/bin"), self.variables["PATH"]]),
            variables={name: self.variables[name] for name in _SHARED if name in self.variables},
        )

    def live(self, stack: str) -> Live:
        return Live(Checkout(self.checkout.directory, stack).output("project_ref"), self.checkout.variables())

    def history(self, stack: str) -> list[dict[str, Any]]:
        """Give a stack's records, the newest first."""
        told = self.checkout.run("python", "-m", "ops", "history", "--stack", stack, "--json").text
        records: list[dict[str, Any]] = json.loads(told[told.index("[") :])
        return records

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Ask GitHub about the repository, as one of the people."""
        answer = httpx.request(
            method,
            f"{self.variables['GITHUB_BASE_URL'].rstrip('/')}/api/v3/repos/{REPOSITORY}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.people[who]}"},
            timeout=60,
        )
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def remote(self, who: str) -> str:
        address = self.variables["GITHUB_BASE_URL"].replace("://", f"://x-access-token:{self.people[who]}@")
        return f"{address}{REPOSITORY}.git"

    def branch(self, name: str, base: str, changes: Mapping[str, str | None]) -> str:
        """Push a branch of dana's with some files changed; gives its commit."""
        git = self.checkout.git
        git("fetch", "--quiet", self.remote("dana"), base)
        git("switch", "--quiet", "--force-create", name, "FETCH_HEAD")
        for file, content in changes.items():
            path = self.checkout.directory / file
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self.checkout.commit(f"Change {', '.join(changes)}")
        git("push", "--quiet", "--force", self.remote("dana"), name)
        return git("rev-parse", "HEAD").strip()

    def open(self, head: str, base: str, title: str) -> dict[str, Any]:
        pull: dict[str, Any] = self.ask("dana", "POST", "/pulls", {"title": title, "head": head, "base": base})
        return pull

    def pull(self, number: int) -> dict[str, Any]:
        pull: dict[str, Any] = self.ask("dana", "GET", f"/pulls/{number}")
        return pull

    def merge(self, number: int, checks: Sequence[str] = CHECKS, method: str = "merge") -> None:
        """Report the checks, let lee approve, and merge."""
        head = self.pull(number)["head"]["sha"]
        for name in checks:
            run = {"name": name, "head_sha": head, "status": "completed", "conclusion": "success"}
            self.ask("actions", "POST", "/check-runs", run)
        self.ask("lee", "POST", f"/pulls/{number}/reviews", {"event": "APPROVE"})
        self.ask("administrator", "PUT", f"/pulls/{number}/merge", {"merge_method": method})

    def secrets(self, *environments: str) -> dict[str, str]:
        """Give what the stack files say that jobs of these environments find in `secrets`."""
        found = {"GITHUB_TOKEN": self.variables["REPOSITORY_WRITE_TOKEN"]}
        for stack in _BRANCHES:
            settings = read_files(self.checkout.directory, stack)
            for name in environments:
                if name not in settings.environments:
                    continue
                for secret, source in settings.environments[name].secrets.items():
                    if configured := configured_name(secret, source):
                        found[secret] = provided_value(configured, stack, self.variables) or ""
                    elif secret == "REPOSITORY_ADMINISTRATION_TOKEN":
                        found[secret] = self.variables["GITHUB_TOKEN"]
        return found

    def run(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        ref: str,
        environments: Sequence[str] = (),
        job: str | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a workflow of the branch that is checked out."""
        done = self.act.run(
            self.checkout.directory / ".github/workflows" / workflow,
            event,
            {"repository": {"full_name": REPOSITORY, "default_branch": "main"}, **payload},
            ref=ref,
            job=job,
            secrets=self.secrets(*environments),
            configured={name: self.variables[name] for name in ("STATE_BACKEND_URL", "PREVIEW_BACKEND_URL")},
            inputs=inputs,
        )
        told = self.secrets(*environments).values()
        assert not [value for value in told if len(value) > 8 and value in done.text], "a secret is in the job's output"
        return done

    def on_pull_request(self, workflow: str, number: int, *, event: str = "pull_request", **options: Any) -> Outcome:
        """Run a workflow as a pull request does."""
        pull = self.pull(number)
        return self.run(
            workflow, event, {"number": number, "pull_request": pull}, ref=f"pull/{number}/merge", **options
        )

    def on_push(self, workflow: str, branch: str, **options: Any) -> Outcome:
        """Run a workflow as a push to a branch does, with the workflow file of that branch."""
        self.checkout.git("fetch", "--quiet", self.remote("dana"), branch)
        self.checkout.git("switch", "--quiet", "--detach", "FETCH_HEAD")
        return self.run(workflow, "push", {"ref": f"refs/heads/{branch}"}, ref=f"origin/{branch}", **options)

    def find(self, head: str, base: str) -> dict[str, Any]:
        """Give the open pull request of a branch."""
        (found,) = [p for p in self.ask("dana", "GET", f"/pulls?state=open&base={base}") if p["head"]["ref"] == head]
        return dict(found)

    def back_merge(self) -> None:
        """Run the workflow of a push to main, and merge what it opens."""
        done = self.on_push("back-merge.yml", "main", environments=["pull-requests"])
        assert done.code == 0, done.text
        (pull,) = [
            pull
            for pull in self.ask("dana", "GET", "/pulls?state=open&base=staging")
            if pull["head"]["ref"].startswith("back-merge/")
        ]
        self.merge(pull["number"])

    def comment(self, number: int, stack: str) -> str:
        """Give the plan's comment of one stack on a pull request."""
        bodies = [str(c["body"]) for c in self.ask("dana", "GET", f"/issues/{number}/comments")]
        (found,) = [body for body in bodies if re.match(f"<!-- plan of stack {stack} -->", body)]
        return found

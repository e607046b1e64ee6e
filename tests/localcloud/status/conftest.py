import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from nacl.public import PublicKey, SealedBox

from localcloud.github.git import BareRepository
from tests.conftest import LocalCloudUnderTest

REPOSITORY = "some-team/some-app"
_PROGRAM = "name: app\nconfig: {app:githubPlan: {value: enterprise}}\n"
_STACK = """
config:
  github:owner: some-team
  app:repository: some-app
  app:supabase:
    organization: some-org
    project: {name: app-staging, region: eu-west-1}
"""
_RULE = """mutation($input: CreateBranchProtectionRuleInput!) {
  createBranchProtectionRule(input: $input) { clientMutationId }
}"""
_LEDGER = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text
);
"""


@dataclass(frozen=True)
class Cloud(LocalCloudUnderTest):
    """A local cloud without a project at first, whose stack file names one, and what a client does with it."""

    @property
    def migrations(self) -> Path:
        return self.source / "backend" / "supabase" / "migrations"

    def data(self) -> dict[str, Any]:
        answer = self.control("GET", "/status")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def project(self, name: str = "app-staging") -> str:
        return self.create_project(name, "some-org")

    def query(self, ref: str, sql: str) -> None:
        answer = self.api("POST", f"/projects/{ref}/database/query", {"query": sql})
        assert answer.status_code == 201, answer.text

    def apply(self, ref: str, version: str, name: str) -> None:
        """Note a migration in the ledger, as the CLI does."""
        values = f"('{version}', '{{}}', $name${name}$name$)"
        self.query(ref, f"{_LEDGER} insert into supabase_migrations.schema_migrations values {values}")  # noqa: S608

    def deploy(self, ref: str, slug: str) -> None:
        path = f"supabase/functions/{slug}/index.ts"
        parts: Any = [
            ("metadata", (None, json.dumps({"entrypoint_path": path, "verify_jwt": False}))),
            ("file", (path, "Deno.serve(() => new Response('hello'));\n", "application/octet-stream")),
        ]
        answer = self.api("POST", f"/projects/{ref}/functions/deploy", params={"slug": slug}, files=parts)
        assert answer.status_code == 201, answer.text

    def github(self, method: str, path: str, body: Any = None, **bearer: str) -> Any:
        """Call GitHub as the seeded administrator, or as another `login` or `app`."""
        token = self.environment["GITHUB_TOKEN"]
        if bearer:
            token = self.control("POST", "/github-tokens", bearer).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, f"{self.url}/api{path}", json=body, headers=headers, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def protect(self, pattern: str, **rule: Any) -> None:
        repository = self.github("GET", f"/v3/repos/{REPOSITORY}")["node_id"]
        given = {"repositoryId": repository, "pattern": pattern, **rule}
        told = self.github("POST", "/graphql", {"query": _RULE, "variables": {"input": given}})
        assert "errors" not in told, told

    def open_pull_request(self, title: str, branch: str = "change") -> int:
        """Open a pull request with one commit, and give its number."""
        repository = f"/v3/repos/{REPOSITORY}"
        git = BareRepository(self.directory / "github" / "git" / f"{REPOSITORY}.git")
        commit = git.run("commit-tree", "main^{tree}", "-p", "main", "-m", "Change")
        self.github("POST", f"{repository}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
        pull = self.github("POST", f"{repository}/pulls", {"title": title, "head": branch, "base": "main"})
        return int(pull["number"])

    def put_secret(self, environment: str, name: str, value: str) -> None:
        collection = f"/v3/repos/{REPOSITORY}/environments/{environment}/secrets"
        key = self.github("GET", f"{collection}/public-key")
        sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        body = {"key_id": key["key_id"], "encrypted_value": base64.b64encode(sealed).decode()}
        self.github("PUT", f"{collection}/{name}", body)


@pytest.fixture(scope="module")
def make_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cloud]]:
    """Start local clouds that run until the module's tests are through."""
    with ExitStack() as stack:

        def make() -> Cloud:
            source = tmp_path_factory.mktemp("source")
            (source / "Pulumi.yaml").write_text(_PROGRAM, encoding="utf-8")
            (source / "Pulumi.staging.yaml").write_text(_STACK, encoding="utf-8")
            cloud = Cloud(tmp_path_factory.mktemp("cloud"), source)
            cloud.migrations.mkdir(parents=True)
            stack.callback(cloud.clean_up)
            cloud.start()
            cloud.control("PUT", "/organizations/some-org/plan", "pro")
            return cloud

        yield make

"""A revert on the local GitHub: what is pushed, and the pull request that it becomes."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops import revert as module
from ops.revert import revert
from release.backend_source import read_backend
from release.error import ReleaseError
from release.record import Record
from settings.reading import read_files
from tests.conftest import ROOT, LocalCloudUnderTest

VERSION = "20270101000000"
REPOSITORY = "/repos/mano-app/mano"


@dataclass(frozen=True)
class Story:
    """A branch with two releases: the second changed a function, added one and a migration."""

    folder: Path
    records: tuple[Record, Record]
    cloud: LocalCloudUnderTest

    @property
    def token(self) -> str:
        return self.cloud.environment["GITHUB_TOKEN"]

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.com", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()


def record_of(number: int, backend: Path, commit: str) -> Record:
    source = read_backend(backend)
    return Record(
        number=number,
        kind="release",
        digest=source.digest,
        tree=source.tree_digest,
        commit=commit,
        dirty=False,
        by="ada",
        at="2026-01-01T00:00:00Z",
        migrations=tuple(migration.version for migration in source.migrations),
        functions={slug: function.digest for slug, function in source.functions.items()},
    )


@pytest.fixture(scope="module")
def story(local_cloud: LocalCloudUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story")
    variables = local_cloud.environment
    address = variables["GITHUB_BASE_URL"].replace("://", f"://x-access-token:{variables['GITHUB_TOKEN']}@")
    told = Story(folder, (Any, Any), local_cloud)  # type: ignore[arg-type]  # the records come below
    told.git("clone", "--quiet", f"{address}mano-app/mano.git", ".")
    told.git("switch", "--quiet", "--orphan", "staging")
    backend = folder / "backend"
    shutil.copytree(ROOT / "backend", backend, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    told.git("add", "--all")
    told.git("commit", "--quiet", "--message", "first")
    first = record_of(1, backend, told.git("rev-parse", "HEAD"))
    health = backend / "supabase/functions/health/index.ts"
    health.write_text(f"{health.read_text(encoding='utf-8')}// slower\n", encoding="utf-8")
    extra = backend / "supabase/functions/extra/index.ts"
    extra.parent.mkdir()
    extra.write_text('Deno.serve(() => new Response("extra"));\n', encoding="utf-8")
    config = backend / "supabase/config.toml"
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[functions.extra]\nverify_jwt = false\n", "utf-8")
    (backend / f"supabase/migrations/{VERSION}_mottos.sql").write_text("create table public.mottos ();\n", "utf-8")
    (backend / f"supabase/rollbacks/{VERSION}_mottos.sql").write_text("drop table public.mottos;\n", "utf-8")
    told.git("add", "--all")
    told.git("commit", "--quiet", "--message", "second")
    told.git("push", "--quiet", "--force", "origin", "staging")
    second = record_of(2, backend, told.git("rev-parse", "HEAD"))
    return Story(folder, (first, second), local_cloud)


@pytest.fixture
def told(story: Story, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """Let the command find the two releases on record."""

    @contextmanager
    def no_api(*_: object) -> Iterator[None]:
        yield

    for name, value in story.cloud.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "read_stack", lambda stack: (read_files(ROOT, stack), None))
    monkeypatch.setattr(module, "read_credential", lambda *_: "")
    monkeypatch.setattr(module, "ManagementApi", no_api)
    monkeypatch.setattr(module, "read_log", lambda *_: (story.records, None))
    yield story
    subprocess.run(["git", "push", "--quiet", "origin", ":hotfix/revert-2"], cwd=story.folder, check=False)


def test_sources_go_back_and_migrations_stay(told: Story, capsys: pytest.CaptureFixture[str]) -> None:
    revert(2, "staging", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["branch"], document["back_to"], document["kept"]) == ("hotfix/revert-2", 1, [VERSION])
    told.git("fetch", "--quiet", "origin", "hotfix/revert-2")
    told.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    source = read_backend(told.folder / "backend")
    assert {slug: function.digest for slug, function in source.functions.items()} == told.records[0].functions
    assert [migration.version for migration in source.migrations] == list(told.records[1].migrations)
    number = document["pull_request"].rpartition("/")[2]
    pull = told.cloud.github_api("GET", f"{REPOSITORY}/pulls/{number}", token=told.token).json()
    assert (pull["title"], pull["base"]["ref"]) == ("Revert release 2 of staging", "staging")
    assert [label["name"] for label in pull["labels"]] == ["hotfix"]
    assert f"- kept, and applied: `{VERSION}`" in pull["body"]


def test_a_second_call_brings_the_same_pull_request_up_to_date_and_may_undo(
    told: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    revert(2, "staging", as_json=True)
    first = json.loads(capsys.readouterr().out)
    revert(2, "staging", undo_migrations=True, as_json=True)
    second = json.loads(capsys.readouterr().out)
    assert second["pull_request"] == first["pull_request"]
    (name,) = second["migrations"]
    assert name.endswith("_undo_mottos.sql")
    assert name > VERSION
    told.git("fetch", "--quiet", "origin", "hotfix/revert-2")
    shown = told.git("show", f"FETCH_HEAD:backend/supabase/migrations/{name}")
    assert shown == "drop table public.mottos;"
    assert told.git("show", f"FETCH_HEAD:backend/supabase/rollbacks/{name}") == "create table public.mottos ();"


@pytest.mark.parametrize("number", [1, 3])
def test_what_has_nothing_before_it_is_not_reverted(told: Story, number: int) -> None:
    with pytest.raises(ReleaseError, match=rf"no release {number} with another one before it"):
        revert(number, "staging")
    assert told.git("ls-remote", "origin", "hotfix/*") == ""

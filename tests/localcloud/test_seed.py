from pathlib import Path

import pytest

from localcloud.clock import Clock
from localcloud.management.state import ManagementState
from localcloud.place import Credentials
from localcloud.seed import Seed

CREDENTIALS = Credentials()

_STAGING = """
config:
  github:owner: some-team
  app:repository: some-app
  app:supabase:
    organization: some-org
    project: {name: app-staging, region: eu-west-1}
  app:branch: {name: staging, createFrom: trunk}
"""
_PRODUCTION = """
config:
  github:owner: some-team
  app:repository: some-app
  app:supabase:
    organization: some-org
    project: {name: app-production, region: eu-west-1, ref: abcdefghijklmnopqrst}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: app\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(_STAGING)
    (tmp_path / "Pulumi.production.yaml").write_text(_PRODUCTION)
    return tmp_path


def test_only_a_project_with_a_ref_exists_from_the_start(source: Path, tmp_path: Path) -> None:
    state = ManagementState(tmp_path / "state.json")
    Seed.read(source).plant(state, Clock(), "password")
    again = ManagementState(tmp_path / "state.json")
    assert [organization.slug for organization in again.organizations] == ["some-org"]
    (project,) = again.projects
    assert (project.ref, project.name, project.region) == ("abcdefghijklmnopqrst", "app-production", "eu-west-1")
    assert (project.status, project.keys.kind) == ("ACTIVE_HEALTHY", "legacy")


def test_the_repository_is_that_of_the_stack_files(source: Path) -> None:
    github = Seed.read(source).github(CREDENTIALS)
    assert (github.owner, github.repository, github.default_branch) == ("some-team", "some-app", "trunk")
    assert github.source is None


def test_the_plan_is_the_one_that_the_program_is_told(source: Path) -> None:
    assert Seed.read(source).github(CREDENTIALS).plan == "free"
    (source / "Pulumi.yaml").write_text("name: app\nconfig: {app:githubPlan: {value: team}}\n")
    assert Seed.read(source).github(CREDENTIALS).plan == "team"


def test_stack_files_that_name_nothing_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\n")
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {}\n")
    with pytest.raises(ValueError, match="app:supabase"):
        Seed.read(tmp_path)


def test_what_is_adopted_exists_already(source: Path) -> None:
    stack = source / "Pulumi.production.yaml"
    stack.write_text(
        f"""{stack.read_text()}  app:branch: {{name: trunk}}
  app:repositoryWide: {{labels: {{urgent: {{color: ff0000}}}}}}
  app:environments:
    live: {{reviewers: {{teams: [keepers], users: [kim]}}}}
    live-read: {{}}
""",
        encoding="utf-8",
    )
    seed = Seed.read(source)
    github = seed.github(CREDENTIALS)
    assert (github.protected_branches, github.environments, github.labels) == (("trunk",), ("live",), ("urgent",))
    assert github.users == ("administrator", "dana", "lee", "kim")
    assert github.teams == {"keepers": ("dana", "lee")}


def test_only_an_adopted_project_has_a_history(source: Path) -> None:
    seed = Seed.read(source)
    history = seed.history("abcdefghijklmnopqrst")
    assert history is not None
    assert history.backend == source / "backend"
    assert seed.history("zzzzzzzzzzzzzzzzzzzz") is None

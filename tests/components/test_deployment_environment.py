from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.deployment_environment import DeploymentEnvironment, DeploymentEnvironmentArgs
from components.repository_facts import RepositoryFacts
from settings.environment import EnvironmentSettings
from tests.components.recorder import Declared

Declare = Callable[..., list[Declared]]


def environment(**settings: Any) -> Callable[[RepositoryFacts], object]:
    values = {"project.ref": pulumi.Output.from_input("abc"), "project.url": pulumi.Output.from_input("https://x")}
    return lambda repository: DeploymentEnvironment(
        "environment-live",
        DeploymentEnvironmentArgs(
            repository=repository,
            name="live",
            environment=EnvironmentSettings.model_validate({"branches": ["main"], **settings}),
            values=values,
        ),
        pulumi.ResourceOptions(),
    )


def by_kind(declared: list[Declared]) -> dict[str, Declared]:
    return {entry.kind.split(":")[-1]: entry for entry in declared}


def test_reviewers_are_named_by_their_numbers(declare: Declare) -> None:
    reviewers = {"users": ["dana"], "teams": ["keepers"]}
    declared = by_kind(declare(environment(reviewers=reviewers, preventSelfReview=True, waitMinutes=5)))
    inputs = declared["RepositoryEnvironment"].inputs
    assert inputs["reviewers"] == [{"users": [2], "teams": [9]}]
    assert (inputs["preventSelfReview"], inputs["waitTimer"], inputs["canAdminsBypass"]) == (True, 5, False)


def test_only_the_branches_named_may_deploy(declare: Declare) -> None:
    declared = by_kind(declare(environment()))
    policy = {"protectedBranches": False, "customBranchPolicies": True}
    assert declared["RepositoryEnvironment"].inputs["deploymentBranchPolicy"] == policy
    assert declared["RepositoryEnvironmentDeploymentPolicy"].inputs["branchPattern"] == "main"


def test_an_environment_for_every_ref_has_no_policy(declare: Declare) -> None:
    declared = by_kind(declare(environment(branches="any")))
    assert "deploymentBranchPolicy" not in declared["RepositoryEnvironment"].inputs
    assert "RepositoryEnvironmentDeploymentPolicy" not in declared


def test_secrets_are_secret_and_variables_are_not(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "a-seeded-secret")
    secrets = {"TOKEN": "config:OTHER_TOKEN", "REF": "project.ref"}
    declared = declare(environment(secrets=secrets, variables={"URL": "project.url"}))
    values = {entry.name: entry.inputs["value"] for entry in declared if "value" in entry.inputs}
    assert values == {
        "environment-live-REF": "[secret]",
        "environment-live-TOKEN": "[secret]",
        "environment-live-URL": "https://x",
    }


@pytest.mark.parametrize("lost", [True, False])
def test_reviewers_removed_by_hand_are_told(declare: Declare, caplog: pytest.LogCaptureFixture, *, lost: bool) -> None:
    urn = "urn:pulumi:test::mano::a$github:index/repositoryEnvironment:RepositoryEnvironment::environment-live"
    rules = [{"type": "branch_policy"}] if lost else [{"type": "branch_policy"}, {"type": "required_reviewers"}]
    declare(
        environment(reviewers={"users": ["dana"]}),
        known=(urn,),
        exists={"environments/live": {"protection_rules": rules}},
    )
    assert ("Environment live has no reviewers any more" in caplog.text) is lost


def test_what_exists_is_imported(declare: Declare) -> None:
    exists = {
        "environments/live": {"name": "live"},
        "environments/live/deployment-branch-policies": {"branch_policies": [{"id": 5, "name": "main"}]},
        "environments/live/variables/URL": {"name": "URL"},
    }
    declared = by_kind(declare(environment(variables={"URL": "project.url"}), exists=exists))
    assert {kind: entry.options.get("import") for kind, entry in declared.items()} == {
        "RepositoryEnvironment": "app:live",
        "RepositoryEnvironmentDeploymentPolicy": "app:live:5",
        "ActionsEnvironmentVariable": "app:live:URL",
        "DeploymentEnvironment": None,
    }

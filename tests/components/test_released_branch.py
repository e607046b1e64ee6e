from collections.abc import Callable

import pulumi

from components.released_branch import ReleasedBranch, ReleasedBranchArgs
from components.repository_facts import RepositoryFacts
from settings.branch import BranchSettings
from settings.stack import Settings
from tests.components.recorder import Declared

Declare = Callable[..., list[Declared]]
RULE = "github:index/branchProtection:BranchProtection"
RULESET = "github:index/repositoryRuleset:RepositoryRuleset"


def branch(settings: BranchSettings, *, protect: bool = False) -> Callable[[RepositoryFacts], object]:
    return lambda repository: ReleasedBranch(
        "branch",
        ReleasedBranchArgs(repository=repository, branch=settings),
        pulumi.ResourceOptions(protect=protect),
    )


def only(declared: list[Declared], kind: str) -> Declared:
    (found,) = [entry for entry in declared if entry.kind == kind]
    return found


def test_pushes_are_restricted_to_those_named_by_their_ids(declare: Declare, settings: Settings) -> None:
    rule = only(declare(branch(settings.branch)), RULE)
    assert rule.inputs["repositoryId"] == "R_1"
    assert rule.inputs["restrictPushes"] == [{"blocksCreations": False, "pushAllowances": ["U_2", "T_9"]}]


def test_pushes_that_are_not_restricted_have_no_restriction(declare: Declare) -> None:
    open_branch = BranchSettings.model_validate({"name": "dev", "protection": {"pushes": {"restricted": False}}})
    assert "restrictPushes" not in only(declare(branch(open_branch)), RULE).inputs


def test_what_exists_is_imported(declare: Declare, settings: Settings) -> None:
    rulesets = [{"id": 7, "name": "main: checks and merge methods"}, {"id": 8, "name": "other"}]
    declared = declare(branch(settings.branch), rules=("main", "dev"), exists={"rulesets": rulesets})
    assert only(declared, RULE).options["import"] == "app:main"
    assert only(declared, RULESET).options["import"] == "app:7"


def test_what_does_not_exist_is_created(declare: Declare, settings: Settings) -> None:
    declared = declare(branch(settings.branch), rules=("dev",), exists={"rulesets": [{"id": 8, "name": "other"}]})
    assert [entry.options.get("import") for entry in declared] == [None] * len(declared)


def test_what_the_state_has_is_not_imported_again(declare: Declare, settings: Settings) -> None:
    urn = f"urn:pulumi:test::mano::deployment:index:ReleasedBranch${RULE}::branch"
    declared = declare(branch(settings.branch), rules=("main",), known=(urn,))
    assert "import" not in only(declared, RULE).options


def test_protection_reaches_every_child(declare: Declare, settings: Settings) -> None:
    declared = declare(branch(settings.branch, protect=True))
    assert [entry.options.get("protect") for entry in declared] == [True] * len(declared)


def test_a_branch_is_created_where_the_settings_say_from_what(declare: Declare) -> None:
    created = BranchSettings.model_validate({"name": "dev", "createFrom": "main"})
    entry = only(declare(branch(created)), "github:index/branch:Branch")
    assert (entry.inputs["branch"], entry.inputs["sourceBranch"]) == ("dev", "main")
    assert entry.options["retainOnDelete"] is True

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.repository_facts import RepositoryFacts
from components.repository_wide import RepositoryWide, RepositoryWideArgs
from settings.repository_wide import RepositoryWideSettings
from tests.components.recorder import Declared

Declare = Callable[..., list[Declared]]


def wide(**settings: Any) -> Callable[[RepositoryFacts], object]:
    return lambda repository: RepositoryWide(
        "repository",
        RepositoryWideArgs(
            repository=repository,
            wide=RepositoryWideSettings.model_validate(settings),
            values={"project.url": pulumi.Output.from_input("https://x")},
        ),
        pulumi.ResourceOptions(),
    )


def by_name(declared: list[Declared]) -> dict[str, Declared]:
    return {f"{entry.kind.split(':')[-1]} {entry.name}": entry for entry in declared}


def test_the_repository_is_imported_protected_kept_and_at_most_archived(declare: Declare) -> None:
    repository = by_name(declare(wide()))["Repository repository"]
    assert repository.options["import"] == "app"
    assert (repository.options["protect"], repository.options["retainOnDelete"]) == (True, True)
    assert repository.inputs["archiveOnDestroy"] is True


def test_only_the_settings_named_are_managed(declare: Declare) -> None:
    repository = by_name(declare(wide(mergeMethods=["merge"])))["Repository repository"]
    allowed = {name: value for name, value in repository.inputs.items() if name.startswith("allow")}
    assert allowed == {"allowMergeCommit": True, "allowSquashMerge": False, "allowRebaseMerge": False}
    assert not set(repository.inputs) & set(repository.options["ignoreChanges"])
    assert {"description", "hasWiki", "topics", "visibility"} <= set(repository.options["ignoreChanges"])


def test_selected_actions_carry_their_patterns(declare: Declare) -> None:
    actions = by_name(declare(wide(actions={"patterns": ["b/b@*", "a/a@*"]})))[
        "ActionsRepositoryPermissions repository"
    ]
    assert actions.inputs["allowedActionsConfig"] == {
        "githubOwnedAllowed": True,
        "verifiedAllowed": False,
        "patternsAlloweds": ["a/a@*", "b/b@*"],
    }
    everything = by_name(declare(wide(actions={"allowed": "all"})))["ActionsRepositoryPermissions repository"]
    assert "allowedActionsConfig" not in everything.inputs


def test_a_label_a_secret_and_a_variable(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "a-seeded-secret")
    program = wide(
        labels={"urgent": {"color": "FF0000"}}, secrets={"TOKEN": "config"}, variables={"URL": "project.url"}
    )
    declared = by_name(declare(program, exists={"labels/urgent": {"name": "urgent"}, "actions/variables/URL": {}}))
    label = declared["IssueLabel label-urgent"]
    assert (label.inputs["color"], label.options["import"]) == ("ff0000", "app:urgent")
    assert declared["ActionsSecret repository-TOKEN"].inputs["value"] == "[secret]"
    assert declared["ActionsVariable repository-URL"].options["import"] == "app:URL"

"""Refuses, before anything is declared, what would lock everybody out, lacks the plan, or reaches too far."""

from collections.abc import Callable
from pathlib import Path

import pulumi

from components.repository_facts import RepositoryFacts
from estate.code_owners import read_workflow_owners
from estate.lock_out import find_lock_outs
from estate.plan_features import find_missing_features
from estate.token_reach import find_reached_projects
from estate.workflow_checks import read_reported_checks
from provider.invokes import reaches_project
from settings.stack import Settings


class EstateCheck:
    """Compares the settings with people, plan, workflows, code owners, and what the Supabase token reaches.

    What lies in files is read at once, while the platforms' answers are on their way.

    Args:
        settings: the stack's.
        asked: the repository.

    Raises:
        pulumi.RunError: a workflow can't be read.
    """

    def __init__(self, settings: Settings, asked: Callable[[], RepositoryFacts]) -> None:
        self._settings, self._asked = settings, asked
        self._owners = read_workflow_owners(Path.cwd())
        try:
            self._reported = read_reported_checks(Path.cwd())
        except ValueError as error:
            raise pulumi.RunError(str(error)) from error
        if self._reported is None:
            pulumi.log.warn(
                "There are no workflows in .github/workflows: whether anything will report the required checks is"
                " unknown."
            )

    def passed(self) -> RepositoryFacts:
        """Give the repository, if everything can be met.

        Raises:
            pulumi.RunError: one text with everything that could not be met.
        """
        settings, repository = self._settings, self._asked()
        problems = [
            *find_reached_projects(settings, reaches_project),
            *find_missing_features(settings, private=repository.private, plan=repository.plan),
            *find_lock_outs(settings, repository.people, self._reported, self._owners),
        ]
        if problems:
            where = f"Pulumi.{settings.stack}.yaml asks for what can't work"
            raise pulumi.RunError("\n".join([f"{where}; nothing was changed:", *problems]))
        return repository

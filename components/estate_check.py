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


def check_estate(settings: Settings, asked: Callable[[], RepositoryFacts]) -> RepositoryFacts:
    """Compare the settings with people, plan, workflows, code owners, and what the Supabase token reaches.

    Args:
        settings: the stack's.
        asked: the repository, which may still be on its way.

    Returns:
        The repository.

    Raises:
        pulumi.RunError: one text with everything that could not be met.
    """
    project = Path.cwd()
    try:
        reported = read_reported_checks(project)
    except ValueError as error:
        raise pulumi.RunError(str(error)) from error
    if reported is None:
        pulumi.log.warn(
            "There are no workflows in .github/workflows: whether anything will report the required checks is unknown."
        )
    repository = asked()
    problems = [
        *find_reached_projects(settings, reaches_project),
        *find_missing_features(settings, private=repository.private, plan=repository.plan),
        *find_lock_outs(settings, repository.people, reported, read_workflow_owners(project)),
    ]
    if problems:
        where = f"Pulumi.{settings.stack}.yaml asks for what can't work"
        raise pulumi.RunError("\n".join([f"{where}; nothing was changed:", *problems]))
    return repository

"""Which of the settings' rules the owner's GitHub plan does not have."""

from collections.abc import Iterator

from settings.stack import Settings


def find_missing_features(settings: Settings, *, private: bool, plan: str | None) -> list[str]:
    """Compare the rules with the plan (docs.github.com, "GitHub's plans"; facts of private repositories).

    Args:
        settings: the stack's.
        private: whether the repository is private; public ones have every rule.
        plan: the plan that GitHub tells, None where the token may not see it.

    Returns:
        One sentence for each rule that would be refused, with its key and the remedy.
    """
    return [*_other_plan(settings, plan), *(_rules(settings) if private else ())]


def _other_plan(settings: Settings, plan: str | None) -> Iterator[str]:
    # GitHub names the team plan `team`, older ones `business`; Enterprise Cloud is `enterprise` or `business_plus`.
    known = {"free": "free", "team": "team", "business": "team", "enterprise": "enterprise"}
    known["business_plus"] = "enterprise"
    if plan in known and known[plan] != settings.github_plan:
        yield (
            f"githubPlan = {settings.github_plan}: {settings.owner} has the plan {known[plan]}."
            f" Remedy: set githubPlan to {known[plan]}."
        )


def _rules(settings: Settings) -> Iterator[str]:
    if settings.github_plan == "free":
        yield (
            f"branch.protection: the plan free has no branch protection for private repositories, so"
            f" {settings.branch.name} would stand open. Remedy: a plan of team or above, or a public repository."
        )
    if settings.github_plan == "enterprise":
        return
    for name, environment in settings.environments.items():
        rules = {
            "reviewers": bool(environment.reviewers),
            "preventSelfReview": environment.prevent_self_review,
            "waitMinutes": environment.wait_minutes > 0,
        }
        for rule in (rule for rule, wanted in rules.items() if wanted):
            yield (
                f"environments.{name}.{rule}: private repositories have this on GitHub Enterprise only, and githubPlan"
                f" is {settings.github_plan}. Remedy: remove it; the deploy job then proves by API that somebody other"
                " than the author approved the merged pull request."
            )

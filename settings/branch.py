"""The environment's branch and its protection."""

from typing import Literal

from pydantic import Field, model_validator

from settings.model import Model, Principals

ACTIONS_APP = 15368
"""The number of the GitHub Actions app, the same for every repository on github.com."""
MergeMethod = Literal["merge", "squash", "rebase"]


class ReviewSettings(Model):
    """What a pull request into the branch needs of its reviewers."""

    approvals: int = Field(default=1, ge=0, le=6)
    dismiss_stale: bool = True
    require_code_owners: bool = True
    require_last_push_approval: bool = True


class PushSettings(Principals):
    """Who may push, which merging is too: administrators and those named here; anybody where not `restricted`."""

    restricted: bool = True

    @model_validator(mode="after")
    def _nobody_named_in_vain(self) -> "PushSettings":
        if not self.restricted and self:
            raise ValueError("users and teams have no effect unless restricted is true")
        return self


class ProtectionSettings(Model):
    """The branch's protection, a rule and a ruleset: the ruleset binds checks to an app, which the rule can't."""

    reviews: ReviewSettings = ReviewSettings()
    required_checks: tuple[str, ...] = ()
    checks_app: int = Field(default=ACTIONS_APP, gt=0)
    up_to_date: bool = True
    enforce_admins: bool = True
    conversations_resolved: bool = True
    pushes: PushSettings = PushSettings()
    merge_methods: tuple[MergeMethod, ...] = Field(default=("merge",), min_length=1)


class BranchSettings(Model):
    """The branch whose pushes release this environment; `create_from` names the branch it starts from if absent."""

    name: str = Field(min_length=1)
    create_from: str | None = None
    protection: ProtectionSettings = ProtectionSettings()

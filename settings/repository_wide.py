"""What belongs to the repository as a whole, and so to one stack of several."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from settings.branch import MergeMethod
from settings.model import ConfigurableName, Model, SecretSource, VariableSource


class LabelSettings(Model):
    """An issue label; `color` is six hexadecimal digits."""

    color: str = Field(pattern=r"^[0-9a-fA-F]{6}$")
    description: str = Field(default="", max_length=100)


class ActionsSettings(Model):
    """Which actions workflows may use, and what a workflow's own token may do unless the workflow says otherwise."""

    allowed: Literal["all", "local_only", "selected"] = "selected"
    github_owned: bool = True
    verified_creators: bool = False
    patterns: tuple[str, ...] = ()
    sha_pinning: bool = True
    default_permissions: Literal["read", "write"] = "read"
    may_approve_pull_requests: bool = False


class RepositoryWideSettings(Model):
    """Settings, labels, secrets and variables of the repository. What is not named here is left alone.

    `administrators` are the logins of those who administer it, its owner's owners included: nobody is made or unmade
    one here, and an audit tells of everybody else who is.
    """

    merge_methods: tuple[MergeMethod, ...] = Field(default=("merge", "squash"), min_length=1)
    delete_branch_on_merge: bool = True
    push_protection: bool = True
    actions: ActionsSettings = ActionsSettings()
    labels: Mapping[str, LabelSettings] = {}
    secrets: Mapping[ConfigurableName, SecretSource] = {}
    variables: Mapping[ConfigurableName, VariableSource] = {}
    administrators: tuple[str, ...] = ()

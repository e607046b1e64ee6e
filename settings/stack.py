"""A stack's configuration as a whole."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from settings.backend import BackendSettings
from settings.branch import BranchSettings
from settings.environment import EnvironmentSettings
from settings.incidents import IncidentSettings
from settings.model import BY_HAND, ConfigurableName, FunctionSecretName, Model, configured_name
from settings.promotion import HotfixSettings, PromotionSettings
from settings.repository_wide import RepositoryWideSettings
from settings.sentry import SentrySettings
from settings.supabase import SupabaseSettings
from settings.waivers import Waivers


class Settings(Model):
    """Everything that a stack file and Pulumi.yaml say, checked.

    `others` are the projects that the other stack files declare, by stack; `github_plan` is the plan that the
    repository's owner has, since some rules exist on some plans only. `notification` names the secret that holds the
    address of the team channel's webhook. `contacts`: whom to call, by what for.
    """

    stack: str
    owner: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    others: Mapping[str, SupabaseSettings] = {}
    repository: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    repository_owner_stack: str = Field(min_length=1)
    github_plan: Literal["free", "team", "enterprise"] = "free"
    supabase: SupabaseSettings
    branch: BranchSettings
    environments: Mapping[str, EnvironmentSettings]
    repository_wide: RepositoryWideSettings = RepositoryWideSettings()
    function_secrets: tuple[FunctionSecretName, ...] = ()
    backend: BackendSettings = BackendSettings()
    promotion: PromotionSettings = PromotionSettings()
    hotfix: HotfixSettings | None = None
    notification: ConfigurableName | None = None
    incidents: IncidentSettings | None = None
    sentry: SentrySettings | None = None
    contacts: Mapping[str, str] = {}
    waivers: Waivers = Waivers()

    @property
    def owns_repository(self) -> bool:
        """Whether this stack declares what belongs to the repository as a whole."""
        return self.stack == self.repository_owner_stack

    @property
    def is_protected(self) -> bool:
        """Whether nothing of this environment may be deleted or replaced: it was adopted, and no waiver holds."""
        return self.supabase.project.ref is not None and self.waivers.deletion is None

    def secret_names(self) -> frozenset[str]:
        """Name the secrets whose values somebody must provide, by the stack's configuration or the environment."""
        return frozenset({*self._configured_names(), *self.release_secret_names()})

    def release_secret_names(self) -> frozenset[str]:
        """Name those that a release itself needs: all but what GitHub alone is given."""
        told = {self.notification, self.sentry.token if self.sentry else None} - {None}
        return frozenset({*self.function_secrets, *(name for name in told if name), "SUPABASE_DB_PASSWORD"})

    @property
    def notifies(self) -> bool:
        """Whether anybody is told of a release."""
        return self.notification is not None or self.sentry is not None

    def by_hand(self) -> frozenset[str]:
        """Name the secrets that somebody sets on GitHub: ENVIRONMENT/NAME, and NAME for the repository's own.

        No release can read them, since neither the stack's configuration nor its state has them.
        """
        scopes = {f"{name}/": environment.secrets for name, environment in self.environments.items()}
        scopes[""] = self.repository_wide.secrets
        return frozenset(
            f"{scope}{name}"
            for scope, secrets in scopes.items()
            for name, source in secrets.items()
            if source == BY_HAND
        )

    def variable_names(self) -> frozenset[str]:
        """Name the variables whose values are those of the environment in which the engine runs."""
        maps = [environment.variables for environment in self.environments.values()]
        if self.owns_repository:
            maps.append(self.repository_wide.variables)
        return frozenset(name for variables in maps for name, source in variables.items() if source == "environment")

    def _configured_names(self) -> Iterator[str]:
        maps = [environment.secrets for environment in self.environments.values()]
        for secrets in [*maps, self.repository_wide.secrets] if self.owns_repository else maps:
            for name, source in secrets.items():
                if configured := configured_name(name, source):
                    yield configured

"""Where errors are tracked."""

from pydantic import Field

from settings.model import ConfigurableName, Model


class SentrySettings(Model):
    """The Sentry organisation that is told of each release, so that its errors are shown beside it.

    `token` names the secret that holds a token with the right to write releases.
    """

    token: ConfigurableName
    organization: str = Field(min_length=1, max_length=100)
    projects: tuple[str, ...] = Field(min_length=1)
    url: str = Field(default="https://sentry.io", pattern=r"^https?://\S+$")

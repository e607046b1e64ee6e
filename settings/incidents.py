"""Where the team and the users are told of an incident."""

from pydantic import Field

from settings.model import ConfigurableName, Model


class IncidentSettings(Model):
    """The names of the secrets that hold where to tell; each may be left out.

    `channel`: the address of the incidents channel's webhook, in Slack's form. `status_page`: the key of Atlassian
    Statuspage's API; `status_page_id` is the page. `components`: ids of its components that an incident affects.
    """

    channel: ConfigurableName | None = None
    status_page: ConfigurableName | None = None
    status_page_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{1,100}$")
    components: tuple[str, ...] = ()

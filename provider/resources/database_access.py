"""Who may reach a project's database, as a program declares it."""

from collections.abc import Sequence

import pulumi


class DatabaseAccess(pulumi.CustomResource):
    """From where a project's database may be reached, and whether only by encrypted sessions.

    What is not given is left alone; taking the resource out of the program changes nothing.

    Args:
        resource_name: the name in the stack.
        project: the project's ref; another one replaces the resource.
        allowed_networks: such as 203.0.113.0/24 or 2001:db8::/32; whatever runs the releases has to be inside.
        ssl_enforced: refuse sessions that are not encrypted.
        opts: as for any resource; `import_=<ref>` adopts.
    """

    project: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        project: pulumi.Input[str],
        allowed_networks: pulumi.Input[Sequence[str]] | None = None,
        ssl_enforced: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"project": project, "allowed_networks": allowed_networks, "ssl_enforced": ssl_enforced}
        super().__init__("supabase:index:DatabaseAccess", resource_name, properties, opts)

"""Settings of a project's Auth service, as a program declares them."""

from collections.abc import Mapping

import pulumi


class AuthSettings(pulumi.CustomResource):
    """The named settings of a project's Auth service; those that are not named are left alone.

    A value that was changed by hand is a difference that the next `up` repairs. Nothing is undone when a name or the
    resource is taken out of the program.

    Args:
        resource_name: the name in the stack.
        project: the project's ref; another one replaces the resource.
        settings: value by the Management API's name, such as site_url. Names of secrets are refused.
        opts: as for any resource; `import_=<ref>` adopts.
    """

    project: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        project: pulumi.Input[str],
        settings: Mapping[str, pulumi.Input[bool | int | str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("supabase:index:AuthSettings", resource_name, {"project": project, "settings": settings}, opts)

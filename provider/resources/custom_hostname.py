"""A domain of one's own for a project, as a program declares it."""

import pulumi


class CustomHostname(pulumi.CustomResource):
    """The domain under which a project answers beside its own address; needs a paid plan and the platform's add-on.

    Until its DNS records exist it is ordered and not active; each `up` names the missing ones and tries again. Taking
    the resource out of the program changes nothing.

    Args:
        resource_name: the name in the stack.
        project: the project's ref; another one replaces the resource.
        hostname: such as api.example.com.
        opts: as for any resource; `import_=<ref>` adopts.

    Attributes:
        status: the platform's word, 5_services_reconfigured where it is active.
    """

    project: pulumi.Output[str]
    hostname: pulumi.Output[str]
    status: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        project: pulumi.Input[str],
        hostname: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"project": project, "hostname": hostname, "status": None}
        super().__init__("supabase:index:CustomHostname", resource_name, properties, opts)

"""A Supabase project, as a program declares it."""

import pulumi


class Project(pulumi.CustomResource):
    """A Supabase project; its id is its ref.

    A project of the same organization and name that exists already is taken over instead of a second one being
    created. Organization and region can't change: that would need a new project. What was changed by hand, a pause
    and an unhealthy status included, is a difference that the next `up` repairs.

    Args:
        resource_name: the name in the stack.
        organization: the organization's slug.
        name: the project's name, unique in the organization as far as this provider is concerned.
        region: such as eu-central-1.
        database_password: at least 4 characters, kept as a secret; needed to create a project, and changed only when
            it differs from the last deployment's, never by an adoption.
        instance_size: such as micro; the platform's smallest where None, and then never compared.
        restore_when_paused: restore a paused project instead of failing.
        wait_seconds: how long to wait for health; the next `up` goes on waiting.
        opts: as for any resource; `import_=<ref>` adopts.
    """

    organization: pulumi.Output[str]
    name: pulumi.Output[str]
    region: pulumi.Output[str]
    ref: pulumi.Output[str]
    status: pulumi.Output[str]
    url: pulumi.Output[str]
    database_host: pulumi.Output[str]
    created_at: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        organization: pulumi.Input[str],
        name: pulumi.Input[str],
        region: pulumi.Input[str],
        database_password: pulumi.Input[str] | None = None,
        instance_size: pulumi.Input[str] | None = None,
        restore_when_paused: pulumi.Input[bool] = True,
        wait_seconds: pulumi.Input[int] = 600,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "organization": organization,
            "name": name,
            "region": region,
            "database_password": None if database_password is None else pulumi.Output.secret(database_password),
            "instance_size": instance_size,
            "restore_when_paused": restore_when_paused,
            "wait_seconds": wait_seconds,
        }
        outputs = dict.fromkeys(("ref", "status", "url", "database_host", "created_at"))
        super().__init__("supabase:index:Project", resource_name, properties | outputs, opts)

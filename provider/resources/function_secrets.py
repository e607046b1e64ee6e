"""The secrets of a project's functions, as a program declares them."""

from collections.abc import Mapping, Sequence

import pulumi


class FunctionSecrets(pulumi.CustomResource):
    """The named secrets that a project's functions read as environment variables; other names are left alone.

    A value that was changed or deleted by hand is a difference that the next `up` repairs; a name taken out of the
    map is deleted.

    Args:
        resource_name: the name in the stack.
        project: the project's ref; another one replaces the resource.
        secrets: value by name; names must not begin with SUPABASE_. All values are kept as secrets.
        opts: as for any resource; `import_=<ref>` adopts.
    """

    project: pulumi.Output[str]
    digests: pulumi.Output[Mapping[str, str]]
    """SHA-256 of each value, as the platform reports it; a secret too, since short values can be guessed from it."""
    foreign: pulumi.Output[Sequence[str]]
    """Names that the project has and this resource does not declare."""

    def __init__(
        self,
        resource_name: str,
        *,
        project: pulumi.Input[str],
        secrets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        values = {name: pulumi.Output.secret(value) for name, value in secrets.items()}
        properties = {"project": project, "secrets": values, "digests": None, "foreign": None}
        super().__init__("supabase:index:FunctionSecrets", resource_name, properties, opts)

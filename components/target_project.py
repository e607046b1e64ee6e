"""The Supabase project of the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from provider.resources import AuthSettings, CustomHostname, DatabaseAccess, FunctionSecrets, Project
from settings.supabase import SupabaseSettings


@dataclass(frozen=True, kw_only=True)
class TargetProjectArgs:
    """What the project should be.

    Attributes:
        supabase: organisation, name, region, and the ref of a project that exists.
        database_password: of the role postgres.
        function_secrets: environment variable of the functions to value.
        protected: nothing of it may be deleted or replaced.
    """

    supabase: SupabaseSettings
    database_password: pulumi.Input[str]
    function_secrets: Mapping[str, pulumi.Input[str]]
    protected: bool


class TargetProject(pulumi.ComponentResource):
    """Owns the Supabase project, its functions' secrets, its Auth settings, its domain, and who reaches its database.

    Secrets and settings that are not named are left alone.

    A project that the stack file names by ref is adopted: imported, protected, and kept when the stack goes.

    Attributes:
        ref: the project's ref, 20 small letters.
        url: the project's base address.
        ready: what a release has to wait for.
    """

    ref: pulumi.Output[str]
    url: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: TargetProjectArgs) -> None:
        super().__init__("deployment:index:TargetProject", name)
        adopted = args.supabase.project.ref
        project = Project(
            name,
            organization=args.supabase.organization,
            name=args.supabase.project.name,
            region=args.supabase.project.region,
            database_password=args.database_password,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=adopted,
                protect=args.protected,
                retain_on_delete=adopted is not None,
            ),
        )
        secrets = FunctionSecrets(
            name,
            project=project.ref,
            secrets=args.function_secrets,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        if args.supabase.auth:
            AuthSettings(
                name,
                project=project.ref,
                settings=args.supabase.auth,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
            )
        database = args.supabase.database
        if database.allowed_networks is not None or database.ssl_enforced is not None:
            DatabaseAccess(
                name,
                project=project.ref,
                allowed_networks=database.allowed_networks,
                ssl_enforced=database.ssl_enforced,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
            )
        if args.supabase.custom_hostname:
            CustomHostname(
                name,
                project=project.ref,
                hostname=args.supabase.custom_hostname,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
            )
        self.ref = project.ref
        self.url = project.url
        self.ready = [project, secrets]
        self.register_outputs({"ref": self.ref, "url": self.url})

"""The release of the backend into the environment's project."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local

from release.plan import ReleasePlan
from release.project_schema import SCHEMA_DIGEST
from settings.backend import BackendSettings
from settings.supabase import SupabaseSettings


@dataclass(frozen=True, kw_only=True)
class BackendReleaseArgs:
    """What is released, and where.

    Attributes:
        stack: the stack's name.
        supabase: the project by its organisation and name.
        ref: the project's ref.
        ready: what has to exist first.
        backend: folder and behaviour.
        plan: the tokens that decide what runs.
        notifies: whether there is a team channel to tell.
    """

    stack: str
    supabase: SupabaseSettings
    ref: pulumi.Input[str]
    ready: Sequence[pulumi.Resource]
    backend: BackendSettings
    plan: ReleasePlan
    notifies: bool = False


class BackendRelease(pulumi.ComponentResource):
    """Owns the steps of a release: tests, target, migrations, a deploy for each function, smoke tests, record, notice.

    Credentials are no inputs: the commands take them from the engine's environment or the stack's configuration, so
    that a rotated one runs nothing. Nothing is declared for `pulumi destroy` but the functions' deletion: what was
    migrated stays migrated.

    Attributes:
        digest: the release hash, known once the release is recorded.
    """

    digest: pulumi.Output[str]

    def __init__(self, name: str, args: BackendReleaseArgs) -> None:
        super().__init__("deployment:index:BackendRelease", name)
        plan, settings = args.plan, args.backend
        identity: dict[str, pulumi.Input[str]] = {
            "RELEASE_STACK": args.stack,
            "RELEASE_REF": args.ref,
            "RELEASE_NAME": args.supabase.project.name,
            "RELEASE_ORGANIZATION": args.supabase.organization,
        }

        def step(
            step_name: str,
            command: str,
            token: str,
            after: Sequence[pulumi.Resource],
            *,
            create: str = "",
            delete: str | None = None,
            facts: Mapping[str, str] | None = None,
            logging: local.Logging | None = None,
        ) -> local.Command:
            # With an `update` script a changed token runs it in place. A trigger would replace: create the new, then
            # run the old one's delete, which removes the function that was just deployed.
            return local.Command(
                step_name,
                create=f"exec release/command {create or command}",
                update=f"exec release/command {command}",
                delete=delete and f"exec release/command {delete}",
                environment={**identity, "RELEASE_TOKEN": token, **(facts or {})},
                add_previous_output_in_env=False,
                logging=logging,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )

        where = f"--backend {shlex.quote(settings.directory)}"
        tests = local.Command(
            "tests",
            create=f"exec release/command check {where}",
            update=f"exec release/command check {where}",
            environment={"RELEASE_STACK": args.stack, "RELEASE_TOKEN": plan.tests},
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        target = step("target", "target", SCHEMA_DIGEST, [tests, *args.ready], create="target --adopt")
        migrations = step(
            "migrations",
            f"migrate {where} --lock-timeout {settings.lock_timeout_seconds}"
            f" --statement-timeout {settings.statement_timeout_seconds}",
            plan.migrations,
            [target],
            facts={"MIGRATIONS": " ".join(migration.file_name for migration in plan.backend.migrations)},
        )
        if plan.promotion and (plan.pending or plan.changed):
            pulumi.log.info(f"release {plan.backend.digest[:12]}: {plan.promotion.basis}", self)
        for file_name in plan.pending:
            pulumi.log.info(f"migration to apply: {file_name}", migrations)
        functions = [
            step(
                f"function-{slug}",
                f"deploy {slug} {where} --at-once {settings.parallel_deploys}",
                token,
                [migrations],
                delete=f"delete {slug} {where}",
            )
            for slug, token in plan.functions.items()
        ]
        smoke = step(
            "smoke-tests",
            f"smoke {where} --deadline {settings.smoke_test_seconds}",
            plan.smoke,
            [migrations, *functions],
        )
        record = step("record", f"record {where}", plan.record, [smoke], logging=local.Logging.STDERR)
        if args.notifies:
            step("notification", "notify", plan.record, [record])
        self.digest = record.id.apply(lambda _: plan.backend.digest)
        self.register_outputs({"digest": self.digest})

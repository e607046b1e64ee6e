"""One environment of the app: its Supabase project, its branch and Actions environments, its backend's release."""

import signal

# The engine's interrupt is for the engine: without this a failed resource ends in a traceback here.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi
import pulumi_github as github

from components.backend_release import BackendRelease, BackendReleaseArgs
from components.deployment_environment import DeploymentEnvironment, DeploymentEnvironmentArgs
from components.release_plan import plan_backend_release
from components.released_branch import ReleasedBranch, ReleasedBranchArgs
from components.target_project import TargetProject, TargetProjectArgs
from settings import load, secret_value

settings = load()
plan = plan_backend_release(settings)
repository = github.get_repository(name=settings.repository)

project = TargetProject(
    "project",
    TargetProjectArgs(
        supabase=settings.supabase,
        database_password=secret_value("SUPABASE_DB_PASSWORD"),
        function_secrets={name: secret_value(name) for name in settings.function_secrets},
    ),
)
ReleasedBranch(
    "branch",
    ReleasedBranchArgs(
        repository=settings.repository,
        repository_id=repository.node_id,
        branch=settings.branch,
    ),
)
for name, environment in sorted(settings.environments.items()):
    DeploymentEnvironment(
        f"environment-{name}",
        DeploymentEnvironmentArgs(
            repository=settings.repository,
            name=name,
            environment=environment,
            values={"project.ref": project.ref, "project.url": project.url},
        ),
    )
release = BackendRelease(
    "release",
    BackendReleaseArgs(
        stack=settings.stack,
        supabase=settings.supabase,
        ref=project.ref,
        ready=project.ready,
        backend=settings.backend,
        plan=plan,
    ),
)

pulumi.export("project_ref", project.ref)
pulumi.export("functions_url", pulumi.Output.concat(project.url, "/functions/v1"))
pulumi.export("release_hash", release.digest)
pulumi.export("migrations", [migration.file_name for migration in plan.backend.migrations])
pulumi.export("functions", sorted(plan.functions))

"""One environment of the app: its Supabase project, its branch and Actions environments, its backend's release."""

from components.short_run import prepare_for_a_short_run
from settings.engine import load, secret_value, variable_values

prepare_for_a_short_run()
settings = load()

from components.found_project import FoundProject
from components.repository_facts import begin_repository

# The providers start, and are asked, while the rest is imported.
found = FoundProject(settings.supabase)
asked = begin_repository(settings)

from components.early_checks import EarlyChecks
from components.release_sources import read_sources

source = read_sources(settings)
# They run while the preview is made.
checks = EarlyChecks(source)

import pulumi

from components.backend_release import BackendRelease, BackendReleaseArgs
from components.cost_announcement import announce_cost
from components.deployment_environment import DeploymentEnvironment, DeploymentEnvironmentArgs
from components.estate_check import EstateCheck
from components.release_plan import plan_backend_release
from components.released_branch import ReleasedBranch, ReleasedBranchArgs
from components.repository_wide import RepositoryWide, RepositoryWideArgs
from components.target_project import TargetProject, TargetProjectArgs

estate = EstateCheck(settings, asked)
plan = plan_backend_release(settings, source, found)
repository = estate.passed()
announce_cost(settings.supabase, found, repository.adoption)
# What was adopted is not deleted or replaced by a run.
kept = pulumi.ResourceOptions(protect=settings.is_protected)
project = TargetProject(
    "project",
    TargetProjectArgs(
        supabase=settings.supabase,
        database_password=secret_value("SUPABASE_DB_PASSWORD"),
        function_secrets={name: secret_value(name) for name in settings.function_secrets},
        protected=settings.is_protected,
    ),
)
values = {"project.ref": project.ref, "project.url": project.url, **variable_values(settings)}
ReleasedBranch("branch", ReleasedBranchArgs(repository=repository, branch=settings.branch), kept)
for name, environment in sorted(settings.environments.items()):
    DeploymentEnvironment(
        f"environment-{name}",
        DeploymentEnvironmentArgs(repository=repository, name=name, environment=environment, values=values),
        kept,
    )
if settings.owns_repository:
    RepositoryWide(
        "repository", RepositoryWideArgs(repository=repository, wide=settings.repository_wide, values=values), kept
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
        notifies=settings.notifies,
    ),
)

pulumi.export("project_ref", project.ref)
pulumi.export("functions_url", pulumi.Output.concat(project.url, "/functions/v1"))
pulumi.export("release_hash", checks.proven(release.digest))
pulumi.export("migrations", [migration.file_name for migration in plan.backend.migrations])
pulumi.export("functions", sorted(plan.functions))
pulumi.export("hotfix", plan.promotion and plan.promotion.hotfix)

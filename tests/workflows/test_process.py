"""The whole process on the local clouds: what people do on GitHub, and what the workflows make of it."""

from collections.abc import Iterator

import pytest

from tests.engine.checkout import Checkout
from tests.workflows.project import CHECKS, Project

pytestmark = pytest.mark.timeout(900)
HEALTH = "backend/supabase/functions/health/index.ts"


def migration(number: int, name: str) -> dict[str, str | None]:
    file = f"2027010{number}000000_{name}.sql"
    create = (
        f"create table public.{name} (id bigint primary key);\nalter table public.{name} enable row level security;\n"
    )
    return {
        f"backend/supabase/migrations/{file}": create,
        f"backend/supabase/rollbacks/{file}": f"drop table public.{name};\n",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    checkout = Checkout.make(tmp_path_factory.mktemp("checkout"))
    found = Project(checkout, tmp_path_factory.mktemp("runs"))
    try:
        found.begin()
        yield found
    finally:
        checkout.localcloud("stop")


def test_a_feature_goes_from_its_pull_request_to_staging(project: Project) -> None:
    file = project.checkout.directory / HEALTH
    stack_file = project.checkout.directory / "Pulumi.production.yaml"
    reviewed = stack_file.read_text(encoding="utf-8")
    changes = {
        HEALTH: f"{file.read_text(encoding='utf-8')}// a feature\n",
        # From here on production takes what was reviewed, and nothing else.
        "Pulumi.production.yaml": reviewed[: reviewed.index("  mano:waivers:")],
        **migration(1, "mottos"),
    }
    project.branch("feature/mottos", "staging", changes)
    pull = project.open("feature/mottos", "staging", "Feature: Mottos")
    number = pull["number"]

    for job in ("backend-tests", "ios-build", "secrets"):
        done = project.on_pull_request("pr-checks.yml", number, job=job)
        assert (done.code, done.jobs.get(job)) == (0, "success"), done.text
    preview = project.on_pull_request("pr-checks.yml", number, job="preview", environments=["staging-read"])
    assert preview.code == 0, preview.text
    assert preview.jobs["preview"] == "success"
    told = project.comment(number, "staging")
    assert "`20270101000000_mottos.sql`" in told or "20270101000000_mottos.sql" in told
    assert "`health` changed: `+1 -0 supabase/functions/health/index.ts`" in told

    project.merge(number, checks=[name for name in CHECKS if name != "release-source"], method="squash")
    done = project.on_push("deploy-staging.yml", "staging", environments=["staging", "pull-requests"])
    assert done.code == 0, done.text
    (newest, *_) = project.history("staging")
    assert (newest["kind"], "20270101000000" in newest["migrations"]) == ("release", True)

"""The provider against the project's own local cloud, which shares no code with it."""

from pathlib import Path

import pytest

from tests.conftest import LocalCloudUnderTest
from tests.provider.stack import Stack

pytestmark = pytest.mark.engine
PASSWORD = "a-password-for-postgres"


def test_a_stack_lives_on_the_local_cloud(local_cloud: LocalCloudUnderTest, tmp_path: Path) -> None:
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    project = {"organization": organization, "name": "app", "region": "eu-central-1", "database_password": PASSWORD}
    stack = Stack(
        tmp_path,
        local_cloud.url,
        {"project": project, "secrets": {"KEY": "the-value-of-the-key"}},
        token=local_cloud.environment["SUPABASE_ACCESS_TOKEN"],
        project_url=local_cloud.environment["SUPABASE_PROJECT_URL"],
    )
    output = stack.up()
    ref = str(stack.resources()[0]["outputs"]["ref"])
    assert f'"{ref}"' in output
    assert stack.resources()[0]["outputs"]["url"] == f"{local_cloud.url}/projects/{ref}"
    stack.wanted["ask"] = [
        ("get_project", {"organization": organization, "name": "app"}),
        ("get_functions", {"ref": ref}),
        ("query_database", {"ref": ref, "query": "select 2::bigint * 4 as n, current_user as who"}),
    ]
    output = stack.up("--expect-no-changes")
    assert f"get_project: ProjectInfo(found=True, ref='{ref}'" in output
    assert "get_functions: []" in output
    assert "query_database: [{'n': 8, 'who': 'supabase_read_only_user'}]" in output
    del stack.wanted["ask"]

    local_cloud.api("POST", f"/projects/{ref}/secrets", [{"name": "KEY", "value": "changed by hand"}])
    with local_cloud.plan_of(ref, "free"):
        assert local_cloud.api("POST", f"/projects/{ref}/pause").is_success
    local_cloud.wait_for(ref, "INACTIVE")
    stack.run("preview", "--expect-no-changes", fails=True)
    stack.wanted["project"] |= {"database_password": "another-password", "instance_size": "small"}
    output = stack.up()
    assert "is paused: restoring it" in output
    assert "database password set" in output
    assert "resizing to small" in output
    stack.up("--expect-no-changes")

    stack.run("destroy", "--yes", "--skip-preview")
    assert local_cloud.api("GET", f"/projects/{ref}").status_code == 404
    for secret in (PASSWORD, "another-password", "the-value-of-the-key", stack.token):
        assert secret not in stack.shown
        assert secret not in stack.written()

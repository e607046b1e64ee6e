import shutil
from pathlib import Path

import pytest

from tests.backend.backend_project import BACKEND, BackendProject
from tests.conftest import LocalCloudUnderTest


@pytest.fixture
def backend_project(local_cloud: LocalCloudUnderTest, tmp_path: Path) -> BackendProject:
    """A new, empty project of one test."""
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    copy = tmp_path / "backend"
    shutil.copytree(BACKEND, copy)
    return BackendProject(local_cloud, local_cloud.create_project(tmp_path.name, organization), copy)

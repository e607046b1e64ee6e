import pytest

from ops.hosting import Hosting, find_hosting
from settings.reading import read_files
from tests.conftest import ROOT, LocalCloudUnderTest


@pytest.fixture
def hosting(own_cloud: LocalCloudUnderTest, monkeypatch: pytest.MonkeyPatch) -> Hosting:
    """Give the repository of a local cloud of the test's own."""
    for name in ("GITHUB_TOKEN", "GITHUB_BASE_URL"):
        monkeypatch.setenv(name, own_cloud.environment[name])
    return find_hosting(read_files(ROOT, "staging"))

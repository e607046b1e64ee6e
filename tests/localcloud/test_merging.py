"""The way of a change through the whole local cloud, as several people go it with git and the API."""

from pathlib import Path
from types import SimpleNamespace

from tests.conftest import LocalCloudUnderTest
from tests.localcloud.github.work_tree import R, clone


def test_one_pushes_another_reviews_a_third_merges_and_a_kill_takes_nothing_back(
    own_cloud: LocalCloudUnderTest, tmp_path: Path
) -> None:
    dana, lee, administrator = (own_cloud.github_token(login=login) for login in ("dana", "lee", "administrator"))
    actions = own_cloud.github_token(app="github-actions")
    address = own_cloud.url.partition("://")[2]
    tree = clone(SimpleNamespace(host=address, token=dana), tmp_path / "work")
    # The local production protects main by hand from the start: one approval.
    tree.commit("direct")
    told = tree.run("push", "origin", "main").stderr
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in told
    tree.git("switch", "--quiet", "--create", "feature/x")
    tree.git("push", "--quiet", "origin", "feature/x")
    wanted = {"title": "Change", "head": "feature/x", "base": "main"}
    path = f"{R}/pulls/{own_cloud.github_api('POST', f'{R}/pulls', wanted, token=dana).json()['number']}"
    assert own_cloud.github_api("PUT", f"{path}/merge", token=lee).status_code == 405
    approval = own_cloud.github_api("POST", f"{path}/reviews", {"event": "APPROVE"}, token=lee)
    assert approval.json()["state"] == "APPROVED"
    run = {"name": "tests", "head_sha": tree.git("rev-parse", "HEAD"), "conclusion": "success"}
    assert own_cloud.github_api("POST", f"{R}/check-runs", run, token=actions).status_code == 201
    sha = own_cloud.github_api("PUT", f"{path}/merge", token=administrator).json()["sha"]
    own_cloud.kill()
    own_cloud.start()
    tree.git("fetch", "--quiet")
    assert tree.git("rev-parse", "origin/main") == sha
    assert own_cloud.github_api("GET", path, token=dana).json()["merged_by"]["login"] == "administrator"

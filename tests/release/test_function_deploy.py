import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from release import function_deploy
from release.backend_source import read_backend
from release.error import ReleaseError
from release.function_deploy import deploy_function
from release.session import Session
from tests.conftest import LocalCloudUnderTest

SLUG = "hello"


@dataclass(frozen=True)
class Project:
    cloud: LocalCloudUnderTest
    session: Session
    backend: Path

    def deploy(self, token: str) -> bool:
        source = read_backend(self.backend)
        return deploy_function(self.session, self.backend, source.functions[SLUG], token=token)

    def change(self) -> None:
        source = self.backend / "supabase/functions" / SLUG / "index.ts"
        source.write_text('Deno.serve(() => new Response("changed"));\n', encoding="utf-8")

    def version(self) -> int:
        [live] = self.session.api.functions()
        return int(live["version"])

    @contextmanager
    def fault(self, fault: dict[str, Any]) -> Iterator[None]:
        path = re.escape(f"/v1/projects/{self.session.target.ref}/functions/deploy")
        self.cloud.control("POST", "/faults", {"method": "POST", "path": path, **fault}).raise_for_status()
        try:
            yield
        finally:
            self.cloud.control("DELETE", "/faults")

    def refusal(self, token: str, fault: dict[str, Any]) -> str:
        with self.fault(fault), pytest.raises(ReleaseError) as caught:
            self.deploy(token)
        return str(caught.value)


@pytest.fixture
def project(local_cloud: LocalCloudUnderTest, session: Session, backend: Path) -> Project:
    return Project(local_cloud, session, backend)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_deploy, "_DEPLOY_PAUSES", (0, 0))


def answering(status: int) -> dict[str, Any]:
    return {"action": "respond", "status": status, "body": {"message": "of the platform"}}


@pytest.mark.parametrize("fault", [answering(500), {"action": "drop_before"}, {"action": "drop_after"}])
def test_an_upload_that_was_not_answered_is_made_again(
    project: Project, fault: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with project.fault({**fault, "times": 2}):
        assert project.deploy(str(fault))
        assert project.cloud.control("GET", "/faults").json() == []
    assert capsys.readouterr().out.count("trying again") == 2
    assert not project.deploy(str(fault))


def test_an_upload_that_was_refused_is_not_made_again(project: Project) -> None:
    project.deploy("before")
    text = project.refusal("refused", {**answering(400), "times": 1})
    assert "was not deployed: unexpected deploy status 400" in text
    assert "of the platform" in text
    assert "What was live before still is. Remedy: correct the function" in text


def test_an_upload_that_is_never_answered_says_what_is_live(project: Project) -> None:
    project.deploy("before")
    version = project.version()
    text = project.refusal("lost", {"action": "drop_before", "times": None})
    assert "The platform lists what was live before. Remedy: `pulumi up` once the platform answers" in text
    assert project.version() == version
    project.change()
    text = project.refusal("lost", {"action": "drop_after", "times": None})
    assert f"The platform lists version {project.version()} all the same, which was not looked at." in text
    assert project.version() > version
    everything = {"method": ".*", "path": "/v1/projects/.*/functions.*", "skip": 2, "times": None}
    text = project.refusal("lost", {**everything, **answering(500)})
    assert "Whether it is live all the same is not known." in text

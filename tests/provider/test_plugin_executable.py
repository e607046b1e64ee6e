import os
import shutil
import subprocess
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty

from tests.provider.plugin_process import PLUGIN, engine, plugin


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a copy of the executable, and virtual environments whose Python only says which it is."""
    root = tmp_path / "the project"
    (root / "provider").mkdir(parents=True)
    shutil.copy(PLUGIN, root / "provider")
    for place in ("named by pulumi", "relative", "active", ".venv", "on path"):
        binaries = root / place / "bin"
        binaries.mkdir(parents=True)
        for name in ("python", "python3"):
            (binaries / name).write_text(f'#!/bin/sh\necho "{place}|$PYTHONPATH|$*"\n')
            (binaries / name).chmod(0o755)
    return root


def started(project: Path, **environment: str) -> list[str]:
    path = f"{project}/on path/bin:{os.environ['PATH']}"
    answer = subprocess.run(
        [project / "provider" / PLUGIN.name, "127.0.0.1:9", "--logtostderr"],
        cwd="/",
        env={"PATH": path} | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return answer.stdout.strip().split("|")


def test_the_programs_own_environment_comes_first(project: Path) -> None:
    named, active = f"{project}/named by pulumi", f"{project}/active"
    assert started(project, PULUMI_RUNTIME_VIRTUALENV=named, VIRTUAL_ENV=active)[0] == "named by pulumi"
    assert started(project, PULUMI_RUNTIME_VIRTUALENV="relative", VIRTUAL_ENV=active)[0] == "relative"
    assert started(project, PULUMI_RUNTIME_VIRTUALENV="/nowhere", VIRTUAL_ENV=active)[0] == "active"
    assert started(project)[0] == ".venv"
    shutil.rmtree(project / ".venv")
    assert started(project)[0] == "on path"


def test_python_is_told_where_the_project_is_and_what_to_run(project: Path) -> None:
    _, path, arguments = started(project, PYTHONPATH="/more")
    assert path == f"{project}:/more"
    assert arguments == "-P -m provider.plugin 127.0.0.1:9 --logtostderr"
    assert started(project)[1] == str(project)


def test_modules_of_the_working_folder_do_not_get_into_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("__main__", "grpc", "settings", "asyncio"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported by mistake')")
    monkeypatch.chdir(tmp_path)
    with engine() as (_, address), plugin(address) as stub:
        assert stub.GetPluginInfo(Empty()).version


def test_the_executable_is_one_in_every_clone() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage", PLUGIN], cwd=PLUGIN.parent, check=True, capture_output=True, text=True
    )
    assert listed.stdout.startswith("100755 ")

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_XCODEBUILD = """\
#!/bin/sh
if [ "$1" = -list ]; then
  printf 'Information about project "Mano":\\n    Targets:\\n        Mano\\n\\n    Schemes:\\n'
  for scheme in $SCHEMES; do printf '        %s\\n' "$scheme"; done
  printf '\\n    Other:\\n        Nothing\\n'
  exit 0
fi
printf '%s\\n' "$@" > "$BUILT"
exit "${XCODEBUILD_EXIT:-0}"
"""


class Repository:
    """A repository with the script and a machine on whose PATH `uname` and `xcodebuild` are stubs."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "repository"
        self._programs = directory / "bin"
        self._built = directory / "built"
        (self.root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/build-test.sh", self.root / "scripts")
        self._programs.mkdir()
        self._program("uname", "#!/bin/sh\necho Darwin\n")
        self._program("xcodebuild", _XCODEBUILD)

    def _program(self, name: str, text: str) -> None:
        path = self._programs / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def on(self, system: str) -> None:
        self._program("uname", f"#!/bin/sh\necho {system}\n")

    def without_xcode(self) -> None:
        (self._programs / "xcodebuild").unlink()

    def add(self, *paths: str) -> None:
        for path in paths:
            (self.root / path).mkdir(parents=True)

    def run(self, *arguments: str, schemes: str = "Mano", fails: int = 0) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.root / "scripts/build-test.sh", *arguments],
            cwd=self.root,
            env={
                "PATH": f"{self._programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
                "SCHEMES": schemes,
                "BUILT": str(self._built),
                "XCODEBUILD_EXIT": str(fails),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def built(self) -> list[str]:
        """Give the arguments of the build, none if nothing was built."""
        return self._built.read_text(encoding="utf-8").splitlines() if self._built.exists() else []


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_a_project_is_built_for_the_simulator(repository: Repository) -> None:
    repository.add("ios/Mano.xcodeproj/project.xcworkspace", "ios/Pods/Pods.xcodeproj", ".build/x/Dep.xcodeproj")
    told = repository.run()
    assert told.returncode == 0, told.stderr
    assert repository.built()[:4] == ["-project", "./ios/Mano.xcodeproj", "-scheme", "Mano"]
    assert "generic/platform=iOS Simulator" in repository.built()


def test_a_workspace_comes_before_the_projects_in_it(repository: Repository) -> None:
    repository.add("Mano.xcworkspace", "Mano.xcodeproj/project.xcworkspace", "Kit/Kit.xcodeproj")
    told = repository.run()
    assert told.returncode == 0, told.stderr
    assert repository.built()[:2] == ["-workspace", "./Mano.xcworkspace"]


def test_without_a_project_there_is_nothing_to_build(repository: Repository) -> None:
    repository.add("node_modules/x/X.xcodeproj")
    told = repository.run()
    assert told.returncode == 3
    assert "no iOS app to build" in told.stderr


def test_several_projects_are_named_and_one_can_be_chosen(repository: Repository) -> None:
    repository.add("A.xcodeproj", "B.xcodeproj")
    told = repository.run()
    assert told.returncode == 2
    assert "  ./A.xcodeproj\n  ./B.xcodeproj" in told.stderr
    assert repository.built() == []
    assert repository.run("B.xcodeproj").returncode == 0
    assert repository.built()[:2] == ["-project", "B.xcodeproj"]


def test_the_scheme_of_the_projects_name_is_taken_out_of_several(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    assert repository.run(schemes="ManoTests Mano Widget").returncode == 0
    assert repository.built()[2:4] == ["-scheme", "Mano"]


def test_a_scheme_must_be_chosen_where_none_has_the_projects_name(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    told = repository.run(schemes="App Widget")
    assert told.returncode == 2
    assert "--scheme:\n  App\n  Widget" in told.stderr
    assert repository.run("--scheme", "Widget", schemes="App Widget").returncode == 0
    assert repository.built()[2:4] == ["-scheme", "Widget"]


def test_a_project_without_schemes_says_what_to_do(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    told = repository.run(schemes="")
    assert told.returncode == 2
    assert "share one" in told.stderr


def test_a_failing_build_fails(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    told = repository.run(fails=65)
    assert told.returncode == 1
    assert "the build failed" in told.stderr


def test_another_system_is_told_so(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    repository.on("Linux")
    told = repository.run()
    assert told.returncode == 4
    assert "macOS, this is Linux" in told.stderr
    assert repository.built() == []


def test_a_mac_without_xcode_is_told_so(repository: Repository) -> None:
    repository.add("Mano.xcodeproj")
    repository.without_xcode()
    told = repository.run()
    assert told.returncode == 4
    assert "install Xcode" in told.stderr


@pytest.mark.parametrize("arguments", [["--fast"], ["--scheme"], ["a.xcodeproj", "b.xcodeproj"], ["README.md"]])
def test_wrong_usage(repository: Repository, arguments: list[str]) -> None:
    assert repository.run(*arguments).returncode == 2


def test_the_script_passes_shellcheck() -> None:
    told = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), ROOT / "scripts/build-test.sh"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout

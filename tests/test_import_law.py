"""Which room may import which; the reason for each stands in docs/adr/0001-rooms.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"settings", "estate", "release", "components", "provider", "ops", "localcloud", "toolchain", "bench", "faults"}
ALLOWED = {
    "__main__": {"settings", "components"},
    "settings": set(),
    "estate": {"settings"},
    "release": {"settings"},
    "components": {
        "settings",
        "estate",
        "release",
        "provider.resources",
        "provider.invokes",
        "provider.pending_invoke",
    },
    "ops": {"settings", "estate", "release"},
    "provider": set(),
    "localcloud": set(),
    "toolchain": set(),
    "bench": {"localcloud"},
    "faults": set(),
}
FORBIDDEN_NAMES = {"utils", "helpers", "common"}


def sources(room: str) -> list[Path]:
    single = ROOT / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(room)
        for name in imports(path)
        if name.split(".")[0] in ROOMS - {room} and not any(f"{name}.".startswith(f"{a}.") for a in ALLOWED[room])
    }
    assert wrong == set()


def test_every_room_has_sources() -> None:
    # A renamed room would otherwise pass the law by having no files.
    assert [room for room in sorted(ALLOWED.keys() - {"ops"}) if not sources(room)] == []


def test_the_law_sees_a_breach() -> None:
    assert "release.plan" in imports(ROOT / "components" / "release_plan.py")


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [
        path for room in ALLOWED for path in sources(room) if FORBIDDEN_NAMES & {path.stem, *path.parent.parts}
    ] == []


def test_the_program_reads_as_a_table_of_contents() -> None:
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) < 80


def test_nothing_about_the_app_is_written_into_the_code() -> None:
    files = [path for room in ALLOWED for path in sources(room)]
    assert [path for path in files if "mano" in path.read_text(encoding="utf-8").lower()] == []


def test_a_step_of_a_release_starts_without_the_engine() -> None:
    # Loading it costs a step more than half of its start, and a release has a step for each function.
    program = "import release.__main__, sys; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0

import subprocess
import sys
from pathlib import Path


def test_a_program_pays_nothing_for_what_only_the_plugin_needs() -> None:
    statement = "import sys; import provider.resources, provider.invokes; print(*sorted(sys.modules), sep='\\n')"
    root = Path(__file__).parents[2]
    listed = subprocess.run([sys.executable, "-c", statement], cwd=root, check=True, capture_output=True, text=True)
    modules = listed.stdout.split()
    assert "provider.invokes" in modules
    assert not {"httpx", "tenacity", "provider.plugin", "pulumi.provider.experimental.server"}.intersection(modules)

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provider.plugin_process import EngineDouble, engine
from tests.toolchain.plugin_process import Plugin, running


@pytest.fixture
def engine_double() -> Iterator[tuple[EngineDouble, str]]:
    with engine() as double:
        yield double


@pytest.fixture
def command(engine_double: tuple[EngineDouble, str], tmp_path: Path) -> Iterator[Plugin]:
    """The plugin `command`, configured, in an empty folder."""
    with running("command", engine_double[1], tmp_path) as plugin:
        plugin.configure()
        yield plugin

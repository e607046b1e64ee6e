"""A browser for tests: Debian's packages chromium and chromium-driver, where they are installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_PROGRAMS = [shutil.which("chromium"), shutil.which("chromedriver")]
_SWITCHES = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

needs_browser = pytest.mark.skipif(
    None in _PROGRAMS, reason="no browser here: apt-get install chromium chromium-driver"
)


@contextmanager
def open_browser(profile: Path) -> Iterator[Chrome]:
    """Open a browser that keeps its profile in a folder and notes what a page's console says."""
    options = ChromeOptions()
    options.binary_location = str(_PROGRAMS[0])
    for switch in (*_SWITCHES, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options=options, service=Service(str(_PROGRAMS[1]))) as chrome:
        yield chrome


def show(browser: Chrome, address: str, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
    """Open a page on a screen of that width, a phone's below 500, with a light or a dark scheme."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(address)

"""The report as a page, as a browser shows it. `RENEW_SCREENSHOT=1` makes docs/audit.png anew."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_core_python.selenium import Axe  # type: ignore[import-untyped]
from selenium.webdriver import Chrome

from ops.audit.page import write_page
from tests.chrome import needs_browser, open_browser, show
from tests.conftest import ROOT
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.sample import SCRIPT, disturb

pytestmark = needs_browser
SCREENSHOT = ROOT / "docs" / "audit.png"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("browser")) as chrome:
        yield chrome


def write(clouds: Clouds, folder: Path) -> str:
    page = folder / "audit.html"
    page.write_text(write_page(clouds.audit()), encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_readable_on_a_phone_and_on_a_desk(
    browser: Chrome, clouds: Clouds, tmp_path: Path, width: int, scheme: str
) -> None:
    show(browser, write(disturb(clouds, SCRIPT), tmp_path), width=width, scheme=scheme)
    text = browser.find_element("tag name", "body").text
    assert "Drift audit of acme/app" in text
    assert f"deploy key {SCRIPT}" in text
    assert "declared\nteam keepers, user grace" not in text, "reviewers were left alone"
    assert browser.execute_script("return window.entered") is None
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert Axe().run(browser)["violations"] == []
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_it_needs_nothing_beside_it(clouds: Clouds) -> None:
    text = write_page(disturb(clouds).audit())
    assert [word for word in ("src=", "href=", "@import", "url(") if word in text] == []


def test_a_clean_estate_says_so(browser: Chrome, clouds: Clouds, tmp_path: Path) -> None:
    show(browser, write(clouds, tmp_path))
    assert "Nothing differs from what is declared." in browser.find_element("tag name", "main").text


@pytest.mark.skipif(not os.environ.get("RENEW_SCREENSHOT"), reason="makes docs/audit.png anew when asked to")
def test_renew_the_screenshot(browser: Chrome, clouds: Clouds, tmp_path: Path) -> None:
    show(browser, write(disturb(clouds), tmp_path), width=1000, height=1200)
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    SCREENSHOT.write_bytes(base64.b64decode(shot["data"]))


def test_the_screenshot_is_there() -> None:
    assert SCREENSHOT.read_bytes().startswith(b"\x89PNG")

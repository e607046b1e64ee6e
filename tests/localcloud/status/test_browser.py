"""The status page as a browser shows it; needs Debian's packages chromium and chromium-driver, else it is skipped."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_core_python.selenium import Axe  # type: ignore[import-untyped]
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.chrome import needs_browser, open_browser, show
from tests.localcloud.status.conftest import REPOSITORY, Cloud

pytestmark = needs_browser

_SCRIPT = "<script>window.entered = true</script>"
_IMAGE = "<img src=x onerror='window.entered = true'>"
_LONG = "a" * 120


class Page:
    """The page in a browser, and what a reader finds there."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    def open(self, cloud: Cloud, *, width: int = 1280, scheme: str = "light") -> None:
        show(self.browser, f"{cloud.url}/", width=width, scheme=scheme)
        self.wait_for("connection", "live")

    def text(self, name: str) -> str:
        return self.browser.find_element(By.ID, name).text

    def wait_for(self, name: str, *texts: str) -> None:
        """Wait until an element says all of this."""
        WebDriverWait(self.browser, 20).until(
            lambda _: all(text in self.text(name) for text in texts),
            f"{name} does not say {texts}, but: {self.text(name)}",
        )

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with open_browser(tmp_path_factory.mktemp("browser")) as chrome:
        yield chrome


@pytest.fixture
def page(browser: Chrome) -> Page:
    page = Page(browser)
    page.console()  # what an earlier test left there
    return page


@pytest.fixture(scope="module")
def cloud(make_cloud: Callable[[], Cloud]) -> Cloud:
    return make_cloud()


@pytest.fixture(scope="module")
def hostile(make_cloud: Callable[[], Cloud]) -> Cloud:
    """Make a local cloud that has something in each panel, under names that are markup, or long."""
    cloud = make_cloud()
    ref = cloud.project(f"{_SCRIPT}{_LONG}")
    cloud.deploy(ref, f"hello-{_LONG}")
    cloud.apply(ref, "20260101000000", f"{_IMAGE}{_LONG}")
    cloud.api("POST", f"/projects/{ref}/secrets", [{"name": f"SECRET_{_LONG}", "value": "x"}])
    repository = f"/v3/repos/{REPOSITORY}"
    cloud.open_pull_request(f"{_IMAGE}{_LONG}")
    cloud.protect(f"{_SCRIPT}{_LONG}", requiresApprovingReviews=True, requiredApprovingReviewCount=1)
    cloud.github("PUT", f"{repository}/environments/live")
    cloud.put_secret("live", "TOKEN", "x")
    cloud.github("POST", f"{repository}/actions/variables", {"name": "COLOR", "value": f"{_IMAGE}{_LONG}"})
    ruleset = {"name": f"{_IMAGE}{_LONG}", "enforcement": "active", "rules": [{"type": "deletion"}]}
    cloud.github("POST", f"{repository}/rulesets", ruleset)
    cloud.api("GET", f"/projects/{_IMAGE}{_LONG}")
    cloud.control("POST", "/faults", {"path": f"/{_SCRIPT}{_LONG}", "action": "respond"})
    return cloud


def test_an_empty_page_says_what_to_do_and_fills_by_itself(page: Page, cloud: Cloud) -> None:
    page.open(cloud)
    page.run("window.mine = true")
    for panel in ("projects", "rules", "environments", "requests"):
        page.wait_for(panel, "make up")
    page.wait_for("disturbances", "Nothing is disturbed")

    ref = cloud.project()
    page.wait_for("projects", "app-staging", ref, "healthy", "eu-central-1", "pro")
    page.wait_for("functions", "Nothing is deployed")
    page.wait_for("migrations", "No migration was applied")
    cloud.api("POST", "/organizations", {"name": "another"})
    page.wait_for("requests", "POST /v1/organizations", "201", "Python program")
    cloud.deploy(ref, "hello")
    page.wait_for("functions", "hello", "starts at the next call", "none since the start", "ACTIVE")
    (cloud.migrations / "20260101000000_first.sql").touch()
    page.wait_for("migrations", "1 pending first; 0 applied")
    cloud.apply(ref, "20260101000000", "first")
    page.wait_for("migrations", "nothing pending 1 applied")
    page.wait_for("pulls", "No pull request is open.")
    cloud.open_pull_request("Add a file")
    page.wait_for("pulls", "Add a file", "change into main", "not reviewed")
    cloud.protect("main", requiresApprovingReviews=True, requiredApprovingReviewCount=1, restrictsPushes=True)
    page.wait_for("rules", "main", "1 approval", "only admins push")
    cloud.github("PUT", f"/v3/repos/{REPOSITORY}/environments/live")
    cloud.put_secret("live", "TOKEN", "x")
    page.wait_for("environments", "live", "any branch deploys", "TOKEN set")
    cloud.control("PUT", "/clock", 3600)
    page.wait_for("disturbances", "The clock of the local cloud is 1:00:00 ahead")
    cloud.control("PUT", "/clock", 0)
    page.wait_for("disturbances", "Nothing is disturbed")
    cloud.api("DELETE", f"/projects/{ref}")
    page.wait_for("projects", "There is no project.")

    assert page.run("return window.mine") is True  # never loaded again
    assert page.console() == []


def test_it_tells_that_the_connection_is_lost_and_goes_on_afterwards(page: Page, cloud: Cloud) -> None:
    page.open(cloud)
    assert not page.browser.find_element(By.ID, "lost").is_displayed()
    cloud.stop()
    page.wait_for("connection", "connection lost")
    page.wait_for("lost", "The local cloud does not answer.", "python -m localcloud start")
    cloud.start()
    page.wait_for("connection", "live")
    assert not page.browser.find_element(By.ID, "lost").is_displayed()


def test_markup_in_names_is_shown_as_text(page: Page, hostile: Cloud) -> None:
    page.open(hostile)
    page.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for panel, markup in {
        "projects": _SCRIPT, "functions": _SCRIPT, "migrations": _IMAGE, "environments": _IMAGE, "requests": _IMAGE,
        "disturbances": _SCRIPT, "pulls": _IMAGE,
    }.items():  # fmt: skip
        assert markup in page.text(panel)
    assert _SCRIPT in page.text("rules")
    assert _IMAGE in page.text("rules")
    assert page.run("return document.querySelectorAll('body script, body img').length") == 0
    assert page.run("return window.entered") is None
    assert page.console() == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_everybody_can_read_it(page: Page, hostile: Cloud, width: int, scheme: str) -> None:
    page.open(hostile, width=width, scheme=scheme)
    page.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.run("return document.documentElement.scrollWidth") <= width
    found = Axe().run(page.browser)
    assert [(violation["id"], violation["nodes"]) for violation in found["violations"]] == []
    assert {"color-contrast", "landmark-one-main", "th-has-data-cells"} <= {check["id"] for check in found["passes"]}
    assert page.console() == []


def test_a_keyboard_is_enough_and_what_it_unfolded_stays_so(page: Page, hostile: Cloud) -> None:
    page.open(hostile)
    focused = page.browser.switch_to.active_element
    focused.send_keys(Keys.TAB)
    assert page.browser.switch_to.active_element.text == "Skip to the panels"
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    summary = page.browser.find_element(By.CSS_SELECTOR, "#migrations summary")
    for _ in range(30):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        if page.browser.switch_to.active_element == summary:
            break
    summary.send_keys(Keys.ENTER)
    ref = hostile.data()["projects"][0]["ref"]
    hostile.apply(ref, "20260102000000", "second")
    page.wait_for("migrations", "20260102000000", "second")
    assert page.browser.switch_to.active_element.tag_name == "summary"


def test_it_asks_for_nothing_while_nobody_looks(page: Page, hostile: Cloud) -> None:
    page.open(hostile)
    hide = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => %s })"
    page.run(hide % "true")
    page.wait_for("connection", "paused while nobody looks")
    hostile.github("PUT", f"/v3/repos/{REPOSITORY}/environments/made-meanwhile")
    assert "made-meanwhile" not in page.text("environments")
    page.run(hide % "false" + "; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for("connection", "live")
    page.wait_for("environments", "made-meanwhile")

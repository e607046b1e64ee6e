import pytest

from release.checklist import ChecklistItem, read_checklist, refuse_unchecked
from release.error import ReleaseError

DIGEST, OTHER = "a" * 64, "b" * 64
APP = "the iOS app against staging"


def item(name: str, *, passed: bool = True, digest: str = DIGEST) -> ChecklistItem:
    return ChecklistItem(digest=digest, item=name, passed=passed, told="told", by="somebody", at="2026-11-26 10:00")


def refusal(*known: ChecklistItem) -> str:
    try:
        refuse_unchecked("production", DIGEST, "staging", ["logs", APP], known)
    except ReleaseError as error:
        return str(error)
    return ""


def test_what_holds_lets_a_release_in() -> None:
    assert refusal(item("logs"), item(APP), item("services", passed=False)) == ""


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ([item("logs")], f"  {APP}: not checked"),
        ([item("logs", passed=False), item(APP)], "  logs: does not hold: told"),
        ([item("logs", digest=OTHER), item(APP)], "  logs: not checked"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_supplies_it(known: list[ChecklistItem], told: str) -> None:
    text = refusal(*known)
    assert told in text.splitlines()
    assert "Nothing was changed. Remedy: python -m ops validate --stack staging" in text
    assert text.count("\n  ") == 1


def test_rows_are_read() -> None:
    row = {"digest": DIGEST, "item": "logs", "passed": True, "told": "told", "checked_by": "somebody", "at": "x"}
    assert read_checklist([row])[0].by == "somebody"

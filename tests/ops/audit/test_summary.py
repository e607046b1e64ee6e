from ops.audit.summary import describe_drift, write_summary
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.live_answers import WRITTEN
from tests.ops.audit.sample import disturb


def test_the_most_severe_come_first_with_their_repair(clouds: Clouds) -> None:
    text = write_summary(disturb(clouds).audit())
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| severity")]
    order = [row.split("|")[1].strip() for row in rows]
    known = ["critical", "high", "medium", "low", "info"]
    assert order == sorted(order, key=known.index)
    assert "repository_hooks=read" in text
    assert "since 2026-06-01T22:14:05Z" in text
    assert "Branch-Protection of `main`: 8 of 10; the next tier asks: two approvals are needed." in text


def test_names_can_not_break_the_table(clouds: Clouds) -> None:
    clouds.github["secrets"].append({"name": "A|B\nC", "updated_at": WRITTEN})
    (row,) = [line for line in write_summary(clouds.audit()).splitlines() if "A\\|B C" in line]
    assert row.replace("\\|", "").count("|") == 7


def test_it_stays_within_what_github_takes_and_says_what_is_left_out(clouds: Clouds) -> None:
    clouds.github["secrets"] += [{"name": f"OLD_{number}", "updated_at": WRITTEN} for number in range(2000)]
    text = write_summary(clouds.audit())
    assert len(text) < 65_536
    assert " more: `python -m ops audit` shows them all." in text


def test_a_clean_estate(clouds: Clouds) -> None:
    assert "Nothing differs from what is declared." in write_summary(clouds.audit())


def test_a_channel_is_told_the_most_severe_of_each_stack(clouds: Clouds) -> None:
    assert describe_drift(clouds.audit()) == {}
    told = describe_drift(disturb(clouds).audit())["production"].splitlines()
    assert told[0].startswith("DRIFT in production: ")
    assert told[1].startswith("critical ")
    assert len(told) == 10
    assert told[-1].endswith(" more: python -m ops audit")

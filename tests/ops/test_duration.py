from datetime import timedelta

import pytest
import typer

from ops.duration import parse_duration


def test_units() -> None:
    assert [parse_duration(text) for text in ("90s", "15m", "1h", "7d")] == [
        timedelta(seconds=90),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(days=7),
    ]


@pytest.mark.parametrize("text", ["", "15", "m", "-5m", "1.5h", "15 m", "1w"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="15m"):
        parse_duration(text)

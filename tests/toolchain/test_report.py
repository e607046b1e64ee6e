import time

import pytest

from toolchain import report


def test_long_work_says_that_it_goes_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(report, "_SECONDS_OF_SILENCE", 0.01)
    said = ""

    with report.doing("engine", "building", "4 min"):
        deadline = time.monotonic() + 20
        while said.count("still at it") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
            said += capsys.readouterr().err

    lines = said.splitlines()
    assert lines[0] == "toolchain: engine: building (usually 4 min) …"
    assert lines[1] == "toolchain: engine: still at it after 0 s (usually 4 min) …"
    assert "engine: ready after" in capsys.readouterr().err


def test_work_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), report.doing("engine", "building", "4 min"):
        raise ValueError("broken")

    assert capsys.readouterr().err.splitlines()[-1] == "toolchain: engine: FAILED after 0 s"

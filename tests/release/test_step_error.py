import psycopg
import pytest

from release import __main__ as step


def test_an_error_of_the_database_is_told_in_its_first_line_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise psycopg.OperationalError("terminating connection.\nLINE 1: select secret\n        ^")

    monkeypatch.setattr(step, "app", fail)
    monkeypatch.setattr(step, "die_with_parent", lambda: None)
    monkeypatch.delenv("RELEASE_STACK", raising=False)
    with pytest.raises(SystemExit) as ended:
        step.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("The database ended this step: terminating connection. What it had not noted by then")
    assert "secret" not in told

import threading
import time
from pathlib import Path

import pytest

from release.deploy_slot import deploy_slot


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def most_at_once(workers: int, slots: int) -> int:
    inside = most = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with deploy_slot("r", slots):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.05)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == 0
    return most


def test_no_more_than_the_slots_are_taken_at_once() -> None:
    assert most_at_once(6, 2) == 2


def test_one_slot_serves_one_after_the_other() -> None:
    assert most_at_once(3, 1) == 1


def test_a_slot_is_free_again_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), deploy_slot("r", 1):
        _ = 1 / 0
    assert most_at_once(1, 1) == 1

from collections.abc import Iterator

import pytest

from provider.plugin.client import Client
from tests.provider.fake_supabase import TOKEN, FakeSupabase
from tests.provider.recorder import Recorder


@pytest.fixture
def supabase() -> Iterator[FakeSupabase]:
    fake = FakeSupabase()
    yield fake
    assert fake.violations == []


@pytest.fixture
def client(supabase: FakeSupabase) -> Client:
    return Client(token=TOKEN, transport=supabase.transport(), pause_unit=0.001)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()

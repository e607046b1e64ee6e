"""A production that has tables, rows and users, and no ledger. The tests run in order on one local cloud."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.engine.checkout import ROOT, Checkout, Live, Run

pytestmark = pytest.mark.engine

REF = "zfroutbzdkhivnpiezho"
FILES = sorted(path.name for path in (ROOT / "backend/supabase/migrations").glob("*.sql"))


@dataclass(frozen=True)
class WithoutLedger:
    """The stack's command line, and its project."""

    checkout: Checkout
    live: Live

    def adopt(self, *arguments: str) -> Run:
        return self.checkout.run("python", "-m", "ops", "adopt", "--stack", "production", *arguments)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithoutLedger]:
    checkout = replace(Checkout.make(tmp_path_factory.mktemp("checkout")), stack="production")
    # Adoption may come before there is a staging that could have validated anything.
    stack_file = checkout.directory / "Pulumi.production.yaml"
    text = stack_file.read_text(encoding="utf-8")
    stack_file.write_text(text[: text.index("  mano:promotion:")], encoding="utf-8")
    try:
        live = Live(REF, checkout.variables())
        live.sql("drop schema supabase_migrations cascade")
        yield WithoutLedger(checkout, live)
    finally:
        checkout.localcloud("stop")


def test_a_preview_says_what_to_do_first(production: WithoutLedger) -> None:
    result = production.checkout.run("pulumi", "preview", "--stack", "production", "--non-interactive")
    assert result.code != 0
    assert "python -m ops adopt --baseline --stack production" in result.text
    assert "Traceback" not in result.text


def test_a_schema_that_no_migration_makes_is_refused_with_the_difference(production: WithoutLedger) -> None:
    production.live.sql("alter table public.people add column by_hand integer")
    try:
        result = production.adopt("--baseline")
    finally:
        production.live.sql("alter table public.people drop column by_hand")
    assert result.code == 2, result.text
    assert "columns public.people: is" in result.text
    assert "by_hand integer" in result.text
    assert production.live.sql("select to_regclass('supabase_migrations.schema_migrations') as ledger") == [
        {"ledger": None}
    ]


def test_the_migrations_that_the_schema_shows_are_recorded(production: WithoutLedger) -> None:
    rows = production.live.sql("select id, name from public.people order by id")
    result = production.adopt("--baseline", "--json")
    assert result.code == 0, result.text
    told = json.loads(result.text.splitlines()[-1])
    assert told == {"recorded": FILES[:-1], "pending": FILES[-1:], "differences": []}
    assert production.live.ledger() == [name.split("_")[0] for name in FILES[:-1]]
    assert production.live.sql("select id, name from public.people order by id") == rows


def test_a_second_baseline_is_refused(production: WithoutLedger) -> None:
    result = production.adopt("--baseline")
    assert result.code == 1
    assert "has a ledger already" in result.text


def test_the_preview_then_names_the_one_that_is_missing(production: WithoutLedger) -> None:
    preview = production.checkout.preview()
    assert {line.split()[-1] for line in preview.splitlines() if "migration to apply" in line} == {FILES[-1]}


def test_a_stack_that_creates_its_project_has_nothing_to_adopt(production: WithoutLedger) -> None:
    result = production.checkout.run("python", "-m", "ops", "adopt", "--baseline", "--stack", "staging")
    assert result.code == 1
    assert "creates its project" in result.text
    assert "Traceback" not in result.text

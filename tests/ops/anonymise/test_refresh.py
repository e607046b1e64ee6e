"""The command, from a production to a staging on a local cloud."""

import json
import re
import signal
from collections.abc import Iterator

import psycopg
import pytest

from ops.anonymise import reader_role
from ops.anonymise.catalogue import Table, read_catalogue
from ops.anonymise.pseudonyms import Pseudonyms
from ops.anonymise.reader_role import reading
from ops.anonymise.refresh import Progress, refresh
from ops.anonymise.rules import Rules
from ops.anonymise.share import Share
from ops.anonymise.source import open_source
from ops.stack_target import read_stack
from release.error import ReleaseError
from release.session import open_session
from tests.ops.anonymise.conftest import Pair

USER, PERSON, TALK = (f"0000000{n}-aaaa-4bbb-8ccc-1234567890ab" for n in (1, 2, 3))
CANARY = {
    "email": "Zaphod.Canary+tag@bird-mail.example.org",
    "phone": "+49 170 5550123",
    "password": "$2a$10$CanaryHashCanaryHashCanaryHash",
    "token": "canary-recovery-token-51f2",
    "full_name": "Zaphod Canary Beeblebrox",
    "street": 'Quote "Road" \\ 42\tTab',
    "name": "Zaphod C. Canary",
    "notes": "Line one of the canary\nline two \\N with a backslash\tand a tab; Vögel ü",
    "content": "My number is +49 170 5550123 and the canary sings",
}
USERS = 1500


@pytest.fixture(autouse=True)
def clean(pair: Pair) -> Iterator[None]:
    """Let each test begin and end with the backend's own rules and the same rows."""
    pair.write_rules(pair.rules())
    yield
    pair.production.execute("delete from auth.users where id::text like '00000%'")


def plant(pair: Pair) -> None:
    run = pair.production.execute
    run(
        "insert into auth.users (id, aud, role, email, phone, encrypted_password, recovery_token, raw_user_meta_data,"
        " raw_app_meta_data, created_at) values (%s, 'authenticated', 'authenticated', %s, %s, %s, %s, %s,"
        """ '{"provider": "email", "providers": ["email"], "customer": "canary-customer-8841"}', now())""",
        [
            USER, CANARY["email"], CANARY["phone"], CANARY["password"], CANARY["token"],
            json.dumps({"full_name": CANARY["full_name"], "address": {"street": CANARY["street"]}}),
        ],
    )  # fmt: skip
    run(
        "insert into public.people (id, owner_id, name, relationship, notes) values (%s, %s, %s, 'canary bird', %s)",
        [PERSON, USER, CANARY["name"], CANARY["notes"]],
    )
    run("insert into public.conversations (id, owner_id, person_id) values (%s, %s, %s)", [TALK, USER, PERSON])
    run(
        "insert into public.messages (owner_id, conversation_id, role, content) values (%s, %s, 'user', %s)",
        [USER, TALK, CANARY["content"]],
    )


def multiply(pair: Pair) -> None:
    """Give production many users, each with two people."""
    pair.production.execute(
        "insert into auth.users (id, email, is_anonymous) select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))"
        "::uuid, 'user' || n || '@many.example.org', false from generate_series(1, %s) n",
        [USERS],
    )
    pair.production.execute(
        "insert into public.people (owner_id, name) select id, 'Person ' || k || ' of ' || email from auth.users,"
        " generate_series(1, 2) k where id::text like '00000000-0000-4000%'"
    )


def torn_keys(pair: Pair) -> list[str]:
    """Name the foreign keys of staging that hold no longer, by making PostgreSQL check each anew."""
    torn = []
    for key in pair.rows(
        pair.staging,
        "select conname as name, conrelid::regclass::text as table, pg_get_constraintdef(oid) as definition"
        " from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace",
    ):
        try:
            with pair.staging.transaction(force_rollback=True):
                pair.staging.execute(f"alter table {key['table']} add constraint again {key['definition']}".encode())
        except psycopg.errors.ForeignKeyViolation:
            torn.append(str(key["name"]))
    return torn


def test_nothing_of_a_person_reaches_staging_and_everything_else_does(pair: Pair) -> None:
    plant(pair)
    pair.staging.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'tester@example.com')")
    before = pair.everything(pair.production)
    report = pair.report()
    assert report["leaks"] == []
    assert (report["source"], report["target"]) == ("production", "staging")
    staging = pair.everything(pair.staging)
    parts = [part for value in CANARY.values() for part in (value, value.lower(), json.dumps(value)[1:-1])]
    words = [USER, PERSON, TALK, "anary", "Zaphod", "5550123", "bird", "Beeble", "tester@"]
    assert [part for part in [*parts, *words] if part in staging] == []
    for table in ("auth.users", "public.people", "public.conversations", "public.messages"):
        count = f"select count(*) as n from {table}"  # noqa: S608
        assert pair.rows(pair.staging, count) == pair.rows(pair.production, count), table
    assert torn_keys(pair) == []
    lengths = (
        "select char_length(p.name) as name, char_length(p.notes) as notes, count(m.id) as messages from auth.users u"
        " join people p on p.owner_id = u.id left join conversations c on c.person_id = p.id"
        " left join messages m on m.conversation_id = c.id and m.role = 'user' group by p.id order by 1, 2, 3"
    )
    assert pair.rows(pair.staging, lengths) == pair.rows(pair.production, lengths)
    people = pair.rows(pair.staging, "select * from auth.users where raw_app_meta_data is not null")
    assert [person["raw_app_meta_data"] for person in people] == [{"provider": "email", "providers": ["email"]}]
    assert [person["raw_user_meta_data"] for person in people] == [{}]
    assert (people[0]["encrypted_password"], people[0]["recovery_token"]) == (None, "")
    assert re.fullmatch(r"u[0-9a-f]{20}@anonymised\.invalid", people[0]["email"])
    assert re.fullmatch(r"\+999\d{12}", people[0]["phone"])
    assert pair.everything(pair.production) == before
    assert pair.rows(pair.production, "select from pg_roles where rolname like 'refresh%'") == []
    assert pair.rows(pair.production, "select from pg_namespace where nspname like 'refresh%'") == []
    # The order of messages goes on where production's ended.
    with pair.staging.transaction(force_rollback=True):
        pair.staging.execute(
            "insert into messages (owner_id, conversation_id, role, content) select owner_id, id, 'user', 'hello'"
            " from conversations limit 1"
        )


def test_the_same_person_is_another_one_at_the_next_refresh(pair: Pair) -> None:
    emails = []
    for _ in range(2):
        pair.refresh()
        emails.append({row["email"] for row in pair.rows(pair.staging, "select email from auth.users")})
    assert emails[0] & emails[1] == set()


def test_a_column_without_a_rule_stops_everything_by_name(pair: Pair) -> None:
    pair.refresh()
    before = pair.everything(pair.staging)
    pair.both("alter table public.people add column nickname varchar(40), add column born date")
    pair.both("create table public.letters (id bigint primary key, body jsonb)")
    try:
        told = pair.refresh(code=1).stderr
    finally:
        pair.both("alter table public.people drop column nickname, drop column born; drop table public.letters")
    assert "Nothing was read and nothing was written." in told
    assert "public.people.nickname (character varying(40))    nickname: words" in told
    assert "public.people.born (date)    born: shift" in told
    assert "public.letters, a table" in told
    assert "public.letters.body (jsonb)    body: {json: {}}" in told
    assert pair.everything(pair.staging) == before


def test_what_is_never_copied_is_refused_whatever_the_rules_say(pair: Pair) -> None:
    rules = pair.rules()
    rules["tables"]["auth.users"] |= {"encrypted_password": "keep", "recovery_token": "words"}
    rules["tables"]["auth.refresh_tokens"] = {"token": "keep"}
    rules["tables"]["vault.secrets"] = {"secret": "words"}
    rules["tables"]["supabase_migrations.schema_migrations"] = {"version": "keep"}
    rules["tables"]["release.marker"] = {"ref": "keep"}
    pair.write_rules(rules)
    told = pair.refresh(code=1).stderr
    for name in ("auth.users.encrypted_password", "auth.users.recovery_token", "auth.refresh_tokens", "vault.secrets",
                 "supabase_migrations.schema_migrations", "release.marker"):  # fmt: skip
        assert f"  {name}: " in told


def test_a_table_that_is_skipped_stays_as_it_is_unless_its_rows_name_rows_that_go(pair: Pair) -> None:
    pair.both("create table public.flags (name text primary key)")
    pair.both("create table public.devices (id bigint, owner uuid references auth.users on delete cascade)")
    pair.staging.execute("insert into public.flags values ('of staging')")
    pair.staging.execute("insert into public.devices select 1, id from auth.users limit 1")
    rules = pair.rules() | {"skip": {"public.flags": "each has its own", "public.devices": "no use here"}}
    pair.write_rules(rules)
    try:
        report = pair.report()
        assert pair.rows(pair.staging, "select name from public.flags") == [{"name": "of staging"}]
        assert pair.rows(pair.staging, "select from public.devices") == []
    finally:
        pair.both("drop table public.flags, public.devices")
    assert "public.devices" in report["emptied"]
    assert "public.flags" not in report["emptied"]


def test_ledgers_that_differ_are_refused(pair: Pair) -> None:
    before = pair.everything(pair.staging)
    pair.staging.execute("insert into supabase_migrations.schema_migrations values ('29990101000000')")
    try:
        told = pair.refresh(code=1).stderr
    finally:
        pair.staging.execute("delete from supabase_migrations.schema_migrations where version like '2999%'")
    assert "production lacks 29990101000000, which staging has" in told
    assert "pulumi up --stack production" in told
    assert pair.everything(pair.staging) == before


def test_a_value_that_a_rule_lets_through_is_found_and_nothing_changes(pair: Pair) -> None:
    plant(pair)
    pair.refresh()
    before = pair.everything(pair.staging)
    pair.production.execute(
        "update public.people set notes = 'xx' || %s || 'yy, ask ' || %s where id = %s",
        [CANARY["full_name"], CANARY["email"].upper(), PERSON],
    )
    rules = pair.rules()
    rules["tables"]["public.people"]["notes"] = "keep"
    pair.write_rules(rules)
    process = pair.refresh(code=2)
    assert "public.people.notes holds a value of production's auth.users.email" in process.stdout
    assert "public.people.notes holds a value of production's auth.users.raw_user_meta_data" in process.stdout
    assert "anary" not in process.stdout + process.stderr
    assert pair.everything(pair.staging) == before
    leaks = pair.report(code=2)["leaks"]
    assert {"place": "public.people.notes", "source": "auth.users.email"} in leaks


class Silent(Progress):
    def copying(self, table: str, rows: int, bytes_: int, *, done: bool) -> None: ...

    def scanning(self, table: str) -> None: ...


def test_a_row_that_comes_out_as_it_went_in_is_found(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules alone can't do this; so the stand-ins are broken."""
    monkeypatch.setattr(Pseudonyms, "words", lambda _, value: value)
    rules = pair.rules()
    rules["tables"]["public.people"] |= dict.fromkeys(("created_at", "updated_at"), "keep")
    for columns in rules["tables"].values():
        columns |= {name: "keep" for name, rule in columns.items() if rule == "key"}
    (_, production), (_, staging) = read_stack("production"), read_stack("staging")
    before = pair.everything(pair.staging)
    with open_session(staging) as session, open_source(production) as source:
        outcome = refresh(source, session, Rules.model_validate(rules), file="rules", share=Share(), progress=Silent())
        session.free_lease()
    assert ("public.people", "public.people") in {(leak.place, leak.source) for leak in outcome.leaks}
    assert pair.everything(pair.staging) == before


def test_the_role_that_reads_sees_ruled_columns_and_nothing_else(pair: Pair) -> None:
    _, production = read_stack("production")
    tables = read_catalogue(pair.production).tables
    with open_source(production) as source:
        columns = [(tables["public.people"], ["id", "name"]), (tables["auth.users"], ["id", "email"])]
        with reading(source.connection, source.address, source.password, columns) as opened:
            people, users = (opened.relations[name].as_string(None) for name in ("public.people", "auth.users"))
            run = opened.connection.execute
            assert len(run(f"select id, name from {people}".encode()).fetchall()) == 3  # noqa: S608
            assert len(run(f"select id, email from {users}".encode()).fetchall()) == 2  # noqa: S608
            for query in (
                "select notes from public.people", "select * from public.people",
                "select encrypted_password from auth.users", "select id from auth.users",
                "select content from public.messages", "select * from release.marker",
                "select count(*) from supabase_migrations.schema_migrations",
            ):  # fmt: skip
                with pytest.raises(psycopg.errors.InsufficientPrivilege), opened.connection.transaction():
                    run(query.encode())
            for query in (f"select encrypted_password from {users}", f"select raw_user_meta_data from {users}"):  # noqa: S608
                with pytest.raises(psycopg.errors.UndefinedColumn), opened.connection.transaction():
                    run(query.encode())
            rights = "insert, update, delete, truncate, references, trigger, maintain"
            (row,) = run("select has_any_column_privilege('public.people', 'insert, update, references') or"
                         f" has_table_privilege('public.people', '{rights}') as writes").fetchall()  # fmt: skip
            assert row == {"writes": False}
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), opened.connection.transaction():
                run("create temp table t (n int)")


MOMENTS = {
    "while staging is emptied and the first table copied": "auth.users: ",
    "between two tables": "public.people: ",
    "before the search": "public.messages: ",
    "while the search is under way": "looking for values of production in public.people",
}


@pytest.mark.parametrize("line", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_kill_leaves_staging_as_it_was_and_the_next_run_works(pair: Pair, line: str) -> None:
    multiply(pair)
    before = pair.everything(pair.staging)
    process = pair.start("--yes")
    assert process.stderr is not None
    assert process.stdout is not None
    told = next(text for text in process.stderr if text.startswith(line))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    process.stdout.close()
    assert told
    # The server gives the tables free as soon as it notices.
    pair.staging.execute("set lock_timeout = '20s'")
    assert pair.everything(pair.staging) == before
    assert len(pair.rows(pair.production, "select from pg_roles where rolname = 'refresh_reader'")) == 1
    report = pair.report()
    assert next(t["rows"] for t in report["tables"] if t["table"] == "auth.users") >= USERS
    assert pair.rows(pair.production, "select from pg_roles where rolname = 'refresh_reader'") == []
    assert torn_keys(pair) == []


def test_a_sample_has_all_that_belongs_to_whoever_is_in_it(pair: Pair) -> None:
    multiply(pair)
    plant(pair)
    rules = pair.rules()
    rules["tables"]["auth.users"] |= {"email": "key"}
    report = pair.report("--sample", "20%")
    rows = {table["table"]: table["rows"] for table in report["tables"]}
    assert USERS * 0.1 < rows["auth.users"] < USERS * 0.3
    of_many = pair.rows(pair.staging, "select count(*) as n from people group by owner_id having count(*) <> 2")
    seeded = 3  # of the seed and the one that was planted, who have another number of people
    assert len(of_many) <= seeded
    assert abs(rows["public.people"] - 2 * rows["auth.users"]) <= seeded
    assert torn_keys(pair) == []


def test_what_fits_is_taken_and_what_does_not_changes_nothing(pair: Pair) -> None:
    multiply(pair)
    pair.refresh()
    size = int(pair.rows(pair.staging, "select pg_database_size(current_database()) as n")[0]["n"])
    rows = pair.rows(pair.production, "select pg_total_relation_size('auth.users') as n")
    report = pair.report("--fit", str(size - int(rows[0]["n"]) // 2))
    assert 0 < next(t["rows"] for t in report["tables"] if t["table"] == "auth.users") < USERS
    before = pair.everything(pair.staging)
    assert "so nothing fits and nothing was changed" in pair.refresh("--fit", "1MB", code=1).stderr
    assert pair.everything(pair.staging) == before


def test_rows_never_go_to_what_is_not_the_stack_that_validates(pair: Pair) -> None:
    before = pair.everything(pair.staging)
    pair.staging.execute("update release.marker set stack = 'production'")
    try:
        assert "Wrong direction: by its marker" in pair.refresh(code=1).stderr
    finally:
        pair.staging.execute("update release.marker set stack = 'staging'")
    assert "names no stack that validates" in pair.refresh("--from", "staging", code=1).stderr
    assert pair.everything(pair.staging) == before


def test_a_release_that_is_under_way_is_waited_for(pair: Pair) -> None:
    pair.staging.execute("update release.lease set holder = 'somebody', expires_at = now() + interval '1 minute'")
    try:
        assert "Another release is under way: somebody" in pair.refresh(code=1).stderr
    finally:
        pair.staging.execute("update release.lease set expires_at = now()")


def test_nobody_to_ask(pair: Pair) -> None:
    process = pair.start()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "Remedy: add --yes" in err


def test_triggers_of_staging_do_not_run(pair: Pair) -> None:
    pair.staging.execute(
        "create table public.sent (n int); create function public.send() returns trigger language plpgsql as"
        " $$ begin insert into public.sent values (1); return new; end $$;"
        " create trigger send after insert on public.people for each row execute function public.send();"
        " create trigger send after insert or delete on public.messages for each row execute function public.send()"
    )
    pair.production.execute("create table public.sent (n int)")
    pair.write_rules(pair.rules() | {"skip": {"public.sent": "what was sent"}})
    try:
        pair.refresh()
        assert pair.rows(pair.staging, "select from public.sent") == []
    finally:
        pair.staging.execute("drop function public.send() cascade")
        pair.both("drop table public.sent")


def test_a_table_that_nobody_may_let_the_role_read_is_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL only warns of a grant that grants nothing: postgres may read this table, and not pass that on."""
    monkeypatch.setattr(reader_role, "_passes_on", lambda *_: True)
    _, production = read_stack("production")
    table = Table(schema="pg_catalog", table="pg_authid", columns={}, primary_key=(), unique=(), bytes=0)
    with (
        open_source(production) as source,
        pytest.raises(ReleaseError, match=r"can't be let read pg_catalog\.pg_authid"),
        reading(source.connection, source.address, source.password, [(table, ["rolpassword"])]),
    ):
        pass
    assert pair.rows(pair.production, "select from pg_roles where rolname = 'refresh_reader'") == []

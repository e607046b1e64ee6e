from typing import Any

import pytest

from ops.anonymise.catalogue import Catalogue, Column, ForeignKey, Table
from ops.anonymise.plan import make_plan
from ops.anonymise.proposal import propose
from ops.anonymise.rules import Rules
from release.error import ReleaseError
from tests.ops.anonymise.column import column


def table(name: str, *columns: Column, **changed: Any) -> Table:
    schema, _, short = name.partition(".")
    fields: dict[str, Any] = {"primary_key": (), "unique": (), "bytes": 0}
    return Table(schema=schema, table=short, columns={c.name: c for c in columns}, **fields | changed)


def catalogue(*tables: Table, keys: tuple[ForeignKey, ...] = ()) -> Catalogue:
    return Catalogue(tables={one.name: one for one in tables}, foreign_keys=keys)


def refusal(found: Catalogue, rules: dict[str, Any], other: Catalogue | None = None) -> str:
    with pytest.raises(ReleaseError) as caught:
        make_plan(Rules.model_validate(rules), found, other or found, "anonymise.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("of", "rule", "told"),
    [
        (column(required=True), "null", "takes no null"),
        (column(required=True), "omit", "takes no null and has no default"),
        (column(), "shift", "is no date"),
        (column(), {"json": {}}, "is no JSON"),
        (column(base="int8"), "key", "a key is made for uuid and text"),
        (column(base="jsonb"), "words", "holds no words"),
        (column(base="bytea"), "email", "holds no words"),
        (column(base="varchar", limit=30), "email", "is shorter than the 40 characters that email needs"),
        (column(base="varchar", limit=12), "key", "is shorter than the 16 characters that key needs"),
        (column(generated=True), "keep", "is computed from other columns"),
        (column("push_token"), "keep", "a secret by its name; every rule but keep"),
        (
            column("meta", "jsonb"),
            {"json": {"a": {"json": {"password": "keep"}}}},
            "a.password is a secret by its name",
        ),
    ],
)
def test_a_rule_that_can_t_be_followed_is_named(of: Column, rule: Any, told: str) -> None:
    text = refusal(catalogue(table("public.t", of)), {"tables": {"public.t": {of.name: rule}}})
    assert f"public.t.{of.name}" in text
    assert told in text


def test_numbers_that_are_called_like_a_secret_may_be_kept() -> None:
    found = catalogue(table("public.t", column("max_tokens", "int4"), column("tokens_used")))
    make_plan(Rules(tables={"public.t": {"max_tokens": "keep", "tokens_used": "keep"}}), found, found, "")


def test_everything_that_has_no_rule_is_named_at_once_with_one_that_may_fit() -> None:
    found = catalogue(
        table("public.a", column("x"), column("work_email"), column("n", "int4"), column("sum", generated=True)),
        table("public.b", column("avatar", "bytea"), column("api_key", required=True), column("place", "point")),
    )
    text = refusal(found, {"tables": {"public.a": {"x": "keep"}}})
    assert "public.a.work_email (text)    work_email: email" in text
    assert "public.a.n (int4)    n: keep" in text
    assert "public.b, a table    tables: public.b: …, or skip: public.b: why" in text
    assert "avatar: null" in text
    assert 'api_key: {fixed: ""}' in text
    assert "place: null" in text
    assert "public.a.sum" not in text
    assert "public.a.x" not in text


def test_a_password_hash_is_proposed_to_be_left_out() -> None:
    assert propose("auth.users", column("encrypted_password")) == "omit"


PARENT = table("public.parent", column("id", "uuid"))
CHILD = table("public.child", column("parent_id", "uuid"))
KEY = ForeignKey(name="k", child="public.child", columns=("parent_id",), parent="public.parent", parent_columns=("id",))


@pytest.mark.parametrize(("child", "parent"), [("key", "keep"), ("keep", "key"), ({"fixed": "x"}, "key")])
def test_both_ends_of_a_foreign_key_need_the_same_rule(child: Any, parent: str) -> None:
    rules = {"tables": {"public.child": {"parent_id": child}, "public.parent": {"id": parent}}}
    assert "public.child.parent_id: names public.parent.id" in refusal(catalogue(PARENT, CHILD, keys=(KEY,)), rules)


def test_a_key_to_a_table_that_is_skipped_needs_to_be_null() -> None:
    found = catalogue(PARENT, CHILD, keys=(KEY,))
    rules: dict[str, Any] = {"tables": {"public.child": {"parent_id": "key"}}, "skip": {"public.parent": "why"}}
    assert "names a row of public.parent, which is skipped" in refusal(found, rules)
    rules["tables"]["public.child"]["parent_id"] = None
    assert make_plan(Rules.model_validate(rules), found, found, "").emptied == ()


def test_parents_come_first_and_what_names_them_is_emptied() -> None:
    further = table("public.a_note", column("child", "uuid"))
    below = ForeignKey(
        name="n", child="public.a_note", columns=("child",), parent="public.child", parent_columns=("x",)
    )
    found = catalogue(further, CHILD, PARENT, keys=(KEY, below))
    rules = Rules(
        tables={"public.child": {"parent_id": "key"}, "public.parent": {"id": "key"}}, skip={"public.a_note": "why"}
    )
    plan = make_plan(rules, found, found, "")
    assert [one.name for one in plan.tables] == ["public.parent", "public.child"]
    assert plan.emptied == ("public.a_note",)


def test_words_in_a_unique_column_are_refused() -> None:
    found = catalogue(table("public.t", column("name"), unique=(("name",),)))
    assert "is unique, and words and values repeat" in refusal(found, {"tables": {"public.t": {"name": "words"}}})


def test_a_schema_that_differs_is_named() -> None:
    here, there = catalogue(table("public.t", column("a", "int4"))), catalogue(table("public.t", column("a", "int8")))
    text = refusal(here, {"tables": {"public.t": {"a": "keep"}}}, there)
    assert "public.t.a: is int4 in production and int8 in staging" in text
    assert "is int4 in production and missing in staging" in refusal(
        here, {"tables": {"public.t": {"a": "keep"}}}, catalogue()
    )


def test_rules_for_what_is_not_there_are_named() -> None:
    found = catalogue(table("public.t", column("a")))
    rules = {"tables": {"public.t": {"a": "keep", "b": "keep"}, "public.u": {}}, "skip": {"public.v": "why"}}
    text = refusal(found, rules)
    for name in (
        "public.t.b: production has no such column",
        "public.u: production has no such table",
        "public.v: prod",
    ):
        assert name in text

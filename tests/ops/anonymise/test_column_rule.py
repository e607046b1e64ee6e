import json
from typing import Any

import pytest

from ops.anonymise.catalogue import Column
from ops.anonymise.column_rule import ColumnRule
from ops.anonymise.copy_text import escape, unescape
from ops.anonymise.pseudonyms import Pseudonyms
from ops.anonymise.rules import Fixed, JsonFields, Rule
from tests.ops.anonymise.column import column

STAND_INS = Pseudonyms()


def replaced(of: Column, rule: Rule, value: str) -> str:
    made = ColumnRule("public.t", of, rule, STAND_INS).replacement()
    assert made is not None
    return unescape(made(escape(value.encode()))).decode()


def protected(of: Column, rule: Rule, value: str) -> list[tuple[str, str]]:
    found = ColumnRule("public.t", of, rule, STAND_INS).protected(escape(value.encode()))
    return [(kind, value.decode()) for kind, value in found]


DOCUMENT: dict[str, Any] = {
    "name": 'Ada "Countess" Lovelace\n', "phones": ["+44 20 5550100", None], "plan": "free-of-charge",
    "home": {"street": "St James's Square 12", "city": "London"}, "id": "5c0f9b2e-3d52-4f53-9f0e-6d2c41f2a001",
    "age": 36, "secret": "not named by any rule",
}  # fmt: skip
FIELDS = JsonFields.model_validate(
    {
        "json": {
            "name": "words", "phones": "phone", "plan": "keep", "home": {"json": {"city": "keep", "street": "words"}},
            "id": "key", "age": "words", "kind": "keep", "by": {"fixed": "staging"},
        }
    }
)  # fmt: skip


def test_of_a_document_only_what_a_rule_names_stays() -> None:
    made = json.loads(replaced(column(base="jsonb"), FIELDS, json.dumps(DOCUMENT)))
    assert set(made) == {"name", "phones", "plan", "home", "id", "age"}
    assert (made["plan"], made["home"]["city"], made["age"]) == ("free-of-charge", "London", None)
    assert len(made["name"]) == len(DOCUMENT["name"])
    assert made["phones"][0].startswith("+999")
    assert made["phones"][1] is None
    # The same as where the value stands in a column.
    assert made["id"] == replaced(column(base="uuid"), "key", DOCUMENT["id"])


def test_of_a_document_all_but_what_is_kept_is_protected() -> None:
    found = protected(column(base="jsonb"), FIELDS, json.dumps(DOCUMENT))
    assert ("phone", "+44 20 5550100") in found
    texts = {value for kind, value in found if kind == "text"}
    assert texts == {DOCUMENT["name"], DOCUMENT["home"]["street"], DOCUMENT["id"], DOCUMENT["secret"]}


@pytest.mark.parametrize("document", ["[]", "null", '"text"', "3", '[{"name": "Ada"}, 5]'])
def test_documents_of_another_form_lose_what_has_no_rule(document: str) -> None:
    made = json.loads(replaced(column(base="jsonb"), FIELDS, document))
    assert made in ([], None, [{"name": made[0]["name"]}, None] if made and len(made) == 2 else None)


def test_arrays_are_replaced_item_by_item() -> None:
    # With such a rule the select gives them as JSON.
    emails = column(array=True, type="text[]")
    made = replaced(emails, "email", '["ada@example.com", null]')
    assert made == f'{{"{STAND_INS.email(b"ada@example.com").decode()}",NULL}}'
    assert protected(emails, "email", '["ada@example.com", null]') == [("text", "ada@example.com")]


def test_a_fixed_value_is_protected_only_where_it_was_another() -> None:
    rule = Fixed(fixed="authenticated")
    assert protected(column(), rule, "authenticated") == []
    assert protected(column(), rule, "administrator") == [("text", "administrator")]
    assert replaced(column(), Fixed(fixed=True), "x") == "true"


def test_what_is_never_read_gets_a_value_without_being_read() -> None:
    rule = ColumnRule("auth.users", column("recovery_token"), Fixed(fixed=""), STAND_INS)
    assert (rule.read, rule.written, rule.protects, rule.constant()) == (False, True, False, b"")


def test_bytes_are_looked_for_as_what_they_hold() -> None:
    assert protected(column(base="bytea"), "null", "\\x" + b"picture of Ada".hex()) == [("text", "picture of Ada")]

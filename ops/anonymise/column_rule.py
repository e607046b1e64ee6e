"""A rule at work on one column."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from psycopg import sql

from ops.anonymise.catalogue import Column
from ops.anonymise.copy_text import NULL, array_literal, escape, unescape
from ops.anonymise.never_copied import is_never_read
from ops.anonymise.protected_values import texts_of
from ops.anonymise.pseudonyms import STAND_IN_FORMS, Pseudonyms
from ops.anonymise.rules import Fixed, JsonFields, Rule

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_JSON_TYPES = frozenset({"json", "jsonb"})
_PER_ITEM = ("key", "email", "phone", "words", "shift")
_KEPT = ("keep", "omit")


class ColumnRule:
    """What is read of a column, what of that is protected, and what staging gets in its place.

    Fields are as COPY's text format writes them.

    Attributes:
        column, rule: what it was made of.
        read: whether the refresh may read the column at all.
        written: whether staging gets a value; else the column's default holds there.
        protects: whether the value must not reach staging.
        searched: whether the scan looks for the value, as it can be text.
    """

    def __init__(self, table: str, column: Column, rule: Rule, pseudonyms: Pseudonyms) -> None:
        """Take the column, its rule, and the stand-ins of this refresh."""
        self.column = column
        self.rule = rule
        self.read = rule != "omit" and not is_never_read(table, column.name)
        self.written = rule != "omit"
        self.protects = self.read and rule not in _KEPT
        self._pseudonyms = pseudonyms
        self._as_json = column.array and rule in _PER_ITEM
        self.searched = self.protects and (column.text or column.base == "uuid")

    @property
    def expression(self) -> sql.Composable:
        """Give what to select: arrays whose items are replaced come as JSON."""
        name = sql.Identifier(self.column.name)
        return sql.SQL("to_jsonb({})").format(name) if self._as_json else name

    @property
    def once(self) -> bool:
        """Whether the same value comes so often, and is so short, that its stand-in is worth keeping."""
        return self.rule == "key" and not self._as_json

    def constant(self) -> bytes | None:
        """Give the field that every row gets, or None where it depends on the row."""
        if isinstance(self.rule, Fixed):
            return escape(self.rule.text.encode())
        return NULL if self.rule == "null" else None

    def replacement(self) -> Callable[[bytes], bytes] | None:
        """Give what makes staging's field of one that is not null; None where the field stays as it is."""
        constant = self.constant()
        if constant is not None:
            return lambda _: constant
        if self.rule in _KEPT:
            return None
        if self._as_json:
            return lambda field: escape(array_literal(self._leaf(self.rule, json.loads(unescape(field)))).encode())
        if isinstance(self.rule, JsonFields):
            rule = self.rule
            return lambda field: escape(
                json.dumps(self._leaf(rule, json.loads(unescape(field))), ensure_ascii=False).encode()
            )
        value = self._value(self.rule)
        return lambda field: value(unescape(field))

    @property
    def is_stand_in(self) -> Callable[[bytes], bool] | None:
        """Give what tells whether a field of staging is plainly made here; None where that can't be told."""
        return STAND_IN_FORMS.get(self.rule) if isinstance(self.rule, str) and not self.column.array else None

    def holds(self, field: bytes) -> bool:
        """Tell whether a field holds something that was to be replaced."""
        if field in (NULL, b"", self.constant()):
            return False
        return not isinstance(self.rule, JsonFields) or any(self.protected(field))

    def protected(self, field: bytes) -> Iterator[tuple[str, bytes]]:
        """Give what of a field must not be found: `phone`, `uuid` or `text`, and the value."""
        if not self.searched or field == NULL:
            return
        value = unescape(field)
        kind = (
            "phone"
            if self.rule == "phone"
            else "uuid"
            if self.column.base == "uuid" and not self.column.array
            else "text"
        )
        if self._as_json or (self.column.base in _JSON_TYPES and not self.column.array):
            document = json.loads(value)
            yield from self._protected_leaves(self.rule if isinstance(self.rule, JsonFields) else kind, document)
        elif self.column.base == "bytea" and not self.column.array:
            yield kind, bytes.fromhex(value[2:].decode())
        elif self.constant() != field:
            yield kind, value

    def _value(self, rule: Rule) -> Callable[[bytes], bytes]:
        limit, stand_ins = self.column.limit, self._pseudonyms
        if rule == "key":
            return stand_ins.uuid if self.column.base == "uuid" else lambda value: stand_ins.key(value, limit)
        return {
            "email": stand_ins.email,
            "phone": stand_ins.phone,
            "words": stand_ins.words,
            "shift": stand_ins.shift,
        }[str(rule)]

    def _leaf(self, rule: Rule, part: Any) -> Any:
        """Give the stand-in of a part of a JSON document: what no rule speaks of is not in it."""
        if rule == "keep" or part is None:
            return part
        if isinstance(rule, Fixed):
            return rule.fixed
        if isinstance(part, list):
            return [self._leaf(rule, item) for item in part]
        if isinstance(rule, JsonFields) and isinstance(part, dict):
            kept = {name: own for name, own in rule.json_fields.items() if name in part and own != "omit"}
            return {name: self._leaf(own, part[name]) for name, own in kept.items()}
        return self._text_leaf(rule, part) if rule in _PER_ITEM and isinstance(part, str) else None

    def _text_leaf(self, rule: Rule, text: str) -> str:
        made = self._pseudonyms.uuid if rule == "key" and _UUID.fullmatch(text) else self._value(rule)
        return made(text.encode()).decode()

    def _protected_leaves(self, rule: Rule | str, part: Any) -> Iterator[tuple[str, bytes]]:
        if rule == "keep":
            return
        if isinstance(part, list):
            for item in part:
                yield from self._protected_leaves(rule, item)
        elif isinstance(rule, JsonFields) and isinstance(part, dict):
            for name, value in part.items():
                yield from self._protected_leaves(rule.json_fields.get(name, "omit"), value)
        else:
            fixed = rule.text if isinstance(rule, Fixed) else None
            for text in texts_of(part):
                if text != fixed:
                    yield "phone" if rule == "phone" else "text", text.encode()

"""What a refresh will do with each table, or why it can't."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.anonymise.catalogue import Catalogue, Column, ForeignKey, Table
from ops.anonymise.never_copied import is_never_read, may_be_copied, names_a_secret
from ops.anonymise.proposal import propose
from ops.anonymise.pseudonyms import shortest
from ops.anonymise.rules import Fixed, JsonFields, Rule, Rules
from release.error import ReleaseError

_DATES = frozenset({"date", "timestamp", "timestamptz"})
_JSON = frozenset({"json", "jsonb"})


@dataclass(frozen=True, kw_only=True)
class RefreshPlan:
    """What is copied and what is only emptied.

    Attributes:
        tables: what is copied, parents before their children where that is possible.
        rules: of each copied table, column to rule, generated columns left out.
        emptied: further tables of staging whose rows name rows that go: `schema.table`.
        foreign_keys: of staging, those that name a copied table or belong to one.
    """

    tables: tuple[Table, ...]
    rules: Mapping[str, Mapping[str, Rule]]
    emptied: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]


def make_plan(rules: Rules, source: Catalogue, target: Catalogue, file: str) -> RefreshPlan:
    """Hold the rules against both databases.

    Args:
        rules: what is copied and how.
        source: what production has.
        target: what staging has.
        file: where the rules stand, for the text.

    Raises:
        ReleaseError: something has no rule, or one that can't be; everything is named at once.
    """
    refused = [*_never_copied(rules)]
    missing = [*_missing(rules, source)]
    wrong = [*_wrong(rules, source), *_differing(rules, source, target)]
    parts = [
        *(["These are never copied, whatever the rules say:", *refused, "Remedy: take them out."] if refused else []),
        *([f"These have no rule in {file}:", *missing, "Remedy: add the lines on the right, or better ones."]
          if missing else []),
        *(["These rules can't be followed:", *wrong] if wrong else []),
    ]  # fmt: skip
    if parts:
        raise ReleaseError("\n".join(["Nothing was read and nothing was written.", *parts]))
    copied = set(rules.tables)
    keys = tuple(key for key in target.foreign_keys if key.parent in copied or key.child in copied)
    return RefreshPlan(
        tables=tuple(source.tables[name] for name in _in_order(copied, keys)),
        rules={
            name: {
                column: rule for column, rule in columns.items() if not source.tables[name].columns[column].generated
            }
            for name, columns in rules.tables.items()
        },
        emptied=_emptied(copied, target.foreign_keys),
        foreign_keys=keys,
    )


def _never_copied(rules: Rules) -> Iterator[str]:
    for table, columns in rules.tables.items():
        if not may_be_copied(table):
            yield f"  {table}: of the platform's and a release's own tables only auth.users can be copied"
            continue
        for column, rule in columns.items():
            if is_never_read(table, column) and not (rule in ("omit", "null") or isinstance(rule, Fixed)):
                yield f"  {table}.{column}: a password hash or a token; only omit, null or a fixed value"
            elif rule == "keep" and names_a_secret(column):
                yield f"  {table}.{column}: a secret by its name; every rule but keep"
            elif isinstance(rule, JsonFields):
                yield from (f"  {table}.{column}: {path} is a secret by its name" for path in _kept_secrets(rule))


def _kept_secrets(rule: JsonFields, above: str = "") -> Iterator[str]:
    for name, own in rule.json_fields.items():
        if own == "keep" and names_a_secret(name):
            yield f"{above}{name}"
        elif isinstance(own, JsonFields):
            yield from _kept_secrets(own, f"{above}{name}.")


def _missing(rules: Rules, source: Catalogue) -> Iterator[str]:
    for name, table in source.tables.items():
        if name in rules.skip:
            continue
        ruled = rules.tables.get(name)
        if ruled is None:
            yield f"  {name}, a table    tables: {name}: …, or skip: {name}: why"
        for column in table.columns.values():
            if not column.generated and column.name not in (ruled or {}):
                yield f"  {name}.{column.name} ({column.type})    {column.name}: {propose(name, column)}"


def _wrong(rules: Rules, source: Catalogue) -> Iterator[str]:
    for name in sorted(set(rules.tables) & set(rules.skip)):
        yield f"  {name}: has rules and is skipped. Remedy: one of the two"
    for name in sorted({*rules.skip, *rules.whole} - set(source.tables)):
        yield f"  {name}: production has no such table that could be copied. Remedy: take it out"
    for name, columns in rules.tables.items():
        table = source.tables.get(name)
        if table is None:
            if may_be_copied(name):
                yield f"  {name}: production has no such table. Remedy: take it out"
            continue
        for column_name, rule in columns.items():
            column = table.columns.get(column_name)
            if column is None:
                yield f"  {name}.{column_name}: production has no such column. Remedy: take it out"
            elif problem := _misfit(column, rule):
                yield f"  {name}.{column_name} ({column.type}): {problem}"
        yield from _ambiguous(table, columns)
    for key in source.foreign_keys:
        yield from _torn(key, rules, source)


def _misfit(column: Column, rule: Rule) -> str | None:
    """Say why a rule can't be followed for a column; None where it can."""
    problem = None
    if column.generated and rule != "omit":
        problem = "is computed from other columns. Remedy: no rule, or omit"
    elif rule == "null" and column.required:
        problem = "takes no null. Remedy: another rule"
    elif rule == "omit" and column.required and not column.default:
        problem = "takes no null and has no default. Remedy: another rule"
    elif rule == "shift" and column.base not in _DATES:
        problem = "is no date. Remedy: another rule than shift"
    elif isinstance(rule, JsonFields) and (column.base not in _JSON or column.array):
        problem = "is no JSON. Remedy: another rule than json"
    elif rule == "key" and column.base != "uuid" and not column.words:
        problem = "a key is made for uuid and text. Remedy: keep, as a number that was counted up says nothing"
    elif rule in ("email", "phone", "words") and not column.words:
        problem = f"holds no words. Remedy: another rule than {rule}"
    elif isinstance(rule, str) and column.limit is not None and column.limit < shortest(rule):
        problem = f"is shorter than the {shortest(rule)} characters that {rule} needs. Remedy: words, null or a value"
    return problem


def _ambiguous(table: Table, rules: Mapping[str, Rule]) -> Iterator[str]:
    for columns in table.unique:
        ruled = [rules.get(column) for column in columns if column in table.columns]
        if ruled and all(rule == "words" or isinstance(rule, Fixed) for rule in ruled):
            yield f"  {table.name} ({', '.join(columns)}): is unique, and words and values repeat. Remedy: key"


def _torn(key: ForeignKey, rules: Rules, source: Catalogue) -> Iterator[str]:
    """Name columns of a foreign key that would no longer name what they name now."""
    child, parent = rules.tables.get(key.child), rules.tables.get(key.parent)
    if child is None or key.child not in source.tables:
        return
    for column, parent_column in zip(key.columns, key.parent_columns, strict=True):
        rule = child.get(column)
        if rule in (None, "null", "omit"):
            continue
        if parent is None:
            if key.parent in rules.skip:
                yield (
                    f"  {key.child}.{column}: names a row of {key.parent}, which is skipped. Remedy: null, or copy"
                    f" {key.parent}"
                )
        elif rule != parent.get(parent_column) or rule not in ("keep", "key", "email"):
            yield (
                f"  {key.child}.{column}: names {key.parent}.{parent_column}, whose rule is another or none that gives"
                " the same for the same. Remedy: key (or keep) for both"
            )


def _differing(rules: Rules, source: Catalogue, target: Catalogue) -> Iterator[str]:
    for name in rules.tables:
        if name not in source.tables:
            continue
        here = {column.name: column.type for column in source.tables[name].columns.values()}
        there = {column.name: column.type for column in target.tables[name].columns.values()} if (
            name in target.tables
        ) else {}  # fmt: skip
        for column in sorted(here.keys() | there.keys()):
            if here.get(column) != there.get(column) and rules.tables[name].get(column) != "omit":
                yield (
                    f"  {name}.{column}: is {here.get(column, 'missing')} in production and"
                    f" {there.get(column, 'missing')} in staging. Remedy: the same schema in both; `python -m ops"
                    " audit` tells what was changed by hand"
                )


def _in_order(copied: set[str], keys: tuple[ForeignKey, ...]) -> list[str]:
    """Give parents before their children; of a circle, in which that is impossible, the first by name."""
    parents = {name: {key.parent for key in keys if key.child == name and key.parent != name} for name in copied}
    order: list[str] = []
    left = sorted(copied)
    while left:
        ready = [name for name in left if not (parents[name] & copied) - set(order)]
        order += ready or left[:1]
        left = [name for name in left if name not in order]
    return order


def _emptied(copied: set[str], keys: tuple[ForeignKey, ...]) -> tuple[str, ...]:
    """Give the tables whose rows name rows of copied tables, or of such tables, and so on."""
    found: set[str] = set()
    while more := {key.child for key in keys if key.parent in copied | found} - copied - found:
        found |= more
    return tuple(sorted(found))

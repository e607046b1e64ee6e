"""Which rows of production are taken: all, or a part in which every row has all the rows that it names."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from ops.anonymise.catalogue import ForeignKey, Table
from ops.anonymise.plan import RefreshPlan
from release.database import Connection
from release.error import ReleaseError

# Tables up to here are taken whole, as lists of countries or kinds are.
_SMALL = 1000
_PARTS = 1 << 20


def _nothing() -> sql.Composable:
    return sql.Composed([])


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows that are taken of one table.

    Attributes:
        before: the common table expressions, with the word `with`.
        joins: what is joined to the table.
        where: the condition, with its word.
        names: how the table is restricted, in words.
    """

    before: sql.Composable = field(default_factory=_nothing)
    joins: sql.Composable = field(default_factory=_nothing)
    where: sql.Composable = field(default_factory=_nothing)
    names: str = "all rows"

    def select(self, expressions: Sequence[sql.Composable], relation: sql.Composable) -> sql.Composed:
        """Give the query of these rows."""
        return sql.SQL("{} select {} from {}{} {}").format(
            self.before, sql.SQL(", ").join(expressions), relation, self.joins, self.where
        )


class Sample:
    """A part of production by its rows' keys.

    Parents come before their children. A table that names rows of a restricted one is restricted to rows all of whose
    parents are taken. Another one is restricted by its own key if it is large, else taken whole. So whoever is taken
    comes with all that is theirs, and nothing names a row that was not taken.
    """

    def __init__(
        self,
        plan: RefreshPlan,
        relations: Mapping[str, sql.Composable],
        *,
        share: float,
        whole: Sequence[str],
        readable: Mapping[str, Sequence[str]],
    ) -> None:
        """Take what is copied, what to select it from, the share from 0 to 1, and what is taken whole anyhow.

        Raises:
            ReleaseError: tables name each other in a circle, so that there is no first one.
        """
        self._relations, self._share, self._readable = relations, share, readable
        self._whole = frozenset(whole)
        self._tables = plan.tables
        copied = {table.name for table in plan.tables}
        self._keys = [key for key in plan.foreign_keys if key.child in copied and key.parent in copied]
        place = {table.name: number for number, table in enumerate(plan.tables)}
        own = Counter(key.child for key in self._keys if key.parent == key.child)
        circle = sorted(
            {key.child for key in self._keys if place[key.parent] > place[key.child]}
            | {name for name, keys in own.items() if keys > 1}
        )
        if circle:
            raise ReleaseError(
                f"The rows of {', '.join(circle)} name each other, or themselves twice, in a circle, so no part of"
                " them can be taken. Nothing was changed. Remedy: take all rows, without --sample or --fit."
            )

    def parts(self, connection: Connection) -> dict[str, Part]:
        """Say which rows are taken of each table; the connection is asked which tables are small."""
        restricted: dict[str, sql.Composable] = {}
        needed: dict[str, set[str]] = {}
        parts: dict[str, Part] = {}
        for table in self._tables:
            above = [key for key in self._keys if key.child == table.name and key.parent in restricted]
            itself = [key for key in self._keys if key.child == table.name and key.parent == table.name]
            own = not above and table.name not in self._whole and self._is_large(connection, table)
            if not above and not own:
                parts[table.name] = Part(names="all rows, as it is small or listed" if itself else "all rows")
                continue
            needs = {name for key in above for name in (key.parent, *needed[key.parent])}
            before = [expression for name, expression in restricted.items() if name in needs]
            conditions = [self._by_key(table)] if own else []
            joins, kept = self._joins(above)
            expression = self._expression(table, joins, [*conditions, *kept], kept, itself)
            restricted[table.name], needed[table.name] = expression, needs
            parts[table.name] = (
                self._among(table, [*before, expression], itself[0])
                if itself
                else Part(
                    before=_with(before), joins=joins, where=_where([*conditions, *kept]),
                    names="a part by its key" if own else "what belongs to the part above",
                )
            )  # fmt: skip
        return parts

    def _is_large(self, connection: Connection, table: Table) -> bool:
        row = connection.execute(
            sql.SQL("select count(*) as rows from (select from {} limit {}) counted").format(
                self._relations[table.name], sql.Literal(_SMALL + 1)
            )
        ).fetchone()
        return bool(row and row["rows"] > _SMALL)

    def _by_key(self, table: Table) -> sql.Composable:
        """Give the condition that holds for the share of a table's rows, the same ones each time."""
        readable = self._readable[table.name]
        names = table.primary_key if set(table.primary_key) <= set(readable) and table.primary_key else readable
        return sql.SQL("(hashtextextended(concat_ws('|', {}), 0) & {}) < {}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.Literal(_PARTS - 1),
            sql.Literal(round(self._share * _PARTS)),
        )  # fmt: skip

    def _joins(self, keys: Sequence[ForeignKey]) -> tuple[sql.Composable, list[sql.Composable]]:
        """Join the taken parents' keys, and give the conditions that each named one is among them."""
        joins: sql.Composable = sql.SQL("")
        conditions: list[sql.Composable] = []
        for place, key in enumerate(keys):
            alias = sql.Identifier(f"_p{place}")
            pairs = [
                sql.SQL("{} = {}.{}").format(
                    sql.Identifier(column), alias, sql.Identifier(_renamed(key.parent, parent))
                )
                for column, parent in zip(key.columns, key.parent_columns, strict=True)
            ]
            joins = sql.SQL("{} left join {} {} on {}").format(
                joins, self._alias(key.parent), alias, sql.SQL(" and ").join(pairs)
            )
            nulls = [sql.SQL("{} is null").format(sql.Identifier(column)) for column in key.columns]
            found = sql.SQL("{}.{} is not null").format(
                alias, sql.Identifier(_renamed(key.parent, key.parent_columns[0]))
            )
            conditions.append(sql.SQL("({})").format(sql.SQL(" or ").join([*nulls, found])))
        return joins, conditions

    def _expression(
        self,
        table: Table,
        joins: sql.Composable,
        conditions: Sequence[sql.Composable],
        inherited: Sequence[sql.Composable],
        itself: Sequence[ForeignKey],
    ) -> sql.Composable:
        """Give the common table expression of a table's taken rows, by the columns that others name."""
        named = sorted({column for key in self._keys if key.parent == table.name for column in key.parent_columns})
        columns = sql.SQL(", ").join(
            sql.SQL("{} as {}").format(sql.Identifier(name), sql.Identifier(_renamed(table.name, name)))
            for name in named or self._readable[table.name][:1]
        )
        relation, alias = self._relations[table.name], self._alias(table.name)
        first = sql.SQL("select {} from {}{} {}")
        if not itself:
            return sql.SQL("{} as materialized ({})").format(
                alias, first.format(columns, relation, joins, _where(conditions))
            )
        roots = [sql.SQL("{} is null").format(sql.Identifier(key.columns[0])) for key in itself]
        key = itself[0]
        pairs = sql.SQL(" and ").join(
            sql.SQL("{} = _above.{}").format(sql.Identifier(column), sql.Identifier(_renamed(table.name, parent)))
            for column, parent in zip(key.columns, key.parent_columns, strict=True)
        )
        below = sql.SQL("select {} from {} join {} _above on {}{} {}").format(
            columns, relation, alias, pairs, joins, _where(inherited)
        )
        return sql.SQL("{} as ({} union {})").format(
            alias, first.format(columns, relation, joins, _where([*conditions, *roots])), below
        )

    def _among(self, table: Table, before: Sequence[sql.Composable], key: ForeignKey) -> Part:
        """Give the rows of a table that names itself: those that its own expression found."""
        names = sql.SQL(", ").join(map(sql.Identifier, key.parent_columns))
        renamed = sql.SQL(", ").join(sql.Identifier(_renamed(table.name, name)) for name in key.parent_columns)
        condition = sql.SQL("({}) in (select {} from {})").format(names, renamed, self._alias(table.name))
        return Part(before=_with(before), where=_where([condition]), names="a part with all that is above each row")

    def _alias(self, name: str) -> sql.Identifier:
        """Name a table's taken rows, in fewer characters than PostgreSQL cuts off."""
        return sql.Identifier(f"_taken_{next(n for n, table in enumerate(self._tables) if table.name == name)}")


def _renamed(table: str, column: str) -> str:
    """Name a column of taken rows as no table does, in fewer characters than PostgreSQL cuts off."""
    return f"_{hashlib.sha256(f'{table}.{column}'.encode()).hexdigest()[:16]}"


def _with(expressions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("with recursive {}").format(sql.SQL(", ").join(expressions)) if expressions else sql.SQL("")


def _where(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL("where {}").format(sql.SQL(" and ").join(conditions)) if conditions else sql.SQL("")

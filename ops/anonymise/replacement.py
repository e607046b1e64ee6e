"""Staging's rows replaced: one transaction, of which nothing is seen until it is all there."""

from collections.abc import Sequence

from psycopg import errors, sql

from ops.anonymise.catalogue import ForeignKey
from ops.anonymise.never_copied import is_platform
from ops.anonymise.plan import RefreshPlan
from release.database import Connection
from release.error import ReleaseError

_LOCK_TIMEOUT = "30s"
_SEQUENCES = """
select distinct sn.nspname as schema, s.relname as sequence, a.attname as column,
  tn.nspname || '.' || c.relname as table
from pg_class s
join pg_namespace sn on sn.oid = s.relnamespace
join pg_sequence q on q.seqrelid = s.oid and q.seqincrement > 0
join (
  select d.objid as sequence, d.refobjid as relation, d.refobjsubid as number from pg_depend d
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
  union
  select d.refobjid, f.adrelid, f.adnum from pg_depend d join pg_attrdef f on f.oid = d.objid
  where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
) used on used.sequence = s.oid
join pg_class c on c.oid = used.relation
join pg_namespace tn on tn.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = used.number
  and a.atttypid = any (array['int2', 'int4', 'int8', 'numeric']::regtype[])
where s.relkind = 'S'
"""
_VIEWS = """
select n.nspname as schema, c.relname as view from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and c.relispopulated order by c.oid
"""


class Replacement:
    """The transaction of staging in which rows are replaced.

    Triggers do not run in it, so that nothing is sent, counted or changed because of the copy; nor do foreign keys,
    which are checked at its end.
    """

    def __init__(self, connection: Connection, plan: RefreshPlan) -> None:
        """Take a session of staging with an open transaction, and what is replaced."""
        self._connection, self._plan = connection, plan

    def empty(self) -> None:
        """Take out the rows that are replaced, and those that name them.

        Raises:
            ReleaseError: the role may not, or somebody holds a table.
        """
        tables = [*(table.name for table in self._plan.tables), *self._plan.emptied]
        own = self._truncatable(tables)
        try:
            self._connection.execute("set local session_replication_role = replica")
            self._connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
            if own:
                self._connection.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(map(_identifier, own))))
            for name in tables:
                if name not in own:
                    self._connection.execute(sql.SQL("delete from {}").format(_identifier(name)))
            self._connection.execute("set local lock_timeout = 0")
        except errors.LockNotAvailable as error:
            raise ReleaseError(
                f"Somebody in staging held a table for longer than {_LOCK_TIMEOUT}, so nothing was changed there."
                " Remedy: run this again when nobody uses it."
            ) from error
        except errors.InsufficientPrivilege as error:
            raise ReleaseError(
                f"Staging's rows can't be replaced: {error.diag.message_primary}. Nothing was changed. Remedy: connect"
                " as a role that may, as the platform's postgres may."
            ) from error

    def finish(self) -> None:
        """Set sequences behind the rows, compute what is kept of them, and check the foreign keys.

        Raises:
            ReleaseError: a row names one that is not there.
        """
        copied = {table.name for table in self._plan.tables}
        for row in self._connection.execute(_SEQUENCES).fetchall():
            if row["table"] in copied:
                self._set_sequence(row)
        for row in self._connection.execute(_VIEWS).fetchall():
            if not is_platform(row["schema"]):
                view = sql.Identifier(row["schema"], row["view"])
                self._connection.execute(sql.SQL("refresh materialized view {}").format(view))
        torn = [f"  {key.child}.{', '.join(key.columns)}" for key in self._plan.foreign_keys if self._is_torn(key)]
        if torn:
            raise ReleaseError(
                "These would name rows of staging that are not there, so nothing was changed:\n" + "\n".join(torn)
                + "\nRemedy: rules that give the same for both ends of the key."
            )  # fmt: skip

    def bytes_of(self, tables: Sequence[str]) -> int:
        """Give the size of tables with all that belongs to them."""
        return sum(
            int(row["bytes"])
            for name in tables
            for row in self._connection.execute(
                "select pg_total_relation_size(%s::regclass) as bytes", [_identifier(name).as_string(self._connection)]
            ).fetchall()
        )

    def _truncatable(self, tables: Sequence[str]) -> list[str]:
        """Give the tables that one statement can empty, which gives their space back at once.

        The platform's own are among them where the role may truncate all of them; else their rows are deleted.
        """
        platform = [name for name in tables if is_platform(name.partition(".")[0])]
        may = all(
            row["may"]
            for name in platform
            for row in self._connection.execute(
                "select has_table_privilege(%s, 'truncate') as may", [_identifier(name).as_string(self._connection)]
            ).fetchall()
        )
        return [name for name in tables if may or name not in platform]

    def _set_sequence(self, row: dict[str, str]) -> None:
        top = self._connection.execute(
            sql.SQL("select max({}) as top from {}").format(sql.Identifier(row["column"]), _identifier(row["table"]))
        ).fetchone()
        sequence = sql.Identifier(row["schema"], row["sequence"])
        highest = int(top["top"]) if top is not None and top["top"] is not None else 0
        # Unlike setval this is undone with the transaction.
        restart = "alter sequence {} restart" if highest < 1 else "alter sequence {} restart with {}"
        self._connection.execute(sql.SQL(restart).format(sequence, sql.Literal(highest + 1)))

    def _is_torn(self, key: ForeignKey) -> bool:
        pairs = [
            sql.SQL("parent.{} = child.{}").format(sql.Identifier(parent), sql.Identifier(column))
            for column, parent in zip(key.columns, key.parent_columns, strict=True)
        ]
        named = [sql.SQL("child.{} is not null").format(sql.Identifier(column)) for column in key.columns]
        query = sql.SQL("select from {} child where {} and not exists (select from {} parent where {}) limit 1").format(
            _identifier(key.child), sql.SQL(" and ").join(named), _identifier(key.parent), sql.SQL(" and ").join(pairs)
        )
        return self._connection.execute(query).fetchone() is not None


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split(".", 1))

"""The tables of a database, as far as a copy of their rows depends on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.anonymise.never_copied import PEOPLE, is_platform
from release.database import Connection


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column.

    Attributes:
        name: its name.
        type: as `format_type` writes it, such as `character varying(255)`.
        base: name of the type without its limit, of a domain that of what it is made of, of an array that of its items.
        array: whether it is an array.
        words: whether it holds words: a type of PostgreSQL's string category, or an array of one.
        text: whether it can hold text: as well JSON, XML, bytes, composite and user-defined types.
        limit: how many characters a text may have; None where there is no limit.
        required: whether it takes no null.
        default: whether it fills itself where a row says nothing.
        generated: whether it is computed from others, so that nobody writes it.
    """

    name: str
    type: str
    base: str
    array: bool
    words: bool
    text: bool
    limit: int | None
    required: bool
    default: bool
    generated: bool


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A foreign key: columns of a child table that name a row of a parent table."""

    name: str
    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, partitioned ones as a whole.

    Attributes:
        schema, table: its names.
        columns: by name, in their order.
        primary_key: names of columns; empty where there is none.
        unique: the columns of each unique index.
        bytes: size on disk with indexes and TOAST.
    """

    schema: str
    table: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    bytes: int

    @property
    def name(self) -> str:
        """Give `schema.table`."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The tables that are nobody's but the backend's, auth.users, and the foreign keys of all tables.

    Attributes:
        tables: by `schema.table`.
        foreign_keys: of the whole database.
    """

    tables: Mapping[str, Table]
    foreign_keys: tuple[ForeignKey, ...]


_COLUMNS = """
select n.nspname as schema, c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  item.typname as base, full_type.typcategory = 'A' as array,
  item.typcategory = 'S' as words, item.typcategory in ('S', 'U', 'C') and item.typname <> 'uuid' as text,
  case when item.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end as limit,
  a.attnotnull or t.typnotnull as required, a.atthasdef or a.attidentity <> '' as default,
  a.attgenerated <> '' as generated,
  (select coalesce(sum(pg_total_relation_size(p.relid)), 0)::bigint
    from pg_partition_tree(c.oid) p) + case when c.relkind = 'r' and not c.relispartition
    then pg_total_relation_size(c.oid) else 0 end as bytes,
  coalesce((select array_agg(k.attname::text order by x.place)
    from pg_index i, unnest(i.indkey::int2[]) with ordinality x(number, place)
    join pg_attribute k on k.attnum = x.number
    where i.indrelid = c.oid and i.indisprimary and k.attrelid = c.oid), '{}') as primary_key
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
join pg_type full_type on full_type.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
join pg_type item on item.oid = case when full_type.typcategory = 'A' and full_type.typelem <> 0
  then full_type.typelem else full_type.oid end
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
  and not exists (select from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname, a.attnum
"""
_UNIQUE = """
select n.nspname as schema, c.relname as table, array_agg(k.attname::text order by x.place) as columns
from pg_index i
join pg_class c on c.oid = i.indrelid and not c.relispartition
join pg_namespace n on n.oid = c.relnamespace
cross join unnest(i.indkey::int2[]) with ordinality x(number, place)
join pg_attribute k on k.attrelid = c.oid and k.attnum = x.number
where i.indisunique and x.place <= i.indnkeyatts
group by n.nspname, c.relname, i.indexrelid
"""
_FOREIGN_KEYS = """
select f.conname as name, cn.nspname || '.' || c.relname as child, pn.nspname || '.' || p.relname as parent,
  (select array_agg(a.attname::text order by x.place) from unnest(f.conkey) with ordinality x(number, place)
    join pg_attribute a on a.attrelid = f.conrelid and a.attnum = x.number) as columns,
  (select array_agg(a.attname::text order by x.place) from unnest(f.confkey) with ordinality x(number, place)
    join pg_attribute a on a.attrelid = f.confrelid and a.attnum = x.number) as parent_columns
from pg_constraint f
join pg_class c on c.oid = f.conrelid and not c.relispartition
join pg_namespace cn on cn.oid = c.relnamespace
join pg_class p on p.oid = f.confrelid and not p.relispartition
join pg_namespace pn on pn.oid = p.relnamespace
where f.contype = 'f'
order by 2, 1
"""


def read_catalogue(connection: Connection) -> Catalogue:
    """Read which tables a database has."""
    unique: dict[str, list[tuple[str, ...]]] = {}
    for row in connection.execute(_UNIQUE).fetchall():
        unique.setdefault(f"{row['schema']}.{row['table']}", []).append(tuple(row["columns"]))
    rows: dict[str, list[dict[str, object]]] = {}
    for row in connection.execute(_COLUMNS).fetchall():
        name = f"{row['schema']}.{row['table']}"
        if name == PEOPLE or not is_platform(row["schema"]):
            rows.setdefault(name, []).append(row)
    tables = {name: _table(columns, tuple(unique.get(name, ()))) for name, columns in rows.items()}
    keys = tuple(
        ForeignKey(
            name=row["name"],
            child=row["child"],
            columns=tuple(row["columns"]),
            parent=row["parent"],
            parent_columns=tuple(row["parent_columns"]),
        )
        for row in connection.execute(_FOREIGN_KEYS).fetchall()
    )
    return Catalogue(tables=tables, foreign_keys=keys)


def _table(rows: list[dict[str, object]], unique: tuple[tuple[str, ...], ...]) -> Table:
    kept = ("name", "type", "base", "array", "words", "text", "limit", "required", "default", "generated")
    columns = [Column(**{key: row[key] for key in kept}) for row in rows]  # type: ignore[arg-type]
    first = rows[0]
    return Table(
        schema=str(first["schema"]),
        table=str(first["table"]),
        columns={column.name: column for column in columns},
        primary_key=tuple(first["primary_key"]),  # type: ignore[arg-type]
        unique=unique,
        bytes=int(first["bytes"]),  # type: ignore[call-overload]
    )

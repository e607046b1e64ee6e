"""Everything in a database's schema `public` that a migration can change, as comparable text."""

import psycopg
from psycopg.rows import TupleRow

# One query per kind of object; each gives the object's name and its definition.
_KINDS = {
    "tables": """
        select relname, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity, relowner::regrole,
            array(select acl::text from unnest(relacl) acl order by 1))
        from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')""",
    "columns": """
        select attrelid::regclass::text,
            string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                pg_get_expr(adbin, adrelid)), ', ' order by attnum)
        from pg_attribute join pg_class c on c.oid = attrelid
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
        group by attrelid""",
    "constraints": """
        select conrelid::regclass || '.' || conname, concat_ws(' ', convalidated, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = 'public'::regnamespace""",
    "indexes": """
        select indexrelid::regclass::text, concat_ws(' ', indisvalid, pg_get_indexdef(indexrelid))
        from pg_index join pg_class c on c.oid = indexrelid where relnamespace = 'public'::regnamespace""",
    "policies": """
        select tablename || '.' || policyname, concat_ws(' ', permissive, roles, cmd, qual, with_check)
        from pg_policies where schemaname = 'public'""",
    "triggers": """
        select tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid))
        from pg_trigger t join pg_class c on c.oid = tgrelid
        where relnamespace = 'public'::regnamespace and not tgisinternal""",
    "functions": """
        select oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(oid),
            array(select acl::text from unnest(proacl) acl order by 1))
        from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'""",
    "types": """
        select typname, concat_ws(' ', typtype, array(select enumlabel from pg_enum where enumtypid = t.oid
            order by enumsortorder))
        from pg_type t where typnamespace = 'public'::regnamespace and typtype in ('e', 'd', 'r')""",
}


def schema_snapshot(connection: psycopg.Connection[TupleRow]) -> dict[str, dict[str, str]]:
    """Give, by kind of object, the definition of each by its name."""
    return {kind: dict(connection.execute(query.encode()).fetchall()) for kind, query in _KINDS.items()}

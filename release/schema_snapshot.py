"""Everything in a database's own schemas that a migration can change, as comparable text."""

import psycopg
from psycopg.rows import TupleRow

# The platform's schemas, and the release's: what migrations don't make.
_FOREIGN = (
    "auth", "cron", "extensions", "graphql", "graphql_public", "information_schema", "net", "pgbouncer", "pgsodium",
    "pgsodium_masks", "realtime", "release", "storage", "supabase_functions", "supabase_migrations", "vault",
)  # fmt: skip
_OWN = f"""
    any (array(select oid from pg_namespace where nspname !~ '^pg_' and nspname not in {_FOREIGN}))"""  # noqa: S608 - constants of this file
# One query per kind of object; each gives the object's name and its definition.
_KINDS = {
    "tables": """
        select oid::regclass::text, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity, relowner::regrole,
            array(select acl::text from unnest(relacl) acl order by 1))
        from pg_class where relnamespace = {own} and relkind in ('r', 'p', 'v', 'm', 'S')""",
    "columns": """
        select attrelid::regclass::text,
            string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                pg_get_expr(adbin, adrelid)), ', ' order by attnum)
        from pg_attribute join pg_class c on c.oid = attrelid
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = {own} and relkind = 'r' and attnum > 0 and not attisdropped
        group by attrelid""",
    "constraints": """
        select conrelid::regclass || '.' || conname, concat_ws(' ', convalidated, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = {own}""",
    "indexes": """
        select indexrelid::regclass::text, concat_ws(' ', indisvalid, pg_get_indexdef(indexrelid))
        from pg_index join pg_class c on c.oid = indexrelid where relnamespace = {own}""",
    "policies": """
        select schemaname || '.' || tablename || '.' || policyname,
            concat_ws(' ', permissive, roles, cmd, qual, with_check)
        from pg_policies where schemaname::regnamespace = {own}""",
    "triggers": """
        select tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid))
        from pg_trigger t join pg_class c on c.oid = tgrelid
        where relnamespace = {own} and not tgisinternal""",
    "functions": """
        select oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(oid),
            array(select acl::text from unnest(proacl) acl order by 1))
        from pg_proc where pronamespace = {own} and prokind = 'f'""",
    "types": """
        select oid::regtype::text, concat_ws(' ', typtype, array(select enumlabel from pg_enum where enumtypid = t.oid
            order by enumsortorder))
        from pg_type t where typnamespace = {own} and typtype in ('e', 'd', 'r')""",
}


def schema_snapshot(connection: psycopg.Connection[TupleRow]) -> dict[str, dict[str, str]]:
    """Give, by kind of object, the definition of each by its name with its schema; the session keeps no schema path."""
    connection.execute("set search_path to ''")
    return {
        kind: dict(connection.execute(query.format(own=_OWN).encode()).fetchall()) for kind, query in _KINDS.items()
    }

"""Everything in a database's schema that a migration can change, as comparable text."""

from collections.abc import Iterator, Mapping

import psycopg
from psycopg.rows import TupleRow

Snapshot = Mapping[str, Mapping[str, str]]

# The platform's schemas, and the release's: what migrations don't make.
_FOREIGN = (
    "auth", "cron", "extensions", "graphql", "graphql_public", "information_schema", "net", "pgbouncer", "pgsodium",
    "pgsodium_masks", "realtime", "release", "storage", "supabase_functions", "supabase_migrations", "vault",
)  # fmt: skip
_OWN = f"""
    any (array(select oid from pg_namespace where nspname !~ '^pg_' and nspname not in {_FOREIGN}))"""  # noqa: S608 - constants of this file
# One query per kind of object; each gives the object's name and its definition. Columns go by name: their order can't
# be restored once one was dropped.
_KINDS = {
    "tables": """
        select oid::regclass::text, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity, relowner::regrole,
            relpersistence, relreplident, reloptions, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
            array(select inhparent::regclass::text from pg_inherits where inhrelid = c.oid order by inhseqno),
            array(select acl::text from unnest(relacl) acl order by 1))
        from pg_class c where relnamespace = {own} and relkind in ('r', 'p', 'v', 'm', 'S', 'f')""",
    "columns": """
        select attrelid::regclass::text,
            string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                pg_get_expr(adbin, adrelid), attstorage, nullif(attcompression, ''),
                (select 'collate ' || collname from pg_collation l join pg_type t on t.oid = atttypid
                    where l.oid = attcollation and attcollation <> typcollation), attoptions,
                array(select acl::text from unnest(attacl) acl order by 1)), ', ' order by attname)
        from pg_attribute join pg_class c on c.oid = attrelid
            left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where relnamespace = {own} and relkind in ('r', 'p', 'f', 'v', 'm') and attnum > 0 and not attisdropped
        group by attrelid""",
    "views": """
        select oid::regclass::text, concat_ws(' ', relispopulated, pg_get_viewdef(oid))
        from pg_class where relnamespace = {own} and relkind in ('v', 'm')""",
    "sequences": """
        select seqrelid::regclass::text, concat_ws(' ', format_type(seqtypid, null), seqstart, seqincrement, seqmax,
            seqmin, seqcache, seqcycle, (select refobjid::regclass || '.' || attname from pg_depend
                join pg_attribute on attrelid = refobjid and attnum = refobjsubid
                where objid = seqrelid and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass
                    and deptype in ('a', 'i')))
        from pg_sequence join pg_class c on c.oid = seqrelid where relnamespace = {own}""",
    "constraints": """
        select coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) || '.' || conname,
            concat_ws(' ', convalidated, pg_get_constraintdef(oid))
        from pg_constraint where connamespace = {own}""",
    "indexes": """
        select indexrelid::regclass::text, concat_ws(' ', indisvalid, indisclustered, indisreplident,
            pg_get_indexdef(indexrelid))
        from pg_index join pg_class c on c.oid = indexrelid where relnamespace = {own}""",
    "policies": """
        select schemaname || '.' || tablename || '.' || policyname,
            concat_ws(' ', permissive, roles, cmd, qual, with_check)
        from pg_policies where schemaname::regnamespace = {own}""",
    "triggers": """
        select tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid))
        from pg_trigger t join pg_class c on c.oid = tgrelid
        where relnamespace = {own} and not tgisinternal""",
    "rules": """
        select ev_class::regclass || '.' || rulename, concat_ws(' ', ev_enabled, pg_get_ruledef(r.oid))
        from pg_rewrite r join pg_class c on c.oid = ev_class
        where relnamespace = {own} and rulename <> '_RETURN'""",
    "functions": """
        select oid::regprocedure::text, concat_ws(' ', proowner::regrole, pg_get_functiondef(oid),
            array(select acl::text from unnest(proacl) acl order by 1))
        from pg_proc where pronamespace = {own} and prokind in ('f', 'p', 'w')""",
    "aggregates": """
        select p.oid::regprocedure::text, concat_ws(' ', proowner::regrole, format_type(prorettype, null), aggkind,
            aggtransfn, aggfinalfn, aggcombinefn, aggsortop::regoperator, format_type(aggtranstype, null), agginitval,
            proparallel, array(select acl::text from unnest(proacl) acl order by 1))
        from pg_proc p join pg_aggregate on aggfnoid = p.oid where pronamespace = {own}""",
    "types": """
        select oid::regtype::text, concat_ws(' ', typtype, typowner::regrole,
            array(select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder),
            nullif(format_type(nullif(typbasetype, 0), typtypmod), '-'), typnotnull, typdefault,
            (select format_type(rngsubtype, null) from pg_range where rngtypid = t.oid),
            (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
                from pg_attribute where attrelid = typrelid and attnum > 0 and not attisdropped),
            array(select acl::text from unnest(typacl) acl order by 1))
        from pg_type t where typnamespace = {own} and (typtype in ('e', 'd', 'r')
            or typtype = 'c' and (select relkind from pg_class where oid = typrelid) = 'c')""",
    "statistics": """
        select stxnamespace::regnamespace || '.' || stxname, pg_get_statisticsobjdef(oid)
        from pg_statistic_ext where stxnamespace = {own}""",
}
# What the platform has of its own accord too, and differently from project to project.
_SHARED_KINDS = {
    "schemas": """
        select nspname, concat_ws(' ', nspowner::regrole, array(select acl::text from unnest(nspacl) acl order by 1),
            obj_description(oid, 'pg_namespace'))
        from pg_namespace where oid = {own}""",
    "comments": """
        select pg_describe_object(classoid, objoid, objsubid), description
        from pg_description, lateral pg_identify_object(classoid, objoid, objsubid) as object
        where object.schema in (select nspname from pg_namespace where oid = {own})
            or object.type in ('trigger', 'policy', 'table constraint', 'rule', 'extension', 'event trigger')""",
    "extensions": """
        select extname, concat_ws(' ', extnamespace::regnamespace, extversion) from pg_extension""",
    "publications": """
        select pubname, concat_ws(' ', pubowner::regrole, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate,
            pubviaroot, array(select concat_ws(' ', prrelid::regclass, prattrs, pg_get_expr(prqual, prrelid))
                from pg_publication_rel where prpubid = p.oid order by 1),
            array(select pnnspid::regnamespace::text from pg_publication_namespace where pnpubid = p.oid order by 1))
        from pg_publication p""",
    "default privileges": """
        select concat_ws(' ', defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace, defaclobjtype),
            array(select acl::text from unnest(defaclacl) acl order by 1)::text
        from pg_default_acl""",
    "event triggers": """
        select evtname, concat_ws(' ', evtevent, evtowner::regrole, evtfoid::regprocedure, evtenabled, evttags)
        from pg_event_trigger""",
    "policies on the platform's tables": """
        select schemaname || '.' || tablename || '.' || policyname,
            concat_ws(' ', permissive, roles, cmd, qual, with_check)
        from pg_policies
        where schemaname::regnamespace <> all (array(select oid from pg_namespace where oid = {own}))""",
    "triggers on the platform's tables": """
        select tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid))
        from pg_trigger t join pg_class c on c.oid = tgrelid where not tgisinternal
            and relnamespace <> all (array(select oid from pg_namespace where oid = {own}))""",
    "roles": """
        select rolname, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
            rolbypassrls, rolconnlimit, rolconfig,
            array(select roleid::regrole::text from pg_auth_members where member = r.oid order by 1))
        from pg_roles r where rolname !~ '^pg_'""",
}


def schema_snapshot(
    connection: psycopg.Connection[TupleRow], *, with_shared: bool = False
) -> dict[str, dict[str, str]]:
    """Give, by kind of object, the definition of each by its name with its schema; the session keeps no schema path.

    Args:
        connection: a session.
        with_shared: also the kinds that the platform has objects of, differently from project to project; to compare
            one database with itself.
    """
    connection.execute("set search_path to ''")
    kinds = {**_KINDS, **(_SHARED_KINDS if with_shared else {})}
    return {kind: dict(connection.execute(query.format(own=_OWN).encode()).fetchall()) for kind, query in kinds.items()}


def differences(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str | None, str | None]]:
    """Give each object that differs: kind and name, and its two definitions, None where there is no such object."""
    for kind in sorted(before.keys() | after.keys()):
        old, new = before.get(kind, {}), after.get(kind, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{kind} {name}", old.get(name), new.get(name)

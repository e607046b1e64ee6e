"""What the advisors look for: each lint is a query of the project's own catalog, in our own words.

Names, levels and meanings are those of the platform's advisors, which run supabase/splinter (Apache-2.0 licence).
"""

# ruff: noqa: S608 - the queries are put together from constants of this file

from dataclasses import dataclass
from typing import Literal

# Schemas that are the platform's own business, and what extensions own.
_OWN = (
    "'auth', 'extensions', 'graphql', 'graphql_public', 'information_schema', 'net', 'pgbouncer', 'pgmq', 'realtime',"
    " 'storage', 'supabase_functions', 'supabase_migrations', 'vault', 'cron'"
)
_FOREIGN_SCHEMA = f"(n.nspname like 'pg\\_%%' or n.nspname in ({_OWN}))"
_FROM_EXTENSION = "exists (select from pg_depend d where d.objid = {0}.oid and d.deptype = 'e')"
_EXPOSED = "n.nspname = any (%(exposed)s)"
_READABLE = "(has_table_privilege('anon', c.oid, 'select') or has_table_privilege('authenticated', c.oid, 'select'))"
_INITPLAN = r"(auth\.(uid|jwt|role|email)\(\)|current_setting\()"
_WRAPPED = r"select\s+" + _INITPLAN


@dataclass(frozen=True, kw_only=True)
class Lint:
    """One lint.

    Attributes:
        name: the platform's.
        title, description: for people.
        level: the platform's.
        category: which of the two advisors tells it.
        type: what kind of object it is about.
        query: gives a row for each finding: schema, name, detail, and what tells it from others of the object.
    """

    name: str
    title: str
    level: Literal["ERROR", "WARN", "INFO"]
    category: Literal["SECURITY", "PERFORMANCE"]
    type: Literal["table", "view", "function", "extension"] = "table"
    description: str
    query: str


LINTS = (
    Lint(
        name="rls_disabled_in_public",
        title="RLS Disabled in Public",
        level="ERROR",
        category="SECURITY",
        description="A table in an exposed schema has no row level security: the API shows all of its rows.",
        query=f"""
            select n.nspname, c.relname, format('Table `%%s.%%s` is public, but RLS has not been enabled.',
              n.nspname, c.relname), ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and not c.relrowsecurity and {_EXPOSED} and not {_FOREIGN_SCHEMA}
              and {_READABLE} and not {_FROM_EXTENSION.format("c")}
        """,
    ),
    Lint(
        name="policy_exists_rls_disabled",
        title="Policy Exists RLS Disabled",
        level="ERROR",
        category="SECURITY",
        description="A table has policies, and row level security is off: they do nothing.",
        query=f"""
            select n.nspname, c.relname, format(
              'Table `%%s.%%s` has RLS policies but RLS is not enabled on the table. Policies include {{%%s}}.',
              n.nspname, c.relname, string_agg(p.polname, ',' order by p.polname)), ''
            from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
            where not c.relrowsecurity and not {_FOREIGN_SCHEMA} group by n.nspname, c.relname
        """,
    ),
    Lint(
        name="rls_enabled_no_policy",
        title="RLS Enabled No Policy",
        level="INFO",
        category="SECURITY",
        description="A table has row level security and no policy: the API shows none of its rows.",
        query=f"""
            select n.nspname, c.relname, format('Table `%%s.%%s` has RLS enabled, but no policies exist',
              n.nspname, c.relname), ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and c.relrowsecurity and not {_FOREIGN_SCHEMA}
              and not exists (select from pg_policy p where p.polrelid = c.oid) and not {_FROM_EXTENSION.format("c")}
        """,
    ),
    Lint(
        name="security_definer_view",
        title="Security Definer View",
        level="ERROR",
        category="SECURITY",
        type="view",
        description="A view in an exposed schema reads with its owner's rights: row level security of who asks is"
        " passed by.",
        query=f"""
            select n.nspname, c.relname, format('View `%%s.%%s` is defined with the SECURITY DEFINER property',
              n.nspname, c.relname), ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'v' and {_EXPOSED} and not {_FOREIGN_SCHEMA} and {_READABLE}
              and not {_FROM_EXTENSION.format("c")}
              and not coalesce(array_to_string(c.reloptions, ',') ~* 'security_invoker=(true|on|yes|1)', false)
        """,
    ),
    Lint(
        name="auth_users_exposed",
        title="Exposed Auth Users",
        level="ERROR",
        category="SECURITY",
        type="view",
        description="A view in an exposed schema reads auth.users: it may show the app's users to everybody.",
        query=f"""
            select distinct n.nspname, c.relname, format(
              'View/Materialized View `%%s` in the public schema may expose `auth.users` data to anon or authenticated'
              ' roles.', c.relname), ''
            from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class c on c.oid = r.ev_class
            join pg_namespace n on n.oid = c.relnamespace
            where d.refobjid = 'auth.users'::regclass and d.classid = 'pg_rewrite'::regclass
              and c.relkind in ('v', 'm') and {_EXPOSED} and {_READABLE}
        """,
    ),
    Lint(
        name="function_search_path_mutable",
        title="Function Search Path Mutable",
        level="WARN",
        category="SECURITY",
        type="function",
        description="A function does not set its search_path: who calls it decides which objects it means.",
        query=f"""
            select n.nspname, p.proname, format('Function `%%s.%%s` has a role mutable search_path',
              n.nspname, p.proname), md5(p.oid::regprocedure::text)
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where p.prokind in ('f', 'p') and not {_FOREIGN_SCHEMA} and not {_FROM_EXTENSION.format("p")}
              and not coalesce(array_to_string(p.proconfig, ',') like '%%search_path=%%', false)
        """,
    ),
    Lint(
        name="extension_in_public",
        title="Extension in Public",
        level="WARN",
        category="SECURITY",
        type="extension",
        description="An extension is in schema public, where the API shows its functions.",
        query="""
            select n.nspname, e.extname, format('Extension `%%s` is installed in the public schema. Move it to another'
              ' schema.', e.extname), ''
            from pg_extension e join pg_namespace n on n.oid = e.extnamespace where n.nspname = 'public'
        """,
    ),
    Lint(
        name="unindexed_foreign_keys",
        title="Unindexed foreign keys",
        level="INFO",
        category="PERFORMANCE",
        description="A foreign key has no index that begins with its columns: deleting what it points to scans the"
        " table.",
        query=f"""
            select n.nspname, c.relname, format(
              'Table `%%s.%%s` has a foreign key `%%s` without a covering index. This can lead to suboptimal query'
              ' performance.', n.nspname, c.relname, k.conname), k.conname
            from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
            where k.contype = 'f' and not {_FOREIGN_SCHEMA} and not exists (
              select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
                and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
                and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey)
        """,
    ),
    Lint(
        name="duplicate_index",
        title="Duplicate Index",
        level="WARN",
        category="PERFORMANCE",
        description="Two indexes are the same: each write pays for both.",
        query=f"""
            select n.nspname, c.relname, format('Table `%%s.%%s` has identical indexes {{%%s}}. Drop all except one of'
              ' them', n.nspname, c.relname, string_agg(x.relname, ',' order by x.relname)),
              string_agg(x.relname, '_' order by x.relname)
            from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
            join pg_namespace n on n.oid = c.relnamespace
            where not {_FOREIGN_SCHEMA}
            group by n.nspname, c.relname,
              regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE( UNIQUE)? INDEX \\S+ ', '') having count(*) > 1
        """,
    ),
    Lint(
        name="no_primary_key",
        title="No Primary Key",
        level="INFO",
        category="PERFORMANCE",
        description="A table has no primary key: its rows can't be told apart, nor be replicated well.",
        query=f"""
            select n.nspname, c.relname, format('Table `%%s.%%s` does not have a primary key', n.nspname, c.relname), ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and not c.relispartition and not {_FOREIGN_SCHEMA}
              and not {_FROM_EXTENSION.format("c")}
              and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
        """,
    ),
    Lint(
        name="auth_rls_initplan",
        title="Auth RLS Initialization Plan",
        level="WARN",
        category="PERFORMANCE",
        description="A policy asks for the user again with each row: `(select auth.uid())` asks once.",
        query=f"""
            select n.nspname, c.relname, format('Table `%%s.%%s` has a row level security policy `%%s` that'
              ' re-evaluates current_setting() or auth.<function>() for each row.', n.nspname, c.relname,
              p.polname), p.polname
            from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace,
              lateral (select concat_ws(' ', pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)) as text)
                as told
            where c.relrowsecurity and not {_FOREIGN_SCHEMA} and told.text ~* '{_INITPLAN}'
              and regexp_count(told.text, '{_INITPLAN}', 1, 'i') > regexp_count(told.text, '{_WRAPPED}', 1, 'i')
        """,
    ),
)

"""The commands that the stack's Command resources run; each is one step of a release."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

# httpx's transport imports it where it is installed, which is for a test's browser. Only here, where nothing is
# asynchronous: tenacity takes a module that is kept out for one that is there, and waits by it.
sys.modules.setdefault("trio", None)  # type: ignore[arg-type] # None is Python's documented way to keep one out

import typer

from release.backend_source import read_backend, read_config
from release.error import ReleaseError
from release.lifeline import die_with_parent
from release.proven_backend import whole_verdict

app = typer.Typer(
    help="One step of a release. `pulumi up` runs them in order; by hand they need its RELEASE_… variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Backend = Annotated[Path, typer.Option("--backend", help="The backend's folder.")]
Token = Annotated[str, typer.Option("--token", envvar="RELEASE_TOKEN", help="What the manifest notes for this part.")]


@app.command()
def check(backend: Backend = Path("backend")) -> None:
    """Check every function with Deno, run the backend's tests, prove each migration's undo; touches nothing."""
    source = read_backend(backend)
    if not whole_verdict(source).passed:
        from release.local_checks import check_backend

        check_backend(source)
    typer.echo(f"{len(source.functions)} functions checked, the backend's tests and undos passed")


@app.command()
def target(adopt: Annotated[bool, typer.Option(help="Mark a database that has no marker yet.")] = False) -> None:  # noqa: FBT002 - typer's form of a flag
    """Check that the project is the one that the stack declares."""
    from release.session import open_session

    with open_session(adopt=adopt) as session:
        session.bring_up_to_date()
        typer.echo(f"project {session.target.ref} is the target of stack {session.target.stack}")


@app.command()
def migrate(
    token: Token,
    lock_timeout: Annotated[int, typer.Option(help="Seconds a statement may wait for a lock.")] = 5,
    statement_timeout: Annotated[int, typer.Option(help="Seconds a statement may run in all.")] = 600,
    backend: Backend = Path("backend"),
) -> None:
    """Apply the pending migrations."""
    from release.migration_push import push_migrations
    from release.push_timeouts import PushTimeouts
    from release.session import open_session

    source = read_backend(backend)
    with open_session() as session:
        timeouts = PushTimeouts(lock_seconds=lock_timeout, statement_seconds=statement_timeout)
        applied = push_migrations(session, source, token=token, timeouts=timeouts)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "the ledger already holds every migration")


@app.command()
def deploy(
    slug: str,
    token: Token,
    at_once: Annotated[int, typer.Option(min=1, help="Functions deployed at once on this machine.")] = 4,
    backend: Backend = Path("backend"),
) -> None:
    """Deploy one function."""
    from release.deploy_slot import deploy_slot
    from release.function_deploy import deploy_function
    from release.session import open_session

    source = read_backend(backend)
    if slug not in source.functions:
        raise ReleaseError(f"There is no function {slug} in {backend}. Remedy: see supabase/config.toml.")
    with open_session() as session, deploy_slot(session.target.ref, at_once):
        deployed = deploy_function(session, source.directory, source.functions[slug], token=token)
    typer.echo(f"{slug} is live" if deployed else f"{slug} was live already")


@app.command()
def delete(slug: str, backend: Backend = Path("backend")) -> None:
    """Delete one function that the backend no longer has; one that it still has stays, as in a destroyed stack."""
    from release.function_deploy import delete_function
    from release.session import open_session

    if read_config(backend.resolve()).get("functions", {}).get(slug, {"enabled": False}).get("enabled", True):
        typer.echo(f"{slug} stays: the backend still has it")
        return
    with open_session() as session:
        deleted = delete_function(session, slug)
        session.free_lease()
    typer.echo(f"{slug} is deleted" if deleted else f"{slug} was gone already")


@app.command()
def smoke(
    token: Token,
    deadline: Annotated[int, typer.Option(help="Seconds the tests may take in all.")] = 120,
    backend: Backend = Path("backend"),
) -> None:
    """Run the smoke tests against what is live."""
    from release.session import open_session
    from release.validation import validate

    source = read_backend(backend)
    with open_session() as session:
        typer.echo(validate(session, source, token=token, deadline_seconds=deadline))


@app.command()
def record(token: Token, backend: Backend = Path("backend")) -> None:
    """Write down the release that was just validated, keep its files for a rollback, and end it."""
    from release.record import record_release
    from release.session import open_session
    from release.snapshot import take_snapshot
    from settings.reading import read_files

    source = read_backend(backend)
    with open_session() as session:
        hotfix = read_files(Path.cwd(), session.target.stack).hotfix
        reason = hotfix.reason if hotfix and hotfix.release == source.digest else None
        number = record_release(session, source, token=token, reason=reason)
        # Standard output is what the engine keeps: previews without rights to the database read it there.
        typer.echo(take_snapshot(session.rows))
    typer.echo(f"release {number} recorded", err=True)


@app.command()
def notify() -> None:
    """Tell the team channel and Sentry of the release that was just recorded; who can't be reached fails nothing."""
    from release.credentials import read_credential
    from release.management_api import ManagementApi
    from release.notification import describe_release, tell_team
    from release.record import current, read_records
    from release.sentry import mark_release
    from release.target import read_target

    target = read_target(os.environ)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", target.stack)) as api:
        released = current(read_records(api.query))
    if released and tell_team(target.stack, describe_release(target.stack, released)):
        typer.echo("the team channel was told")
    if released and mark_release(target.stack, released):
        typer.echo("the release is marked in Sentry")


def main() -> None:
    """Run a command; what can go wrong ends it with a text and exit code 1, without a traceback."""
    die_with_parent()
    try:
        app()
    except ReleaseError as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001 - one that is not ours is raised again
        _fail(_explain(error))


def _explain(error: Exception) -> str:
    """Say what an error of the database or the stack file means; another one goes on as it is."""
    import psycopg

    from settings.error import SettingsError

    if isinstance(error, SettingsError):
        return str(error)
    if isinstance(error, psycopg.Error):
        told = (error.diag.message_primary or str(error).strip().partition("\n")[0]).rstrip(".")
        return (
            f"The database ended this step: {told}. What it had not noted by then is in doubt."
            " Remedy: `pulumi up` again; it does over what is in doubt."
        )
    raise error


def _fail(text: str) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    from release.notification import describe_failure, tell_team

    if stack := os.environ.get("RELEASE_STACK"):
        tell_team(stack, describe_failure(stack, sys.argv[1], text))
    sys.exit(1)


if __name__ == "__main__":
    main()

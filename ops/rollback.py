"""Brings a stack back to an earlier release."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from ops.outcome import tell_outcome
from ops.release_log import read_log
from ops.stack_target import read_stack
from release.credentials import read_credential
from release.error import ReleaseError
from release.live_state import KnownHashes
from release.management_api import ManagementApi
from release.notification import describe_release, tell_team
from release.record import read_records
from release.rollback import RollbackPlan, clear_holds, plan_rollback, refuse_outdated, roll_back
from release.session import open_session
from release.target import Target
from settings.stack import Settings

FINDINGS = 2
_console = Console(highlight=False, soft_wrap=True)


def rollback(
    stack: Annotated[str, typer.Option(help="The stack to bring back.")],
    *,
    to: Annotated[
        int | None, typer.Option(help="Number of the record to go back to; the one before without this.")
    ] = None,
    migrations: Annotated[
        bool, typer.Option("--migrations", help="Also undo the migrations that came since, by their undo scripts.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; goes on record and to the team channel.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; an adopted environment needs --reason then.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do, and do nothing.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Lift the holds of earlier rollbacks, and do nothing else.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Put an earlier release's functions live again, and a hold on the release that is left.

    Shows first what it will do. Exit codes: 0 done, 2 done and the earlier release's smoke tests fail, 1 not done.
    """
    settings, target = read_stack(stack)
    if clear:
        with open_session(target) as session:
            cleared = clear_holds(session)
        lifted = f"{len(cleared)} holds lifted; `pulumi up` may release them again"
        tell_outcome({"cleared": cleared}, lifted, as_json=as_json)
        return
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        records, hashes = read_log(api, target)
    plan = plan_rollback(records, hashes, to=to, with_migrations=migrations)
    if not as_json:
        _show(plan, stack)
    if dry_run:
        tell_outcome(_document(plan), "Nothing was done: this was --dry-run.", as_json=as_json)
        return
    reason = _confirm(settings, reason, yes=yes)
    number, works = carry_out(settings, target, plan, hashes, reason=reason, migrations=migrations)
    told = (
        f"rolled back to release {plan.target.number}; on record as {number}. `pulumi up` refuses the release that was"
        f" left until: python -m ops rollback --stack {stack} --clear"
    )
    if not works:
        told += (
            f"\nIts smoke tests fail there too. Remedy: go back further: python -m ops history --stack {stack}, then"
            " python -m ops rollback --to."
        )
    tell_outcome({**_document(plan), "record": number, "smoke_tests_pass": works}, told, as_json=as_json)
    if not works:
        raise typer.Exit(FINDINGS)


def carry_out(
    settings: Settings, target: Target, plan: RollbackPlan, hashes: KnownHashes, *, reason: str, migrations: bool
) -> tuple[int, bool]:
    """Roll back, and tell the team.

    Returns:
        The number under which it is on record, and whether the smoke tests pass.

    Raises:
        ReleaseError: something else was released since the plan was made, or it could not be done; the text says
            what is live.
    """
    with open_session(target) as session:
        records = read_records(session.rows)
        refuse_outdated(plan, records)
        number, works = roll_back(
            session,
            plan_rollback(records, hashes, to=plan.target.number, with_migrations=migrations),
            reason=reason,
            lock_timeout_seconds=settings.backend.lock_timeout_seconds,
            smoke_seconds=settings.backend.smoke_test_seconds,
        )
    _announce(target, number)
    return number, works


def _document(plan: RollbackPlan) -> dict[str, object]:
    return {
        "left": plan.left.number,
        "target": plan.target.number,
        "functions": sorted(
            slug for slug, digest in plan.target.functions.items() if plan.left.functions.get(slug) != digest
        ),
        "staying_functions": list(plan.newer),
        "undone_migrations": list(plan.undo),
        "staying_migrations": list(plan.staying),
    }


def _show(plan: RollbackPlan, stack: str) -> None:
    target, left = plan.target, plan.left
    document = _document(plan)
    lines = [
        f"{stack}: from {left.kind} {left.number} of {left.at} ({left.digest[:12]})",
        f"{' ' * len(stack)}  to {target.kind} {target.number} of {target.at} ({target.digest[:12]})",
        f"  functions put back: {_names(document['functions'])} (and whatever was changed by hand since)",
        f"  functions that stay, which the earlier release did not have: {_names(plan.newer)}",
        f"  migrations undone, the newest first: {_names(plan.undo)}",
        f"  migrations that stay applied: {_names(plan.staying)}",
    ]
    for line in lines:
        _console.print(line, markup=False)


def _names(names: object) -> str:
    assert isinstance(names, list | tuple)  # noqa: S101 - the document's own lists
    return ", ".join(names) or "none"


def _confirm(settings: Settings, reason: str, *, yes: bool) -> str:
    """Ask as the environment deserves: for an adopted one its name has to be typed."""
    adopted = settings.supabase.project.ref is not None
    if yes:
        if adopted and not reason:
            raise ReleaseError(
                f"Stack {settings.stack} is an adopted environment, and this would be on record without a reason."
                " Nothing was changed. Remedy: add --reason."
            )
        return reason or "by hand"
    if not sys.stdin.isatty():
        raise ReleaseError("There is nobody to ask. Nothing was changed. Remedy: add --yes, and --reason.")
    reason = reason or typer.prompt("Why")
    if adopted:
        confirmed = typer.prompt(f"Type {settings.stack} to roll it back") == settings.stack
    else:
        confirmed = typer.confirm("Roll back?")
    if not confirmed:
        raise ReleaseError("Not confirmed. Nothing was changed.")
    return reason


def _announce(target: Target, number: int) -> None:
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", target.stack)) as api:
        (record,) = [record for record in read_records(api.query) if record.number == number]
    tell_team(target.stack, describe_release(target.stack, record))

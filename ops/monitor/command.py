"""The command `monitor`."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from ops.duration import parse_duration
from ops.monitor.alarm import Thresholds
from ops.monitor.traffic import Traffic
from ops.monitor.watch import Look, Watch, moments
from ops.outcome import tell_outcome
from ops.release_log import read_log
from ops.rollback import carry_out
from ops.stack_target import read_stack
from release.credentials import read_credential
from release.error import ReleaseError
from release.live_state import KnownHashes
from release.management_api import ManagementApi
from release.notification import tell_team
from release.record import Record
from release.rollback import plan_rollback
from release.target import Target
from settings.stack import Settings

ALARMED = 2
_console = Console(highlight=False, soft_wrap=True, stderr=True)
_USUAL = Thresholds()


def monitor(
    stack: Annotated[str, typer.Option(help="The stack to watch.")],
    *,
    duration: Annotated[str, typer.Option("--for", help="How long to watch: 90s, 15m, 1h.")] = "15m",
    back: Annotated[
        str, typer.Option(help="Look once at so much of the past instead, as a schedule does between releases.")
    ] = "",
    against: Annotated[str, typer.Option(help="How much of the time before it is compared with; up to 24h.")] = "1h",
    interval: Annotated[str, typer.Option(help="How often to look.")] = "30s",
    requests: Annotated[
        int, typer.Option(min=1, help="Fewer requests than these of a function say nothing.")
    ] = _USUAL.requests,
    error_rate: Annotated[
        float, typer.Option(min=0, max=1, help="The part of failing requests that is too much.")
    ] = _USUAL.error_rate,
    slow_factor: Annotated[
        float, typer.Option(min=1, help="How many times slower than before is too slow.")
    ] = _USUAL.slow_factor,
    rollback: Annotated[
        bool,
        typer.Option("--rollback", help="Roll back to the release before, where a function is over the threshold."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Watch functions, services and the database; ends at once where one is over the threshold.

    Functions are compared with what they served before the newest release, if that is younger than the time watched,
    and before the watch began otherwise. Exit codes: 0 nothing was over the threshold; 2 something was, or is rolled
    back; 1 what is there could not be read.
    """
    if rollback and back:
        raise ReleaseError("--rollback goes with a watch after a release, not with a look back. Nothing was done.")
    settings, target = read_stack(stack)
    lasting = parse_duration(back or duration)
    thresholds = Thresholds(requests=requests, error_rate=error_rate, slow_factor=slow_factor)
    with ManagementApi(target, read_credential("SUPABASE_ACCESS_TOKEN", stack)) as api:
        records, hashes = read_log(api, target)
        begin = _begin(records, lasting, looks_back=bool(back))
        watch = Watch(api, begin, parse_duration(against), thresholds)
        waits = [timedelta()] if back else moments(lasting, parse_duration(interval))
        look = _watch(watch, waits, stack, quiet=as_json)
    document = _document(look, watch)
    if look.unread:
        tell_outcome(document, f"{look.unread}\nWhether {stack} is well is not known.", as_json=as_json)
        raise typer.Exit(1)
    if not look.alarms:
        tell_outcome(document, f"{stack} is as it was before {_moment(begin)}", as_json=as_json)
        return
    text = "\n".join([f"{stack} is over the threshold:", *(f"  {alarm.of}: {alarm.text}" for alarm in look.alarms)])
    of_functions = [alarm for alarm in look.alarms if alarm.of in look.traffic]
    if rollback and of_functions:
        reason = "; ".join(f"{alarm.of}: {alarm.text}" for alarm in of_functions)
        number = _roll_back(settings, target, records, hashes, reason)
        tell_outcome({**document, "record": number}, f"{text}\nrolled back, on record as {number}", as_json=as_json)
    else:
        remedy = f"Remedy, if it is the release: python -m ops rollback --stack {stack}"
        tell_team(stack, f"{text}\n{remedy}")
        tell_outcome(document, f"{text}\n{remedy}", as_json=as_json)
    raise typer.Exit(ALARMED)


def _begin(records: tuple[Record, ...], lasting: timedelta, *, looks_back: bool) -> datetime:
    """Give when the watched time begins: at the newest release, where that is young enough."""
    now = datetime.now(UTC)
    if looks_back:
        return now - lasting
    released = [datetime.fromisoformat(record.at) for record in records]
    return max((moment for moment in released if now - moment < lasting), default=now)


def _watch(watch: Watch, waits: Iterable[timedelta], stack: str, *, quiet: bool) -> Look:
    """Look until something is over the threshold, or the time is over; gives the last look."""
    last: Look | None = None
    with Live(console=_console, refresh_per_second=4, transient=True) as live:
        for wait in waits:
            time.sleep(wait.total_seconds())
            last = watch.look()
            if not quiet:
                live.update(_view(last, watch, stack))
                if not _console.is_terminal:
                    _console.print(_line(last), markup=False)
            if last.alarms:
                break
    assert last is not None  # noqa: S101 - the first look comes at once
    return last


def _roll_back(
    settings: Settings, target: Target, records: tuple[Record, ...], hashes: KnownHashes, reason: str
) -> int:
    plan = plan_rollback(records, hashes, to=None, with_migrations=False)
    number, works = carry_out(settings, target, plan, hashes, reason=f"monitor: {reason}", migrations=False)
    if not works:
        raise ReleaseError(
            f"{reason}. It was rolled back, on record as {number}, and the smoke tests fail there too. Remedy: go back"
            f" further: python -m ops history --stack {target.stack}, then python -m ops rollback --to."
        )
    return number


def _view(look: Look, watch: Watch, stack: str) -> RenderableType:
    table = Table(title=f"{stack} at {_moment(look.at)}", title_justify="left", box=SIMPLE)
    for heading in ("function", "requests", "failing", "before", "95 of 100 within", "before"):
        table.add_column(heading, justify="left" if heading == "function" else "right")
    alarmed = {alarm.of for alarm in look.alarms}
    for slug, traffic in sorted(look.traffic.items()):
        before = watch.before.get(slug, Traffic())
        table.add_row(
            slug, str(traffic.requests), f"{traffic.error_rate:.1%}", f"{before.error_rate:.1%}",
            _milliseconds(traffic), _milliseconds(before), style="red" if slug in alarmed else None,
        )  # fmt: skip
    table.caption = (
        look.unread or "; ".join(f"{a.of}: {a.text}" for a in look.alarms) or "nothing is over the threshold"
    )
    return table


def _line(look: Look) -> str:
    seen = ", ".join(f"{slug} {t.errors}/{t.requests} failing" for slug, t in sorted(look.traffic.items()))
    return f"{_moment(look.at)}  {look.unread or seen or 'no requests'}"


def _milliseconds(traffic: Traffic) -> str:
    return "" if traffic.slow_ms is None else f"{traffic.slow_ms} ms"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _document(look: Look, watch: Watch) -> dict[str, Any]:
    return {
        "at": look.at.isoformat(timespec="seconds"),
        "functions": {slug: {**asdict(traffic)} for slug, traffic in look.traffic.items()},
        "before": {slug: asdict(traffic) for slug, traffic in watch.before.items()},
        "alarms": [asdict(alarm) for alarm in look.alarms],
        "unread": look.unread or None,
        "record": None,
    }

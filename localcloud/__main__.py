"""The local cloud: GitHub and Supabase on this machine, for development, tests and a first look."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from localcloud import background, tools
from localcloud.environment import environment, replaced_credentials
from localcloud.place import CACHE, PROJECT, Place
from localcloud.stacks import StackError, create_missing_stacks
from localcloud.tools import ToolsMissingError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
_console = Console(stderr=True, highlight=False, soft_wrap=True)

NewPorts = Annotated[bool, typer.Option("--new-ports", help="Choose other ports than before; data stays.")]


@app.command()
def start(*, new_ports: NewPorts = False) -> None:
    """Start the local cloud in the background and wait until it answers."""
    place = Place.current()
    if new_ports and background.look(place) is None:
        place.forget_ports()
    _start(place)
    _tell_page(place)


@app.command()
def stop() -> None:
    """Stop the local cloud; its data stays."""
    try:
        stopped = background.stop(Place.current())
    except background.BackgroundError as error:
        _fail(str(error))
    _console.print("local cloud stopped" if stopped else "no local cloud is running")


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show whether the local cloud runs and which projects it holds; exit code 1 where it does not run."""
    place = Place.current()
    state = background.look(place)
    if as_json:
        addresses = {"url": place.url(), "page": place.page()} if state else {"url": None, "page": None}
        sys.stdout.write(json.dumps({"running": state is not None, **addresses, **(state or {})}) + "\n")
    elif state is None:
        _console.print("no local cloud is running: `python -m localcloud start`")
    else:
        _console.print(f"local cloud: {place.url()}, state in {place.directory}")
        _console.print(f"status page for a browser: {place.page()}")
        for project in state["projects"]:
            database = "database running" if project["database_pid"] else "database asleep"
            _console.print(f"  {project['name']} ({project['ref']}): {project['status']}, {database}")
    if state is None:
        raise typer.Exit(1)


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the local cloud and delete all of its state: projects, databases, repository, the engine's stacks.

    The project of `localcloud dev` stays: that has a reset of its own.
    """
    place = Place.current()
    if not yes:
        typer.confirm(f"Delete everything in {place.directory}?", abort=True, err=True)
    try:
        background.stop(place)
    except background.BackgroundError as error:
        _fail(str(error))
    for path in place.directory.glob("*"):
        if path != place.development.directory:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not place.development.directory.exists():
        shutil.rmtree(place.directory, ignore_errors=True)
    _console.print(f"{place.directory} deleted")


@app.command(name="exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def execute(
    command: Annotated[list[str], typer.Argument(help="The command, after `--`.")],
    *,
    page: Annotated[bool, typer.Option("--page", help="Say first where the status page is.")] = False,
) -> None:
    """Run a command against the local cloud, started where it is not running."""
    place = Place.current()
    variables = _ready(place)
    if page:
        _tell_page(place)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606 - signals and exit code are the command's own
    except OSError as error:
        _fail(f"{command[0]} can not be run: {error.strerror}", code=127)


@app.command()
def shell() -> None:
    """Open a shell in which plain `pulumi`, `supabase` and `python -m ops` use the local cloud."""
    variables = _ready(Place.current())
    program = os.environ.get("SHELL") or "/bin/sh"
    variables["PS1"] = "(local cloud) \\w $ "
    _console.print("`exit` leaves the local cloud's environment; the local cloud goes on running")
    os.execvpe(program, [program, *_without_start_up_files(program)], variables)  # noqa: S606 - becomes the shell


@app.command()
def serve(source: Annotated[Path, typer.Option(help="The project whose stack files seed it.")] = PROJECT) -> None:
    """Run the local cloud in the foreground until SIGTERM or Ctrl-C."""
    from localcloud.listeners import PortTakenError  # noqa: PLC0415 - the other commands start faster without
    from localcloud.server import serve  # noqa: PLC0415

    try:
        if not serve(Place.current(), source):
            _console.print("the local cloud runs already")
    except (PortTakenError, ToolsMissingError) as error:
        _fail(str(error))


@app.command()
def dev(
    *,
    backend: Annotated[Path, typer.Option(help="The folder that holds supabase/.")] = PROJECT / "backend",
    env_file: Annotated[
        Path | None, typer.Option(help="The functions' secrets; else supabase/functions/.env, if it is there.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Begin with a new database.")] = False,
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print secret keys and password too.")] = False,
    new_ports: NewPorts = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Develop locally: a project of the work tree's migrations, seed and functions, which follows each save.

    It is apart from the stacks' projects. `r` resets its database, Ctrl-C ends it; the data is kept between runs.
    """
    from localcloud.database.installation import DatabaseError  # noqa: PLC0415 - as in serve
    from localcloud.dev.backend import BackendError  # noqa: PLC0415
    from localcloud.dev.session import Options, run  # noqa: PLC0415
    from localcloud.listeners import PortTakenError  # noqa: PLC0415
    from localcloud.lock import lock  # noqa: PLC0415

    place = Place.current().development
    held = lock(place)
    if held is None:
        _fail(f"`localcloud dev` runs already at {place.url()}: use that, or end it with Ctrl-C in its terminal")
    with held:
        if new_ports:
            place.forget_ports()
        options = Options(
            backend=backend.resolve(), env_file=env_file and env_file.resolve(), reset=reset, show_keys=show_keys,
            as_json=as_json,
        )  # fmt: skip
        try:
            asyncio.run(run(place, options))
        except (BackendError, DatabaseError, PortTakenError, ToolsMissingError) as error:
            _fail(str(error))


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def scratch(command: Annotated[list[str], typer.Argument(help="The command, after `--`.")]) -> None:
    """Run a command with a throw-away database as a new project has it, in PGHOST, PGPORT, PGUSER and PGPASSWORD."""
    from localcloud.database.installation import DatabaseError, Installation  # noqa: PLC0415 - as in serve
    from localcloud.database.scratch import run_with_scratch_database  # noqa: PLC0415

    try:
        code = asyncio.run(run_with_scratch_database(Installation(tools.postgres()), CACHE, command))
    except (DatabaseError, ToolsMissingError, OSError) as error:
        _fail(str(error))
    raise typer.Exit(code)


def _start(place: Place) -> None:
    source = Path.cwd() if (Path.cwd() / "Pulumi.yaml").exists() else PROJECT
    try:
        background.start(place, source, _console.print)
    except background.BackgroundError as error:
        _fail(str(error))


def _tell_page(place: Place) -> None:
    _console.print(f"local cloud: open {place.page()} in a browser to see what is in it")


def _ready(place: Place) -> dict[str, str]:
    """Start what is not running and give the whole environment for a command."""
    _start(place)
    try:
        local = environment(place)
    except ToolsMissingError as error:
        _fail(str(error))
    replaced = replaced_credentials(local)
    if replaced:
        _console.print(f"your own {', '.join(replaced)} are not used: the local cloud has its own")
    variables = {**os.environ, **local}
    try:
        created = create_missing_stacks(place, Path.cwd(), variables)
    except (StackError, OSError) as error:
        _fail(str(error))
    if created:
        _console.print(f"stacks created in the local backend: {', '.join(created)}")
    return variables


def _without_start_up_files(program: str) -> list[str]:
    """Keep the prompt and PATH from being set anew by the shell's own files."""
    return {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}.get(Path(program).name, [])


def _fail(message: str, code: int = 1) -> NoReturn:
    _console.print(message, markup=False)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()

"""Command line: `python3 -m toolchain ensure|path|postgres|program|status [--json]`."""

import argparse
import json
import sys
from collections.abc import Sequence

from toolchain import parts, report
from toolchain.errors import ToolchainError
from toolchain.optional_program import OPTIONAL_PROGRAMS


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m toolchain",
        description="The pinned engine, plugins and command line tools of this project, kept by version outside the "
        "work tree ($XDG_CACHE_HOME/deployment-toolchain), apart from .venv.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ensure", help="obtain whatever is missing; does nothing when all is there")
    commands.add_parser("path", help="print the folders to put on PATH, one a line")
    commands.add_parser("postgres", help="print the PostgreSQL server's root folder")
    program = commands.add_parser(
        "program", help="print where a program is that only some need; builds it the first time"
    )
    program.add_argument("name", choices=sorted(OPTIONAL_PROGRAMS))
    status = commands.add_parser(
        "status", help="print each part: version, source, size and place; exit code 1 if one is missing"
    )
    status.add_argument("--json", action="store_true", help="as JSON, with sizes in bytes and null for what is missing")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command
    if command == "ensure":
        parts.ensure()
    elif command == "path":
        sys.stdout.writelines(f"{folder}\n" for folder in parts.path())
    elif command == "postgres":
        sys.stdout.write(f"{parts.postgres()}\n")
    elif command == "program":
        sys.stdout.write(f"{OPTIONAL_PROGRAMS[arguments.name].path()}\n")
    else:
        states = parts.status()
        sys.stdout.write(_as_json(states) if arguments.json else _as_text(states))
        return 0 if all(state.where for state in states) else 1
    return 0


def _as_text(states: Sequence[parts.State]) -> str:
    rows = []
    for state in states:
        size = state.size()
        known = f"{size / 1e6:>7.1f} MB" if size is not None else " " * 10
        place = f"{state.source:<18} {known}  {state.where}" if state.where else "missing"
        rows.append(f"{state.name:<22} {state.version:<12} {place}\n")
    return "".join(rows)


def _as_json(states: Sequence[parts.State]) -> str:
    found = [
        {
            "name": state.name,
            "version": state.version,
            "source": state.source if state.where else None,
            "bytes": state.size(),
            "where": str(state.where) if state.where else None,
        }
        for state in states
    ]
    return json.dumps({"parts": found}, indent=2) + "\n"


def main() -> int:
    """Run one command; 0 is success, 1 a part that can't be had or is missing, 2 a wrong command line."""
    try:
        return _run(_arguments().parse_args())
    except ToolchainError as error:
        report.say(f"ERROR: {error}")
    except OSError as error:
        report.say(f"ERROR: {error}. The part was not installed. See whether that place can be written and has space.")
    return 1


if __name__ == "__main__":
    sys.exit(main())

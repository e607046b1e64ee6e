"""Command line: `python3 -m toolchain ensure|path|postgres|status`."""

import argparse
import sys

from toolchain import parts, report
from toolchain.errors import ToolchainError


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
    commands.add_parser("status", help="print each part, its version and where it is; exit code 1 if one is missing")
    return parser


def _run(command: str) -> int:
    if command == "ensure":
        parts.ensure()
    elif command == "path":
        sys.stdout.writelines(f"{folder}\n" for folder in parts.path())
    elif command == "postgres":
        sys.stdout.write(f"{parts.postgres()}\n")
    else:
        states = parts.status()
        sys.stdout.writelines(f"{state.name:<16} {state.version:<12} {state.where or 'missing'}\n" for state in states)
        return 0 if all(state.where for state in states) else 1
    return 0


def main() -> int:
    """Run one command; 0 is success, 1 a part that can't be had or is missing, 2 a wrong command line."""
    try:
        return _run(_arguments().parse_args().command)
    except ToolchainError as error:
        report.say(f"ERROR: {error}")
    except OSError as error:
        report.say(f"ERROR: {error}. The part was not installed. See whether that place can be written and has space.")
    return 1


if __name__ == "__main__":
    sys.exit(main())

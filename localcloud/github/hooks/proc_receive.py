"""The proc-receive hook of a push: asks git_http through two inherited pipes what becomes of each ref.

It speaks the protocol of githooks(5), section proc-receive, and runs without the project's packages.
"""

import json
import os
import sys


def _packets() -> list[str]:
    """Read packets up to a flush packet."""
    found: list[str] = []
    while size := int(sys.stdin.buffer.read(4) or b"0", 16):
        found.append(sys.stdin.buffer.read(size - 4).decode().rstrip("\n"))
    return found


def _answer(*lines: str) -> None:
    """Write packets and a flush packet."""
    packets = [f"{len(line.encode()) + 5:04x}{line}\n" for line in lines]
    sys.stdout.write("".join(packets) + "0000")
    sys.stdout.flush()


def main() -> None:
    """Hand the commands over, print what GitHub has to say, and report on each ref."""
    question, reply = (int(number) for number in os.environ["LOCALCLOUD_PUSH"].split(","))
    offered = _packets()[0].partition("\0")[2].split()
    _answer("version=1")
    commands = [command.split(" ", 2) for command in _packets()]
    with os.fdopen(question, "w") as out, os.fdopen(reply) as back:
        out.write(json.dumps({"atomic": "atomic" in offered, "commands": commands}) + "\n")
        out.flush()
        decided = json.loads(back.readline())
    sys.stderr.write(decided["told"])
    _answer(*(f"ng {ref} {reason}" if reason else f"ok {ref}" for ref, reason in decided["refs"]))


if __name__ == "__main__":
    main()

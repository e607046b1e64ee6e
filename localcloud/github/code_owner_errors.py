"""What is wrong with a repository's CODEOWNERS file."""

import re
from collections.abc import Iterator

from localcloud.github.code_owners import PLACES
from localcloud.github.errors import NotFoundError
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.roles import includes, role_of
from localcloud.github.store import Json

_OWNER = re.compile(r"@[\w-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+")


@operation("GET", REPOSITORY + "/codeowners/errors")
def list_errors(call: Call) -> Answer:
    """List owners that are none: badly written, unknown, or without write access.

    Raises:
        NotFoundError: the branch (`ref`, or the default branch) has no such file.
    """
    ref = call.query.get("ref", call.repository["default_branch"])
    for path in PLACES:
        content = call.git.read(ref, path)
        if content is not None:
            return Answer(body={"errors": list(_errors(call, path, content.decode(errors="replace")))})
    raise NotFoundError


def _errors(call: Call, path: str, content: str) -> Iterator[Json]:
    for number, line in enumerate(content.splitlines(), 1):
        rule = line.partition("#")[0]
        for owner in [*re.finditer(r"\S+", rule)][1:]:
            kind, suggestion = _mistake(call, owner[0])
            if kind:
                here = f"{kind} on line {number}: {suggestion}\n\n  {line}\n  {' ' * owner.start()}^"
                yield {
                    "line": number,
                    "column": owner.start() + 1,
                    "source": line,
                    "kind": kind,
                    "suggestion": suggestion,
                    "message": here,
                    "path": path,
                }


def _mistake(call: Call, owner: str) -> tuple[str, str]:
    if not _OWNER.fullmatch(owner):
        return "Invalid owner", "write a user or a team of the organization as @name or @organization/team"
    if not owner.startswith("@"):
        return "", ""  # an address may belong to anybody
    organization, _, team = owner[1:].partition("/")
    if team:
        known = call.store.state["teams"].get(f"{organization}/{team}".lower())
        role = known and call.repository["teams"].get(known["slug"])
    else:
        known = call.store.state["users"].get(organization.lower())
        role = known and role_of(call.store, call.repository, organization)
    if includes(role, "write"):
        return "", ""
    return "Unknown owner", f"make sure {owner} exists and has write access to the repository"

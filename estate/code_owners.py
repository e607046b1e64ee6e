"""Who owns `.github/`, by the repository's CODEOWNERS file."""

from pathlib import Path

from settings.model import Principals

# Where GitHub looks, in its order (docs.github.com, "About code owners").
_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_WORKFLOWS = ("/.github/", ".github/", "/.github/**", ".github/**", "/.github", ".github", "*")


def read_workflow_owners(project: Path) -> tuple[str, ...]:
    """Read who must approve a change of `.github/`: `@login`, `@owner/team`; nobody where there is no such line."""
    path = next((project / place for place in _PLACES if (project / place).is_file()), None)
    owners: tuple[str, ...] = ()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path else ():
        pattern, *named = line.partition("#")[0].split() or [""]
        if pattern in _WORKFLOWS:  # the last line that matches counts
            owners = tuple(named)
    return owners


def name_owners(owners: tuple[str, ...], account: str) -> Principals:
    """Sort owners into people and teams of the repository's owner; a team of another owner counts as a person.

    Args:
        owners: as CODEOWNERS names them.
        account: the repository's owner.
    """
    names = [owner.removeprefix("@") for owner in owners]
    teams = [name.partition("/")[2] for name in names if name.startswith(f"{account}/")]
    return Principals(users=tuple(name for name in names if not name.startswith(f"{account}/")), teams=tuple(teams))

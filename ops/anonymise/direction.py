"""From where to where rows go: from the stack that is validated for to the one that validates, never back."""

from pathlib import Path

from ops.ledgers import list_stacks
from ops.stack_target import read_stack
from ops.validating_stack import read_validator
from release.database import Connection
from release.error import ReleaseError
from release.target import Target
from settings.reading import read_files
from settings.stack import Settings


def find_direction(source: str | None) -> tuple[Settings, Target, Target]:
    """Give the settings of the stack that rows come from, its project, and the project that they go to.

    Args:
        source: the stack, where several name one that validates for them.

    Raises:
        ReleaseError: the stack files name no such pair, or several.
    """
    validated = [stack for stack in list_stacks(Path.cwd()) if read_files(Path.cwd(), stack).promotion.validated_by]
    if source is None and len(validated) != 1:
        raise ReleaseError(
            f"{'No stack names' if not validated else 'Several stacks name'} one that validates for it"
            f"{': ' + ', '.join(validated) if validated else ''}, so there is no telling where rows would come from."
            " Nothing was read. Remedy: promotion.validatedBy in one stack's file, or --from."
        )
    settings, production = read_stack(source or validated[0])
    validator = read_validator(settings, "copy rows to")
    _, staging = read_stack(validator.stack)
    if validator.promotion.validated_by == settings.stack or production.ref == staging.ref:
        raise ReleaseError(
            f"Stacks {settings.stack} and {validator.stack} name each other, or one project, so there is no telling"
            " which is production. Nothing was read. Remedy: correct promotion.validatedBy or the projects."
        )
    return settings, production, staging


def check_stack(connection: Connection, target: Target) -> None:
    """Hold the stack that a database's marker names against the one that it is taken for.

    Raises:
        ReleaseError: it is another one's.
    """
    row = connection.execute("select stack from release.marker").fetchone()
    if row is None or row["stack"] != target.stack:
        raise ReleaseError(
            f"Wrong direction: by its marker the database of project {target.ref} is stack"
            f" {row['stack'] if row else 'unknown'}'s, not {target.stack}'s. Nothing was written. Remedy: check the"
            " stack files."
        )

"""The commands of operations. Exit codes: 0 clean, 2 findings, 1 error."""

import sys

import typer

from ops import migration
from ops.adopt import adopt, schema_steps
from ops.anonymise.command import refresh_staging
from ops.app_config import app_config
from ops.audit.command import audit
from ops.back_merge import back_merge
from ops.bodies import bodies
from ops.contacts import contacts
from ops.history import history
from ops.hotfix import hotfix
from ops.incident import command as incident
from ops.monitor.command import monitor
from ops.plan.command import plan
from ops.preview import preview
from ops.release import release
from ops.revert import revert
from ops.rollback import rollback
from ops.share_state import share_state
from ops.validate.command import validate
from release.error import ReleaseError
from settings.error import SettingsError

app = typer.Typer(
    help="Operations beside `pulumi up`.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command()(adopt)
app.command()(app_config)
app.command()(audit)
app.command()(back_merge)
app.command()(bodies)
app.command()(contacts)
app.command()(history)
app.command()(hotfix)
app.command()(monitor)
app.command()(plan)
app.command()(preview)
app.command()(refresh_staging)
app.command()(release)
app.command()(revert)
app.command()(rollback)
app.command()(share_state)
app.command()(validate)
app.command(hidden=True)(schema_steps)
app.add_typer(incident.app, name="incident")
app.add_typer(migration.app, name="migration")


@app.callback()
def operations() -> None:
    """Operations beside `pulumi up`; each command explains itself with --help."""


def main() -> None:
    """Run a command; what can go wrong ends it with a text and exit code 1, without a traceback."""
    try:
        app()
    except (ReleaseError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

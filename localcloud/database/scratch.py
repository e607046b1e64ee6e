"""A throw-away database, such as a new project has, for the time of one command."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from localcloud.database.installation import Installation
from localcloud.database.servers import Databases

_REF = "scratch"


async def run_with_scratch_database(installation: Installation, cache: Path, command: Sequence[str]) -> int:
    """Run a command with PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE set, and give its exit code.

    Raises:
        DatabaseError: the database could not be made.
        OSError: the command can't be run.
    """
    password = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder:
        databases = Databases(
            directory=Path(folder) / "databases",
            cache=cache,
            installation=installation,
            password=secrets.token_urlsafe(24),
            project_password=lambda _: password,
        )
        try:
            address = {"PGHOST": "127.0.0.1", "PGPORT": str(await databases.port(_REF)), "PGDATABASE": "postgres"}
            user = {"PGUSER": "postgres", "PGPASSWORD": password, "PGSSLMODE": "disable"}
            process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **address, **user})
            return await process.wait()
        finally:
            await databases.close()

import os
import subprocess
import sys

import psutil

SCRATCH = [sys.executable, "-m", "localcloud", "scratch", "--"]
ASK = """
import psycopg
with psycopg.connect(autocommit=True) as connection:
    print(connection.execute("select current_user, to_regclass('auth.users')::text").fetchone())
    print(connection.execute("select pg_backend_pid()").fetchone()[0])
"""


def test_a_command_has_a_database_such_as_a_new_project_has_and_it_is_gone_afterwards() -> None:
    told = subprocess.run([*SCRATCH, sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    role, backend = told.stdout.splitlines()
    assert role == "('postgres', 'auth.users')"
    assert not psutil.pid_exists(int(backend))


def test_the_exit_code_is_the_commands_own() -> None:
    assert subprocess.run([*SCRATCH, "sh", "-c", "exit 7"], check=False).returncode == 7


def test_a_command_that_is_not_there_is_an_error_without_a_traceback() -> None:
    told = subprocess.run([*SCRATCH, "nosuch-command"], capture_output=True, text=True, check=False, env=os.environ)
    assert told.returncode == 1
    assert "nosuch-command" in told.stderr
    assert "Traceback" not in told.stderr

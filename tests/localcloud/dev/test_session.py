import os
import subprocess
import sys
from pathlib import Path

from tests.localcloud.dev.conftest import DevLoop


def test_a_user_signs_up_and_calls_a_guarded_function(loop: DevLoop) -> None:
    keys = loop.keys()
    apikey = {"apikey": keys["SUPABASE_PUBLISHABLE_KEY"]}
    user = {"email": "ada@example.com", "password": "correct horse"}
    session = loop.call("/auth/v1/signup", method="POST", headers=apikey, json=user)
    assert session.status_code == 200, session.text
    headers = {**apikey, "Authorization": f"Bearer {session.json()['access_token']}"}
    assert loop.call("/functions/v1/guarded", headers=headers).text == "let in"
    assert loop.call("/functions/v1/guarded", headers=apikey).status_code == 401
    unserved = loop.call("/rest/v1/notes", headers=apikey)
    assert (unserved.status_code, "GET /rest/v1/notes is not implemented" in unserved.text) == (501, True)


def test_ctrl_c_leaves_no_process_and_the_next_start_has_data_and_addresses(stopped_loop: DevLoop) -> None:
    loop = stopped_loop
    ready = loop.start()
    loop.query("insert into public.notes values (2, 'kept') returning id")
    assert loop.call("/functions/v1/hello").status_code == 200
    secrets = [v for k, v in loop.keys().items() if k in {"SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"}]
    password = loop.keys()["SUPABASE_DB_URL"].split(":")[2].split("@")[0]
    assert [secret for secret in [*secrets, password] if secret in loop.printed] == []
    assert len(loop.processes()) > 2
    assert loop.interrupt() == 0
    assert loop.processes() == []

    again = loop.start("--show-keys")
    assert (again["api_url"], again["publishable_key"]) == (ready["api_url"], ready["publishable_key"])
    assert (again["secret_key"], again["database"]) == (secrets[0], loop.keys()["SUPABASE_DB_URL"])
    assert loop.query("select count(*) from public.notes") == [(2,)]
    assert loop.interrupt() == 0

    loop.start("--reset")
    assert loop.query("select body from public.notes") == [("seeded",)]


def test_a_second_loop_and_a_backend_that_is_none_are_told_with_a_remedy(loop: DevLoop, tmp_path: Path) -> None:
    def run(directory: Path, backend: Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "localcloud", "dev", "--backend", str(backend)]
        environment = {**os.environ, "LOCALCLOUD_DIR": str(directory)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    second = run(loop.directory, loop.backend)
    assert (second.returncode, loop.keys()["SUPABASE_URL"] in second.stderr) == (1, True)
    nothing = run(tmp_path / "other", tmp_path)
    assert (nothing.returncode, "--backend" in nothing.stderr) == (1, True)

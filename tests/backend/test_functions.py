import json

from tests.backend.backend_project import BackendProject

_COUNTS = """
    select (select count(*) from auth.users), (select count(*) from public.people),
        (select count(*) from public.conversations), (select count(*) from public.messages)
"""


def test_a_deployed_backend_passes_its_smoke_tests_and_is_left_as_it_was(backend_project: BackendProject) -> None:
    backend_project.push()
    backend_project.set_function_secret("ANTHROPIC_API_KEY", backend_project.cloud.environment["ANTHROPIC_API_KEY"])
    for function in ("health", "people", "chat"):
        backend_project.deploy(function)
    told = backend_project.smoke_tests("--json")
    assert told.returncode == 0, told.stdout + told.stderr
    report = json.loads(told.stdout)
    assert {check["name"] for check in report["checks"]} >= {"health", "sign-up", "log-in", "create person", "chat"}
    with backend_project.connection() as connection:
        assert connection.execute(_COUNTS).fetchone() == (0, 0, 0, 0)
    assert not any(key in told.stdout + told.stderr for key in backend_project.keys().values())


def test_smoke_tests_fail_where_the_chat_has_no_key(backend_project: BackendProject) -> None:
    backend_project.push()
    for function in ("health", "people", "chat"):
        backend_project.deploy(function)
    told = backend_project.smoke_tests("--json", "--timeout", "10")
    assert told.returncode == 1, told.stdout
    status = {check["name"]: check["status"] for check in json.loads(told.stdout)["checks"]}
    assert [name for name in status if status[name] != "passed"] == ["chat"]

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release import verdicts
from release.session import Session, open_session
from tests.conftest import LocalCloudUnderTest

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def no_verdicts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that passed before count, nor be remembered."""
    folder = tmp_path_factory.mktemp("verdicts")
    monkeypatch.setattr(verdicts, "cache_folder", lambda: folder)


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    """Give a backend with two migrations and two functions, one of which uses a shared module."""
    folder = tmp_path / "backend"
    for name, text in {
        "supabase/config.toml": "[functions.hello]\nverify_jwt = false\n\n[functions.chat]\n",
        "supabase/migrations/20260101000000_first.sql": "create table a (id bigint);\n",
        "supabase/migrations/20260102000000_second.sql": "create table b (id bigint);\n",
        "supabase/functions/hello/index.ts": 'Deno.serve(() => new Response("hello"));\n',
        "supabase/functions/chat/index.ts": 'import { reply } from "../_shared/reply.ts";\nDeno.serve(reply);\n',
        "supabase/functions/_shared/reply.ts": 'export const reply = () => new Response("hi");\n',
        "scripts/smoke-tests.ts": "console.log('ok');\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def identity(request: pytest.FixtureRequest, local_cloud: LocalCloudUnderTest) -> dict[str, str]:
    """Give the variables of a step that releases to a project which the module has for itself."""
    name = request.module.__name__.rpartition(".")[2]
    organization = local_cloud.api("GET", "/organizations").json()[0]["slug"]
    return {
        "RELEASE_STACK": "s",
        "RELEASE_REF": local_cloud.create_project(name, organization),
        "RELEASE_NAME": name,
        "RELEASE_ORGANIZATION": organization,
        **local_cloud.environment,
    }


@pytest.fixture
def session(identity: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Give the open release of such a step."""
    for name, value in identity.items():
        monkeypatch.setenv(name, value)
    with open_session(adopt=True) as opened:
        yield opened

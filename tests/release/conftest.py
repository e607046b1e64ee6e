from collections.abc import Callable
from pathlib import Path

import pytest

from release import verdicts

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

from typing import Any

import pytest

from localcloud import journal


def _scope(path: str, user_agent: str = "") -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"token=secret",
        "headers": [(b"user-agent", user_agent.encode()), (b"authorization", b"Bearer secret")],
    }


@pytest.mark.parametrize(
    "credential",
    ["sbp_0123456789abcdef", "ghp_0123456789abcdef", "github_pat_11AAAA_bbbb", "sb_secret_0123456789",
     "sk-ant-0123456789abcdef", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"],
)  # fmt: skip
def test_what_looks_like_a_credential_is_not_kept(credential: str) -> None:
    assert journal.entry(_scope(f"/a/{credential}/b"))["path"] == "/a/(hidden)/b"


def test_neither_query_nor_headers_are_kept_and_a_path_has_an_end() -> None:
    entry = journal.entry(_scope("/" + "a" * 5000))
    assert "secret" not in repr(entry)
    assert len(entry["path"]) == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("pulumi-resource-supabase", "engine plugin supabase"),
        ("go-github/v66.0.0", "engine plugin github"),
        ("SupabaseCLI/3.1.0", "Supabase CLI"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "browser"),
        ("git/2.39.5", "git"),
        ("curl/8.5.0", "curl"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_programs_have_names(user_agent: str, name: str) -> None:
    assert journal.client(user_agent) == name

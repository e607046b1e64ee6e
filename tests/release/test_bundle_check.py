import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from release import bundle_check
from release.backend_source import BackendSource, read_backend
from release.bundle_check import check_functions
from release.error import ReleaseError
from release.function_source import find_unpinned

Calls = list[list[str]]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def add(backend: Path, slug: str, source: str, configuration: str | None = None) -> None:
    folder = backend / "supabase/functions" / slug
    write(folder / "index.ts", source)
    if configuration is not None:
        write(folder / "deno.json", configuration)
    with (backend / "supabase/config.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[functions.{slug}]\n")


def refusal(source: BackendSource) -> str:
    with pytest.raises(ReleaseError) as caught:
        check_functions(source, source.functions)
    return str(caught.value)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Let everything pass without Deno, and give which functions each run would have been for."""
    seen: Calls = []

    def run(_: Path, arguments: list[str]) -> CompletedProcess[str]:
        seen.append([argument for argument in arguments if argument.endswith(".ts")])
        return CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(bundle_check, "run_deno", run)
    return seen


def entrypoints(*slugs: str) -> list[str]:
    return [f"supabase/functions/{slug}/index.ts" for slug in slugs]


def test_functions_share_a_process_and_only_the_changed_one_is_checked_again(backend: Path, calls: Calls) -> None:
    source = read_backend(backend)
    assert check_functions(source, ["hello", "chat"]) == 2
    assert check_functions(source, ["hello", "chat"]) == 0
    write(backend / "supabase/functions/_shared/reply.ts", 'export const reply = () => new Response("ho");\n')
    assert check_functions(read_backend(backend), ["hello", "chat"]) == 1
    assert calls == [entrypoints("chat", "hello"), entrypoints("chat")]
    write(backend / "deno.json", '{"compilerOptions": {"strict": true}}')
    assert check_functions(read_backend(backend), ["hello"]) == 1


def test_each_that_fails_is_named_in_deno_s_words_and_the_others_have_passed(backend: Path) -> None:
    add(backend, "typed", "const n: number = 'text';\nDeno.serve(() => new Response(String(n)));\n")
    source = read_backend(backend)
    with pytest.raises(ReleaseError) as caught:
        check_functions(source, ["hello", "typed"])
    text = str(caught.value)
    assert "supabase/functions/typed/index.ts:\n" in text
    assert "Type 'string' is not assignable to type 'number'" in text
    assert "functions/hello/" not in text
    assert "Stack backtrace" not in text
    assert check_functions(source, ["hello"]) == 0


def test_a_function_is_checked_with_its_own_configuration(backend: Path) -> None:
    write(backend / "deno.json", "{}")
    mapping = json.dumps({"imports": {"reply": "../_shared/reply.ts"}})
    add(backend, "mapped", 'import { reply } from "reply";\nDeno.serve(reply);\n', mapping)
    assert check_functions(read_backend(backend), ["mapped"]) == 1
    assert not list(backend.rglob("deno.lock"))


def test_functions_of_equal_configurations_share_a_process_unless_it_names_files(backend: Path, calls: Calls) -> None:
    for slug in ("mapped", "mapped-too"):
        add(backend, slug, "", '{"imports": {"reply": "../_shared/reply.ts"}}')
    for slug in ("strict", "strict-too"):
        add(backend, slug, "", '{"compilerOptions": {"noUnusedLocals": true}}')
    assert check_functions(read_backend(backend), read_backend(backend).functions) == 6
    assert sorted(calls) == [
        entrypoints("chat", "hello"),
        entrypoints("mapped-too"),
        entrypoints("mapped"),
        entrypoints("strict", "strict-too"),
    ]


def test_a_custom_entrypoint_is_checked(backend: Path, calls: Calls) -> None:
    write(backend / "supabase/functions/own/main.ts", "")
    with (backend / "supabase/config.toml").open("a", encoding="utf-8") as file:
        file.write('\n[functions.own]\nentrypoint = "functions/own/main.ts"\n')
    check_functions(read_backend(backend), ["own"])
    assert calls == [["supabase/functions/own/main.ts"]]


@pytest.mark.parametrize(
    "specifier",
    ["npm:zod", "npm:zod@4", "npm:zod@^4.1.0", "npm:zod@4.1", "npm:zod@latest", "npm:@scope/a", "npm:@scope/a@1/sub",
     "jsr:@std/assert", "jsr:@std/assert@1", "npm:zod@${version}", "npm:/zod"],
)  # fmt: skip
def test_a_package_without_an_exact_version_is_refused_with_its_line(specifier: str, backend: Path) -> None:
    write(backend / "supabase/functions/_shared/reply.ts", f"// one\nexport * from `{specifier}`;\n")
    text = refusal(read_backend(backend))
    assert f"supabase/functions/_shared/reply.ts:2: {specifier} names no exact version" in text
    assert "Remedy: name one" in text
    assert text.count("names no exact version") == 1


@pytest.mark.parametrize(
    "line",
    [
        'import "npm:zod@4.1.12";',
        'import "npm:@scope/a@1.0.0-beta.1/sub/path.js";',
        'import "jsr:@std/assert@1.0.0";',
        'import "npm:/zod@4.1.12";',
        '// import "npm:zod";',
        ' * import "npm:zod";',
        'const text = "see npm:zod";',
        'import "node:assert";',
    ],
)
def test_an_exact_version_and_a_comment_are_fine(line: str, backend: Path) -> None:
    write(backend / "supabase/functions/hello/index.ts", line)
    source = read_backend(backend)
    assert find_unpinned(source.directory, source.functions["hello"]) == []


def test_a_mapping_and_a_directive_count_too(backend: Path) -> None:
    add(backend, "mapped", "/** @jsxImportSource npm:preact */\n", '{"imports": {"zod": "npm:zod@4"}}')
    source = read_backend(backend)
    assert [line.split(" names")[0] for line in find_unpinned(source.directory, source.functions["mapped"])] == [
        "supabase/functions/mapped/deno.json:1: npm:zod@4",
        "supabase/functions/mapped/index.ts:1: npm:preact",
    ]

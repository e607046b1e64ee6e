import json
import subprocess
import sys
from pathlib import Path

import pytest

from release.backend_source import read_backend, read_config
from release.error import ReleaseError
from release.function_source import FunctionSource, read_function

ROOT = Path(__file__).parents[2]
DENO = Path(sys.executable).parent / "deno"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def read(backend: Path, slug: str = "chat") -> FunctionSource:
    return read_function(backend.resolve(), slug, read_config(backend).get("functions", {}).get(slug, {}))


@pytest.mark.parametrize(
    "statement",
    [
        'import { x } from "./far.ts";',
        "import './far.ts';",
        'import {\n  x,\n} from\n  "./far.ts";',
        'export * from "./far.ts";',
        'const far = await import("./far.ts");',
        "const far = import(`./far.ts`);",
        'import data from "./far.ts" with { type: "json" };',
        'import type { X } from "./far.ts";',
    ],
)
def test_every_form_of_import_is_followed(backend: Path, statement: str) -> None:
    write(backend / "supabase/functions/chat/far.ts", "export const x = 1;\n")
    write(backend / "supabase/functions/chat/index.ts", statement)
    assert "supabase/functions/chat/far.ts" in read(backend).files


def test_a_cycle_ends(backend: Path) -> None:
    write(backend / "supabase/functions/_shared/reply.ts", 'import "../chat/index.ts";\n')
    assert read(backend).files == ("supabase/functions/_shared/reply.ts", "supabase/functions/chat/index.ts")


def test_a_mapped_module_a_mapped_folder_and_static_files_are_included(backend: Path) -> None:
    mapping = {"imports": {"one": "../_shared/one.ts", "all/": "../_shared/all/", "npm-one": "npm:zod@4"}}
    write(backend / "supabase/functions/chat/deno.json", json.dumps(mapping))
    write(backend / "supabase/functions/chat/index.ts", 'import "one";\nimport "npm-one";\n')
    write(backend / "supabase/functions/_shared/one.ts", "")
    write(backend / "supabase/functions/_shared/all/unused.ts", "")
    write(backend / "supabase/functions/chat/page.html", "<p>")
    write(backend / "supabase/config.toml", '[functions.chat]\nstatic_files = ["./functions/chat/*.html"]\n')
    assert set(read(backend).files) == {
        "supabase/functions/_shared/all/unused.ts",
        "supabase/functions/_shared/one.ts",
        "supabase/functions/chat/deno.json",
        "supabase/functions/chat/index.ts",
        "supabase/functions/chat/page.html",
    }


def test_an_edited_shared_module_changes_just_the_functions_that_use_it(backend: Path) -> None:
    before = read_backend(backend).functions
    write(backend / "supabase/functions/_shared/reply.ts", "export const reply = () => new Response();\n")
    after = read_backend(backend).functions
    assert before["chat"].digest != after["chat"].digest
    assert before["hello"] == after["hello"]


def test_the_token_check_is_part_of_the_digest(backend: Path) -> None:
    before = read(backend, "hello")
    write(backend / "supabase/config.toml", "[functions.hello]\nverify_jwt = true\n")
    assert read(backend, "hello").digest != before.digest


def test_an_import_from_outside_of_the_backend_is_refused(backend: Path) -> None:
    write(backend.parent / "outside.ts", "export {};\n")
    write(backend / "supabase/functions/chat/index.ts", 'import "../../../../outside.ts";\n')
    with pytest.raises(ReleaseError, match=r"chat imports outside.ts from outside of backend/"):
        read(backend)


def test_a_link_out_of_the_backend_is_refused(backend: Path) -> None:
    write(backend.parent / "outside.ts", "export {};\n")
    (backend / "supabase/functions/chat/inner.ts").symlink_to(backend.parent / "outside.ts")
    write(backend / "supabase/functions/chat/index.ts", 'import "./inner.ts";\n')
    with pytest.raises(ReleaseError, match="from outside of"):
        read(backend)


def test_a_function_without_entrypoint_is_refused_by_name(backend: Path) -> None:
    (backend / "supabase/functions/chat/index.ts").unlink()
    with pytest.raises(ReleaseError, match=r"Function chat has no supabase/functions/chat/index.ts"):
        read_backend(backend)


def test_a_function_that_the_configuration_lacks_is_refused(backend: Path) -> None:
    write(backend / "supabase/functions/new/index.ts", "")
    with pytest.raises(ReleaseError, match=r"no table for: new\..*verify_jwt"):
        read_backend(backend)


def test_a_disabled_function_is_not_released(backend: Path) -> None:
    write(backend / "supabase/config.toml", "[functions.hello]\nenabled = false\n[functions.chat]\n")
    assert list(read_backend(backend).functions) == ["chat"]


@pytest.mark.parametrize("slug", sorted(read_backend(ROOT / "backend").functions))
def test_deno_reaches_no_local_module_that_the_walk_misses(slug: str) -> None:
    backend = ROOT / "backend"
    entrypoint = backend / "supabase" / "functions" / slug / "index.ts"
    result = subprocess.run([DENO, "info", "--json", entrypoint], capture_output=True, text=True, check=True)
    modules = {Path(module["local"]) for module in json.loads(result.stdout)["modules"] if "local" in module}
    own = {path.relative_to(backend).as_posix() for path in modules if path.is_relative_to(backend)}
    assert own
    assert own <= set(read_backend(backend).functions[slug].files)

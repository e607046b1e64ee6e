"""Backends whose functions, settings and files are anything but tidy."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.archive import pack
from release.backend_source import read_backend
from release.bundle_check import check_functions
from release.function_source import find_unpinned
from tests.hostile.clear_error import DEEP, JSON, RELAXED, told

NAMES = st.sampled_from(
    ["index.ts", "a.ts", "b.ts", "with space.ts", "zwei\nzeilen.ts", "ünï.ts", "data.bin", "a.json", "sub/c.ts"]
)
SPECIFIERS = st.sampled_from(
    [
        "./a.ts", "./b.ts", "../hello/index.ts", "../../../../outside.ts", "./with space.ts", "./ünï.ts", "mapped/",
        "mapped/x.ts", "npm:zod", "npm:zod@4.1.12", "jsr:@std/assert", "https://deno.land/x.ts", "", ".", "..", "/",
        "./", "\0", f"./{'n' * 300}.ts", "./sub", "../../config.toml", "\ud800",
    ]
)  # fmt: skip
SCRIPT = st.lists(SPECIFIERS.map(lambda name: f'import x from "{name}";'), max_size=4).map("\n".join)
CONTENT = SCRIPT.map(lambda text: text.encode(errors="replace")) | st.binary(max_size=40)
TARGETS = st.sampled_from(["./a.ts", "./", "../", "../../../../../../../../", "./sub/", "/", "npm:x", "\ud800", "\0./"])
IMPORT_MAP = st.fixed_dictionaries({"imports": st.dictionaries(st.sampled_from(["mapped/", "m"]), TARGETS | JSON)})
PATTERNS = st.sampled_from(["./functions/hello/*.json", "**/*", "/etc/*", "", "**x", "../../*", "*/\0", "[", "a" * 300])
VALUES = st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.lists(PATTERNS, max_size=2) | SPECIFIERS
SETTINGS = st.dictionaries(
    st.sampled_from(["verify_jwt", "entrypoint", "static_files", "enabled", "import_map", "other"]), VALUES, max_size=3
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a right backend with one function, and a file beside it."""
    (tmp_path / "outside.ts").write_text("export const x = 1;\n", encoding="utf-8")
    for name, text in {
        "supabase/config.toml": "[functions.hello]\n",
        "supabase/functions/hello/index.ts": "Deno.serve(() => new Response());\n",
        "scripts/smoke-tests.ts": "",
    }.items():
        path = tmp_path / "backend" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "backend"


def read(folder: Path) -> str | None:
    """Read a backend twice; what is taken is whole, inside of it, the same each time, and can be packed."""

    def work() -> None:
        source = read_backend(folder)
        assert source == read_backend(folder)
        for function in source.functions.values():
            assert all((folder / name).resolve().is_relative_to(folder.resolve()) for name in function.files)
            assert find_unpinned(source.directory, function) == find_unpinned(source.directory, function)
            pack(source.directory, function.files)
        pack(source.directory, source.smoke_files)

    return told(work)


def toml(settings: dict[str, Any]) -> str:
    lines = []
    for name, value in settings.items():
        if isinstance(value, bool | int):
            lines.append(f"{name} = {str(value).lower()}")
        elif isinstance(value, list):
            lines.append(f"{name} = [{', '.join(map(quoted, value))}]")
        else:
            lines.append(f"{name} = {quoted(value)}")
    return "\n".join(lines)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in text) + '"'


@RELAXED
@given(files=st.dictionaries(NAMES, CONTENT, max_size=4), imports=st.none() | IMPORT_MAP | JSON, settings=SETTINGS)
def test_any_tree_is_taken_or_refused(
    files: dict[str, bytes], imports: Any, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:

    folder = tmp_path_factory.mktemp("tree") / "backend"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/smoke-tests.ts").touch()
    (folder.parent / "outside.ts").touch()
    function = folder / "supabase/functions/hello"
    function.mkdir(parents=True)
    (folder / "supabase/config.toml").write_text(f"[functions.hello]\n{toml(settings)}\n", encoding="utf-8")
    for name, content in files.items():
        (function / name).parent.mkdir(exist_ok=True)
        (function / name).write_bytes(content)
    if imports is not None:
        (function / "deno.json").write_text(json.dumps(imports), encoding="utf-8")
    begun = time.monotonic()
    read(folder)
    assert time.monotonic() - begun < 5


@RELAXED
@given(
    content=st.binary(max_size=60)
    | st.text(max_size=40).map(lambda text: f"[functions.{text}".encode(errors="replace"))
)
def test_any_config_is_taken_or_refused(content: bytes, folder: Path) -> None:
    (folder / "supabase/config.toml").write_bytes(content)
    read(folder)


@RELAXED
@given(slug=st.text(min_size=1, max_size=12))
def test_a_function_of_any_name_is_taken_as_the_platform_does_or_refused(slug: str, folder: Path) -> None:
    name = quoted(slug.replace("\ud800", ""))
    (folder / "supabase/config.toml").write_text(
        f"[functions.hello]\n[functions.{name}]\n", encoding="utf-8", errors="replace"
    )
    assert slug == "hello" or read(folder)


@pytest.mark.parametrize(
    "config",
    [
        "functions = 5",
        "functions = []",
        "[functions]\nhello = 3",
        "[[functions.hello]]",
        '[functions."a; touch pwned"]',
        '[functions."../hello"]',
        '[functions.hello]\nentrypoint = "/nowhere/at/all.ts"',
        '[functions.hello]\nentrypoint = "/etc/hostname"',
        '[functions.hello]\nentrypoint = "functions"',
        "[functions.hello]\nentrypoint = 5",
        '[functions.hello]\nstatic_files = "*"',
        '[functions.hello]\nstatic_files = ["/etc/*"]',
        '[functions.hello]\nstatic_files = [""]',
        '[functions.hello]\nverify_jwt = "yes"',
        f"x = {DEEP}",
        "[functions.hello",
    ],
)
def test_settings_that_mean_nothing_are_refused(config: str, folder: Path) -> None:
    (folder / "supabase/config.toml").write_text(f"{config}\n", encoding="utf-8")
    assert read(folder)


@pytest.mark.parametrize(
    "configuration",
    ["[]", "null", "5", '{"imports": []}', '{"imports": null}', '{"imports": {"a": 5}}', "{", DEEP, "\ufeff{}",
     '{"imports": {"all/": "../../../../../../../../"}}', '{"imports": {"a/": "./\\u0000/"}}',
     '{"imports": {"a/": "./\\ud800/"}}'],
)  # fmt: skip
def test_broken_import_maps_are_refused(configuration: str, folder: Path) -> None:
    (folder / "supabase/functions/hello/deno.json").write_text(configuration, encoding="utf-8")
    begun = time.monotonic()
    assert read(folder)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "make",
    [
        lambda entry: entry.write_text('import "./link.ts";\n'),
        lambda entry: (entry.unlink(), entry.symlink_to("../../../../outside.ts")),
        lambda entry: (entry.unlink(), entry.symlink_to(entry.name)),
        lambda entry: (entry.unlink(), entry.mkdir()),
        lambda entry: entry.unlink(),
        lambda entry: (entry.parent / "deno.json").mkdir(),
        lambda entry: (entry.write_text('import "./a\tb.ts";'), (entry.parent / "a\tb.ts").touch()),
    ],
)
def test_links_and_folders_in_the_place_of_files_are_refused(make: Callable[[Path], Any], folder: Path) -> None:
    entry = folder / "supabase/functions/hello/index.ts"
    (entry.parent / "link.ts").symlink_to("../../../../outside.ts")
    make(entry)
    assert read(folder)


def test_a_cycle_of_imports_and_of_folders_ends(folder: Path) -> None:
    function = folder / "supabase/functions/hello"
    (function / "index.ts").write_text('import "./a.ts";\n', encoding="utf-8")
    (function / "a.ts").write_text('import "./index.ts"; import "./a.ts";\n', encoding="utf-8")
    (function / "deno.json").write_text('{"imports": {"here/": "./"}}', encoding="utf-8")
    (function / "loop").symlink_to(".")
    assert read(folder) is None
    assert [Path(name).name for name in read_backend(folder).functions["hello"].files] == [
        "a.ts",
        "deno.json",
        "index.ts",
    ]


def test_names_that_are_no_utf_8_count_and_are_refused_where_they_would_be_deployed(folder: Path) -> None:
    before = read_backend(folder).tree_digest
    strange = os.fsencode(folder / "supabase/functions/hello") + b"/\xff.ts"
    Path(os.fsdecode(strange)).write_text("export {};\n", encoding="utf-8")
    assert read(folder) is None
    assert read_backend(folder).tree_digest != before
    config = '[functions.hello]\nstatic_files = ["functions/hello/*"]\n'
    (folder / "supabase/config.toml").write_text(config, encoding="utf-8")
    text = read(folder)
    assert text
    assert "which not every tool of a release can name" in text


def test_ten_thousand_files_are_read_in_seconds(folder: Path) -> None:
    function = folder / "supabase/functions/hello"
    (function / "deno.json").write_text('{"imports": {"all/": "./many/"}}', encoding="utf-8")
    (function / "many").mkdir()
    for number in range(10_000):
        (function / "many" / f"{number}.ts").write_text('import "../index.ts";\n', encoding="utf-8")
    begun = time.monotonic()
    source = read_backend(folder)
    assert len(source.functions["hello"].files) == 10_002
    assert time.monotonic() - begun < 20


def test_what_deno_prints_need_not_be_text(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deno = tmp_path / "deno"
    deno.write_text("#!/bin/sh\nprintf 'error: \\377\\n' >&2\nexit 1\n", encoding="utf-8")
    deno.chmod(0o755)
    for place in ("deno", "bundle_check"):
        monkeypatch.setattr(f"release.{place}.find_tool", lambda _: deno)
    text = told(lambda: check_functions(read_backend(folder), ["hello"]))
    assert text
    assert "error: " in text

"""Stack files as somebody in a hurry, or with other intentions, could leave them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from settings.error import SettingsError
from settings.reading import parse, read_files, refuse_public_encryption
from tests.conftest import ROOT
from tests.hostile.clear_error import DEEP, JSON, NAMES, RELAXED, contents, mistaken, told

STACK = yaml.safe_load((ROOT / "Pulumi.production.yaml").read_text(encoding="utf-8"))
PROGRAM = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
STAGING = (ROOT / "Pulumi.staging.yaml").read_text(encoding="utf-8")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
VALUE = "sk-not-for-any-log-7f3a"


def refused(folder: Path, stack: str | bytes, program: str = yaml.safe_dump(PROGRAM)) -> str | None:
    """Give the error with which a stack file is refused, and see that reading it wrote nothing."""
    content = stack if isinstance(stack, bytes) else stack.encode(errors="surrogatepass")
    (folder / "Pulumi.production.yaml").write_bytes(content)
    (folder / "Pulumi.staging.yaml").write_text(STAGING, encoding="utf-8")
    (folder / "Pulumi.yaml").write_text(program, encoding="utf-8")
    before = contents(folder)
    text = told(lambda: read_files(folder, "production"))
    elsewhere = {"SUPABASE_API_ENDPOINT": "https://api.supabase.com"}
    told(lambda: refuse_public_encryption("production", folder, elsewhere))
    # Its mistakes are its own stack's.
    read_files(folder, "staging")
    assert contents(folder) == before
    return text


def dump(document: Any) -> bytes:
    return yaml.safe_dump(document).encode(errors="replace")


@RELAXED
@given(document=mistaken(STACK))
def test_each_mistake_in_a_right_file_is_told_or_harmless(document: Any, tmp_path: Path) -> None:
    refused(tmp_path, dump(document))


@RELAXED
@given(document=mistaken(PROGRAM))
def test_so_is_one_in_what_all_stacks_share(document: Any, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes(dump(document))
    (tmp_path / "Pulumi.staging.yaml").write_text(STAGING, encoding="utf-8")
    told(lambda: read_files(tmp_path, "staging"))


@RELAXED
@given(
    content=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: f"config:\n  mano:{text}".encode("utf-8", "replace"))
)
def test_any_bytes_are_refused_in_one_text(content: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, content)


@RELAXED
@given(config=st.dictionaries(NAMES.map(lambda name: f"mano:{name}"), JSON.map(json.dumps) | NAMES, max_size=4))
def test_any_flat_configuration_of_the_engine_is_refused_in_one_text(config: dict[str, str]) -> None:
    assert told(lambda: parse("staging", "mano", config, frozenset(), {}))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "just a text",
        "config: []",
        "config: {1: 2}",
        "config:\n  mano:branch: !!timestamp never\n",
        "config:\n  mano:branch: !!python/object:os.system {}\n",
        "config:\n  mano:branch: {name: 2026-02-30}\n",
        "config:\n  mano:branch: {? [a, b] : c}\n",
        "config:\n  mano:branch: !!set {a, b}\n",
        "config:\n  mano:branch: &self [*self]\n",
        "config:\n\tmano:branch: x\n",
        f"config:\n  mano:supabase: {DEEP}\n",
        f"config:\n  mano:supabase: '{DEEP}'\n",
        f"config:\n  mano:supabase: '[{'9' * 5000}]'\n",
        f"config:\n  mano:{'k' * 100_000}: x\n",
        f"config:\n  mano:functionSecrets: [{', '.join(['lower'] * 5000)}]\n",
        f"{BOMB}config: {{}}\n",
        yaml.safe_dump(STACK).encode("utf-16"),
        b"config:\n  mano:branch: \xff\n",
        "config:\n  mano:branch: \0\n",
    ],
)  # fmt: skip
def test_known_traps_are_refused(content: str | bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, content)


def test_what_yaml_reads_as_a_date_is_one(tmp_path: Path) -> None:
    waiver = {"reason": "the environment is renamed", "until": yaml.safe_load("2999-12-31")}
    document = {**STACK, "config": {**STACK["config"], "mano:waivers": {"deletion": waiver}}}
    assert refused(tmp_path, dump(document)) is None


@pytest.mark.parametrize("stack", ["nowhere", "a" * 300, "../production", "\0", "\udcff"])
def test_a_name_that_no_file_has_is_refused(stack: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Remedy: name a stack"):
        read_files(tmp_path, stack)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(PROGRAM), encoding="utf-8")
    assert "can't be read" in (told(lambda: read_files(tmp_path, "staging")) or "")


@pytest.mark.parametrize(
    "setting",
    [
        {"functionSecrets": [VALUE]},
        {"functionSecrets": {"ANTHROPIC_API_KEY": VALUE}},
        {"notification": f"https://hooks.example.com/{VALUE}"},
        {"incidents": {"channel": f"https://hooks.example.com/{VALUE}"}},
        {"incidents": {"statusPage": VALUE}},
        {"sentry": {"token": VALUE, "organization": "acme", "projects": ["ios"]}},
        {"environments": {"production": {"branches": ["main"], "secrets": {"ANTHROPIC_API_KEY": VALUE}}}},
        {"repositoryWide": {"secrets": {"ANTHROPIC_API_KEY": VALUE}}},
        {"supabase": {**STACK["config"]["mano:supabase"], "password": VALUE}},
        {"ANTHROPIC_API_KEY": VALUE},
    ],
)
def test_a_value_where_a_name_belongs_is_refused_and_not_shown(setting: dict[str, Any], tmp_path: Path) -> None:
    changed = {f"mano:{key}": value for key, value in setting.items()}
    text = refused(tmp_path, dump({**STACK, "config": {**STACK["config"], **changed}}))
    assert text
    assert VALUE not in text
    assert VALUE not in str(refused(tmp_path, f"config:\n  mano:x: {VALUE}: y\n"))

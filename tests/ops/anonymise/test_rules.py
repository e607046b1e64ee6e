from pathlib import Path

import pytest

from ops.anonymise.rules import Fixed, JsonFields, read_rules
from release.error import ReleaseError
from tests.conftest import ROOT


def write(folder: Path, text: str) -> Path:
    path = folder / "anonymise.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind_of_rule_is_read(tmp_path: Path) -> None:
    text = (
        "tables:\n  public.a:\n    a: keep\n    b: null\n    c: {fixed: 3}\n    d:\n      json:\n        x: words\n"
        "        y: {json: {z: key}}\nskip: {public.b: no use}\nwhole: [public.a]\n"
    )
    rules = read_rules(write(tmp_path, text))
    assert rules.tables["public.a"]["b"] == "null"
    assert rules.tables["public.a"]["c"] == Fixed(fixed=3)
    nested = rules.tables["public.a"]["d"]
    assert isinstance(nested, JsonFields)
    assert nested.json_fields["y"] == JsonFields(json={"z": "key"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tables: {public.a: {b: encrypt}}", "tables.public.a.b: is no rule"),
        ("tables: {public.a: {b: {fixed: 1, more: 2}}}", "tables.public.a.b: is no rule"),
        ("tables: {public.a: {b: {json: {c: hide}}}}", "tables.public.a.b: is no rule"),
        ("tables: {}\nskipp: {}", "skipp: Extra inputs are not permitted"),
        ("tables: {}\nskip: {public.b: ''}", "skip.public.b: String should have at least 3 characters"),
        ("tables:\n  public.a:\n    b: words\n    b: keep\n", "b is there twice"),
        ("tables:\n  public.a: {}\n  public.a: {}\n", "public.a is there twice"),
        ("- a", "Input should be"),
    ],
)
def test_what_is_no_rule_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        read_rules(write(tmp_path, text))
    assert told in str(caught.value)


def test_a_missing_file_lets_nothing_out(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="is missing, so no column may be copied"):
        read_rules(tmp_path / "anonymise.yaml")


def test_the_backend_s_own_rules_can_be_read() -> None:
    assert set(read_rules(ROOT / "backend/anonymise.yaml").tables) >= {"auth.users", "public.people"}

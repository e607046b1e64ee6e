"""docs/configuration.md against the models: every key is described, with the default that it really has."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from settings.stack import Settings

DOCUMENT = Path(__file__).parent.parent / "docs" / "configuration.md"
# Given by the engine, the GitHub provider's configuration and the other stack files.
GIVEN = {"stack", "owner", "others"}


def model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Find the model that a field holds, and whether it holds several by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    inner = [model_in(part) for part in get_args(annotation)]
    model = next((found for found, _ in inner if found), None)
    return model, get_origin(annotation) is Mapping


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner, several = model_in(field.annotation)
        key = f"{prefix}{to_camel(name)}"
        if inner:
            yield from keys(inner, f"{key}.NAME." if several else f"{key}.")
        else:
            yield key, field


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) ?\| ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


EXPECTED = {key: field for key, field in keys(Settings) if key not in GIVEN and not key.startswith("others.")}


def test_every_key_is_described_and_no_other() -> None:
    assert sorted(documented()) == sorted(EXPECTED)
    assert len(EXPECTED) > 40


@pytest.mark.parametrize("key", sorted(EXPECTED))
def test_a_default_is_the_real_one(key: str) -> None:
    field, told = EXPECTED[key], documented()[key].strip("`")
    if field.is_required():
        assert told == ""
    elif field.default is None:
        assert told == "none"
    elif field.default == "":
        assert told == "empty"
    else:
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert yaml.safe_load(told) == default


def test_the_examples_are_valid() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        ((key, value),) = yaml.safe_load(block).items()
        field = Settings.model_fields[key.removeprefix("mano:")]
        model, several = model_in(field.annotation)
        assert model is not None
        for entry in value.values() if several else [value]:
            model.model_validate(entry)

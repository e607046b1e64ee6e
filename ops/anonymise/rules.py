"""The rules by which columns are anonymised, as `anonymise.yaml` of a backend holds them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from yaml.nodes import MappingNode

from release.error import ReleaseError

FILE = "anonymise.yaml"

Word = Literal["keep", "omit", "null", "key", "email", "phone", "words", "shift"]
"""The rules without a parameter; docs/anonymised-data.md says what each does."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Fixed(_Strict):
    """The same value in every row, written as PostgreSQL reads it for the column's type."""

    fixed: str | int | float | bool

    @property
    def text(self) -> str:
        """Give the value as PostgreSQL reads it."""
        return str(self.fixed).lower() if isinstance(self.fixed, bool) else str(self.fixed)


class JsonFields(_Strict):
    """A JSON object of which only the named fields stay, each by a rule of its own; an array is one of such values."""

    json_fields: dict[str, "Rule"] = Field(alias="json")


def _null(value: Any) -> Any:
    return "null" if value is None else value  # YAML reads the bare word as nothing


Rule = Annotated[Word | Fixed | JsonFields, BeforeValidator(_null)]


class Rules(_Strict):
    """What is copied, and how.

    Attributes:
        tables: `schema.table` to column to rule. Every column of a copied table has one, but for generated ones.
        skip: `schema.table` to the reason why none of its rows is copied.
        whole: tables that a sample takes with all their rows, though they are large.
    """

    tables: dict[str, dict[str, Rule]]
    skip: dict[str, Annotated[str, Field(min_length=3)]] = {}
    whole: tuple[str, ...] = Field(default=(), strict=False)


JsonFields.model_rebuild()
Rules.model_rebuild()


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is there twice: the later one would win without a word."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"{key} is there twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_rules(path: Path) -> Rules:
    """Read the rules.

    Raises:
        ReleaseError: the file is missing or says something that is no rule; each place is named.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a safe loader
        return Rules.model_validate(document)
    except FileNotFoundError as error:
        raise ReleaseError(
            f"{path} is missing, so no column may be copied. Nothing was read. Remedy: write it, as"
            " docs/anonymised-data.md shows."
        ) from error
    except yaml.YAMLError as error:
        raise ReleaseError(f"{path} can't be read: {error}. Nothing was read from any database.") from error
    except ValidationError as error:
        raise ReleaseError(
            f"{path} says what is no rule, so nothing was read from any database:\n"
            + "".join(f"  {line}\n" for line in _mistakes(error))
            + "Remedy: docs/anonymised-data.md lists the rules."
        ) from error


def _mistakes(error: ValidationError) -> list[str]:
    """Give one line for each place; the alternatives of a rule are told as one."""
    kinds = {"Fixed", "JsonFields", "literal"}
    lines: dict[str, str] = {}
    for mistake in error.errors():
        parts = [str(part) for part in mistake["loc"]]
        alternative = next((index for index, part in enumerate(parts) if part.split("[")[0] in kinds), None)
        place = ".".join(parts[:alternative])
        text = "is no rule" if alternative is not None else mistake["msg"]
        lines.setdefault(place, f"{place}: {text}" if place else text)
    return list(lines.values())

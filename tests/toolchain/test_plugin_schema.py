"""The plugins against the published Python packages: a program can't tell them from the published plugins."""

import enum
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_command.local
import pulumi_github
import pytest

# How the SDK itself turns a class into wire names and types; nothing public does.
from pulumi import _types

from tests.provider.plugin_process import engine
from tests.toolchain.plugin_process import running

GITHUB = [
    "ActionsEnvironmentSecret",
    "ActionsEnvironmentVariable",
    "ActionsRepositoryPermissions",
    "ActionsSecret",
    "ActionsVariable",
    "Branch",
    "BranchDefault",
    "BranchProtection",
    "IssueLabel",
    "Repository",
    "RepositoryCollaborators",
    "RepositoryEnvironment",
    "RepositoryEnvironmentDeploymentPolicy",
    "RepositoryRuleset",
]
RESOURCES = [
    *((name, getattr(pulumi_github, name), f"github:index/{name[0].lower()}{name[1:]}:{name}") for name in GITHUB),
    ("Command", pulumi_command.local.Command, "command:local:Command"),
]
each_resource = pytest.mark.parametrize(
    ("resource", "token"), [(kind, token) for _, kind, token in RESOURCES], ids=[name for name, _, _ in RESOURCES]
)
Schemas = dict[str, dict[str, Any]]

NAMES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    Any: "any",
    pulumi.Archive: "archive",
    # What the generator of the Python packages writes for an asset.
    pulumi.Asset | pulumi.Archive: "asset",
}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    found = {}
    for name in ("github", "command"):
        with engine() as (_, address), running(name, address, tmp_path_factory.mktemp(name)) as plugin:
            found[name] = plugin.schema()
    return found


@each_resource
def test_inputs_have_the_published_names_and_types(schemas: Schemas, resource: type, token: str) -> None:
    schema, spec = _spec(schemas, token)

    offered = {name: _described_by_schema(schema, entry) for name, entry in spec["inputProperties"].items()}

    assert offered == {
        name: _described_by_class(kind) for name, kind in _types.input_type_types(_arguments(resource)).items()
    }


@each_resource
def test_the_same_inputs_are_required(schemas: Schemas, resource: type, token: str) -> None:
    _, spec = _spec(schemas, token)
    arguments = _arguments(resource)
    wire = _types.input_type_py_to_pulumi_names(arguments)

    required = {
        wire[name]
        for name, parameter in inspect.signature(arguments).parameters.items()
        if name in wire and parameter.default is inspect.Parameter.empty
    }

    assert set(spec.get("requiredInputs", [])) == required


@each_resource
def test_outputs_have_the_published_names_and_types(schemas: Schemas, resource: type, token: str) -> None:
    schema, spec = _spec(schemas, token)

    offered = {name: _described_by_schema(schema, entry) for name, entry in spec["properties"].items()}

    assert offered == {name: _described_by_class(kind) for name, kind in _types.resource_types(resource).items()}


@each_resource
def test_the_same_outputs_are_secret(schemas: Schemas, resource: type, token: str) -> None:
    _, spec = _spec(schemas, token)

    secret = {name for name, entry in spec["properties"].items() if entry.get("secret")}

    assert secret == _option(resource, "additional_secret_outputs")


@each_resource
def test_the_same_changes_replace(schemas: Schemas, resource: type, token: str) -> None:
    _, spec = _spec(schemas, token)

    replacing = {name for name, entry in spec["inputProperties"].items() if entry.get("replaceOnChanges")}

    assert replacing == {name.removesuffix("[*]") for name in _option(resource, "replace_on_changes")}


def test_the_function_takes_the_published_arguments(schemas: Schemas) -> None:
    schema, spec = schemas["command"], schemas["command"]["functions"]["command:local:run"]
    kinds = typing.get_type_hints(pulumi_command.local.run)
    published = {
        re.sub("_([a-z])", lambda letter: letter[1].upper(), name): _described_by_class(kinds[name])
        for name in inspect.signature(pulumi_command.local.run).parameters
        if name != "opts"
    }

    offered = {name: _described_by_schema(schema, entry) for name, entry in spec["inputs"]["properties"].items()}

    assert offered == published
    # Every argument is optional in the Python package; the documentation requires this one.
    assert spec["inputs"]["required"] == ["command"]


def test_the_function_returns_the_published_values(schemas: Schemas) -> None:
    schema, spec = schemas["command"], schemas["command"]["functions"]["command:local:run"]["outputs"]

    offered = {name: _described_by_schema(schema, entry) for name, entry in spec["properties"].items()}

    assert offered == {
        name: _described_by_class(kind)
        for name, kind in _types.output_type_types(pulumi_command.local.RunResult).items()
    }


def test_the_enumeration_has_the_published_values(schemas: Schemas) -> None:
    offered = [entry["value"] for entry in schemas["command"]["types"]["command:local:Logging"]["enum"]]

    assert offered == [member.value for member in pulumi_command.local.Logging]


def test_everything_of_the_plugin_command_is_documented(schemas: Schemas) -> None:
    resource = schemas["command"]["resources"]["command:local:Command"]
    function = schemas["command"]["functions"]["command:local:run"]
    groups = [resource["inputProperties"], resource["properties"]]
    groups += [function["inputs"]["properties"], function["outputs"]["properties"]]

    described = [resource, function, *(entry for group in groups for entry in group.values())]

    assert all(entry.get("description") for entry in described)


def test_no_property_of_the_plugin_command_has_a_default(schemas: Schemas) -> None:
    """As in the published package; a default would turn up as a change of every resource that is there already."""
    resource = schemas["command"]["resources"]["command:local:Command"]
    published = vars(pulumi_command.local.CommandArgs())

    assert not [name for name, entry in resource["inputProperties"].items() if "default" in entry]
    assert published == {}


def test_the_provider_takes_the_published_configuration(schemas: Schemas) -> None:
    published = set(_types.input_type_py_to_pulumi_names(pulumi_github.provider.ProviderArgs).values())

    assert set(schemas["github"]["provider"]["inputProperties"]) == published


@pytest.mark.parametrize("name", ["github", "command"])
def test_the_plugin_starts_in_a_project_whose_own_plugins_are_missing(name: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: x\nruntime: python\nplugins:\n  providers:\n    - {name: x, path: ./missing}\n"
    )

    with engine() as (_, address), running(name, address, tmp_path) as plugin:
        assert plugin.schema()["name"] == name


def _spec(schemas: Schemas, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    schema = schemas[token.partition(":")[0]]
    return schema, schema["resources"][token]


def _arguments(resource: type) -> type:
    module = inspect.getmodule(resource)
    found = getattr(module, f"{resource.__name__}Args")
    assert isinstance(found, type)
    return found


def _option(resource: type, name: str) -> set[str]:
    """The names that a generated class adds to a resource option."""
    found = re.search(rf"ResourceOptions\({name}=\[(.*)\]\)", inspect.getsource(resource))
    return set(re.findall(r'"([^"]+)"', found[1])) if found else set()


def _described_by_schema(schema: dict[str, Any], entry: dict[str, Any]) -> Any:
    """A type as nested tuples and dictionaries, from a plugin's schema."""
    if entry.get("$ref", "").startswith("pulumi.json#/"):
        return entry["$ref"].removeprefix("pulumi.json#/").lower()
    if "$ref" in entry:
        kind = schema["types"][entry["$ref"].removeprefix("#/types/")]
        fields = {name: _described_by_schema(schema, field) for name, field in kind.get("properties", {}).items()}
        return kind["type"] if "enum" in kind else fields
    if "oneOf" in entry:
        return ("one of", frozenset(_described_by_schema(schema, choice) for choice in entry["oneOf"]))
    inner = entry.get("items", entry.get("additionalProperties"))
    return entry["type"] if inner is None else (entry["type"], _described_by_schema(schema, inner))


def _described_by_class(kind: Any) -> Any:
    """The same from a published Python class, whose inputs may also be outputs and awaitables of their type."""
    if kind in NAMES:
        return NAMES[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        choices = [_described_by_class(choice) for choice in _own_choices(arguments)]
        return choices[0] if len(choices) == 1 else ("one of", frozenset(choices))
    if origin in {Sequence, Mapping}:
        return ("array" if origin is Sequence else "object", _described_by_class(arguments[-1]))
    if issubclass(kind, enum.Enum):
        return "string"
    fields = _types.input_type_types(kind) if _types.is_input_type(kind) else _types.output_type_types(kind)
    return {name: _described_by_class(field) for name, field in fields.items()}


def _own_choices(arguments: Sequence[Any]) -> Iterator[Any]:
    for choice in arguments:
        lifted = typing.get_origin(choice) or choice
        if lifted is type(None) or getattr(lifted, "__name__", "") in {"Awaitable", "Output"}:
            continue
        yield choice

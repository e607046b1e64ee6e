"""The engine's side of a program, recorded: what it declares, with which options, and answers to what it asks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # the SDK's mark of a special value (pulumi/runtime/rpc.py)
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
Answers = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


@dataclass(frozen=True)
class Declared:
    """A resource as declared; secret values read `[secret]`."""

    urn: str
    inputs: dict[str, Any]
    options: dict[str, Any]

    @property
    def kind(self) -> str:
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        return self.urn.split("::")[3]


@dataclass
class _Engine(mocks.Mocks):
    answers: Answers

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return self.answers[args.token](args.args), []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", args.inputs | {"ref": "abcdefghijklmnopqrst", "url": "https://project.example"}


@dataclass
class _Monitor(mocks.MockMonitor):
    declared: list[Declared] = field(default_factory=list)

    def __init__(self, engine: _Engine) -> None:
        super().__init__(engine)
        self.declared = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        urn = self.make_urn(request.parent, request.type, request.name)
        options = {
            "protect": request.protect,
            "import": request.importId,
            "retainOnDelete": request.retainOnDelete,
            "deleteBeforeReplace": request.deleteBeforeReplace,
            "ignoreChanges": sorted(request.ignoreChanges),
        }
        kept = {name: value for name, value in options.items() if value}
        if request.type != "pulumi:pulumi:Stack":
            self.declared.append(Declared(urn, _plain(json_format.MessageToDict(request.object)), kept))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


def record(program: Callable[[], object], answers: Answers | None = None, *, stack: str = "test") -> list[Declared]:
    """Run a program and give what it declares, sorted by URN."""
    engine = _Engine(answers or {})
    monitor = _Monitor(engine)
    mocks.set_mocks(engine, project="mano", stack=stack, monitor=monitor)

    def run() -> None:
        program()

    pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
    return sorted(monitor.declared, key=lambda resource: resource.urn)


def rest(answers: Mapping[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer reads of GitHub by path, without its query; 404 for all others."""

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        path = arguments["endpoint"].partition("?")[0]
        found = path in answers
        body = json.dumps(answers[path]) if found else ""
        return {
            "endpoint": path,
            "id": path,
            "code": 200 if found else 404,
            "status": "",
            "headers": "{}",
            "body": body,
        }

    return answer


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

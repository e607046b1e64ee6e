"""An installed plugin as the engine sees it: a process that prints a port and speaks gRPC."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from toolchain import plugins

# The executable of Pulumi's own plugin `command`, to hold it to the same tests.
PUBLISHED = os.environ.get("PUBLISHED_COMMAND_PLUGIN")
beyond_the_published = pytest.mark.skipif(PUBLISHED is not None, reason="the published plugin does not promise this")

TYPE = "command:local:Command"
URN = f"urn:pulumi:test::test::{TYPE}::it"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def secret(value: Any) -> dict[str, Any]:
    return {_SIGNATURE: _SECRET, "value": value}


def text_asset(text: str) -> dict[str, Any]:
    return {_SIGNATURE: _ASSET, "hash": sha256(text.encode()).hexdigest(), "text": text}


def archive(**members: dict[str, Any]) -> dict[str, Any]:
    return {_SIGNATURE: _ARCHIVE, "assets": members}


@dataclass(frozen=True)
class Resource:
    """What the engine keeps of one resource."""

    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]


@dataclass
class Plugin:
    """Calls a plugin in the order in which the engine does."""

    process: "subprocess.Popen[str]"
    channel: grpc.Channel
    stub: provider_pb2_grpc.ResourceProviderStub = field(init=False)

    def __post_init__(self) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def configure(self) -> None:
        self.stub.Configure(
            provider_pb2.ConfigureRequest(
                acceptSecrets=True, acceptResources=True, sends_old_inputs=True, sends_old_inputs_to_delete=True
            )
        )

    def schema(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
        return answer

    def check(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.stub.Check(provider_pb2.CheckRequest(urn=URN, news=_struct(inputs), type=TYPE, name="it"))
        assert list(answer.failures) == []
        return MessageToDict(answer.inputs)

    def create(self, *, preview: bool = False, timeout: float = 0, **inputs: Any) -> Resource:
        checked = self.check(inputs)
        request = provider_pb2.CreateRequest(
            urn=URN, properties=_struct(checked), preview=preview, timeout=timeout, type=TYPE, name="it"
        )
        answer = self.stub.Create(request)
        return Resource(answer.id, checked, MessageToDict(answer.properties))

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """The answer of the function `run`."""
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok="command:local:run", args=_struct(arguments)))
        assert list(answer.failures) == []
        return MessageToDict(getattr(answer, "return"))

    def diff(self, old: Resource, **inputs: Any) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=URN,
            olds=_struct(old.state),
            old_inputs=_struct(old.inputs),
            news=_struct(self.check(inputs)),
            type=TYPE,
            name="it",
        )
        answer: provider_pb2.DiffResponse = self.stub.Diff(request)
        return answer

    def update(self, old: Resource, *, preview: bool = False, **inputs: Any) -> Resource:
        checked = self.check(inputs)
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=URN,
            olds=_struct(old.state),
            old_inputs=_struct(old.inputs),
            news=_struct(checked),
            preview=preview,
            type=TYPE,
            name="it",
        )
        return Resource(old.id, checked, MessageToDict(self.stub.Update(request).properties))

    def delete(self, old: Resource) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=old.id, urn=URN, properties=_struct(old.state), old_inputs=_struct(old.inputs), type=TYPE, name="it"
            )
        )

    def read(self, known: Resource) -> Resource:
        request = provider_pb2.ReadRequest(
            id=known.id, urn=URN, properties=_struct(known.state), inputs=_struct(known.inputs), type=TYPE, name="it"
        )
        answer = self.stub.Read(request)
        return Resource(answer.id, MessageToDict(answer.inputs), MessageToDict(answer.properties))

    def cancel(self) -> None:
        self.stub.Cancel(Empty())


@contextmanager
def running(name: str, engine_address: str, directory: Path) -> Iterator[Plugin]:
    """Run the installed plugin of that name in the directory, and end it as the engine does."""
    program = plugins.folder(name) / f"pulumi-resource-{name}"
    if name == "command" and PUBLISHED:
        program = Path(PUBLISHED)
    assert program.exists(), f"{program} is missing; run `python3 -m toolchain ensure`"
    process = subprocess.Popen(
        [program, engine_address], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield Plugin(process, channel)
    finally:
        process.kill()
        process.communicate()


def _struct(values: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct

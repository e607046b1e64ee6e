"""The plugin as the engine sees it: a process that is started, prints a port and speaks gRPC."""

import os
import subprocess
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

PLUGIN = Path(__file__).parents[2] / "provider" / "pulumi-resource-supabase"


class EngineDouble(engine_pb2_grpc.EngineServicer):
    """Keeps what the plugin logs."""

    def __init__(self) -> None:
        self.logged: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802 - gRPC's name
        del context
        self.logged.append(request)
        return Empty()


@contextmanager
def engine() -> Iterator[tuple[EngineDouble, str]]:
    double = EngineDouble()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(double, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield double, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@contextmanager
def plugin(engine_address: str, **environment: str) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SUPABASE_")}
    process = subprocess.Popen(
        [PLUGIN, engine_address], env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.kill()
        _, complaints = process.communicate()
    assert complaints == ""

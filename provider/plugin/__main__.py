"""What `pulumi-resource-supabase` runs: serve the provider on a free port of this machine until the engine ends it."""

import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import ModuleType

# The engine starts this plugin twice in each run, and waits for it. What httpx imports where it is there: for its own
# command line, and (a test's browser brings it) for another kind of asynchronous programs.
for unused in ("httpx._main", "trio"):
    sys.modules.setdefault(unused, None)  # type: ignore[arg-type] # None is Python's documented way to keep one out
# The SDK imports its automation API in any case, an eighth of the start; an empty module is what it finds.
sys.modules.setdefault("pulumi.automation", ModuleType("pulumi.automation"))

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from provider.plugin.servicer import SupabaseServicer

THREADS = 64
"""Calls wait for the network in threads; with fewer, they would wait for each other (the engine sends 8 by default)."""


async def serve(engine_address: str) -> None:
    """Serve until the engine is gone, be it by a signal, a kill or an orderly end.

    Args:
        engine_address: host and port of the engine's own gRPC server, "" where an engine attaches later.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(SupabaseServicer(engine_address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    await server.wait_for_termination()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone: a killed engine takes no plugin with it."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    # The engine ends its plugins by an interrupt, and waits until each is gone.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(addresses[0] if addresses else ""))

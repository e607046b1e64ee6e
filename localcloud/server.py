"""The process of the local cloud: one lock, two sockets, one HTTP server."""

import logging
from pathlib import Path

import uvicorn

from localcloud import background, tools
from localcloud.app import LocalCloud
from localcloud.database.installation import Installation
from localcloud.listeners import open_listeners
from localcloud.lock import lock
from localcloud.place import Place

_SHUTDOWN_PATIENCE = 5  # seconds for requests under way


def serve(place: Place, source: Path) -> bool:
    """Run the local cloud until SIGTERM or SIGINT.

    Returns:
        False where another process already runs it.

    Raises:
        PortTakenError: a port of an earlier start is in use by somebody else.
    """
    held = lock(place)
    if held is None:
        return False
    with held:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        listener, pooler = open_listeners(place, "python -m localcloud start --new-ports")
        background.note_process(place)
        cloud = LocalCloud(place, source, Installation(tools.postgres()), pooler.dup)
        config = uvicorn.Config(
            cloud.application,
            lifespan="on",
            loop="asyncio",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_SHUTDOWN_PATIENCE,
        )
        uvicorn.Server(config).run(sockets=[listener])
    return True

"""A question to a provider that is on its way while the program does something else."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime.sync_await import _sync_await

_UNTIL_SENT = 0.001
"""Seconds in which the SDK hands a question to its thread; else the question leaves at the program's next wait."""


class PendingInvoke:
    """Owns one call of a provider's function, begun at once.

    The first call of a package starts its plugin, so plugins start while the program imports and reads.

    Args:
        token: the function's, as `supabase:index:getProject`.
        arguments: what it is given; None stands for left out.
        version: the package's, where it has one: another version would be another plugin.
    """

    def __init__(self, token: str, arguments: Mapping[str, Any], *, version: str | None = None) -> None:
        given = {key: value for key, value in arguments.items() if value is not None}
        options = pulumi.InvokeOptions(version=version)
        self._begun = asyncio.ensure_future(pulumi.runtime.invoke_async(token, given, options))
        # Where something else ends the program first, asyncio would print the failure of what nobody waits for.
        self._begun.add_done_callback(lambda done: done.cancelled() or done.exception())
        _sync_await(asyncio.wait({self._begun}, timeout=_UNTIL_SENT))

    def answer(self) -> dict[str, Any]:
        """Wait for the answer; a second call gives it again.

        Raises:
            pulumi.RunError: the provider refused, or could not answer.
        """
        try:
            # What `pulumi.runtime.invoke` waits with, which has no public name.
            told: dict[str, Any] = _sync_await(self._begun)
        except Exception as error:  # the SDK raises Exception itself
            raise pulumi.RunError(str(error)) from error
        return told

"""The engine's side of the plugin: gRPC in, plain calls of resources and queries out."""
# ruff: noqa: N802 - the names of the methods are the protocol's

import asyncio
import traceback
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.provider import PropertyDiffKind, Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, status_pb2

from provider.plugin.auth_settings import AuthSettingsResource
from provider.plugin.client import Client
from provider.plugin.custom_hostname import CustomHostnameResource
from provider.plugin.database_access import DatabaseAccessResource
from provider.plugin.errors import InitializationError, SupabaseError
from provider.plugin.function_secrets import FunctionSecretsResource
from provider.plugin.project import ProjectResource
from provider.plugin.queries import Queries
from provider.plugin.resource import Line, Operation, Resource
from provider.plugin.values import UNKNOWN, Properties, from_engine, secret_names, secret_texts, to_engine

VERSION = "1.0.0"
RESOURCES: dict[str, Callable[[Client], Resource]] = {
    "supabase:index:Project": ProjectResource,
    "supabase:index:FunctionSecrets": FunctionSecretsResource,
    "supabase:index:AuthSettings": AuthSettingsResource,
    "supabase:index:CustomHostname": CustomHostnameResource,
    "supabase:index:DatabaseAccess": DatabaseAccessResource,
}
HIDDEN = "[secret]"
SHORTEST_HIDDEN = 4
"""Characters; hiding a value such as "1" would make a message unreadable and protect nothing."""
Answer = TypeVar("Answer")
Context = grpc.aio.ServicerContext[Any, Any]


class EngineLog:
    """The engine's log, the only way to show a line to the user while a call is under way.

    Args:
        address: host and port of the engine's gRPC server, "" as long as there is none.
    """

    def __init__(self, address: str) -> None:
        self._engine: engine_pb2_grpc.EngineStub | None = None
        self.attach(address)

    def attach(self, address: str) -> None:
        """Talk to another engine from now on: a debugged plugin outlives the engine's run."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None

    def write(self, urn: str, message: str, line: Line) -> None:
        """Show a line at a resource; a line that can't be shown is no reason to fail."""
        if self._engine is None:
            return
        severity = engine_pb2.WARNING if line is Line.WARNING else engine_pb2.INFO
        ephemeral = line is Line.PROGRESS
        with suppress(grpc.RpcError):
            request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
            self._engine.Log(request, timeout=5)


class SupabaseServicer(ProviderServicer):
    """Pulumi's provider protocol over the resources and queries of this plugin.

    The stock servicer is used for what it does well (handshakes, configuration checks). What it lacks is here:
    states kept after a failed initialization, "not found" on read, the old inputs, short user errors, logging,
    attaching a debugger. Each answer asks the engine to read the live state before each run (refresh_before_update),
    so that a plain preview sees what was changed by hand.

    Args:
        engine_address: host and port of the engine, "" where it attaches later.
    """

    def __init__(self, engine_address: str) -> None:
        super().__init__([], VERSION, Provider(), engine_address)
        self._log = EngineLog(engine_address)
        self._client = Client.from_environment()

    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> Empty:
        """Take the address of the engine that attaches to a plugin started by hand or by a debugger."""
        del context
        self._log.attach(request.address)
        return Empty()

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        """Take the stack that the plugin works for, which may have a token of its own."""
        cancelled = self._client.cancelled
        self._client = replace(Client.from_environment(stack=_stack_of(request.urn)), cancelled=cancelled)
        answer: provider_pb2.ConfigureResponse = await super().Configure(request, context)
        return answer

    async def Cancel(self, request: Empty, context: Context) -> Empty:
        """Stop waiting at once; what was begun remotely is continued by the next run."""
        del request, context
        self._client.cancelled.set()
        return Empty()

    async def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: Context
    ) -> provider_pb2.GetSchemaResponse:
        """Say that there is none: programs declare the classes of `provider.resources`, written by hand."""
        del request
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "the supabase provider has no schema to generate code from. Remedy: `pulumi import --generate-code=false`, "
            "or `import_=<ref>` in the program.",
        )

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        """Check and complete the inputs of a resource."""
        resource = await self._resource(request.urn, context)
        before, inputs = from_engine(request.olds), from_engine(request.news)
        checked, problems = await self._answer(context, (request.news,), lambda: resource.check(before, inputs))
        # A failure that names its property makes the engine print the property's value, a secret included.
        failures = [provider_pb2.CheckFailure(property="", reason=problem) for problem in problems]
        return provider_pb2.CheckResponse(inputs=_marked(checked, resource, request.news), failures=failures)

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        """Tell what differs, property by property."""
        resource = await self._resource(request.urn, context)
        before, state, inputs = from_engine(request.old_inputs), from_engine(request.olds), from_engine(request.news)
        given = (request.olds, request.news, request.old_inputs)
        differences = await self._answer(context, given, lambda: resource.diff(before, state, inputs))
        changed = {path: kind for path, kind in differences.items() if path not in request.ignoreChanges}
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({path.split("[")[0] for path in changed}),
            replaces=sorted(path for path, kind in changed.items() if kind is PropertyDiffKind.UPDATE_REPLACE),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind.name))
                for path, kind in changed.items()
            },
            hasDetailedDiff=True,
        )

    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        """Create a resource."""
        resource = await self._resource(request.urn, context)
        operation, inputs = self._operation(request), from_engine(request.properties)
        identifier, state = await self._answer(
            context, (request.properties,), lambda: resource.create(operation, inputs), resource.secret
        )
        properties = _marked(state, resource, request.properties)
        return provider_pb2.CreateResponse(id=identifier, properties=properties, refresh_before_update=True)

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        """Read a resource; an answer without an id says that it is gone."""
        resource = await self._resource(request.urn, context)
        operation = Operation(preview=False, timeout=request.timeout, log=self._logger(request.urn))
        before, state = from_engine(request.inputs), from_engine(request.properties)
        found = await self._answer(
            context, (request.inputs, request.properties), lambda: resource.read(operation, request.id, before, state)
        )
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=_marked(found.inputs, resource, request.inputs),
            properties=_marked(found.state, resource, request.properties),
            refresh_before_update=True,
        )

    async def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        """Change a resource in place."""
        resource = await self._resource(request.urn, context)
        operation = self._operation(request)
        before, state, inputs = from_engine(request.old_inputs), from_engine(request.olds), from_engine(request.news)
        updated = await self._answer(
            context,
            (request.olds, request.news, request.old_inputs),
            lambda: resource.update(operation, request.id, before, state, inputs),
            resource.secret,
        )
        return provider_pb2.UpdateResponse(
            properties=_marked(updated, resource, request.news), refresh_before_update=True
        )

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> Empty:
        """Delete a resource."""
        resource = await self._resource(request.urn, context)
        operation = Operation(preview=False, timeout=request.timeout, log=self._logger(request.urn))
        state = from_engine(request.properties)
        await self._answer(context, (request.properties,), lambda: resource.delete(operation, request.id, state))
        return Empty()

    async def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:
        """Answer a query."""
        query = Queries(self._client).by_token().get(request.tok)
        if query is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the provider has no function {request.tok}")
        arguments = from_engine(request.args)
        answer = await self._answer(context, (request.args,), lambda: query(arguments))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_engine(answer, secret=frozenset()))
        return response

    async def _answer(
        self,
        context: Context,
        given: tuple[Struct, ...],
        work: Callable[[], Answer],
        secret: frozenset[str] = frozenset(),
    ) -> Answer:
        """Do the work in a thread; turn its errors into what the engine shows, without any secret text of `given`."""
        secrets = {self._client.token}.union(*(secret_texts(properties) for properties in given))
        try:
            return await asyncio.to_thread(self._client.in_form, work)
        except InitializationError as error:
            message = _without(secrets, str(error))
            kept = provider_pb2.ErrorResourceInitFailed(
                id=error.identifier,
                properties=to_engine(error.state, secret.union(*(secret_names(properties) for properties in given))),
                reasons=[message],
                refresh_before_update=True,
            )
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
            status.details.add().Pack(kept)
            details = (("grpc-status-details-bin", status.SerializeToString()),)
            await context.abort(grpc.StatusCode.UNKNOWN, message, trailing_metadata=details)
        except SupabaseError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, _without(secrets, str(error)))
        except Exception:  # noqa: BLE001 - a defect of the plugin must be reported with its frames, but without secrets
            text = f"a defect in the supabase provider: {traceback.format_exc()}"
            await context.abort(grpc.StatusCode.INTERNAL, _without(secrets, text))

    async def _resource(self, urn: str, context: Context) -> Resource:
        kind = urn.split("::", maxsplit=3)[2].rsplit("$", maxsplit=1)[-1]
        if kind not in RESOURCES:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the provider has no resource {kind}")
        return RESOURCES[kind](self._client)

    def _operation(self, request: provider_pb2.CreateRequest | provider_pb2.UpdateRequest) -> Operation:
        return Operation(preview=request.preview, timeout=request.timeout, log=self._logger(request.urn))

    def _logger(self, urn: str) -> Callable[[str, Line], None]:
        return partial(self._log.write, urn)


def _marked(properties: Properties, resource: Resource, given: Struct) -> Struct:
    """Mark as secret what is by its nature, and what the program gave as one."""
    return to_engine(properties, resource.secret | secret_names(given))


def _without(secrets: AbstractSet[str], message: str) -> str:
    for secret in sorted(secrets - {UNKNOWN}, key=len, reverse=True):
        if len(secret) >= SHORTEST_HIDDEN:
            message = message.replace(secret, HIDDEN)
    return message


def _stack_of(urn: str) -> str:
    """Give the stack out of `urn:pulumi:STACK::…`; "" where the engine tells no URN."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]

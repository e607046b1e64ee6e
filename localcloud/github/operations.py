"""The REST operations: which method and path stands for which function, and what the function gets and gives."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from localcloud.github.authority import Authority
from localcloud.github.errors import ForbiddenError, UnprocessableError
from localcloud.github.git import BareRepository
from localcloud.github.store import Json, Store
from localcloud.github.tokens import GitHubToken

T = TypeVar("T")

_MAX_PAGE = 100
_JSON_TYPES: dict[type, str] = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}

REPOSITORY = "/repos/{owner}/{repo}"
ENVIRONMENT = REPOSITORY + "/environments/{environment_name}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an operation answers; a `body` of None is an empty response."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(status=204)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated request, apart from HTTP.

    Attributes:
        store: the state, inside a transaction.
        actor: the token, which says whom it acts as.
        authority: what it may do.
        account: the caller's hour by resource, as `limits` tells it.
        web: the address of this GitHub, without a slash at the end.
        method: the HTTP method.
        path: the path below /api/v3, as asked.
        parameters: the template's parameters, decoded.
        query: the query string.
        body: the JSON object sent; empty where there was none.
    """

    store: Store
    actor: GitHubToken
    authority: Authority
    account: Mapping[str, Json]
    web: str
    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: Json

    @property
    def viewer(self) -> str:
        """Login of whom the token acts as."""
        return self.actor.login

    @property
    def api(self) -> str:
        """Address of the REST API, without a slash at the end."""
        return f"{self.web}/api/v3"

    @cached_property
    def repository(self) -> Json:
        """The repository that the path names, by owner and name or by number.

        Raises:
            NotFoundError: there is none.
            ForbiddenError: it is archived and the request would write to it.
        """
        if "repository_id" in self.parameters:
            found = self.store.by_id("repositories", self.parameters["repository_id"])
        else:
            found = self.store.repository(self.parameters["owner"], self.parameters["repo"])
        if found["archived"] and self.method not in {"GET", "PATCH"}:
            raise ForbiddenError("Repository was archived so is read-only.")
        return found

    @property
    def git(self) -> BareRepository:
        """The bare repository behind `repository`."""
        return self.store.git_of(self.repository)

    def url(self, *segments: object, of: Json | None = None) -> str:
        """Give the API address of something inside the repository, or inside another one."""
        named = of or self.repository
        repository = f"{self.api}/repos/{named['owner']}/{named['name']}"
        return "/".join([repository, *(quote(str(segment)) for segment in segments)])

    def html(self, *segments: object, of: Json | None = None) -> str:
        """Give the address of a page inside the repository, or inside another one."""
        named = of or self.repository
        return "/".join([f"{self.web}/{named['owner']}/{named['name']}", *(quote(str(item)) for item in segments)])

    def optional(self, name: str, kind: type[T], default: T) -> T:
        """Read a field of the body, or the default where it is absent or null.

        Raises:
            UnprocessableError: it is of another type.
        """
        value = self.body.get(name)
        if value is None:
            return default
        if type(value) is not kind:
            raise UnprocessableError(f"Invalid request.\n\nFor 'properties/{name}', not of type {_JSON_TYPES[kind]}.")
        return value

    def required(self, name: str, kind: type[T]) -> T:
        """Read a field of the body that must be there.

        Raises:
            UnprocessableError: it is absent, null or of another type.
        """
        if self.body.get(name) is None:
            raise UnprocessableError(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return self.optional(name, kind, kind())

    def objects(self, name: str, default: list[Json]) -> list[Json]:
        """Read a field of the body that is a list of objects.

        Raises:
            UnprocessableError: it is not.
        """
        items = self.optional(name, list, default)
        if not all(isinstance(item, dict) for item in items):
            raise UnprocessableError(f"Invalid request.\n\nFor 'properties/{name}', not a list of objects.")
        return items

    def page(self, items: list[Any], key: str | None = None) -> Answer:
        """Answer one page (`page`, `per_page`) of a list, with the Link header where there are more.

        Args:
            items: the whole list.
            key: the name under which the list stands beside total_count; None for a bare list.
        """
        size = min(_count(self.query.get("per_page"), 30), _MAX_PAGE)
        page = _count(self.query.get("page"), 1)
        last = -(-len(items) // size)
        targets = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
        links = [
            f'<{self.api}{self.path}?{urlencode({**self.query, "page": number})}>; rel="{name}"'
            for name, number in targets.items()
            if 1 <= number <= last and (number > page) == (name in {"next", "last"}) and number != page
        ]
        part = items[(page - 1) * size : page * size]
        body = part if key is None else {"total_count": len(items), key: part}
        return Answer(body=body, headers={"Link": ", ".join(links)} if links else {})


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path template; `{name+}` takes slashes as well."""

    method: str
    template: str
    handler: Handler

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path, still percent-encoded, must match."""
        parameter = r"\{(\w+)(\+?)\}"
        return re.compile(re.sub(parameter, lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", self.template))

    @cached_property
    def literal_length(self) -> int:
        """How much of the template is fixed text."""
        return len(re.sub(r"\{\w+\+?\}", "", self.template))


def operation(method: str, *templates: str) -> Callable[[Handler], Handler]:
    """Mark a function as the one for a method on one or more path templates below /api/v3."""

    def mark(handler: Handler) -> Handler:
        handler.operations = tuple(Operation(method=method, template=item, handler=handler) for item in templates)  # type: ignore[attr-defined]
        return handler

    return mark


def operations_of(*modules: ModuleType) -> tuple[Operation, ...]:
    """Give the operations of some modules, those whose template has most fixed text first."""
    functions = [member for module in modules for member in vars(module).values()]
    found = [item for function in functions for item in getattr(function, "operations", ())]
    return tuple(sorted(found, key=lambda item: -item.literal_length))


def _count(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default

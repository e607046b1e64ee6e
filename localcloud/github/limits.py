"""GitHub's published limits of how fast one may ask (docs.github.com, "Rate limits for the REST API" and GraphQL)."""

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from localcloud.github.errors import RateLimitError, SecondaryRateLimitError
from localcloud.github.store import ACTIONS_APP, Json, Store
from localcloud.github.tokens import GitHubToken

_MINUTE = 60
_HOUR = 3600
# Points of the secondary limit for a call that reads, and for one that writes.
_READ, _WRITE = 1, 5

Limit = Annotated[int, Field(ge=1)] | None


class Limits(BaseModel):
    """How much each caller may do; None switches a limit off.

    Attributes:
        rest_per_hour: REST calls of a user, or of an app other than GitHub Actions.
        workflow_per_hour: REST calls of a workflow's token.
        graphql_per_hour: points of GraphQL; each query counts one here.
        content_per_minute, content_per_hour: calls that make something: POST, and GraphQL's mutations.
        points_per_minute: of one REST operation; a read has one point, a write five.
        graphql_points_per_minute: a query has one point, a mutation five.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rest_per_hour: Limit = 5000
    workflow_per_hour: Limit = 1000
    graphql_per_hour: Limit = 5000
    content_per_minute: Limit = 80
    content_per_hour: Limit = 500
    points_per_minute: Limit = 900
    graphql_points_per_minute: Limit = 2000


@dataclass
class _Window:
    """The hour of one caller and one resource."""

    begin: float
    used: int = 0


@dataclass
class Meter:
    """Counts what each caller did, in memory alone.

    Attributes:
        store: knows the time and the callers' numbers.
        limits: what is counted against; may be replaced at any time.
    """

    store: Store
    limits: Limits = field(default_factory=Limits)
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _recent: dict[tuple[str, str], deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    _lock: RLock = field(default_factory=RLock)

    def spend(self, token: GitHubToken, operation: str, *, writes: bool, makes: bool) -> None:
        """Count one call before it is carried out.

        Args:
            token: whose call it is; all tokens of a user share one account.
            operation: method and path template, or "graphql".
            writes: whether it may change something.
            makes: whether it creates content.

        Raises:
            RateLimitError: the hour is used up; only the hour's counter says so, nothing else is counted.
            SecondaryRateLimitError: too much in too short a time.
        """
        with self._lock:
            self._spend(token, operation, writes=writes, makes=makes)

    def _spend(self, token: GitHubToken, operation: str, *, writes: bool, makes: bool) -> None:
        resource = "graphql" if operation == "graphql" else "core"
        window, limit = self._window(token, resource), self._hourly(token, resource)
        if limit is not None and window.used >= limit:
            raise RateLimitError(self._named(token))
        window.used += 1
        minute = self.limits.graphql_points_per_minute if resource == "graphql" else self.limits.points_per_minute
        self._press(token, operation, _WRITE if writes else _READ, ((minute, _MINUTE),))
        if makes:
            held = ((self.limits.content_per_minute, _MINUTE), (self.limits.content_per_hour, _HOUR))
            self._press(token, "content", 1, held)

    def give_back(self, token: GitHubToken) -> None:
        """Take back a REST call that answered 304, which GitHub does not count."""
        with self._lock:
            self._window(token, "core").used -= 1

    def headers(self, token: GitHubToken, resource: str) -> Mapping[str, str]:
        """Tell the hour of a resource ("core" or "graphql") as each answer does."""
        shown = self.account(token)[resource]
        return {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in shown.items()}

    def account(self, token: GitHubToken) -> dict[str, Json]:
        """Tell the hour of each resource: limit, remaining, used, reset (seconds since 1970), resource."""
        with self._lock:
            return {resource: self._account(token, resource) for resource in ("core", "graphql")}

    def _named(self, token: GitHubToken) -> str:
        if token.app_id is not None:
            return f"installation ID {token.app_id}"
        return f"user ID {self.store.user(token.login)['id']}"

    def _account(self, token: GitHubToken, resource: str) -> Json:
        window = self._window(token, resource)
        # Without a limit the answer still has to name one.
        limit = self._hourly(token, resource) or max(5000, window.used + 1)
        remaining = max(0, limit - window.used)
        reset = int(window.begin + _HOUR)
        return {"limit": limit, "remaining": remaining, "used": window.used, "reset": reset, "resource": resource}

    def _hourly(self, token: GitHubToken, resource: str) -> int | None:
        if resource == "graphql":
            return self.limits.graphql_per_hour
        of_workflow = token.app_id == ACTIONS_APP["id"]
        return self.limits.workflow_per_hour if of_workflow else self.limits.rest_per_hour

    def _window(self, token: GitHubToken, resource: str) -> _Window:
        now = self.store.clock().timestamp()
        window = self._windows.get((token.login, resource))
        if window is None or now - window.begin >= _HOUR:
            window = self._windows[token.login, resource] = _Window(now)
        return window

    def _press(self, token: GitHubToken, kind: str, points: int, limits: tuple[tuple[int | None, int], ...]) -> None:
        now, recent = self.store.clock().timestamp(), self._recent[token.login, kind]
        while recent and recent[0][0] <= now - max(span for _, span in limits):
            recent.popleft()
        for limit, span in limits:
            counted = [(time, spent) for time, spent in recent if time > now - span]
            if limit is not None and counted and sum(spent for _, spent in counted) + points > limit:
                raise SecondaryRateLimitError(math.ceil(counted[0][0] + span - now))
        recent.append((now, points))

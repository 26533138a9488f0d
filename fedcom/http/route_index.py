"""Finds the route of a request among hundreds."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send


class RouteIndex:
    """Routes by the first part of their paths; those that begin with a parameter are under all."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        anywhere: list[BaseRoute] = []
        by_first: dict[str, list[BaseRoute]] = {}
        for route in routes:
            first = _first_part(getattr(route, "path", "/{unknown}"))
            if "{" in first:
                anywhere.append(route)
                for under in by_first.values():
                    under.append(route)
            else:
                by_first.setdefault(first, list(anywhere)).append(route)
        self._by_first = {first: _router(under) for first, under in by_first.items()}
        self._anywhere = _router(anywhere)

    def router_of(self, path: str) -> Router:
        """What has the routes that may match this path, in their order."""
        return self._by_first.get(_first_part(path), self._anywhere)


class IndexedRouter(Router):
    """A router that tries only the routes that begin as the path does; Starlette's tries all, which
    takes 0.2 to 0.4 ms for a page of ours.
    """

    def __init__(self, whole: Router, index: RouteIndex) -> None:
        super().__init__(whole.routes, redirect_slashes=False, lifespan=whole.lifespan_context)
        self._index = index

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or the lifespan."""
        if scope["type"] == "lifespan":
            await super().app(scope, receive, send)
        else:
            scope.setdefault("router", self)
            await self._index.router_of(scope["path"]).app(scope, receive, send)


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def _router(routes: Sequence[BaseRoute]) -> Router:
    return Router(routes, redirect_slashes=False)

"""The HTTP composition: which routes serve which addresses.

Pages and ActivityPub documents share addresses; `federation.negotiation` decides between them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import asdict
from functools import cache

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from fedcom.api import pictrs
from fedcom.api.endpoint import HEADERS
from fedcom.api.errors import answer_error
from fedcom.api.kept import KeptAnswers
from fedcom.api.v3 import routes as api
from fedcom.doctor.request_echo import PATH as ECHO, answer_echo
from fedcom.federation import discovery, documents, threads
from fedcom.federation.negotiation import ACTIVITY_TYPES, takes_activity, wants_activity
from fedcom.http.cors import answer_preflight
from fedcom.http.middleware import middleware
from fedcom.http.page_cache import allow_sharing, was_cached
from fedcom.http.problem import FOR_PROGRAMS
from fedcom.http.route_index import IndexedRouter, RouteIndex
from fedcom.metrics.endpoint import serving_metrics
from fedcom.metrics.instruments import CACHED, OTHER
from fedcom.rules.dialects import is_microblog_agent
from fedcom.settings import Settings
from fedcom.web.html.errors import exception_handlers, show_failure, show_problem
from fedcom.web.html.i18n import choose
from fedcom.web.routes import routes
from fedcom.wiring import OpenInstance, open_instance

logger = structlog.get_logger(__name__)

# The inbox itself answers 405; a Route would accept GET only.
INBOX_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

READY_SECONDS = 5.0
"""How long the database may take to respond before it counts as unavailable."""

Opener = Callable[[], AbstractAsyncContextManager[OpenInstance]]


def create_app(settings: Settings, opener: Opener | None = None) -> Starlette:
    """The whole server as an ASGI application.

    Its lifespan opens the instance (with `opener`, for tests that bring their own network or clock)
    and does the background work in the same process.
    """
    opened = opener or (lambda: open_instance(settings))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened() as instance:
            app.state.instance = instance
            if instance.setup_token is not None:
                logger.warning(
                    "setup_token",
                    url=f"{settings.origin}/setup",
                    value=instance.setup_token,
                )
            with serving_metrics(instance.metrics, settings.metrics_bind):
                work = asyncio.create_task(instance.serve())
                work.add_done_callback(_report_end)
                try:
                    yield
                finally:
                    work.cancel()
                    with suppress(asyncio.CancelledError):
                        await work

    app = Starlette(
        routes=_routes(),
        middleware=middleware(
            trusted_proxies=settings.trusted_proxies,
            https=settings.origin.startswith("https://"),
            failure=_answer_crash,
            measure=_measure,
            variant=_variant,
        ),
        exception_handlers={**exception_handlers(), HTTPException: _answer_refusal},
        lifespan=lifespan,
    )
    app.state.kept_answers = KeptAnswers()
    # It redirects nothing: Starlette would build the address from the Host header, which clients
    # choose.
    app.router = IndexedRouter(app.router, _index())
    return app


@cache
def _index() -> RouteIndex:
    return RouteIndex(_routes())


@cache  # they belong to no app: the tests make thousands of apps
def _routes() -> list[BaseRoute]:
    return [
        Route("/livez", answer_live, methods=["GET"]),
        Route("/readyz", answer_ready, methods=["GET"]),
        Route(ECHO, answer_doctor, methods=["POST"]),
        Route("/inbox", receive, methods=INBOX_METHODS),
        Route("/actor/inbox", receive, methods=INBOX_METHODS),
        Route("/u/{name}/inbox", receive, methods=INBOX_METHODS),
        Route("/c/{name}/inbox", receive, methods=INBOX_METHODS),
        *(_ForPrograms(route) for route in discovery.ROUTES),
        *api.routes(),
        *pictrs.ROUTES,
        *(_DocumentsOnly(route) for route in (*documents.ROUTES, *threads.ROUTES)),
        *(_Document(path, endpoint, methods=["GET"]) for path, endpoint in documents.SHARED),
        *(Route(path, answer_preflight, methods=["OPTIONS"]) for path in _public_paths()),
        *routes(),
    ]


def _measure(scope: Scope, status: int, seconds: float) -> None:
    instance: OpenInstance | None = getattr(scope["app"].state, "instance", None)
    if instance is None or instance.metrics is None:
        return
    route = CACHED if was_cached(scope) else getattr(scope.get("route"), "path", OTHER)
    instance.metrics.request(scope["method"], route, status, seconds)


def _variant(headers: Headers) -> Hashable:
    """All that shapes a page or document for a guest besides its address: what `Vary` names."""
    return (
        wants_activity(headers),
        takes_activity(headers),
        choose(headers.get("accept-language", "")),
        is_microblog_agent(headers.get("user-agent", "")),
    )


def _public_paths() -> list[str]:
    """The addresses that programs may read from any origin, without logging in."""
    only = (*discovery.ROUTES, *documents.ROUTES, *threads.ROUTES)
    return [*(route.path for route in only), *(path for path, _ in documents.SHARED)]


async def receive(request: Request) -> Response:
    """Every inbox; they differ in their addresses only."""
    instance: OpenInstance = request.app.state.instance
    return await instance.inbox.receive(request)


async def answer_live(_request: Request) -> Response:
    """Report that the process is running."""
    return PlainTextResponse("alive\n")


async def answer_ready(request: Request) -> Response:
    """Report whether requests can be served: the database responds and has the newest revision."""
    instance: OpenInstance = request.app.state.instance
    try:
        async with asyncio.timeout(READY_SECONDS):
            current = await instance.find_revision()
    except (SQLAlchemyError, TimeoutError) as error:
        logger.warning("not_ready", error=str(error))
        return PlainTextResponse("not ready: the database is not responding\n", status_code=503)
    if current != instance.revision:
        text = f"not ready: revision {current}, not {instance.revision}\n"
        return PlainTextResponse(text, status_code=503)
    return PlainTextResponse("ready\n")


async def answer_doctor(request: Request) -> Response:
    """Tell this server itself how its request arrived: see `fedcom.doctor`."""
    instance: OpenInstance = request.app.state.instance
    return JSONResponse(asdict(await answer_echo(request, instance)))


class _Document(Route):
    """A route that matches only requests that prefer an ActivityPub document to a page."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        allow_sharing(scope)
        await super().handle(scope, receive, send)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        if match is Match.NONE or wants_activity(Headers(scope=scope)):
            return match, child_scope
        return Match.NONE, {}


class _ForPrograms(Route):
    """A route that is for programs only: errors are problem documents."""

    def __init__(self, route: Route) -> None:
        super().__init__(route.path, route.endpoint, methods=["GET"])

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[FOR_PROGRAMS] = True
        allow_sharing(scope)
        await super().handle(scope, receive, send)


class _DocumentsOnly(_ForPrograms):
    """A route that has ActivityPub documents and no pages."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[FOR_PROGRAMS] = True
        if not takes_activity(Headers(scope=scope)):
            raise HTTPException(
                406, f"Only these types are served here: {', '.join(ACTIVITY_TYPES)}."
            )
        await super().handle(scope, receive, send)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    """Answer what no route takes: an unknown address, or another method."""
    if api.is_below(request.url.path):
        return answer_error(error, HEADERS)
    return await show_problem(request, error)


def _answer_crash(request: Request) -> Response:
    """Answer a request that ended in an unexpected exception."""
    if api.is_below(request.url.path):
        return answer_error(RuntimeError("crashed"), HEADERS)
    return show_failure(request)


def _report_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("background_work_ended", exc_info=task.exception())

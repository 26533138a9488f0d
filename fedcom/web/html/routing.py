"""Routes of pages, forms and buttons. Forms sent from other sites are refused here."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.http.csrf import check_origin
from fedcom.http.page_cache import allow_sharing

Handler = Callable[[Request], Awaitable[Response]]


def page_route(path: str, handler: Handler) -> Route:
    """A page that changes nothing."""
    return Route(path, handler, methods=["GET"])


def shared_route(path: str, handler: Handler) -> Route:
    """A page without forms that is the same for all guests, and is kept for them
    (`http.page_cache`).
    """

    async def handle(request: Request) -> Response:
        allow_sharing(request.scope)
        return await handler(request)

    return Route(path, handle, methods=["GET"])


def form_route(path: str, handler: Handler) -> Route:
    """A page with a form that is sent to the page's own address."""
    return Route(path, _guarded(handler), methods=["GET", "POST"])


def button_route(path: str, handler: Handler) -> Route:
    """The target of a button or a form on another page."""
    return Route(path, _guarded(handler), methods=["POST"])


def _guarded(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        if request.method == "POST":
            check_origin(request)
        return await handler(request)

    return handle

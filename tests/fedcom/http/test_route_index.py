import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fedcom.http.route_index import IndexedRouter, RouteIndex

pytestmark = pytest.mark.anyio


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.scope['route'].path} {dict(request.path_params)}")


ROUTES = [
    Route("/", answer, methods=["GET"]),
    Route("/post/new", answer, methods=["GET"]),
    Route("/post/{number:int}", answer, methods=["GET"]),
    Route("/{name}", answer, methods=["GET"]),
    Route("/{name}/edit", answer, methods=["GET"]),
    Route("/late", answer, methods=["GET"]),
    Route("/post/{number:int}", answer, methods=["POST"]),
    Route("/post/{number:int}/edit", answer, methods=["POST"]),
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/post", "/post/", "/post/new", "/post/7", "/post/seven", "/post/7/edit"),
        *("/late", "/late/edit", "/other", "/other/edit", "/other/more/edit", "//", "//edit"),
        "/post%2F7",
    ],
)
async def test_it_finds_what_starlette_finds(path: str, method: str) -> None:
    plain, indexed = Starlette(routes=ROUTES), Starlette(routes=ROUTES)
    plain.router.redirect_slashes = False
    indexed.router = IndexedRouter(indexed.router, RouteIndex(ROUTES))

    async def ask(app: Starlette) -> tuple[int, bytes]:
        request = httpx.Request(method, f"http://home.example{path}")
        response = await httpx.ASGITransport(app=app).handle_async_request(request)
        return response.status_code, await response.aread()

    assert await ask(indexed) == await ask(plain)


def test_only_routes_that_begin_like_the_path_are_tried() -> None:
    routes = RouteIndex(ROUTES).router_of("/late").routes

    assert [route.path for route in routes if isinstance(route, Route)] == [
        *("/{name}", "/{name}/edit", "/late")
    ]

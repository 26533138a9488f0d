"""The whole API: the endpoints of all resources, and their description."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.api.endpoint import Endpoint, routes_of
from fedcom.api.openapi import describe
from fedcom.api.v3 import (
    admin,
    comment,
    community,
    custom_emoji,
    federated_instances,
    inbox,
    login,
    media,
    modlog,
    post,
    private_message,
    report,
    resolve_object,
    search,
    site,
    user,
    user_settings,
)
from fedcom.http.cors import ANY_ORIGIN
from fedcom.http.instance import instance_of
from fedcom.rules.dialects import LEMMY_VERSION

PREFIX = "/api/v3"

_RESOURCES = (
    *(site, login, user_settings, custom_emoji),
    *(post, comment, community, user, inbox, private_message),
    *(search, resolve_object, federated_instances),
    *(report, modlog, admin, media),
)
ENDPOINTS: list[Endpoint] = [
    endpoint for module in _RESOURCES for endpoint in module.resource.endpoints
]


async def answer_description(request: Request) -> Response:
    """GET /api/v3/openapi.json."""
    document = describe(
        ENDPOINTS,
        title="Lemmy's API",
        version=LEMMY_VERSION,
        origin=instance_of(request).settings.origin,
        prefix=PREFIX,
    )
    return JSONResponse(document, headers=ANY_ORIGIN)


def is_below(path: str) -> bool:
    """Whether this is an address of the API, also one that does not exist."""
    return path.startswith(f"{PREFIX}/")


def routes() -> list[Route]:
    """All routes of the API."""
    description = Route(f"{PREFIX}/openapi.json", answer_description, methods=["GET"])
    return [description, *routes_of(PREFIX, ENDPOINTS)]

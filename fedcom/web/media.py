"""Image files: our own, cached for ever, and copies of remote ones, cached for a while."""

from starlette.requests import Request
from starlette.responses import Response

from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of
from fedcom.http.pictures import show_face, show_picture, show_remote_picture


async def show_file(request: Request) -> Response:
    """GET /media/{name}: a picture stored here."""
    return await show_picture(instance_of(request), request.path_params["name"])


async def show_remote(request: Request) -> Response:
    """GET /media/remote?url=…&size=…&sig=…: a remote picture, for our pages."""
    query = request.query_params
    url, size, signature = (query.get(name, "") for name in ("url", "size", "sig"))
    return await show_remote_picture(instance_of(request), url, size, signature)


async def show_avatar(request: Request) -> Response:
    """GET /media/face/{number}/{signature}: the avatar of a person or community, small."""
    signature = request.path_params["signature"]
    return await show_face(instance_of(request), number_of(request), signature)

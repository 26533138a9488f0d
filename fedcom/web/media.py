"""Image files: our own, cached for ever, and copies of remote ones, cached for a while."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Busy, FedcomError
from fedcom.http.instance import instance_of
from fedcom.http.pictures import show_picture, to_response

A_WEEK = "public, max-age=604800"
NOT_NOW = "public, max-age=600"


async def show_file(request: Request) -> Response:
    """GET /media/{name}: a picture stored here."""
    return await show_picture(instance_of(request), request.path_params["name"])


async def show_remote(request: Request) -> Response:
    """GET /media/remote?url=…&size=…&sig=…: a remote picture, for our pages."""
    instance, query = instance_of(request), request.query_params
    url, size = query.get("url", ""), query.get("size", "")
    if not instance.media_signer.is_ours(url, size, query.get("sig", "")):
        raise HTTPException(404)
    try:
        return to_response(await instance.remote_pictures.get(url, size), A_WEEK)
    except Busy:
        return Response(status_code=503, headers={"Cache-Control": "no-store"})
    except FedcomError:
        # Not a page: the request comes from an <img>, which shows its alt text instead.
        return Response(status_code=404, headers={"Cache-Control": NOT_NOW})

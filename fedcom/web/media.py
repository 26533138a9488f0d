"""Image files: our own, cached for ever, and copies of remote ones, cached for a while."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Busy, FedcomError
from fedcom.http.instance import instance_of
from fedcom.media.picture import MEDIA_TYPE

FOREVER = "public, max-age=31536000, immutable"
A_WEEK = "public, max-age=604800"
NOT_NOW = "public, max-age=600"
# Whatever type a browser guesses, it runs no script in the file.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def show_file(request: Request) -> Response:
    """GET /media/{name}: a picture stored here."""
    store = instance_of(request).pictures.store
    content = await asyncio.to_thread(store.read, request.path_params["name"])
    if content is None:
        raise HTTPException(404)
    return _picture(content, FOREVER)


async def show_remote(request: Request) -> Response:
    """GET /media/remote?url=…&size=…&sig=…: a remote picture, for our pages."""
    instance, query = instance_of(request), request.query_params
    url, size = query.get("url", ""), query.get("size", "")
    if not instance.media_signer.is_ours(url, size, query.get("sig", "")):
        raise HTTPException(404)
    try:
        return _picture(await instance.remote_pictures.get(url, size), A_WEEK)
    except Busy:
        return Response(status_code=503, headers={"Cache-Control": "no-store"})
    except FedcomError:
        # Not a page: the request comes from an <img>, which shows its alt text instead.
        return Response(status_code=404, headers={"Cache-Control": NOT_NOW})


def _picture(content: bytes, keep: str) -> Response:
    return Response(content, media_type=MEDIA_TYPE, headers={**HEADERS, "Cache-Control": keep})

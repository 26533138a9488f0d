"""Pictures as responses, the same for pages and for apps."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import Response

from fedcom.errors import Busy, FedcomError
from fedcom.http.instance import Instance
from fedcom.media.picture import MEDIA_TYPE
from fedcom.media.records import name_in
from fedcom.media.remote import FACE, SMALL
from fedcom.queries.actors import find_icon

FOREVER = "public, max-age=31536000, immutable"
A_WEEK = "public, max-age=604800"
NOT_NOW = "public, max-age=600"
# Whatever type a browser guesses, it runs no script in the file.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def show_picture(instance: Instance, name: str) -> Response:
    """The picture of ours with this name. Raises HTTPException(404)."""
    content = await asyncio.to_thread(instance.pictures.store.read, name)
    if content is None:
        raise HTTPException(404)
    return to_response(content, FOREVER)


async def show_remote_picture(
    instance: Instance, url: str, size: str, signature: str, *, small: bool = False
) -> Response:
    """The picture of another server that we signed this address and size of; with `small`, as for
    an avatar. Raises HTTPException(404) without our signature.
    """
    if not instance.media_signer.is_ours(url, size, signature):
        raise HTTPException(404)
    return await _show_copy(instance, url, FACE if small else size)


async def show_face(instance: Instance, actor_id: int, signature: str) -> Response:
    """The small copy of an actor's avatar. Raises HTTPException(404) without our signature of the
    avatar that they have now.
    """
    url = await instance.read(lambda conn: find_icon(conn, actor_id))
    if url is None or not instance.media_signer.is_face(actor_id, url, signature):
        raise HTTPException(404)
    return await _show_copy(instance, url, SMALL)


async def _show_copy(instance: Instance, url: str, size: str) -> Response:
    own = name_in(instance.settings.origin, url)
    try:
        picture = await instance.remote_pictures.get(url, size, own=own)
        return to_response(picture, A_WEEK)
    except Busy:
        return Response(status_code=503, headers={"Cache-Control": "no-store"})
    except FedcomError:
        # Not a page: the request comes from an <img>, which shows its alt text instead.
        return Response(status_code=404, headers={"Cache-Control": NOT_NOW})


def to_response(content: bytes, keep: str) -> Response:
    """A picture that caches may `keep` for so long."""
    return Response(content, media_type=MEDIA_TYPE, headers={**_HEADERS, "Cache-Control": keep})

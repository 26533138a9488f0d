"""Pictures as responses, the same for pages and for apps."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import Response

from fedcom.http.instance import Instance
from fedcom.media.picture import MEDIA_TYPE

FOREVER = "public, max-age=31536000, immutable"
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


def to_response(content: bytes, keep: str) -> Response:
    """A picture that caches may `keep` for so long."""
    return Response(content, media_type=MEDIA_TYPE, headers={**_HEADERS, "Cache-Control": keep})

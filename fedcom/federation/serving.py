"""How documents are served: their type and caching, and redirects to those of other servers.

Everything served this way is public, so scripts on any page may read it, too (CORS).
"""

import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.federation.negotiation import JSON_TYPE
from fedcom.http.cors import ANY_ORIGIN
from fedcom.http.page_cache import is_known

CACHE = "public, max-age=180"
REVALIDATED = "public, no-cache"
"""For actors: a peer that meets a new key must not get the old one from a shared cache."""


@dataclass(frozen=True, slots=True)
class ServedElsewhere:
    """Raised in place of a document: it is another server's, and served at this id."""

    iri: str


def to_response(
    request: Request,
    body: bytes,
    status: int = 200,
    *,
    cache: str = CACHE,
    tag: str | None = None,
    vary: str = "Accept",
) -> Response:
    """The document in `body`, or 304 if the requester has it already (RFC 9110 §13.1.2).

    `tag` is the ETag without quotes; else it is made from the body. `vary` names the request
    headers on which the response depends.
    """
    mark = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"' if tag is None else f'"{tag}"'
    headers = {"Vary": vary, "Cache-Control": cache, "ETag": mark, **ANY_ORIGIN}
    if status == 200 and is_known(request.headers, mark):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers | {"Content-Type": JSON_TYPE})


def to_origin(there: ServedElsewhere) -> Response:
    """The redirect (302) to the origin of remote content."""
    return RedirectResponse(
        there.iri, 302, headers={"Vary": "Accept", "Cache-Control": CACHE, **ANY_ORIGIN}
    )

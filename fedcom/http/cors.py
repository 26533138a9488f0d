"""What scripts on other sites may read (the Fetch standard, "CORS protocol"): everything public.

Browsers send no cookies with such requests, so the response is what a guest sees.
"""

from starlette.requests import Request
from starlette.responses import Response

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Location"}

_PREFLIGHT = {
    **ANY_ORIGIN,
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


async def answer_preflight(_request: Request) -> Response:
    """OPTIONS, which browsers send before a GET with headers that forms cannot send.

    An `Accept` header with the ActivityStreams profile is one of these: it has quotation marks.
    """
    return Response(status_code=204, headers=_PREFLIGHT)

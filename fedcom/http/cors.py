"""What scripts on other sites may read (the Fetch standard, "CORS protocol"): all that is public.

No credentials go along: an answer to anybody is one to a stranger, and shows what strangers see.
"""

from starlette.requests import Request
from starlette.responses import Response

EVERYBODY = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag, Location"}

_PREFLIGHT = {
    **EVERYBODY,
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


async def answer_preflight(_request: Request) -> Response:
    """OPTIONS, which browsers ask before a GET with headers that forms cannot send.

    An `Accept` with the profile of ActivityStreams is one, because of its quotation marks.
    """
    return Response(status_code=204, headers=_PREFLIGHT)

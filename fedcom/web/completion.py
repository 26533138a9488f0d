"""Completion for our script: people, communities and emoji by the beginning of what was typed."""

import re
from contextlib import suppress

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.errors import NotFound
from fedcom.http.numbers import number_in
from fedcom.http.resolve import pace_completions
from fedcom.queries.comments import get_comment
from fedcom.queries.decoration import list_emoji
from fedcom.text.emoji import find_emoji
from fedcom.views.community import list_writable
from fedcom.views.completion import list_people_called
from fedcom.views.person import ActorView
from fedcom.views.viewer import NOBODY
from fedcom.web.html.request_context import PageContext, context_of, member_of

OFFERED = 6
MAX_TEXT = 100

_PLACE = re.compile(r"/(post|comment)/([0-9]+)(?:/.*)?")

Line = dict[str, str]


async def complete(request: Request) -> Response:
    """GET /complete: what `q` may become, which begins with `@`, `!` or `:`, as JSON.

    `at` is the address of the form: that of a post or a comment offers the people of the thread
    first. Raises TooMany.
    """
    sign, text = (
        request.query_params.get("q", "")[:1],
        request.query_params.get("q", "")[1:MAX_TEXT],
    )
    context = await context_of(request)
    await pace_completions(request, member_of(context).person)
    lines = await context.instance.read(lambda conn: _find(conn, context, sign, text))
    return JSONResponse(lines, headers={"Cache-Control": "private, no-store"})


def _find(conn: Connection, context: PageContext, sign: str, text: str) -> list[Line]:
    if sign == "@":
        post_id = _post_at(conn, context.request.query_params.get("at", ""))
        people = list_people_called(conn, text, context.viewer_id, post_id=post_id, limit=OFFERED)
        return [_line(sign, one) for one in people]
    if sign == "!":
        found = list_writable(conn, context.viewer_id, context.now, text=text, limit=OFFERED)
        return [_line(sign, one) for one in found]
    return _emoji(conn, context, text) if sign == ":" else []


def _line(sign: str, actor: ActorView) -> Line:
    # With the host, without which other servers would look for it among their own.
    return {"value": f"{sign}{actor.handle}", "title": actor.display_name}


def _emoji(conn: Connection, context: PageContext, text: str) -> list[Line]:
    """The site's own first."""
    called = text.lower()
    signer = context.instance.media_signer
    own = [
        {
            "value": f":{one.shortcode}:",
            "title": "",
            "picture": signer.address(one.image_url, "full"),
        }
        for one in list_emoji(conn)
        if any(word.lower().startswith(called) for word in (one.shortcode, *one.keywords.split()))
    ]
    common = [
        {"value": character, "title": f":{name}:"} for name, character in find_emoji(text, OFFERED)
    ]
    return (own + common)[:OFFERED]


def _post_at(conn: Connection, path: str) -> int:
    """The post that a form at this address belongs to; NOBODY for none."""
    match = _PLACE.fullmatch(path)
    if match is None:
        return NOBODY
    number = number_in(match[2])
    if match[1] == "post":
        return number
    with suppress(NotFound):
        return get_comment(conn, number).post_id
    return NOBODY

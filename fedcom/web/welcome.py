"""The first page of a new member: choosing communities, and saying hello."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.follow import Follow
from fedcom.context import Context
from fedcom.errors import Denied, Invalid, NotFound
from fedcom.http.numbers import number_in
from fedcom.models.actor import Person
from fedcom.models.post import Post
from fedcom.queries.actors import get_community
from fedcom.queries.posts import get_post
from fedcom.views.introduced import IntroducedCommunity, introduce
from fedcom.web.html.forms import receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page

PATH = "/welcome"

OFFERED = 24
"""Communities to choose from."""

_BOX = "follow-"
"""Beginning of the name of a community's box; its number follows."""


@dataclass(frozen=True, slots=True)
class _First:
    """The communities to choose from, and the post in which newcomers say hello, if there is one
    that takes comments.
    """

    communities: tuple[IntroducedCommunity, ...]
    introductions: Post | None


async def show(request: Request) -> Response:
    """GET /welcome: communities to follow; with `?step=hello`, the form for a first comment."""

    def read(conn: Connection, context: PageContext) -> _First:
        by = member_of(context).person
        offered = introduce(conn, OFFERED, viewer_id=by.id)
        return _First(offered, _find_introductions(conn, context.site.introductions_id))

    context, first = await read_page(request, read)
    says_hello = request.query_params.get("step") == "hello" and first.introductions is not None
    values = {"first": first, "says_hello": says_hello}
    return page(context, "welcome.html", values)


def _find_introductions(conn: Connection, post_id: int | None) -> Post | None:
    if post_id is None:
        return None
    try:
        found = get_post(conn, post_id)
    except NotFound:  # purged
        return None
    return found if found.is_shown and found.locked_at is None else None


async def follow(request: Request) -> Response:
    """POST /welcome/follow: follow all the communities whose boxes are ticked."""
    sent = await receive(request)
    context = await context_of(request)
    by = member_of(context).person
    ticked = {number_in(name.removeprefix(_BOX)) for name in sent if name.startswith(_BOX)}
    wanted = sorted(ticked)[:OFFERED]
    await context.instance.unit(lambda ctx: _follow_all(ctx, by, wanted))
    notice = "communities_followed" if wanted else ""
    has_more = context.site.introductions_id is not None
    return see_other(f"{PATH}?step=hello" if has_more else "/", notice)


def _follow_all(ctx: Context, by: Person, community_ids: Iterable[int]) -> None:
    """Those that were closed meanwhile, or have banned the member, are left out."""
    for community_id in community_ids:
        with suppress(Denied, Invalid, NotFound):
            act(ctx, Follow(by=by, target=get_community(ctx.conn, community_id)))

"""Lists of posts, as their addresses select them, and the front page."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.http.paging import cursor_in_query
from fedcom.queries.decoration import find_random_tagline
from fedcom.views.feed import (
    SPANNED,
    FeedQuery,
    Sort,
    Span,
    list_posts,
    read_cursor,
)
from fedcom.views.followed import MOST, FollowedCommunity, list_followed
from fedcom.views.introduced import (
    IntroducedCommunity,
    Population,
    count_population,
    introduce,
)
from fedcom.views.paging import Page
from fedcom.views.post import PostView
from fedcom.views.scopes import Scope
from fedcom.views.viewer import NOBODY
from fedcom.web.html.cards import CardMaker
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, read_page

SCOPES: tuple[Scope, ...] = ("subscribed", "local", "all")
SORTS: tuple[Sort, ...] = get_args(Sort)
SPANS: tuple[Span, ...] = get_args(Span)

USUAL_SPAN: Span = "month"
"""The default span of the top order: a small server has few posts in a week."""

EXCERPT = 700
"""The characters of a post's HTML that fill the few lines of a card."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The parameters in the address of a list, and the addresses of its variants."""

    scope: Scope
    sort: Sort
    span: Span
    compact: bool
    params: Mapping[str, str]

    def link(self, **changes: str) -> str:
        """The address of the same list with other query parameters, from the beginning."""
        query = {"sort": self.sort, "range": self.span, **self.params, **changes}
        if query["sort"] not in SPANNED:
            query.pop("range", None)
        return "?" + urlencode(query)

    @property
    def is_spanned(self) -> bool:
        """Whether the order takes a span of time."""
        return self.sort in SPANNED


def choose(context: PageContext, scope: Scope, usual: Sort | None = None) -> Choice:
    """The choice in the query (`sort`, `range`, `view`), else the member's preferences.

    `usual` is the default order of lists that the preference does not apply to.
    """
    query = context.request.query_params
    account = context.member.account if context.member else None
    default = account.front_sort if account else context.site.default_sort
    preferred, _, span_of_it = default.partition("-")
    names = (query.get("sort", ""), usual, preferred, "active")
    sort = next(one for name in names for one in SORTS if one == name)
    # The default for one person, or for one of the viewer's own lists, is all of it.
    spans = (query.get("range", ""), "all" if usual else span_of_it, USUAL_SPAN)
    span = next(one for name in spans for one in SPANS if one == name)
    view = query.get("view", "")
    compact = view == "compact" if view else account is not None and account.compact_lists
    params = {
        name: query[name] for name in ("list", "show", "sort", "range", "view") if name in query
    }
    return Choice(scope, sort, span, compact, params)


def wanted(context: PageContext, choice: Choice, subject_id: int = NOBODY) -> FeedQuery:
    """The query for the database. Raises Invalid for an `after` that no page of ours made."""
    account = context.member.account if context.member else None
    return FeedQuery(
        choice.scope,
        choice.sort,
        choice.span,
        subject_id,
        cursor_in_query(context.request, partial(read_cursor, sort=choice.sort)),
        # People know that their own posts are sensitive.
        nsfw=True
        if context.shows_nsfw or 0 < subject_id == context.viewer_id
        else None
        if context.site.nsfw
        else False,
        text=0 if choice.compact else EXCERPT,
        show_read=account is None or account.show_read_posts,
        show_bots=account is None or account.show_bot_accounts,
        languages=tuple(((account and account.languages) or context.site.languages).split()),
    )


def read_list(
    conn: Connection,
    context: PageContext,
    choice: Choice,
    subject_id: int = NOBODY,
) -> Page[PostView]:
    """The page of the list."""
    wants = wanted(context, choice, subject_id)
    return list_posts(conn, wants, viewer_id=context.viewer_id, now=context.now)


async def show_front(request: Request) -> Response:
    """GET /: by default the member's preferred scope, or all posts if that one is empty."""

    def read(conn: Connection, context: PageContext) -> _Front:
        chosen = request.query_params.get("list", "")
        if context.identity.is_shut_out:
            return _Front(choose(context, "all"), Page())
        member, usual = context.member, context.site.default_scope
        preferred = member.account.front_scope if member else usual.replace("subscribed", "all")
        names = (chosen, preferred, "all")
        scope = next(one for name in names for one in SCOPES if one == name)
        followed = list_followed(conn, member.person.id) if member else ()
        if scope == "subscribed" and not (followed or chosen):
            scope = "all"
        choice = choose(context, scope)
        posts = read_list(conn, context, choice)
        if not (posts.items or scope == "all" or chosen):
            choice = choose(context, "all")
            posts = read_list(conn, context, choice)
        tagline = find_random_tagline(conn)
        return _Front(
            choice,
            posts,
            tagline.html if tagline else "",
            None if member or request.query_params else _read_welcome(conn),
            followed,
        )

    context, front = await read_page(request, read)
    if context.identity.is_shut_out:
        return page(context, "front_private.html", {})
    return page(context, "front.html", front.values(), describe=CardMaker.of_site)


INTRODUCED = 3
"""Communities that a guest's front page introduces."""


@dataclass(frozen=True, slots=True)
class _Welcome:
    """What a guest reads about this server, on its front page itself."""

    population: Population
    communities: tuple[IntroducedCommunity, ...]


def _read_welcome(conn: Connection) -> _Welcome:
    return _Welcome(count_population(conn), introduce(conn, INTRODUCED, local=True))


@dataclass(frozen=True, slots=True)
class _Front:
    """The data of the front page: for guests a `welcome`, for members what they follow."""

    choice: Choice
    posts: Page[PostView]
    tagline: str = ""
    welcome: _Welcome | None = None
    followed: tuple[FollowedCommunity, ...] = ()

    def values(self) -> dict[str, Any]:
        """The values for the template."""
        return {
            "choice": self.choice,
            "posts": self.posts,
            "tagline": self.tagline,
            "welcome": self.welcome,
            "followed": self.followed,
            "most_new": MOST,
        }

"""Search: terms find known content; a handle or an address finds the page of one thing.

Content on other servers is fetched for members only, and by a form: no link makes us contact a
peer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Invalid
from fedcom.http.resolve import get_community_named, look_up, pace_searches
from fedcom.lookup import Found, find_known, is_address
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.text.search_terms import Terms, parse_terms
from fedcom.views.comment import CommentView
from fedcom.views.community import CommunityView
from fedcom.views.paging import Cursor, Page
from fedcom.views.person import PersonView
from fedcom.views.post import PostView
from fedcom.views.search import (
    Hit,
    Scope,
    SearchQuery,
    Sort,
    Viewer,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of

Kind = Literal["posts", "comments", "communities", "people"]
Hits: TypeAlias = (
    Page[Hit[PostView]] | Page[Hit[CommentView]] | Page[Hit[CommunityView]] | Page[Hit[PersonView]]
)

MAX_QUERY = 2048
KINDS: tuple[Kind, ...] = get_args(Kind)
SORTS: tuple[Sort, ...] = ("relevance", "new")
SCOPES: tuple[Scope, ...] = ("all", "local", "subscribed")

_SEARCHES: Mapping[Kind, Callable[[Connection, SearchQuery, Viewer], Hits]] = {
    "posts": search_posts,
    "comments": search_comments,
    "communities": search_communities,
    "people": search_people,
}


@dataclass(frozen=True, slots=True)
class SearchParams:
    """The parameters in the address; `community` is the slug of the community searched."""

    text: str
    kind: Kind
    sort: Sort
    scope: Scope
    community: str

    def query(self, **changes: str) -> str:
        """The query string of a variant of the search, from the beginning."""
        own = {"q": self.text, "type": self.kind, "sort": self.sort, "scope": self.scope}
        return urlencode({**own, **({"in": self.community} if self.community else {}), **changes})


async def show(request: Request) -> Response:
    """GET /search searches here; POST looks something up on other servers, for members."""
    typed = request.query_params.get("q", "")[:MAX_QUERY]
    form = await read_form(request, {"q": typed})
    context = await context_of(request)
    if form.ready:
        by = member_of(context).person
        with form.keeping("q"):
            return see_other(path_of(await look_up(request, by, _query(form.line("q")))))
    params = _read_params(request, form)
    if form.sent or not params.text:
        return _show(context, form, params)
    return await _search(context, form, params)


async def _search(context: PageContext, form: Form, params: SearchParams) -> Response:
    instance = context.instance
    if context.member is None:
        await pace_searches(context.request)
    development, origin = instance.settings.development, instance.settings.origin

    def read(conn: Connection) -> Found | Hits:
        known = find_known(conn, params.text, origin, development=development)
        return known or _SEARCHES[params.kind](
            conn, _wanted(conn, context.request, params), _viewer(context)
        )

    found = await instance.read(read)
    if isinstance(found, Page):
        return _show(context, form, params, found)
    return see_other(path_of(found))


def _show(
    context: PageContext, form: Form, params: SearchParams, hits: Hits | None = None
) -> Response:
    development = context.instance.settings.development
    values = {
        "form": form,
        "params": params,
        "hits": hits,
        "terms": parse_terms(params.text),
        "is_address": is_address(params.text, development=development),
    }
    return form.answer(page(context, "search.html", values))


def _read_params(request: Request, form: Form) -> SearchParams:
    query = request.query_params
    kind = next((one for one in KINDS if one == query.get("type")), KINDS[0])
    sort = next((one for one in SORTS if one == query.get("sort")), SORTS[0])
    scope = next((one for one in SCOPES if one == query.get("scope")), SCOPES[0])
    community = query.get("in", "") if kind in {"posts", "comments"} else ""
    return SearchParams(form.line("q"), kind, sort, scope, community)


def _wanted(conn: Connection, request: Request, params: SearchParams) -> SearchQuery:
    """Raises NotFound for an unknown community, Invalid for a cursor that is not from one of our
    pages.
    """
    terms, after = parse_terms(params.text), request.query_params.get("after", "")
    cursor = Cursor.read(after, whole=_is_by_time(params, terms)) if after else None
    if not params.community:
        return SearchQuery(terms, params.scope, params.sort, after=cursor)
    community = get_community_named(conn, request, params.community)
    return SearchQuery(terms, "community", params.sort, community.id, after=cursor)


def _is_by_time(params: SearchParams, terms: Terms) -> bool:
    """Without terms, all results are equally relevant."""
    return params.sort == "new" or not terms.wanted


def _viewer(context: PageContext) -> Viewer:
    return Viewer(context.viewer_id, show_nsfw=context.shows_nsfw)


def _query(text: str) -> str:
    if not text:
        raise Invalid("q_empty", "Enter a handle or paste a link.")
    if len(text) > MAX_QUERY:
        raise Invalid("q_too_long", "This link is too long.")
    return text


def path_of(found: Found) -> str:
    """The path of its page here."""
    if isinstance(found, Community):
        return f"/c/{slug(found)}"
    if isinstance(found, Person):
        return f"/u/{slug(found)}"
    if isinstance(found, Post):
        return f"/post/{found.id}"
    return f"/comment/{found.id}"

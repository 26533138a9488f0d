"""Search: terms find known content; a handle or an address finds the page of one thing.

Content on other servers is fetched for members only, and by a form: no link makes us contact a
peer.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Invalid
from fedcom.http.resolve import get_community_named, look_up, pace_searches
from fedcom.lookup import Found, find_known, is_address
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.queries.search_words import widen
from fedcom.text.search_terms import parse_terms
from fedcom.views.search import SearchQuery, Viewer
from fedcom.views.search_all import (
    COUNTED,
    FEW,
    KINDS,
    Mixed,
    count_kinds,
    search_all,
    search_kind,
    suggest,
)
from fedcom.views.search_statement import Kind, Scope, Sort
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of

MAX_QUERY = 2048
SHOWN: tuple[Literal["all"] | Kind, ...] = ("all", *KINDS)
SORTS: tuple[Sort, ...] = ("relevance", "new")
SCOPES: tuple[Scope, ...] = ("all", "local", "subscribed")


@dataclass(frozen=True, slots=True)
class SearchParams:
    """The parameters in the address; `community` is the slug of the community searched."""

    text: str
    kind: Literal["all"] | Kind
    sort: Sort
    scope: Scope
    community: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What can be found where it is searched: nobody follows people, and none are in a
        community.
        """
        if self.community:
            return ("posts", "comments")
        return KINDS[:3] if self.scope == "subscribed" else KINDS

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


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of results, how many of each kind there are, and another spelling if few are found."""

    found: Mixed
    counts: dict[Kind, int]
    suggestion: str | None


async def _search(context: PageContext, form: Form, params: SearchParams) -> Response:
    instance = context.instance
    if context.member is None:
        await pace_searches(context.request)
    development, origin = instance.settings.development, instance.settings.origin

    def read(conn: Connection) -> Found | SearchResults:
        known = find_known(conn, params.text, origin, development=development)
        return known or _find(conn, context, params)

    found = await instance.read(read)
    if isinstance(found, SearchResults):
        return _show(context, form, params, found)
    return see_other(path_of(found))


def _find(conn: Connection, context: PageContext, params: SearchParams) -> SearchResults:
    """Raises NotFound for an unknown community, Invalid for a cursor that is not from one of our
    pages.
    """
    wanted = _wanted(conn, context.request, params)
    viewer = Viewer(context.viewer_id, show_nsfw=context.shows_nsfw)
    after = context.request.query_params.get("after", "")
    if params.kind == "all":
        found = search_all(conn, params.kinds, wanted, viewer, after)
    else:
        found = search_kind(conn, params.kind, wanted, viewer, after)
    counts = count_kinds(conn, params.kinds, wanted, viewer, found.counts)
    shown = params.kinds if params.kind == "all" else (params.kind,)
    few = sum(counts.get(kind, 0) for kind in shown) < FEW
    suggestion = suggest(conn, params.text, shown, wanted, viewer) if few else None
    return SearchResults(found, counts, suggestion)


def _show(
    context: PageContext, form: Form, params: SearchParams, results: SearchResults | None = None
) -> Response:
    development = context.instance.settings.development
    values = {
        "form": form,
        "params": params,
        "results": results,
        "counted": COUNTED,
        "terms": parse_terms(params.text),
        "is_address": is_address(params.text, development=development),
    }
    return form.answer(page(context, "search.html", values))


def _read_params(request: Request, form: Form) -> SearchParams:
    query = request.query_params
    kind = next((one for one in SHOWN if one == query.get("type")), SHOWN[0])
    sort = next((one for one in SORTS if one == query.get("sort")), SORTS[0])
    scope = next((one for one in SCOPES if one == query.get("scope")), SCOPES[0])
    community = query.get("in", "") if kind not in {"communities", "people"} else ""
    return SearchParams(form.line("q"), kind, sort, scope, community)


def _wanted(conn: Connection, request: Request, params: SearchParams) -> SearchQuery:
    terms = widen(conn, parse_terms(params.text))
    if not params.community:
        return SearchQuery(terms, params.scope, params.sort)
    community = get_community_named(conn, request, params.community)
    return SearchQuery(terms, "community", params.sort, community.id)


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

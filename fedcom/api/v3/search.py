"""Search in what is known here: posts, comments, communities and people, or posts by their link."""

from dataclasses import replace
from typing import Literal

from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import comment_views, community_views, person_views, post_views
from fedcom.api.v3.params import (
    Id,
    Limit,
    PageAt,
    community_of,
    page_of,
    shows_nsfw,
)
from fedcom.api.v3.shapes.comment import CommentView
from fedcom.api.v3.shapes.community import CommunityView
from fedcom.api.v3.shapes.person import PersonView
from fedcom.api.v3.shapes.post import PostView
from fedcom.api.v3.shapes.site import SCOPES, SORTS, ListingType, SortType
from fedcom.text.search_terms import parse_terms
from fedcom.views.feed import FeedQuery, list_posts
from fedcom.views.search import (
    SearchQuery,
    Viewer,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from fedcom.views.viewer import NOBODY

resource = Resource()

SearchType = Literal["All", "Comments", "Posts", "Communities", "Users", "Url"]


class Search(Parameters):
    """What to search for and where. Without `sort`, what fits best comes first.

    Communities and people are searched whole: not if one community or author is given, as in Lemmy
    0.19. For `Url`, `q` is the link itself.
    """

    q: str
    community_id: Id | None = None
    community_name: str | None = None
    creator_id: Id | None = None
    type_: SearchType = "All"
    sort: SortType | None = None
    listing_type: ListingType = "All"
    page: PageAt | None = None
    limit: Limit = 10
    post_title_only: bool = False


class SearchResponse(Shape):
    """A page of each kind that was searched."""

    type_: SearchType
    comments: list[CommentView]
    posts: list[PostView]
    communities: list[CommunityView]
    users: list[PersonView]


@resource.serves("GET", "/search")
async def search(call: Call, wanted: Search) -> SearchResponse:
    """Search; for guests, within the limit of searches from one address."""
    await call.count_search()
    return await call.read(lambda caller: _search(caller, wanted))


def _search(caller: Caller, wanted: Search) -> SearchResponse:
    query = _query(caller, wanted)
    answer = SearchResponse(type_=wanted.type_, comments=[], posts=[], communities=[], users=[])
    if wanted.type_ == "Url":
        answer.posts = _posts_of_link(caller, wanted, query)
        return answer
    viewer = Viewer(caller.viewer_id, show_nsfw=shows_nsfw(caller, None))
    if wanted.type_ in {"All", "Posts"}:
        posts = search_posts(caller.conn, query, viewer, caller.now)
        answer.posts = post_views(caller, [hit.view for hit in posts.items])
    if wanted.type_ in {"All", "Comments"}:
        comments = search_comments(caller.conn, query, viewer, caller.now)
        answer.comments = comment_views(caller, [hit.view for hit in comments.items])
    if query.community_id or query.author_id:
        return answer
    # These are in the order of relevance, or by time.
    named = query if query.sort in {"new", "old"} else replace(query, sort="relevance")
    if wanted.type_ in {"All", "Communities"}:
        communities = search_communities(caller.conn, named, viewer)
        answer.communities = community_views(caller, [hit.view.id for hit in communities.items])
    if wanted.type_ in {"All", "Users"}:
        people = search_people(caller.conn, named, viewer)
        answer.users = person_views(caller, [hit.view.id for hit in people.items])
    return answer


def _query(caller: Caller, wanted: Search) -> SearchQuery:
    query = SearchQuery(
        parse_terms(wanted.q),
        SCOPES[wanted.listing_type],
        after=page_of(wanted.page),
        limit=wanted.limit,
        author_id=wanted.creator_id or NOBODY,
        title_only=wanted.post_title_only,
    )
    if wanted.sort is not None:
        sort, span = SORTS[wanted.sort]
        query = replace(query, sort=sort, span=span)
    if wanted.community_id or wanted.community_name:
        inside = community_of(caller, wanted.community_id, wanted.community_name)
        query = replace(query, scope="community", community_id=inside.id)
    return query


def _posts_of_link(caller: Caller, wanted: Search, query: SearchQuery) -> list[PostView]:
    sort, span = SORTS[wanted.sort or "New"]
    feed = FeedQuery(
        query.scope,
        sort,
        span,
        query.community_id,
        query.after,
        query.limit,
        shows_nsfw(caller, None),
        url=wanted.q.strip(),
    )
    if query.author_id:
        feed = replace(
            feed, scope="author", subject_id=query.author_id, within_id=query.community_id
        )
    found = list_posts(caller.conn, feed, viewer_id=caller.viewer_id, now=caller.now)
    return post_views(caller, found.items)

"""Search in what is known here: posts, comments, communities and people, or posts by their link."""

from dataclasses import replace
from typing import Literal, TypeVar

from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import (
    comment_views,
    community_views,
    one_comment,
    one_community,
    one_person,
    one_post,
    person_views,
    post_views,
)
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
from fedcom.lookup import Found
from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.search_words import widen
from fedcom.text.search_terms import parse_terms
from fedcom.views.comment_feed import comments_beside, list_comments
from fedcom.views.community import CommunityQuery, list_communities
from fedcom.views.feed import FeedQuery, communities_beside, list_post_ids
from fedcom.views.search import (
    SearchQuery,
    Viewer,
    list_people,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from fedcom.views.viewer import NOBODY

V = TypeVar("V")

resource = Resource()

SearchType = Literal["All", "Comments", "Posts", "Communities", "Users", "Url"]


class Search(Parameters):
    """What to search for and where. Without `sort`, what fits best comes first.

    Communities and people are searched whole: not if one community or author is given, as in Lemmy
    0.19. For `Url`, `q` is the link itself. Empty, it finds everything.
    """

    q: str = ""
    community_id: Id | None = None
    community_name: str | None = None
    creator_id: Id | None = None
    type_: SearchType = "All"
    sort: SortType | None = None
    listing_type: ListingType = "All"
    page: PageAt | None = None
    limit: Limit = 10
    post_title_only: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether only one community or author is searched."""
        return bool(self.community_id or self.community_name or self.creator_id)

    @property
    def is_anywhere(self) -> bool:
        """Whether what a handle or an address names can be among the first results."""
        is_whole = self.listing_type == "All" and not self.is_narrow
        return is_whole and self.type_ != "Url" and (self.page or 1) == 1

    def takes(self, kind: SearchType) -> bool:
        """Whether results of this kind are wanted."""
        if kind in {"Communities", "Users"} and self.is_narrow:
            return False
        return self.type_ in {"All", kind}


class SearchResponse(Shape):
    """A page of each kind that was searched."""

    type_: SearchType
    comments: list[CommentView]
    posts: list[PostView]
    communities: list[CommunityView]
    users: list[PersonView]


@resource.serves("GET", "/search")
async def search(call: Call, wanted: Search) -> SearchResponse:
    """Search; for guests, within the limit of searches from one address. Without `q`, everything is
    listed in the order of `sort`. What a handle or an address names comes first; what is not known
    here is fetched for members, within their limit of look-ups.
    """
    by = await call.count_search()
    named = await call.find_addressed(by, wanted.q) if wanted.is_anywhere else None
    return await call.read(lambda caller: _search(caller, wanted, named))


def _search(caller: Caller, wanted: Search, named: Found | None) -> SearchResponse:
    answer = SearchResponse(type_=wanted.type_, comments=[], posts=[], communities=[], users=[])
    if wanted.type_ == "Url":
        answer.posts = _list_posts(caller, _feed(caller, wanted, "New"))
    elif wanted.q.strip():
        _find_all(caller, wanted, answer)
    else:
        _list_all(caller, wanted, answer)
    if named is not None:
        _put_first(caller, named, answer, wanted)
    return answer


def _find_all(caller: Caller, wanted: Search, answer: SearchResponse) -> None:
    query = _query(caller, wanted)
    viewer = Viewer(caller.viewer_id, show_nsfw=shows_nsfw(caller, None))
    if wanted.takes("Posts"):
        posts = search_posts(caller.conn, query, viewer, caller.now)
        answer.posts = post_views(caller, [hit.view.id for hit in posts.items])
    if wanted.takes("Comments"):
        comments = search_comments(caller.conn, query, viewer, caller.now)
        answer.comments = comment_views(caller, [hit.view for hit in comments.items])
    # These are in the order of relevance, or by time.
    named = query if query.sort in {"new", "old"} else replace(query, sort="relevance")
    if wanted.takes("Communities"):
        communities = search_communities(caller.conn, named, viewer)
        answer.communities = community_views(caller, [hit.view.id for hit in communities.items])
    if wanted.takes("Users"):
        people = search_people(caller.conn, named, viewer)
        answer.users = person_views(caller, [hit.view.id for hit in people.items])


def _list_all(caller: Caller, wanted: Search, answer: SearchResponse) -> None:
    """What a search without terms finds: the lists of each kind, as in Lemmy 0.19."""
    feed = _feed(caller, wanted, "Hot")
    if wanted.takes("Posts"):
        answer.posts = _list_posts(caller, feed)
    if wanted.takes("Comments"):
        comments = list_comments(
            caller.conn, comments_beside(feed), viewer_id=caller.viewer_id, now=caller.now
        )
        answer.comments = comment_views(caller, comments.items)
    if wanted.takes("Communities"):
        listed = CommunityQuery(
            SCOPES[wanted.listing_type],
            communities_beside(feed.sort, feed.span),
            after=feed.after,
            limit=feed.limit,
            nsfw=shows_nsfw(caller, None),
            blocked=False,
        )
        communities = list_communities(caller.conn, listed, viewer_id=caller.viewer_id)
        answer.communities = community_views(caller, [one.id for one in communities.items])
    if wanted.takes("Users"):
        query = replace(_query(caller, wanted), sort=feed.sort)
        answer.users = person_views(
            caller, list_people(caller.conn, query, Viewer(caller.viewer_id))
        )


def _put_first(caller: Caller, named: Found, answer: SearchResponse, wanted: Search) -> None:
    """Put what the handle or address names before what its words find, if it is shown."""
    if isinstance(named, Post):
        if wanted.takes("Posts") and named.is_shown:
            answer.posts = _first(one_post(caller, named.id), answer.posts, wanted)
    elif isinstance(named, Comment):
        if wanted.takes("Comments") and named.is_shown:
            answer.comments = _first(one_comment(caller, named.id), answer.comments, wanted)
    elif isinstance(named, Community):
        if wanted.takes("Communities") and named.is_open:
            found = one_community(caller, named.id)
            answer.communities = _first(found, answer.communities, wanted)
    elif wanted.takes("Users") and named.deleted_at is None:
        answer.users = _first(one_person(caller, named.id), answer.users, wanted)


def _first(view: V, others: list[V], wanted: Search) -> list[V]:
    return [view, *(one for one in others if one != view)][: wanted.limit]


def _query(caller: Caller, wanted: Search) -> SearchQuery:
    query = SearchQuery(
        widen(caller.conn, parse_terms(wanted.q)),
        SCOPES[wanted.listing_type],
        after=page_of(wanted.page),
        limit=wanted.limit,
        author_id=wanted.creator_id or NOBODY,
        title_only=wanted.post_title_only,
    )
    if wanted.sort is not None:
        sort, span = SORTS[wanted.sort]
        query = replace(query, sort=sort, span=span)
    inside = _inside(caller, wanted)
    return replace(query, scope="community", community_id=inside.id) if inside else query


def _feed(caller: Caller, wanted: Search, otherwise: SortType) -> FeedQuery:
    """The list of posts in which to search, in the order asked for or in `otherwise`."""
    sort, span = SORTS[wanted.sort or otherwise]
    feed = FeedQuery(
        SCOPES[wanted.listing_type],
        sort,
        span,
        after=page_of(wanted.page),
        limit=wanted.limit,
        nsfw=shows_nsfw(caller, None),
        url=wanted.q.strip(),
    )
    inside = _inside(caller, wanted)
    within = inside.id if inside else NOBODY
    if wanted.creator_id:
        return replace(feed, scope="author", subject_id=wanted.creator_id, within_id=within)
    return replace(feed, scope="community", subject_id=within) if inside else feed


def _inside(caller: Caller, wanted: Search) -> Community | None:
    """The one community that is searched. Raises NotFound."""
    if not (wanted.community_id or wanted.community_name):
        return None
    return community_of(caller, wanted.community_id, wanted.community_name)


def _list_posts(caller: Caller, feed: FeedQuery) -> list[PostView]:
    found = list_post_ids(caller.conn, feed, viewer_id=caller.viewer_id, now=caller.now)
    return post_views(caller, found.items)

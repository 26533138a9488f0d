"""People: what they wrote, and blocking them."""

from fedcom.api.caller import Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import comment_views, moderated_views, one_person, post_views
from fedcom.api.v3.params import Id, Limit, PageAt, no_id, page_of, person_of, shows_nsfw
from fedcom.api.v3.shapes.person import PersonView
from fedcom.api.v3.shapes.responses import GetPersonDetailsResponse
from fedcom.api.v3.shapes.site import SORTS, SortType
from fedcom.errors import BadRequest
from fedcom.models.actor import Person
from fedcom.personal.blocks import block, unblock
from fedcom.queries.actors import get_person
from fedcom.views.comment_feed import CommentQuery, list_comments, order_beside
from fedcom.views.feed import FeedQuery, list_post_ids
from fedcom.views.scopes import Scope
from fedcom.views.viewer import NOBODY

resource = Resource()


class GetPersonDetails(Parameters):
    """A person by their id or by their name: `name` of a member here, or `name@host`.

    With `saved_only`, what they saved instead of what they wrote.
    """

    person_id: Id | None = None
    username: str | None = None
    sort: SortType = "New"
    page: PageAt | None = None
    limit: Limit = 10
    community_id: Id | None = None
    saved_only: bool = False


@resource.reads("/user")
def read_person(caller: Caller, wanted: GetPersonDetails) -> GetPersonDetailsResponse:
    """A person with a page of their posts and one of their comments, in one community or in all;
    or, of oneself, with what one saved.
    """
    if wanted.person_id is None and wanted.username is None:
        no_id()
    of = person_of(caller, wanted.person_id, wanted.username)
    if wanted.saved_only and of.id != caller.person.id:
        raise BadRequest("saved_by_another", "Only members themselves see what they saved.")
    above, below = _queries(caller, wanted, of)
    viewer_id, now = caller.viewer_id, caller.now
    posts = list_post_ids(caller.conn, above, viewer_id=viewer_id, now=now)
    comments = list_comments(caller.conn, below, viewer_id=viewer_id, now=now)
    return GetPersonDetailsResponse(
        person_view=one_person(caller, of.id),
        comments=comment_views(caller, comments.items),
        posts=post_views(caller, posts.items),
        moderates=moderated_views(caller, of.id),
    )


def _queries(
    caller: Caller, wanted: GetPersonDetails, of: Person
) -> tuple[FeedQuery, CommentQuery]:
    """What they wrote, or saved."""
    sort, span = SORTS[wanted.sort]
    # People know that their own posts are sensitive.
    nsfw = of.id == caller.viewer_id or shows_nsfw(caller, None)
    after, limit = page_of(wanted.page), wanted.limit
    inside = wanted.community_id or NOBODY
    if not wanted.saved_only:
        return (
            FeedQuery("author", sort, span, of.id, after, limit, nsfw, within_id=inside),
            CommentQuery("author", order_beside(sort), of.id, after, limit, nsfw, within_id=inside),
        )
    scope: Scope = "community" if inside else "all"
    return (
        FeedQuery(scope, sort, span, inside, after, limit, nsfw, only="saved"),
        CommentQuery(scope, order_beside(sort), inside, after, limit, nsfw, only="saved"),
    )


class BlockPerson(Parameters):
    """Block, or block no longer."""

    person_id: Id
    block: bool


class BlockPersonResponse(Shape):
    """The person, and whether they are blocked now."""

    person_view: PersonView
    blocked: bool


@resource.writes("POST", "/user/block")
def block_person(caller: Caller, wanted: BlockPerson) -> BlockPersonResponse:
    """See no longer what a person writes."""
    person = get_person(caller.conn, wanted.person_id)
    if wanted.block:
        block(caller.ctx, caller.person, person)
    else:
        unblock(caller.conn, caller.person, person.id)
    return BlockPersonResponse(person_view=one_person(caller, person.id), blocked=wanted.block)

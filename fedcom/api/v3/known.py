"""From views to shapes: what the views of one answer name is read at once, one statement a kind."""

from collections.abc import Iterable, Mapping, Sequence

from fedcom.api.caller import Caller
from fedcom.api.v3.shapes.comment import CommentView, comment_view
from fedcom.api.v3.shapes.community import (
    CommunityModeratorView,
    CommunityView,
    community,
    community_view,
)
from fedcom.api.v3.shapes.person import PersonView, person, person_view
from fedcom.api.v3.shapes.post import Known, PostView, post_view
from fedcom.api.v3.shapes.responses import VoteView
from fedcom.queries.actors import list_moderator_ids
from fedcom.queries.content import Content
from fedcom.views.comment import CommentView as OneComment, get_comment_view
from fedcom.views.full import (
    FullPost,
    FullPostView,
    find_communities,
    find_people,
    find_post_views,
    find_posts,
    find_sources,
    get_full_community,
    get_full_person,
    get_full_post,
)
from fedcom.views.mine import list_moderated
from fedcom.views.paging import Start
from fedcom.views.voter import list_voters


def read_known(
    caller: Caller,
    *,
    people: Iterable[int] = (),
    communities: Iterable[int] = (),
    posts: Mapping[int, FullPost] | None = None,
) -> Known:
    """What has these row ids, as far as it exists, and these posts."""
    conn, viewer_id = caller.conn, caller.viewer_id
    return Known(
        people=find_people(conn, people),
        communities=find_communities(conn, communities, viewer_id=viewer_id, now=caller.now),
        posts=posts or {},
        now=caller.now,
        origin=caller.settings.origin,
    )


def post_views(caller: Caller, ids: Sequence[int]) -> list[PostView]:
    """The posts with these row ids as the API shows them, in this order."""
    found = find_post_views(caller.conn, ids, viewer_id=caller.viewer_id, now=caller.now)
    return _post_views(caller, [found[number] for number in ids if number in found])


def _post_views(caller: Caller, posts: Sequence[FullPostView]) -> list[PostView]:
    known = read_known(
        caller,
        people={one.author_id for one in posts},
        communities={one.community_id for one in posts},
        posts={one.id: one for one in posts},
    )
    return [post_view(one, known) for one in posts]


def comment_views(caller: Caller, comments: Sequence[OneComment]) -> list[CommentView]:
    """These comments as the API shows them."""
    conn, viewer_id = caller.conn, caller.viewer_id
    known = read_known(
        caller,
        people={one.author.id for one in comments},
        communities={one.community.id for one in comments},
        posts=find_posts(conn, {one.post.id for one in comments}, viewer_id=viewer_id),
    )
    sources = find_sources(conn, (one.id for one in comments), viewer_id=viewer_id)
    return [comment_view(one, sources[one.id].body_source, known) for one in comments]


def person_views(caller: Caller, ids: Sequence[int]) -> list[PersonView]:
    """The people with these row ids as the API shows them, in this order."""
    found = find_people(caller.conn, ids)
    return [person_view(found[number], caller.now) for number in ids if number in found]


def one_person(caller: Caller, person_id: int) -> PersonView:
    """The person with this row id. Raises NotFound."""
    return person_view(get_full_person(caller.conn, person_id), caller.now)


def community_views(caller: Caller, ids: Sequence[int]) -> list[CommunityView]:
    """The communities with these row ids as the API shows them, in this order."""
    found = find_communities(caller.conn, ids, viewer_id=caller.viewer_id, now=caller.now)
    return [community_view(found[number]) for number in ids if number in found]


def one_community(caller: Caller, community_id: int) -> CommunityView:
    """The community with this row id. Raises NotFound."""
    return community_view(
        get_full_community(caller.conn, community_id, viewer_id=caller.viewer_id, now=caller.now)
    )


def one_post(caller: Caller, post_id: int) -> PostView:
    """The post with this row id. Raises NotFound."""
    found = get_full_post(caller.conn, post_id, viewer_id=caller.viewer_id, now=caller.now)
    return _post_views(caller, [found])[0]


def one_comment(caller: Caller, comment_id: int) -> CommentView:
    """The comment with this row id. Raises NotFound."""
    view = get_comment_view(caller.conn, comment_id, viewer_id=caller.viewer_id, now=caller.now)
    return comment_views(caller, [view])[0]


def moderator_views(caller: Caller, community_id: int) -> list[CommunityModeratorView]:
    """The moderators of a community, the first one first."""
    ids = list_moderator_ids(caller.conn, community_id)
    known = read_known(caller, people=ids, communities=[community_id])
    inside = community(known.communities[community_id])
    return [
        CommunityModeratorView(community=inside, moderator=person(known.people[number], caller.now))
        for number in ids
    ]


def moderated_views(caller: Caller, person_id: int) -> list[CommunityModeratorView]:
    """The communities that a person moderates, by name."""
    ids = list_moderated(caller.conn, person_id)
    known = read_known(caller, people=[person_id], communities=ids)
    who = person(known.people[person_id], caller.now)
    return [
        CommunityModeratorView(community=community(known.communities[number]), moderator=who)
        for number in ids
    ]


def vote_views(caller: Caller, target: Content, after: Start, limit: int) -> list[VoteView]:
    """A page of the votes on a post or comment, with their voters. Raises what `list_voters`
    raises.
    """
    votes = list_voters(
        caller.conn, target, caller.person, caller.now, after=after, limit=limit
    ).items
    people = find_people(caller.conn, (one.person.id for one in votes))
    return [
        VoteView(
            creator=person(people[one.person.id], caller.now),
            creator_banned_from_community=one.is_banned,
            score=one.score,
        )
        for one in votes
    ]

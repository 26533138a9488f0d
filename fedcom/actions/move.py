"""MovePost: a remote community moves a post to another one of its server, or releases it.

When a topic goes to another category, NodeBB 4.11 sends `Move` in the name of the person who moved
it, the new category announces the first post, and the old one undoes its own Announce. These come
in any order and some may be missing, so each of them is enough.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from activitypub.authority import Refuse, judge_moved
from activitypub.iri import same_host
from fedcom.actions.base import Action, Readers
from fedcom.context import Context
from fedcom.effects.counts import count_moved, locked
from fedcom.effects.modlog import log_content, reason_of
from fedcom.effects.shown import set_shown
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.comment import comment
from fedcom.models.moderation import report
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, get_person
from fedcom.queries.located import find_located, locate
from fedcom.queries.modlog import find_remover
from fedcom.queries.posts import find_post, find_post_of_thread, get_post
from fedcom.remote.actors import community_at, if_served, participant_at
from fedcom.rules.permissions import may_act
from inbox.ports import ReceivedActivity

NOT_ANNOUNCED_ANY_MORE = "The community no longer announces it."
"""The modlog reason for a community that undid its Announce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePost(Action[Post]):
    """A post goes to another community with its comments; without a `target` it is in none, and
    hidden until a community of the same server announces it.
    """

    by: Person
    post: Post
    target: Community | None
    reason: str = ""

    def check(self, ctx: Context) -> None:
        """Between communities of one remote server, and only for remote authors' content."""
        community = locate(ctx, self.post).community
        target = self.target or community
        if self.post.local or community.local or target.local or target.host != community.host:
            raise Denied("not_theirs", "A server can move posts only between its own communities.")
        if self.target is None:
            if self.post.removed_at is not None:
                raise Conflict("already_removed", "It is already removed.")
        elif _has_left(ctx, self.post):
            may_act(get_person(ctx.conn, self.post.author_id), ctx.now)
        elif self.target.id == self.post.community_id:
            raise Conflict("already_so", "Nothing to change.")

    def apply(self, ctx: Context) -> Post:
        """Move it with its comments, its open reports and its counters, and write the modlog."""
        locked(ctx, self.post)
        before = get_post(ctx.conn, self.post.id)
        if self.target is None:
            log_content(ctx, self.by, before, "remove", self.reason or NOT_ANNOUNCED_ANY_MORE)
            set_shown(ctx, before, {"removed_at": ctx.now})
            return get_post(ctx.conn, before.id)
        comes_back = _has_left(ctx, before)
        if before.community_id != self.target.id:
            log_content(ctx, self.by, before, "move", self.reason or self.target.handle)
            _carry(ctx, before, self.target)
        if comes_back:
            set_shown(ctx, before, {"removed_at": None})
        return get_post(ctx.conn, before.id)


def find_move(ctx: Context, received: ReceivedActivity) -> MovePost | None:
    """The move implied when a community announces a post that is known in another community of its
    server, or that was released; None otherwise.

    The post itself, as its origin serves it now, names its community; but a post that the former
    community has released belongs to whichever other one announces it.
    """
    if received.via is None:
        return None
    at = find_located(ctx, received.activity.object_id or "", received.actor)
    content = None if at is None else at.content
    if not isinstance(content, Post) or content.local:
        return None
    community, has_left = locate(ctx, content).community, _has_left(ctx, content)
    if not same_host(received.via, community.iri) or (
        received.via == community.iri and not has_left
    ):
        return None
    if not has_left and not _is_confirmed(ctx, content, community.iri, received.via):
        return None
    return MovePost(
        by=participant_at(ctx, received.via), post=content, target=community_at(ctx, received.via)
    )


def _read_move(ctx: Context, received: ReceivedActivity) -> MovePost | None:
    """A post moves to another community of the same server."""
    activity = received.activity
    if activity.origin is None or activity.target is None or activity.object_id == received.actor:
        raise Invalid(
            "not_moved", "Move is supported only for posts, from one community to another."
        )
    content = _post_moved(ctx, activity.object_id or "", (activity.origin, activity.target))
    community = locate(ctx, content).community
    if community.iri == activity.target and not _has_left(ctx, content):
        return None
    if not _is_confirmed(ctx, content, community.iri, activity.target):
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin does not place %(iri)s in %(target)s.",
            iri=content.iri,
            target=activity.target,
        )
    target = _target(ctx, activity.target)
    # An announced post that comes back is one that its community released.
    by = participant_at(ctx, received.actor if target is not None else community.iri)
    return MovePost(by=by, post=content, target=target, reason=reason_of(activity))


def _read_undo(ctx: Context, received: ReceivedActivity) -> MovePost | None:
    """A post leaves the community that announced it; a person's boost is no longer counted."""
    content = find_post(ctx.conn, received.object.object_id or "")
    by = find_actor(ctx.conn, received.actor)
    if content is None or content.local or not isinstance(by, Community):
        raise NotFound("unknown_object", "The Undo refers to no Announce and no post known here.")
    if content.community_id != by.id or content.removed_at is not None:
        return None
    return MovePost(by=participant_at(ctx, received.actor), post=content, target=None)


def _post_moved(ctx: Context, iri: str, way: tuple[str, str]) -> Post:
    """The post with this id, or the post of the thread that contains it. Raises NotFound."""
    content = find_post(ctx.conn, iri)
    if content is None:
        community_ids = [
            community.id
            for community in (find_actor(ctx.conn, iri_named) for iri_named in way)
            if community
        ]
        content = find_post_of_thread(ctx.conn, community_ids, iri)
    if content is None:
        raise NotFound("unknown_object", "The post to move is not known here.")
    return content


def _is_confirmed(ctx: Context, post: Post, origin: str, target: str) -> bool:
    """Whether the post, as its origin serves it now, is in `target`. Raises NeedsFetch, and
    FetchFailed if the origin cannot be asked.
    """
    if not same_host(post.iri, target) or not same_host(origin, target):
        return False
    return not isinstance(judge_moved(ctx.document(post.iri), origin, target), Refuse)


def _target(ctx: Context, iri: str) -> Community | None:
    """The community that it goes to, None if its server does not show it."""
    found = if_served(community_at, ctx, iri)
    return found if found is not None and found.is_open else None


def _has_left(ctx: Context, post: Post) -> bool:
    """Whether its community released it, and no moderator or admin removed it."""
    is_removed = post.removed_at is not None
    return is_removed and find_remover(ctx.conn, post.iri) == post.community_id


def _carry(ctx: Context, post: Post, target: Community) -> None:
    count_moved(ctx, post, target)
    comments = select(comment.c.id).where(comment.c.post_id == post.id)
    inside = (report.c.post_id == post.id) | report.c.comment_id.in_(comments)
    ctx.conn.execute(update(report).where(inside).values(community_id=target.id))


READERS: Readers = {("Move",): _read_move, ("Undo", "Announce"): _read_undo}

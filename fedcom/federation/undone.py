"""An Undo that only names its object: the activity with that id.

Follows, votes and personal blocks are stored with the ids they came under. Anything else is fetched
from its origin.
"""

from typing import Any

from sqlalchemy import select

from activitypub.document import Document
from activitypub.iri import same_origin
from fedcom.context import Context
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.personal import actor_block
from fedcom.models.post import post
from fedcom.models.vote import comment_vote, post_vote, stored_iri
from fedcom.queries.actors import find_actor
from fedcom.queries.follows import find_follow_by_iri
from inbox.journal import was_received


def with_undone(ctx: Context, activity: Document) -> Document:
    """`activity` unchanged, or an Undo of a bare id with the activity of that id embedded.

    Only the same actor's activities are looked up. An Undo whose object cannot be found stays
    unchanged.
    Raises NeedsFetch (not vital) for a document that has to be fetched first.
    """
    iri, by, inner = activity.object_id, activity.owner, activity.object_document
    is_whole = inner is not None and inner.get("object") is not None
    if activity.type != "Undo" or is_whole or iri is None or by is None:
        return activity
    if not same_origin(iri, by):
        return activity
    undone = _known(ctx, iri, by) or _served(ctx, iri, by)
    return activity if undone is None else Document(activity.raw | {"object": undone})


def _known(ctx: Context, iri: str, by: str) -> dict[str, Any] | None:
    undoer = find_actor(ctx.conn, by)
    if undoer is None:
        return None
    follow = find_follow_by_iri(ctx.conn, iri)
    if follow is not None and follow.follower_id == undoer.id:
        target = select(actor.c.iri).where(actor.c.id == follow.target_id)
        return _activity("Follow", iri, by, ctx.conn.execute(target).scalar_one())
    stored = stored_iri(iri, local=undoer.local)
    for votes, voted, inner in (
        (post_vote, post, post_vote.c.post_id),
        (comment_vote, comment, comment_vote.c.comment_id),
    ):
        row = ctx.conn.execute(
            select(votes.c.score, voted.c.iri)
            .join(voted, voted.c.id == inner)
            .where(votes.c.voter_id == undoer.id, votes.c.iri == stored)
        ).first()
        if row is not None:
            return _activity("Like" if row.score > 0 else "Dislike", iri, by, row.iri)
    blocks = select(actor.c.iri).join(actor_block, actor_block.c.blocked_id == actor.c.id)
    blocked = ctx.conn.execute(blocks.where(actor_block.c.person_id == undoer.id)).scalars().all()
    found = next(
        (blocked_iri for blocked_iri in blocked if was_received(ctx.conn, by, blocked_iri, iri)),
        None,
    )
    return None if found is None else _activity("Block", iri, by, found)


def _activity(kind: str, iri: str, by: str, object_iri: str) -> dict[str, Any]:
    return {"type": kind, "id": iri, "actor": by, "object": object_iri}


def _served(ctx: Context, iri: str, by: str) -> dict[str, Any] | None:
    """The origin's document at `iri`, if it is an activity of `by`."""
    found = ctx.find_document(iri)
    if found is None:
        return None
    is_theirs = found.is_activity and found.owner == by and found.id == iri
    return dict(found.raw) if is_theirs and found.type != "Undo" else None

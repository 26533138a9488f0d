"""Boosts of local content by remote people, counted for its author to see.

Nobody is notified of one and nothing is announced, so it is no action. Every other Announce is
handled by `federation.envelope`.
"""

from sqlalchemy import delete

from activitypub.document import Document
from database.inserts import insert_ignoring
from fedcom.context import Context
from fedcom.models.actor import Community
from fedcom.models.boost import boost
from fedcom.queries.actors import find_actor
from fedcom.queries.content import find_content


def note_boost(ctx: Context, activity: Document, actor_iri: str) -> bool:
    """Count or uncount the boost in a verified `activity`; returns whether it is one."""
    if activity.type == "Undo":
        return _uncount(ctx, activity, actor_iri)
    if activity.type != "Announce" or isinstance(find_actor(ctx.conn, actor_iri), Community):
        return False
    iri = activity.object_id
    if iri is None or not ctx.is_ours(iri):
        return False
    content = find_content(ctx.conn, iri)
    if content is None or not content.is_shown:
        return False
    row = {"subject_iri": iri, "actor_iri": actor_iri, "iri": activity.id}
    insert_ignoring(ctx.conn, boost, row)
    return True


def forget_boosts(ctx: Context, actor_iri: str) -> None:
    """Uncount all boosts by an actor whose account is deleted."""
    ctx.conn.execute(delete(boost).where(boost.c.actor_iri == actor_iri))


def _uncount(ctx: Context, undo: Document, actor_iri: str) -> bool:
    """By the id of the Announce; by the boosted object if the Undo contains the whole Announce."""
    inner = undo.object_document
    if inner is not None and inner.type == "Announce" and inner.object_id is not None:
        named = boost.c.subject_iri == inner.object_id
    elif undo.object_id is not None:
        named = boost.c.iri == undo.object_id
    else:
        return False
    gone = ctx.conn.execute(delete(boost).where(boost.c.actor_iri == actor_iri, named))
    return gone.rowcount > 0

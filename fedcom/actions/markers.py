"""Markers for what was taken back before it arrived: peers' deliveries overtake each other."""

from sqlalchemy import delete, select

from activitypub.iri import same_host
from fedcom.context import Context
from fedcom.db import insert_ignoring
from fedcom.errors import Denied
from fedcom.models.moderation import marker


def mark(ctx: Context, iri: str, kind: str, actor_iri: str) -> None:
    """Remember that `actor_iri` deleted or undid `iri`, which is not here (yet).

    It counts only for things on the actor's own host, so nobody can forbid another's post.
    """
    if same_host(iri, actor_iri):
        insert_ignoring(
            ctx.conn,
            marker,
            {"iri": iri, "kind": kind, "actor_iri": actor_iri, "created_at": ctx.now},
        )


def unmark(ctx: Context, iri: str, kind: str) -> None:
    """Forget the marker: what was taken back is given again."""
    ctx.conn.execute(delete(marker).where(marker.c.iri == iri, marker.c.kind == kind))


def refuse_deleted(ctx: Context, iri: str, owner_iri: str) -> None:
    """Raises Denied when the owner, or its host, has deleted `iri` before it arrived."""
    if _is_marked(ctx, iri, "deleted", owner_iri):
        raise Denied("already_deleted", f"{iri} was deleted before it arrived.")


def is_undone(ctx: Context, iri: str | None, actor_iri: str) -> bool:
    """Whether the Undo of this activity arrived before the activity itself."""
    return iri is not None and _is_marked(ctx, iri, "undone", actor_iri)


def _is_marked(ctx: Context, iri: str, kind: str, owner_iri: str) -> bool:
    marked = ctx.conn.execute(
        select(marker.c.actor_iri).where(marker.c.iri == iri, marker.c.kind == kind)
    ).scalar()
    return marked is not None and same_host(marked, owner_iri)

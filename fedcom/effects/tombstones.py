"""Tombstones: deleted objects and undone activities, which must not return if received again.

Of two kinds, by the stored id (of the second, its digest):

  deleted   an object whose Delete arrived before the object itself
  undone    an activity that its actor has undone, or replaced by another

docs/decisions/0027-what-proves-an-activity.md says how long each counts, and against what.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, literal, select, union_all, update

from activitypub.authority import Evidence
from activitypub.iri import same_host
from database.inserts import insert_ignoring, upsert
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.digest import digest_of
from fedcom.models.moderation import tombstone
from fedcom.models.purge import purged
from fedcom.queries.unused_ids import is_unused
from inbox.ports import ReceivedActivity

AWAITED_FOR = timedelta(days=1)
"""How long an activity that was undone before it arrived is still recognised as the undone one.
After that, it counts as a new one with the same id.
"""

_FRESH: frozenset[Evidence] = frozenset({"signature", "community"})
"""For activities that cannot be replayed: a signed request is accepted once, as is an Announce."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An undone activity.

    `awaited`: it had not arrived when it was undone. `signed_at`: when its actor signed the request
    that undid it (epoch seconds by the actor's clock); None if it was undone in another way.
    """

    created_at: datetime
    awaited: bool
    signed_at: float | None

    def stops(self, received: ReceivedActivity, now: datetime) -> bool:
        """Whether `received`, which was undone, does not count because it was not sent anew.

        An activity is sent anew if its actor signed it after the Undo, or its community announces
        it after the Undo, also under the same id: NodeBB gives all upvotes of one post by one
        person the same one (`uid/3#activity/like/5`, NodeBB 4.11). A proof and a copy at the origin
        are not new.
        """
        if received.evidence not in _FRESH:
            return True
        if self.awaited:
            return now - self.created_at < AWAITED_FOR
        if received.signed_at is None or self.signed_at is None:
            return False
        return received.signed_at < self.signed_at


def record_deleted(ctx: Context, iri: str, actor_iri: str) -> None:
    """Remember that `actor_iri` deleted `iri`, which is not here (yet): one row, until the object
    arrives or the tombstone is pruned.
    """
    row = {"iri": iri, "kind": "deleted", "actor_iri": actor_iri, "created_at": ctx.now}
    insert_ignoring(ctx.conn, tombstone, row)


def forget_deleted(ctx: Context, iri: str) -> None:
    """Delete the tombstone of a deleted object."""
    ctx.conn.execute(delete(tombstone).where(tombstone.c.iri == iri, tombstone.c.kind == "deleted"))


def refuse_deleted(ctx: Context, iri: str, owner_iri: str) -> None:
    """Raises Denied if the owner, or its host, deleted `iri` before it arrived, or if an admin here
    purged it.
    """
    if is_unused(ctx, iri):
        return
    wanted = {"which": iri, "digest": digest_of(iri)}
    marks = ctx.conn.execute(_DELETED_BY, wanted).scalars().all()
    if _PURGED in marks:
        raise Denied("purged", "%(iri)s was purged by an admin of this server.", iri=iri)
    if any(same_host(marked, owner_iri) for marked in marks):
        raise Denied("already_deleted", "%(iri)s was deleted before it arrived.", iri=iri)


def record_undone(
    ctx: Context,
    iri: str,
    set_by: str,
    *,
    awaited: bool = False,
    signed_at: float | None = None,
) -> None:
    """Remember that the activity `iri` is no longer in force; the fields are those of `Tombstone`.

    An actor on the activity's own host replaces the stored row; a remote community can only add to
    it.
    """
    row = _undone_row(ctx, digest_of(iri), set_by) | {"awaited": awaited, "signed_at": signed_at}
    if same_host(iri, set_by):
        upsert(ctx.conn, tombstone, row, key=["iri", "kind"])
    else:
        insert_ignoring(ctx.conn, tombstone, row)


def record_replaced(ctx: Context, digest: str, by: str) -> None:
    """As `record_undone`, of the vote of the remote actor `by` whose id has this digest."""
    row = _undone_row(ctx, digest, by) | {"awaited": False, "signed_at": None}
    upsert(ctx.conn, tombstone, row, key=["iri", "kind"])


def _undone_row(ctx: Context, digest: str, set_by: str) -> dict[str, object]:
    return {"iri": digest, "kind": "undone", "actor_iri": set_by, "created_at": ctx.now}


def was_undone(ctx: Context, iri: str) -> bool:
    """Whether the activity `iri` was undone or replaced, and not sent anew since."""
    return ctx.conn.execute(select(tombstone.c.iri).where(*_is_undone(iri))).first() is not None


def find_undone(ctx: Context, received: ReceivedActivity) -> Tombstone | None:
    """The tombstone of this activity, if an actor on its actor's host set it, or the community that
    announces it now.
    """
    if received.activity.id is None:
        return None
    digest = digest_of(received.activity.id)
    row = None if is_unused(ctx, digest) else ctx.conn.execute(_UNDONE, {"which": digest}).first()
    if row is None:
        return None
    counts = same_host(row.actor_iri, received.actor) or row.actor_iri == received.via
    return Tombstone(row.created_at, row.awaited, row.signed_at) if counts else None


def note_arrival(ctx: Context, received: ReceivedActivity, found: Tombstone) -> None:
    """`received` was undone before it arrived and does not count; the next one with its id does."""
    if found.awaited and received.evidence in _FRESH:
        arrived = update(tombstone).where(*_is_undone(received.activity.id or ""))
        ctx.conn.execute(arrived.values(awaited=False))


def forget_undone(ctx: Context, received: ReceivedActivity) -> None:
    """`received` was sent anew, and is in force again."""
    ctx.conn.execute(delete(tombstone).where(*_is_undone(received.activity.id or "")))


def _is_undone(iri: str) -> tuple[ColumnElement[bool], ...]:
    return tombstone.c.iri == digest_of(iri), tombstone.c.kind == "undone"


# Built in advance, because building a statement costs more than running it.
_WHICH = tombstone.c.iri == bindparam("which")
_PURGED = ""
_DELETED_BY = union_all(
    select(tombstone.c.actor_iri).where(_WHICH, tombstone.c.kind == "deleted"),
    select(literal(_PURGED)).where(purged.c.digest == bindparam("digest")),
)
_UNDONE = select(
    tombstone.c.actor_iri, tombstone.c.created_at, tombstone.c.awaited, tombstone.c.signed_at
).where(_WHICH, tombstone.c.kind == "undone")

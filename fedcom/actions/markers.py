"""Markers for what was taken back before it arrived: peers' deliveries overtake each other."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select

from activitypub.iri import same_host
from activitypub.vocab.activities import delete as delete_activity, like, undo
from fedcom.actions.base import Action, Activity, Audience
from fedcom.context import Context
from fedcom.db import insert_ignoring
from fedcom.errors import Denied
from fedcom.models.moderation import marker

Kind = Literal["deleted", "undone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Action[None]):
    """Remember that `actor_iri` took back `iri`, which is not here (yet)."""

    iri: str
    kind: Kind
    actor_iri: str

    def check(self, ctx: Context) -> None:
        """It may count only for what is on the actor's own host: nobody forbids another's post."""
        if not same_host(self.iri, self.actor_iri):
            raise Denied(
                "not_the_owner",
                "%(iri)s is not %(actor)s's to take back.",
                iri=self.iri,
                actor=self.actor_iri,
            )

    def apply(self, ctx: Context) -> None:
        """One row, until what it waits for arrives or the marker is pruned."""
        row = {
            "iri": self.iri,
            "kind": self.kind,
            "actor_iri": self.actor_iri,
            "created_at": ctx.now,
        }
        insert_ignoring(ctx.conn, marker, row)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Delete, or the Undo of a vote; only ever heard."""
        if self.kind == "deleted":
            return delete_activity(ctx.new_iri("delete"), self.actor_iri, self.iri)
        # What was voted on is nothing that is known here, so nobody remembers it.
        return undo(ctx.new_iri("undo"), like(self.iri, self.actor_iri, self.iri))

    def audience(self, ctx: Context, result: None) -> Audience:
        """Nobody."""
        return Audience(subject=self.iri)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmark(Mark):
    """Forget it: what was taken back is given again, and will come when it is next spoken of."""

    def apply(self, ctx: Context) -> None:
        """Drop the row."""
        ctx.conn.execute(delete(marker).where(marker.c.iri == self.iri, marker.c.kind == self.kind))

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Undo{Delete}; only ever heard."""
        deleted = delete_activity(ctx.new_iri("delete"), self.actor_iri, self.iri)
        return undo(ctx.new_iri("undo"), deleted)


def refuse_deleted(ctx: Context, iri: str, owner_iri: str) -> None:
    """Raises Denied when the owner, or its host, has deleted `iri` before it arrived."""
    if _is_marked(ctx, iri, "deleted", owner_iri):
        raise Denied("already_deleted", "%(iri)s was deleted before it arrived.", iri=iri)


def is_undone(ctx: Context, iri: str | None, actor_iri: str) -> bool:
    """Whether the Undo of this activity arrived before the activity itself."""
    return iri is not None and _is_marked(ctx, iri, "undone", actor_iri)


def _is_marked(ctx: Context, iri: str, kind: Kind, owner_iri: str) -> bool:
    marked = ctx.conn.execute(
        select(marker.c.actor_iri).where(marker.c.iri == iri, marker.c.kind == kind)
    ).scalar()
    return marked is not None and same_host(marked, owner_iri)

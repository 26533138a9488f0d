"""RecordDeletion and ForgetDeletion: an object is deleted or restored before it arrives here."""

from dataclasses import dataclass

from activitypub.iri import same_host
from fedcom.actions.base import Action
from fedcom.context import Context
from fedcom.effects.tombstones import forget_deleted, record_deleted
from fedcom.errors import Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeletion(Action[None]):
    """Remember that `actor_iri` deleted `iri`, which is not here (yet)."""

    iri: str
    actor_iri: str

    def check(self, ctx: Context) -> None:
        """It only counts for objects on the actor's own host: nobody can block another's post."""
        if not same_host(self.iri, self.actor_iri):
            raise Denied(
                "not_the_owner",
                "%(actor)s cannot delete or undo %(iri)s, which is on another host.",
                iri=self.iri,
                actor=self.actor_iri,
            )

    def apply(self, ctx: Context) -> None:
        """Insert one row, kept until the object arrives or the tombstone is pruned."""
        record_deleted(ctx, self.iri, self.actor_iri)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDeletion(RecordDeletion):
    """A deleted object was restored, and is fetched when an activity next refers to it."""

    def apply(self, ctx: Context) -> None:
        """Delete the row."""
        forget_deleted(ctx, self.iri)

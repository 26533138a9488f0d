"""RotateKeys: a local actor gets new keys, and its followers are told."""

from dataclasses import dataclass

from sqlalchemy import func, select, update

from activitypub.vocab.activities import update as update_activity
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context, NewKey
from fedcom.effects.local_actor import put_keys
from fedcom.errors import Invalid
from fedcom.models.actor import REQUESTS, Actor, Community, Person, actor, actor_key
from fedcom.queries.actors import get_community, get_person
from fedcom.wire.actor import to_document
from fedcom.wire.addressing import key_iri, proof_key_iri


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKeys(Federated[Actor]):
    """The old keys are retired. The new ones have ids of their own, so that peers who cached the
    old ones need not guess: an unknown id makes them fetch the actor again at once.
    """

    by: Person | Community
    key: NewKey

    def check(self, ctx: Context) -> None:
        """Only local actors that are not deleted."""
        if not self.by.local or self.by.deleted_at is not None:
            raise Invalid(
                "not_local",
                "%(person)s is not a local actor, so there are no keys to replace.",
                person=self.by.handle,
            )

    def apply(self, ctx: Context) -> Actor:
        """Retire the current keys and publish new ones."""
        number = (
            1
            + ctx.conn.execute(
                select(func.count()).where(
                    actor_key.c.actor_id == self.by.id, actor_key.c.algorithm == REQUESTS
                )
            ).scalar_one()
        )
        ctx.conn.execute(
            update(actor_key)
            .where(actor_key.c.actor_id == self.by.id, actor_key.c.retired_at.is_(None))
            .values(retired_at=ctx.now)
        )
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == self.by.id)
            .values(
                public_key_id=f"{key_iri(self.by.iri)}-{number}",
                public_key_pem=self.key.public_pem,
                proof_key_id=f"{proof_key_iri(self.by.iri)}-{number}",
                proof_key=self.key.proof_multibase,
                updated_at=ctx.now,
            )
        )
        again = get_community if isinstance(self.by, Community) else get_person
        changed = again(ctx.conn, self.by.id)
        put_keys(ctx, changed, self.key)
        return changed

    def to_activity(self, ctx: Context, result: Actor) -> Activity:
        """Update of the actor by itself."""
        return update_activity(
            ctx.new_iri("update"),
            self.by.iri,
            to_document(result, ctx.origin),
            cc=[result.followers_iri],
        )

    def audience(self, ctx: Context, result: Actor) -> Audience:
        """The actor's followers."""
        return Audience(subject=result.iri, to_followers=True)

"""Delete a community and restore it, by its first moderator: Delete{Group} and its Undo.

Nothing is erased: the community and everything in it is hidden. Lemmy 0.19 reads the Delete as a
moderator's because it has no `summary`, and neither server writes its modlog. With one, it is that
of an admin (`close`).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from activitypub.vocab.activities import delete as delete_activity, undo
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.errors import Conflict, Invalid
from fedcom.models.actor import Community, Person, actor
from fedcom.queries.actors import get_community, list_moderator_ids
from fedcom.queries.purged import is_being_purged
from fedcom.queries.sent import last_iri
from fedcom.rules.permissions import must_be_first_moderator


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommunity(Federated[Community]):
    """The first moderator of a local community hides it from everybody."""

    by: Person
    community: Community
    # The activity comes from the community itself, which is remote.
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For its first moderator, if it is not deleted yet."""
        _check(ctx, self)
        if self.community.deleted_at is not None:
            raise Conflict("already_deleted", "It is already deleted.")

    def apply(self, ctx: Context) -> Community:
        """Mark it as deleted."""
        return _set(ctx, self.community, ctx.now)

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Delete of the Group, without a summary."""
        return _deletion(self, ctx.new_iri("delete"))

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The community's followers."""
        return Audience(subject=result.iri, community=result)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeleteCommunity(Federated[Community]):
    """The first moderator brings it back, with everything in it."""

    by: Person
    community: Community
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For its first moderator, if it is deleted and not purged."""
        _check(ctx, self)
        if self.community.deleted_at is None:
            raise Conflict("not_deleted", "It is not deleted.")
        if is_being_purged(ctx.conn, "community", self.community.id):
            raise Conflict("already_purged", "It is already being purged.")

    def apply(self, ctx: Context) -> Community:
        """Mark it as not deleted."""
        return _set(ctx, self.community, None)

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Undo{Delete} of the Group."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        return undo(ctx.new_iri("undo"), _deletion(self, sent))

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The community's followers."""
        return Audience(subject=result.iri, community=result)


def _check(ctx: Context, action: DeleteCommunity | UndeleteCommunity) -> None:
    if action.vouched:
        return
    if not action.community.local:
        raise Invalid("not_local", "Only the community's own server can delete or restore it.")
    moderators = list_moderator_ids(ctx.conn, action.community.id)
    must_be_first_moderator(action.by, moderators, ctx.now)


def _set(ctx: Context, community: Community, deleted_at: datetime | None) -> Community:
    itself = update(actor).where(actor.c.id == community.id)
    ctx.conn.execute(itself.values(deleted_at=deleted_at))
    return get_community(ctx.conn, community.id)


def _deletion(action: DeleteCommunity | UndeleteCommunity, iri: str) -> Activity:
    group = action.community.iri
    return delete_activity(iri, action.by.iri, group, community=group)

"""Close and reopen a community: Delete{Group} and its Undo.

An admin closes any community for this server. A local community is closed for everybody, and its
followers are told; a remote one continues on its own server. In the other direction, a remote
community tells its followers that it was closed (Lemmy 0.19: by a moderator, or with a reason by an
admin).
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update

from activitypub.vocab.activities import delete as delete_activity, undo
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_community
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.moderation import modlog
from fedcom.queries.actors import get_community, is_admin
from fedcom.queries.sent import last_iri
from fedcom.rules.limits import MAX_REASON, check_body


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCommunity(Federated[Community]):
    """Hide a community here and stop all activity in it until it is reopened."""

    by: Person
    community: Community
    reason: str = ""
    # The activity comes from the community itself.
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For admins, and only while it is open."""
        _check_admin(ctx, self)
        check_body(self.reason, MAX_REASON)
        if self.community.removed_at is not None:
            handle = self.community.handle
            raise Conflict("already_removed", "!%(community)s is already closed.", community=handle)

    def apply(self, ctx: Context) -> Community:
        """Close it, write the modlog and notify the members who follow it."""
        return _set(ctx, self, "remove_community", check_body(self.reason, MAX_REASON))

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Delete of the Group; the summary tells Lemmy that it was an admin."""
        return delete_activity(
            ctx.new_iri("delete"),
            self.by.iri,
            result.iri,
            community=result.iri,
            reason=self.reason,
        )

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The followers of a local community."""
        return _audience(result)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenCommunity(Federated[Community]):
    """Make a closed community available again."""

    by: Person
    community: Community
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For admins, if it was closed here; a closure by its own server is undone there."""
        _check_admin(ctx, self)
        handle = self.community.handle
        if self.community.removed_at is None:
            raise Conflict("not_removed", "!%(community)s is not closed.", community=handle)
        closed_here = _was_closed_here(ctx, self.community)
        if self.vouched and closed_here:
            raise Conflict(
                "closed_here",
                "!%(community)s was closed by an admin of this server.",
                community=handle,
            )
        if not (self.vouched or closed_here):
            raise Conflict(
                "closed_at_home", "!%(community)s was closed on its own server.", community=handle
            )

    def apply(self, ctx: Context) -> Community:
        """Reopen it, write the modlog and notify the members who follow it."""
        return _set(ctx, self, "restore_community", "")

    def to_activity(self, ctx: Context, result: Community) -> Activity:
        """Undo{Delete} of the Group."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        closed = delete_activity(sent, self.by.iri, result.iri, community=result.iri, reason="")
        return undo(ctx.new_iri("undo"), closed)

    def audience(self, ctx: Context, result: Community) -> Audience:
        """The followers of a local community."""
        return _audience(result)


def _check_admin(ctx: Context, action: CloseCommunity | ReopenCommunity) -> None:
    if action.vouched:
        return
    if not (action.by.local and is_admin(ctx.conn, action.by.id)):
        raise Denied("not_an_admin", "Only admins of this server can do that.")


def _set(
    ctx: Context,
    action: CloseCommunity | ReopenCommunity,
    kind: Literal["remove_community", "restore_community"],
    reason: str,
) -> Community:
    community_id = action.community.id
    removed_at = ctx.now if kind == "remove_community" else None
    changed = update(community_table).where(community_table.c.actor_id == community_id)
    ctx.conn.execute(changed.values(removed_at=removed_at))
    log_community(
        ctx, LogEntry(by=action.by, kind=kind, community=None, reason=reason), action.community
    )
    return get_community(ctx.conn, community_id)


def _audience(community: Community) -> Audience:
    if community.local:
        return Audience(subject=community.iri, community=community)
    return Audience(subject=community.iri, private=True)


def _was_closed_here(ctx: Context, community: Community) -> bool:
    """Whether a local actor closed it last."""
    by_ours = ctx.conn.execute(
        select(actor.c.local)
        .join(modlog, modlog.c.moderator_id == actor.c.id)
        .where(modlog.c.target_iri == community.iri, modlog.c.kind == "remove_community")
        .order_by(modlog.c.id.desc())
        .limit(1)
    ).scalar()
    return by_ours is None or bool(by_ours)

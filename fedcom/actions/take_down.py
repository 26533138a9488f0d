"""TakeDown and Reinstate: an admin hides a post or comment of a remote community on this server.

Content in a local community is removed by `RemoveContent`, which the community announces. Admins
have no authority over remote communities, so other servers are told only if the author is a local
member: then as the author's own Delete, which counts on every server.
"""

from dataclasses import dataclass

from activitypub.vocab.activities import undo
from fedcom.actions.base import Activity, Audience, Fallback, Federated, Microblogs
from fedcom.actions.delete import audience_of, create_again, deletion
from fedcom.context import Context
from fedcom.effects.modlog import log_content
from fedcom.effects.resolve_reports import Outcome, resolve_content
from fedcom.effects.shown import set_shown
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Person
from fedcom.queries.actors import is_admin
from fedcom.queries.content import Content
from fedcom.queries.located import locate
from fedcom.queries.modlog import is_taken_down
from fedcom.queries.sent import last_iri
from fedcom.rules.permissions import may_act


@dataclass(frozen=True, slots=True, kw_only=True)
class _ForThisServer(Federated[Content]):
    """What both have in common: `by` is the actor in whose name other servers are told."""

    by: Person
    admin: Person
    target: Content
    reason: str = ""

    def check_admin(self, ctx: Context) -> None:
        """Raises Denied for others, and Invalid for content in a local community."""
        may_act(self.admin, ctx.now)
        if not is_admin(ctx.conn, self.admin.id):
            raise Denied("not_an_admin", "Only admins of this server can do that.")
        if locate(ctx, self.target).community.local:
            raise Invalid(
                "local_community",
                "This is for posts in communities of other servers; this community is local.",
            )

    def recipients(self, ctx: Context, result: Content, microblogs: Microblogs) -> Audience:
        """Everyone who was sent a member's post or comment; nobody for a remote author's."""
        if self.by.id != result.author_id:
            return Audience(subject=result.iri, private=True)
        return audience_of(ctx, result, microblogs)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDown(_ForThisServer):
    """An admin hides a post or a comment from everybody here, with a reason in the modlog."""

    def check(self, ctx: Context) -> None:
        """For admins, and only if not taken down yet."""
        self.check_admin(ctx)
        if self.target.removed_at is not None:
            raise Conflict("already_removed", "It is already removed.")

    def apply(self, ctx: Context) -> Content:
        """Hide it, write the modlog, and resolve the reports about it."""
        log_content(ctx, self.admin, self.target, "remove", self.reason)
        resolve_content(ctx, self.admin, self.target, Outcome("removed", self.reason))
        return set_shown(ctx, self.target, {"removed_at": ctx.now})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Delete."""
        return deletion(ctx, ctx.new_iri("delete"), self.by, result)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """Everyone who was sent the original."""
        return self.recipients(ctx, result, Microblogs.ERASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinstate(_ForThisServer):
    """An admin restores what a local admin has taken down."""

    def check(self, ctx: Context) -> None:
        """For admins. Only the community can restore what the community removed."""
        self.check_admin(ctx)
        if self.target.removed_at is None:
            raise Conflict("not_removed", "It is not removed.")
        if not is_taken_down(ctx.conn, self.target.iri):
            raise Denied("removed_elsewhere", "Only the community's moderators can restore it.")

    def apply(self, ctx: Context) -> Content:
        """Show it and write the modlog."""
        log_content(ctx, self.admin, self.target, "restore", self.reason)
        return set_shown(ctx, self.target, {"removed_at": None})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Undo{Delete}."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        return undo(ctx.new_iri("undo"), deletion(ctx, sent, self.by, result))

    def audience(self, ctx: Context, result: Content) -> Audience:
        """Everyone who was sent the original."""
        return self.recipients(ctx, result, Microblogs.BOOST)

    def fallbacks(self, ctx: Context, result: Content) -> tuple[Fallback, ...]:
        """The author's Create again, where nothing is left to restore."""
        return create_again(ctx, result)


def take_down(ctx: Context, admin: Person, target: Content, reason: str) -> TakeDown:
    """The action by which `admin` hides `target`, in the name of its author if that is a member."""
    return TakeDown(by=_speaker(ctx, admin, target), admin=admin, target=target, reason=reason)


def reinstate(ctx: Context, admin: Person, target: Content) -> Reinstate:
    """The action that restores it."""
    return Reinstate(by=_speaker(ctx, admin, target), admin=admin, target=target)


def _speaker(ctx: Context, admin: Person, target: Content) -> Person:
    author = locate(ctx, target).author
    return author if author.local else admin

"""RemoveContent, RestoreContent: a moderator removes a post or comment, or restores it."""

from dataclasses import dataclass

from activitypub.vocab.activities import undo
from fedcom.actions.base import (
    Activity,
    Audience,
    Fallback,
    Federated,
    Microblogs,
    Response,
    in_private,
)
from fedcom.actions.delete import audience_of, create_again, deletion
from fedcom.context import Context
from fedcom.effects.moderation_notes import note_of_removal
from fedcom.effects.modlog import log_content
from fedcom.effects.resolve_reports import Outcome, resolve_content
from fedcom.effects.shown import set_shown
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.queries.bans import is_banned_by_us
from fedcom.queries.content import Content
from fedcom.queries.located import locate, standing_in
from fedcom.queries.modlog import is_taken_down
from fedcom.queries.sent import last_iri
from fedcom.rules.permissions import may_act, must_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveContent(Federated[Content]):
    """A moderator removes it from the community, for a reason that the modlog keeps."""

    by: Person
    target: Content
    reason: str = ""
    # The community says that the author deleted it, and the origin only that it is not there. An
    # origin that blocks us says the same, so it is removed from the community but not erased.
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators, and only if not removed yet."""
        if not self.vouched:
            community = locate(ctx, self.target).community
            must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        if self.target.removed_at is not None:
            raise Conflict("already_removed", "It is already removed.")

    def apply(self, ctx: Context) -> Content:
        """Hide it, write the modlog, and resolve the reports about it."""
        log_content(ctx, self.by, self.target, "remove", self.reason)
        if not self.vouched:
            resolve_content(ctx, self.by, self.target, Outcome("removed", self.reason))
        return set_shown(ctx, self.target, {"removed_at": ctx.now})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Delete with a summary, which marks it for Lemmy as a moderator's."""
        return deletion(ctx, ctx.new_iri("delete"), self.by, result, self.reason)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; microblog servers only understand the undone boost."""
        return _moderated(ctx, result, Microblogs.UNBOOST)

    def responses(self, ctx: Context, result: Content) -> tuple[Response, ...]:
        """A note from our community to an author on a microblog server."""
        return self.copies(ctx, result)

    def copies(self, ctx: Context, result: Content) -> tuple[Response, ...]:
        """The same, wherever the moderator is from."""
        community = locate(ctx, result).community
        if self.vouched or not community.local or self.by.id == result.author_id:
            return ()
        author = locate(ctx, result).author
        return in_private(note_of_removal(ctx, community, author, result, self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreContent(Federated[Content]):
    """A moderator restores it."""

    by: Person
    target: Content
    reason: str = ""

    def check(self, ctx: Context) -> None:
        """For moderators, if removed; in a remote community not if a local admin took it down, or
        if it was removed with a local ban.
        """
        community = locate(ctx, self.target).community
        must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        author = locate(ctx, self.target).author
        if not community.local and is_banned_by_us(ctx.conn, author, ctx.now):
            may_act(author, ctx.now)
        if not (community.local or self.by.local) and is_taken_down(ctx.conn, self.target.iri):
            raise Denied("taken_down", "An admin of this server has removed it.")
        if self.target.removed_at is None:
            raise Conflict("not_removed", "It is not removed.")

    def apply(self, ctx: Context) -> Content:
        """Show it and write the modlog."""
        log_content(ctx, self.by, self.target, "restore", self.reason)
        return set_shown(ctx, self.target, {"removed_at": None})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Undo{Delete} with a summary."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        return undo(ctx.new_iri("undo"), deletion(ctx, sent, self.by, result, self.reason))

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; microblog servers get a new boost."""
        return _moderated(ctx, result, Microblogs.BOOST)

    def fallbacks(self, ctx: Context, result: Content) -> tuple[Fallback, ...]:
        """The author's Create again, where nothing is left to restore."""
        return create_again(ctx, result)


def _moderated(ctx: Context, target: Content, microblogs: Microblogs) -> Audience:
    original = audience_of(ctx, target, microblogs)
    return Audience(
        subject=original.subject,
        community=original.community,
        microblogs=original.microblogs,
        post=original.post,
    )

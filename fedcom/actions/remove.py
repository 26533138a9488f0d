"""RemoveContent, RestoreContent: a moderator takes a post or comment out, or puts it back."""

from dataclasses import dataclass

from activitypub.vocab.activities import delete as delete_activity, undo
from fedcom.actions.base import (
    Activity,
    Audience,
    Fallback,
    Federated,
    Microblogs,
    Response,
    in_private,
)
from fedcom.actions.delete import audience_of, given_again
from fedcom.context import Context
from fedcom.effects.moderation_notes import note_of_removal
from fedcom.effects.modlog import log_content
from fedcom.effects.resolve_reports import Outcome, settle_content
from fedcom.effects.shown import set_shown
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.queries.bans import is_banned_by_us
from fedcom.queries.content import Content
from fedcom.queries.located import locate, standing_in
from fedcom.queries.modlog import is_taken_down
from fedcom.queries.sent import last_iri
from fedcom.rules.permissions import may_act, may_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveContent(Federated[Content]):
    """A moderator takes it out of the community, for a reason that is kept in the modlog."""

    by: Person
    target: Content
    reason: str = ""
    # The community says that the author deleted it, and the origin only that it is not there: an
    # origin that blocks us says the same, so it goes from the community and is not erased.
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators, and only once."""
        if not self.vouched:
            community = locate(ctx, self.target).community
            may_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        if self.target.removed_at is not None:
            raise Conflict("already_removed", "It is already removed.")

    def apply(self, ctx: Context) -> Content:
        """Hide it, write the modlog, and close what was reported of it."""
        log_content(ctx, self.by, self.target, "remove", self.reason)
        if not self.vouched:
            settle_content(ctx, self.by, self.target, Outcome("removed", self.reason))
        return set_shown(ctx, self.target, {"removed_at": ctx.now})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Delete with a summary: to Lemmy the summary makes it a moderator's."""
        return delete_activity(
            ctx.new_iri("delete"),
            self.by.iri,
            result.iri,
            community=locate(ctx, result).community.iri,
            reason=self.reason or "",
        )

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; to microblogs only taking back the boost says it."""
        return _moderated(ctx, result, Microblogs.UNBOOST)

    def responses(self, ctx: Context, result: Content) -> tuple[Response, ...]:
        """A note to an author on a microblog, from our community."""
        return self.copies(ctx, result)

    def copies(self, ctx: Context, result: Content) -> tuple[Response, ...]:
        """The same, whoever's moderator it was."""
        community = locate(ctx, result).community
        if self.vouched or not community.local or self.by.id == result.author_id:
            return ()
        author = locate(ctx, result).author
        return in_private(note_of_removal(ctx, community, author, result, self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreContent(Federated[Content]):
    """A moderator puts it back."""

    by: Person
    target: Content
    reason: str = ""

    def check(self, ctx: Context) -> None:
        """For moderators, of what was removed; elsewhere not of what an admin here took down, or
        what fell with a ban of ours.
        """
        community = locate(ctx, self.target).community
        may_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
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
        removed = delete_activity(
            last_iri(ctx, "delete", self.by, result.iri),
            self.by.iri,
            result.iri,
            community=locate(ctx, result).community.iri,
            reason=self.reason or "",
        )
        return undo(ctx.new_iri("undo"), removed)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; microblogs get a new boost."""
        return _moderated(ctx, result, Microblogs.BOOST)

    def fallbacks(self, ctx: Context, result: Content) -> tuple[Fallback, ...]:
        """The author's Create anew, where nothing is left to be restored."""
        return given_again(ctx, result)


def _moderated(ctx: Context, target: Content, microblogs: Microblogs) -> Audience:
    told = audience_of(ctx, target, microblogs)
    return Audience(
        subject=told.subject,
        community=told.community,
        microblogs=told.microblogs,
        post=told.post,
    )

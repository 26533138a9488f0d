"""Delete and Undelete: authors delete and restore their own posts and comments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from activitypub.vocab.activities import create, delete as delete_activity, undo
from fedcom.actions.base import Activity, Audience, Fallback, Federated, Microblogs
from fedcom.actions.comment import answered, note_of
from fedcom.context import Context
from fedcom.effects.mentions import mentioned
from fedcom.effects.shown import set_shown
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.content import Content
from fedcom.queries.located import locate, standing_in
from fedcom.queries.sent import last_iri
from fedcom.rules.dialects import purges_deleted
from fedcom.rules.permissions import may_edit, may_take_part
from fedcom.wire.post import to_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Federated[Content]):
    """The author deletes it. Text from another server is blanked here at once."""

    by: Person
    target: Content

    def check(self, ctx: Context) -> None:
        """Only the author's own, if not deleted yet. Banned authors may still delete theirs."""
        if self.target.author_id != self.by.id:
            may_edit(self.by, self.target, ctx.now)
        if self.target.deleted_at is not None:
            raise Conflict("already_deleted", "It is already deleted.")

    def apply(self, ctx: Context) -> Content:
        """Hide it; local content keeps its text so that the author can restore it."""
        changes: dict[str, object] = {"deleted_at": ctx.now}
        if not self.target.local:
            changes |= self.target.BLANK
        return set_shown(ctx, self.target, changes)

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Delete of the bare id, as Lemmy sends it."""
        return deletion(ctx, ctx.new_iri("delete"), self.by, result)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """Everyone who was sent the original."""
        return audience_of(ctx, result, Microblogs.ERASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelete(Federated[Content]):
    """The author restores it."""

    by: Person
    target: Content
    # The document from the origin, for remote content that was blanked here.
    columns: Mapping[str, object] = field(default_factory=dict)

    def check(self, ctx: Context) -> None:
        """Only the author's own, if deleted, in a community that is open."""
        may_edit(self.by, self.target, ctx.now)
        community = locate(ctx, self.target).community
        may_take_part(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        is_taken_down = self.target.removed_at is not None and not community.local
        if self.by.local and is_taken_down:
            # Other servers got a Delete in the author's name, and would be told that it is back.
            raise Denied("removed", "A moderator has removed it.")
        if self.target.deleted_at is None:
            raise Conflict("not_deleted", "It is not deleted.")

    def apply(self, ctx: Context) -> Content:
        """Show it again."""
        return set_shown(ctx, self.target, {"deleted_at": None, **self.columns})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Undo{Delete}."""
        sent = last_iri(ctx, "delete", self.by, result.iri)
        return undo(ctx.new_iri("undo"), deletion(ctx, sent, self.by, result))

    def audience(self, ctx: Context, result: Content) -> Audience:
        """Everyone who was sent the original; for microblog servers only a new boost restores
        it.
        """
        return audience_of(ctx, result, Microblogs.BOOST)

    def fallbacks(self, ctx: Context, result: Content) -> tuple[Fallback, ...]:
        """The author's Create again, where nothing is left to restore."""
        return create_again(ctx, result)


def deletion(
    ctx: Context, iri: str, by: Person, target: Content, reason: str | None = None
) -> Activity:
    """Delete of the bare id; a `reason`, even an empty one, marks it for Lemmy as a moderator's."""
    community = locate(ctx, target).community.iri
    return delete_activity(iri, by.iri, target.iri, community=community, reason=reason)


def create_again(ctx: Context, target: Content) -> tuple[Fallback, ...]:
    """A new Create of a member's content, for servers that purged it; none for hidden content, nor
    for remote authors, whose Create is not ours to send.
    """
    if not (target.local and target.is_shown):
        return ()
    community, author = locate(ctx, target).community, locate(ctx, target).author
    if isinstance(target, Post):
        document = to_page(target, author, community, mentioned(ctx, target))
    else:
        document = note_of(ctx, target)
    made = create(ctx.new_iri("create"), author.iri, document)
    return (Fallback(community, target.iri, made, purges_deleted),)


def audience_of(ctx: Context, target: Content, microblogs: Microblogs) -> Audience:
    """Everyone who was sent a post or comment when it was created."""
    community = locate(ctx, target).community
    if isinstance(target, Comment):
        _, answering = answered(ctx, target)
        return Audience(
            subject=target.iri, community=community, people=answering, to_followers=True
        )
    return Audience(
        subject=target.iri,
        community=community,
        people=mentioned(ctx, target),
        to_followers=True,
        microblogs=microblogs,
        post=target,
    )

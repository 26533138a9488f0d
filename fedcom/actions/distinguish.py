"""Distinguish: a moderator marks a comment of their own as official, in an Update of the Note.

Lemmy 0.19 calls it `distinguished` ("speak as moderator").
"""

from dataclasses import dataclass, replace

from sqlalchemy import update

from activitypub.vocab.activities import update as update_activity
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.actions.comment import answered, note_of
from fedcom.context import Context
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.models.comment import Comment, comment
from fedcom.queries.comments import get_comment
from fedcom.queries.located import locate, standing_in
from fedcom.rules.permissions import may_edit, must_moderate


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinguish(Federated[Comment]):
    """A moderator or an admin marks their own comment as official, or takes the mark back."""

    by: Person
    comment: Comment
    distinguished: bool

    def check(self, ctx: Context) -> None:
        """Only the author's own, who moderates the community; anyone may take their mark back."""
        may_edit(self.by, self.comment, ctx.now)
        if self.distinguished:
            community = locate(ctx, self.comment, self.by).community
            must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        if self.distinguished == self.comment.distinguished:
            raise Conflict("already_so", "Nothing to change.")
        if self.distinguished and not self.comment.is_shown:
            raise Denied("deleted", "Deleted and removed comments cannot be marked as official.")

    def apply(self, ctx: Context) -> Comment:
        """Set or clear the mark; the text does not count as edited."""
        mine = update(comment).where(comment.c.id == self.comment.id)
        ctx.conn.execute(mine.values(distinguished=self.distinguished))
        return get_comment(ctx.conn, self.comment.id)

    def to_activity(self, ctx: Context, result: Comment) -> Activity:
        """Update{Note}, with a new time: Lemmy 0.19 ignores a Note that is no newer than its
        own.
        """
        newer = replace(result, updated_at=ctx.now)
        return update_activity(ctx.new_iri("update"), self.by.iri, note_of(ctx, newer))

    def audience(self, ctx: Context, result: Comment) -> Audience:
        """Everyone who was sent the comment."""
        _, people = answered(ctx, result)
        return Audience(
            subject=result.iri,
            community=locate(ctx, result).community,
            people=people,
            to_followers=True,
        )

"""Lock and unlock: a moderator closes a post or a comment to replies, or reopens it."""

from dataclasses import dataclass

from sqlalchemy import update

from activitypub.vocab.activities import lock, undo
from fedcom.actions.base import Activity, Audience, Federated, Readers
from fedcom.context import Context
from fedcom.effects.modlog import log_content, reason_of
from fedcom.errors import Conflict, Invalid
from fedcom.models.actor import Person
from fedcom.models.comment import Comment, comment
from fedcom.models.post import post
from fedcom.queries.comments import is_in_branch
from fedcom.queries.content import Content, get_again
from fedcom.queries.located import find_located, locate, standing_in
from fedcom.queries.sent import last_iri
from fedcom.remote.actors import person_at
from fedcom.remote.vouching import check_vouched
from fedcom.rules.permissions import must_moderate
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(Federated[Content]):
    """A moderator closes a post, or a comment and all its replies, or reopens it."""

    by: Person
    target: Content
    locked: bool
    reason: str = ""

    def check(self, ctx: Context) -> None:
        """For moderators, if the state would change."""
        community = locate(ctx, self.target, self.by).community
        must_moderate(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        if self.locked == (self.target.locked_at is not None):
            raise Conflict("already_so", "Nothing to change.")

    def apply(self, ctx: Context) -> Content:
        """Set or clear the lock, and write the modlog."""
        log_content(ctx, self.by, self.target, "lock" if self.locked else "unlock", self.reason)
        moment = ctx.now if self.locked else None
        if isinstance(self.target, Comment):
            change = update(comment).where(is_in_branch(self.target))
        else:
            change = update(post).where(post.c.id == self.target.id)
        ctx.conn.execute(change.values(locked_at=moment))
        return get_again(ctx.conn, self.target)

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Lock, or Undo{Lock}."""
        community, reason = locate(ctx, result).community.iri, self.reason or None
        sent = ctx.new_iri("lock") if self.locked else last_iri(ctx, "lock", self.by, result.iri)
        activity = lock(sent, self.by.iri, result.iri, community=community, reason=reason)
        return activity if self.locked else undo(ctx.new_iri("undo"), activity)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community: the forums that follow it if it is local, its server if it is remote."""
        return Audience(
            subject=result.iri, community=locate(ctx, result).community, forums_only=True
        )


def _read_lock(ctx: Context, received: ReceivedActivity) -> Lock | None:
    undone = received.activity.object_document if received.activity.type == "Undo" else None
    activity = undone or received.activity
    at = find_located(ctx, activity.object_id or "", received.actor)
    if at is None:
        raise Invalid("couldnt_find_post", "Only posts and comments known here can be locked.")
    check_vouched(ctx, received, at.community)
    locked = undone is None
    if locked == (at.content.locked_at is not None):
        return None
    by = person_at(ctx, received.actor)
    return Lock(by=by, target=at.content, locked=locked, reason=reason_of(activity))


READERS: Readers = {("Lock",): _read_lock, ("Undo", "Lock"): _read_lock}

"""CreateComment and EditComment: Create and Update of a Note that replies to something."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import ColumnElement, update

from activitypub.vocab.activities import create, update as update_activity
from database.new_ids import Columns, insert_with_id, padded
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.actions.post import Provenance, address_of
from fedcom.context import Context
from fedcom.effects.counts import OWN_VOTE, count_comment, locked, put_own_vote
from fedcom.effects.mentions import mentioned, notify_mentioned, with_links
from fedcom.effects.notify import NotificationEvent, is_blocked, notify, notify_followers
from fedcom.effects.outside_mentions import adopt_mention
from fedcom.effects.restrictions import check_answerable, keep_restrictions
from fedcom.effects.revisions import keep_revision
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Actor, Community, Person
from fedcom.models.base import to_row
from fedcom.models.comment import DIGITS, Comment, comment
from fedcom.models.located import Located
from fedcom.models.post import Post
from fedcom.queries.comments import get_comment
from fedcom.queries.located import keep_located, locate, locate_parent, standing_in
from fedcom.queries.policy import policy_of
from fedcom.queries.replies import first_replies
from fedcom.rules.languages import check_permitted
from fedcom.rules.limits import MAX_DEPTH, check_comment, check_content_warning, check_seen
from fedcom.rules.permissions import may_comment, may_edit, may_take_part
from fedcom.rules.slurs import check_slurs
from fedcom.wire.addressing import comment_iri, create_iri
from fedcom.wire.body import Body
from fedcom.wire.comment import ReplyContext, to_note
from fedcom.wire.policies import UNRESTRICTED
from fedcom.wire.post import thread_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _CommentText(Federated[Comment]):
    """The text of a new or edited comment, and its recipients."""

    by: Person
    body: Body
    language: str | None = None
    content_warning: str = ""
    # None for a comment that is written here.
    source: Provenance | None = None
    is_fetchable: ClassVar[bool] = True

    def check_text(self, ctx: Context, community: Community) -> None:
        """Raises Invalid unless the text fits; a peer's was truncated when it was read."""
        slurs = policy_of(ctx).slur_filter
        check_slurs(slurs, self.content_warning)
        if self.source is None:
            check_permitted(self.language, community.languages)
            check_slurs(slurs, self.body.source)
            check_comment(self.body.source)
            check_seen(self.body.html, "comment_empty")
            check_content_warning(self.content_warning)

    def stored(self, ctx: Context) -> dict[str, object]:
        """The columns that hold the text."""
        body, warning = self.body, self.content_warning
        if self.source is None:
            body, warning = with_links(ctx, body), check_content_warning(warning)
        else:
            body = body.without_slurs(policy_of(ctx).slur_filter)
        return {
            "body_source": body.source,
            "body_html": body.html,
            "language": self.language,
            "content_warning": warning,
            **self._official(ctx),
        }

    def _official(self, ctx: Context) -> dict[str, object]:
        """The mark in a peer's document; a member's is changed by `Distinguish` alone."""
        if self.source is None:
            return {}
        mine = standing_in(ctx, self.by, self.place(ctx).community)
        return {"distinguished": self.source.distinguished and mine.may_moderate}

    @abstractmethod
    def place(self, ctx: Context) -> Located:
        """Something in the same community: the comment itself, or what it answers."""

    def notify_people(self, ctx: Context, content: Comment, answered: Actor | None = None) -> None:
        """Notify everybody whom a comment mentions, and of a new one the parent's author,
        `answered`, and who follows the thread.
        """
        event = NotificationEvent(
            kind="reply",
            by_id=self.by.id,
            community_id=locate(ctx, content).community.id,
            post_id=content.post_id,
            comment_id=content.id,
            written_at=content.updated_at or content.published_at,
        )
        notified = (
            adopt_mention(ctx, content.iri, event) if self.source is not None else frozenset()
        )
        if answered is not None and answered.local and answered.id not in notified:
            notify(ctx, answered.id, event)
        tagged = None if self.source is None else self.source.mentions
        notify_mentioned(ctx, content, tagged, replace(event, kind="mention"))
        if answered is not None:
            notify_followers(ctx, event)

    def audience(self, ctx: Context, result: Comment) -> Audience:
        """The community, the parent's author, everybody mentioned, and the author's followers."""
        _, people = answered(ctx, result)
        return Audience(
            subject=result.iri,
            community=locate(ctx, result).community,
            people=people,
            to_followers=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateComment(_CommentText):
    """A reply to a post, or to a comment below it."""

    post: Post
    parent: Comment | None

    def place(self, ctx: Context) -> Located:
        """What it answers."""
        return locate(ctx, self.parent or self.post)

    def check(self, ctx: Context) -> None:
        """If open to this person; a remote comment only below a post or comment stored here."""
        if self.parent is not None and self.parent.post_id != self.post.id:
            raise Invalid("wrong_thread", "The parent comment belongs to another post.")
        above = locate(ctx, self.parent or self.post, self.by)
        mine = standing_in(ctx, self.by, above.community)
        may_comment(self.by, above.community, mine, self.post, self.parent, ctx.now)
        if self.parent is not None and self.parent.depth + 1 >= MAX_DEPTH:
            raise Invalid("max_comment_depth_reached", "This thread can't go any deeper.")
        _refuse_reply_to_blocker(ctx, self.by, above.author)
        self.check_text(ctx, above.community)
        if self.source is not None:
            refuse_deleted(ctx, self.source.iri, self.by.iri)
        else:
            check_answerable(ctx, above.content.iri)

    def apply(self, ctx: Context) -> Comment:
        """Insert the comment with its author's own vote, as Lemmy counts it."""
        above = self.place(ctx)
        made = self._insert(ctx)
        keep_located(ctx, made, above, self.by)
        if self.source is not None and self.source.restrictions != UNRESTRICTED:
            keep_restrictions(ctx, made.iri, self.source.restrictions)
        put_own_vote(ctx, self.by, made, ctx.new_iri("like"))
        count_comment(ctx, made, 1)
        self.notify_people(ctx, made, above.author)
        return made

    def _insert(self, ctx: Context) -> Comment:
        source = self.source or Provenance(comment_iri(ctx.origin, ""), "Note", None, None)
        values = {
            "iri": source.iri,
            "local": self.source is None,
            "post_id": self.post.id,
            "parent_id": self.parent.id if self.parent else None,
            "path": f"{self.parent.path}." if self.parent else "",
            "depth": self.parent.depth + 1 if self.parent else 0,
            "locked_at": self.parent.locked_at if self.parent else None,
            "author_id": self.by.id,
            **self.stored(ctx),
            "published_at": min(source.published or ctx.now, ctx.now),
            "updated_at": source.updated,
            **OWN_VOTE,
        }
        return to_row(Comment, insert_with_id(ctx.conn, comment, values, _with_id))

    def to_activity(self, ctx: Context, result: Comment) -> Activity:
        """Create{Note}."""
        return create(create_iri(result.iri), self.by.iri, note_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditComment(_CommentText):
    """New text for a comment, by its author."""

    comment: Comment

    def place(self, ctx: Context) -> Located:
        """The comment."""
        return locate(ctx, self.comment)

    def check(self, ctx: Context) -> None:
        """Only the author's own, in a community that is open."""
        may_edit(self.by, self.comment, ctx.now)
        community = locate(ctx, self.comment, self.by).community
        may_take_part(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        _check_shown(self.comment)
        self.check_text(ctx, community)

    def apply(self, ctx: Context) -> Comment:
        """Replace the text and keep the previous version."""
        before = locked(ctx, self.comment)
        _check_shown(before)
        ctx.conn.execute(
            update(comment)
            .where(comment.c.id == self.comment.id)
            .values(
                **self.stored(ctx),
                updated_at=(self.source.updated if self.source else None) or ctx.now,
            )
        )
        edited = get_comment(ctx.conn, self.comment.id)
        if self.source is not None:
            keep_restrictions(ctx, edited.iri, self.source.restrictions)
        self.notify_people(ctx, edited)
        keep_revision(ctx, before, edited)
        return edited

    def to_activity(self, ctx: Context, result: Comment) -> Activity:
        """Update{Note}."""
        return update_activity(ctx.new_iri("update"), self.by.iri, note_of(ctx, result))


def _refuse_reply_to_blocker(ctx: Context, by: Person, to: Person) -> None:
    """Raises Denied for a member who replies to a remote person who has blocked them: that person's
    server would silently drop the reply.
    """
    if by.local and not to.local and is_blocked(ctx, to.id, by.id):
        raise Denied(
            "person_block", "%(person)s has blocked you. You can't reply to them.", person=to.handle
        )


def _check_shown(content: Post | Comment) -> None:
    if not content.is_shown:
        raise Denied("deleted", "A deleted comment cannot be edited; undelete it first.")


def note_of(ctx: Context, content: Comment) -> dict[str, object]:
    """A comment as a Note, with its parent and its mentions."""
    at = locate(ctx, content)
    parent_iri, people = answered(ctx, content)
    is_open = at.post.locked_at is None and content.locked_at is None
    above = ReplyContext(parent_iri, thread_of(at.post), is_open=is_open)
    return to_note(content, at.author, at.community, above, people, first_replies(ctx, content))


def answered(ctx: Context, content: Comment) -> tuple[str, tuple[Actor, ...]]:
    """The id of a comment's parent, and the people concerned: its author and those mentioned."""
    above = locate_parent(ctx, content)
    people = [above.author, *mentioned(ctx, content)]
    others = {other.id: other for other in people if other.id != content.author_id}
    return above.content.iri, tuple(others.values())


def _with_id(number: ColumnElement[str], given: Columns) -> Columns:
    """The path of a comment ends with its id, too."""
    path = given["path"] + padded(number, DIGITS - 1)
    return {"iri": address_of(number, given), "path": path}

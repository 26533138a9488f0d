"""Replies and mentions: comments that a member was notified of."""

from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.comment import CommentView
from fedcom.api.v3.shapes.person import Person
from fedcom.views.inbox import InboxEntry


class CommentReply(Shape):
    """The notification of a reply."""

    id: int
    recipient_id: int
    comment_id: int
    read: bool
    published: datetime


class PersonMention(Shape):
    """The notification of a mention."""

    id: int
    recipient_id: int
    comment_id: int
    read: bool
    published: datetime


class CommentReplyView(CommentView):
    """A reply with its recipient."""

    comment_reply: CommentReply
    recipient: Person


class PersonMentionView(CommentView):
    """A comment with the one it mentions."""

    person_mention: PersonMention
    recipient: Person


def comment_reply_view(of: InboxEntry, view: CommentView, to: Person) -> CommentReplyView:
    """A reply with its notification."""
    notification = CommentReply(**_notification(of, to))
    return CommentReplyView(comment_reply=notification, recipient=to, **_fields(view))


def person_mention_view(of: InboxEntry, view: CommentView, to: Person) -> PersonMentionView:
    """A mention with its notification."""
    notification = PersonMention(**_notification(of, to))
    return PersonMentionView(person_mention=notification, recipient=to, **_fields(view))


def _notification(of: InboxEntry, to: Person) -> dict[str, Any]:
    return {
        "id": of.id,
        "recipient_id": to.id,
        "comment_id": of.comment.id,
        "read": of.read_at is not None,
        "published": of.created_at,
    }


def _fields(view: CommentView) -> dict[str, Any]:
    """All that a reply or mention shows of the comment."""
    return asdict(view)

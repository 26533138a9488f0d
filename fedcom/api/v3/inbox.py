"""Replies to the member who calls, mentions of them, and how much of it is unread."""

from collections.abc import Sequence

from fedcom.api.caller import Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.known import comment_views, one_person
from fedcom.api.v3.params import ORDERS, CommentSortType, Id, Limit, PageAt, page_of
from fedcom.api.v3.shapes.comment import CommentView
from fedcom.api.v3.shapes.inbox import (
    CommentReplyView,
    PersonMentionView,
    comment_reply_view,
    person_mention_view,
)
from fedcom.api.v3.shapes.person import Person
from fedcom.personal.notifications import mark_one, read_kinds
from fedcom.views.inbox import (
    InboxEntry,
    InboxQuery,
    Kind,
    count_unread,
    get_inbox_entry,
    list_inbox,
)
from fedcom.views.paging import MAX_ID

resource = Resource()

Shown = tuple[InboxEntry, CommentView, Person]


class GetReplies(Parameters):
    """All replies, or the unread ones."""

    sort: CommentSortType = "New"
    page: PageAt | None = None
    limit: Limit = 10
    unread_only: bool = False


class GetRepliesResponse(Shape):
    """A page of replies."""

    replies: list[CommentReplyView]


@resource.reads("/user/replies")
def list_replies(caller: Caller, wanted: GetReplies) -> GetRepliesResponse:
    """The replies to one's posts and comments, newest first unless asked otherwise."""
    found = _list(caller, "reply", wanted)
    return GetRepliesResponse(replies=[comment_reply_view(*one) for one in found])


class GetPersonMentions(GetReplies):
    """All mentions, or the unread ones."""


class GetPersonMentionsResponse(Shape):
    """A page of mentions."""

    mentions: list[PersonMentionView]


@resource.reads("/user/mention")
def list_mentions(caller: Caller, wanted: GetPersonMentions) -> GetPersonMentionsResponse:
    """The comments that mention one, newest first unless asked otherwise."""
    found = _list(caller, "mention", wanted)
    return GetPersonMentionsResponse(mentions=[person_mention_view(*one) for one in found])


class MarkCommentReplyAsRead(Parameters):
    """A reply to mark as read, or as unread."""

    comment_reply_id: Id
    read: bool


class CommentReplyResponse(Shape):
    """The reply after the change."""

    comment_reply_view: CommentReplyView


@resource.writes("POST", "/comment/mark_as_read")
def mark_reply(caller: Caller, wanted: MarkCommentReplyAsRead) -> CommentReplyResponse:
    """Mark a reply to oneself as read, or as unread."""
    found = _mark(caller, "reply", wanted.comment_reply_id, read=wanted.read)
    return CommentReplyResponse(comment_reply_view=comment_reply_view(*found))


class MarkPersonMentionAsRead(Parameters):
    """A mention to mark as read, or as unread."""

    person_mention_id: Id
    read: bool


class PersonMentionResponse(Shape):
    """The mention after the change."""

    person_mention_view: PersonMentionView


@resource.writes("POST", "/user/mention/mark_as_read")
def mark_mention(caller: Caller, wanted: MarkPersonMentionAsRead) -> PersonMentionResponse:
    """Mark a mention of oneself as read, or as unread."""
    found = _mark(caller, "mention", wanted.person_mention_id, read=wanted.read)
    return PersonMentionResponse(person_mention_view=person_mention_view(*found))


@resource.writes("POST", "/user/mark_all_as_read")
def mark_all(caller: Caller, _wanted: NoParameters) -> GetRepliesResponse:
    """Mark all replies, mentions and messages as read. Lemmy 0.19 answers with no replies."""
    mine = caller.person.id
    read_kinds(caller.conn, mine, ("reply", "mention", "message"), MAX_ID, caller.now)
    return GetRepliesResponse(replies=[])


class GetUnreadCountResponse(Shape):
    """How much is unread."""

    replies: int
    mentions: int
    private_messages: int


@resource.reads("/user/unread_count")
def get_unread_count(caller: Caller, _wanted: NoParameters) -> GetUnreadCountResponse:
    """How many replies, mentions and messages are unread."""
    found = count_unread(caller.conn, caller.person.id)
    return GetUnreadCountResponse(
        replies=found.replies, mentions=found.mentions, private_messages=found.messages
    )


def _list(caller: Caller, kind: Kind, wanted: GetReplies) -> list[Shown]:
    query = InboxQuery(
        kind, ORDERS[wanted.sort], wanted.unread_only, page_of(wanted.page), wanted.limit
    )
    return _shown(caller, list_inbox(caller.conn, caller.person.id, query, now=caller.now))


def _mark(caller: Caller, kind: Kind, number: int, *, read: bool) -> Shown:
    mine = caller.person.id
    mark_one(caller.conn, mine, number, read=read, now=caller.now)
    entry = get_inbox_entry(caller.conn, mine, kind, number, now=caller.now)
    return _shown(caller, [entry])[0]


def _shown(caller: Caller, entries: Sequence[InboxEntry]) -> list[Shown]:
    views = comment_views(caller, [one.comment for one in entries])
    me = one_person(caller, caller.viewer_id).person
    return [(one, view, me) for one, view in zip(entries, views, strict=True)]

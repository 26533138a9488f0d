"""A notification in plain words: for mail, push messages and feeds, which have no page to show it
on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fedcom.models.moderation import MODERATION_LABELS, OTHER_NOTICES
from fedcom.models.notification import KINDS
from fedcom.views.notification import NotificationView

Say = Callable[[str], str]
"""The text in the reader's language."""


@dataclass(frozen=True, slots=True)
class NotificationWords:
    """What happened in one sentence, the first words of it or a moderator's reason ("" for neither)
    and the path of the page about it.
    """

    sentence: str
    words: str
    path: str


def to_words(item: NotificationView, say: Say, *, quotes_messages: bool) -> NotificationWords:
    """The notification in words. Private messages are quoted only if their reader wants that."""
    is_quoted = item.message_id is None or quotes_messages
    words = [item.excerpt] if item.excerpt and is_quoted else []
    if item.reason:
        words.append(f"{say('Reason:')} {item.reason}")
    return NotificationWords(_sentence_of(item, say), "\n".join(words), _path_of(item))


def moderation_notice(item: NotificationView, say: Say) -> str:
    """The text about an action of a moderator or another server on the member or their content."""
    labels = MODERATION_LABELS.get(item.detail)
    if labels is None:
        notice = OTHER_NOTICES.get(item.detail, "")
    else:
        notice = (item.comment_id and labels.comment_notice) or labels.notice
    return say(notice or KINDS["moderation"].sentence)


def _sentence_of(item: NotificationView, say: Say) -> str:
    if item.kind == "moderation":
        return moderation_notice(item, say)
    if item.kind == "report" and item.detail:
        is_mine = item.detail == "handed_over"
        return say("A report was handed over to you" if is_mine else "Your report was reviewed")
    who = item.by.name if item.by else say("Someone")
    what = item.post_title or say("a post")
    return say(KINDS[item.kind].sentence) % {"who": who, "what": what}


def _path_of(item: NotificationView) -> str:
    if item.kind == "application":
        return "/admin/registration"
    if item.kind == "report" and item.detail in ("", "handed_over"):
        return "/reports?show=mine" if item.detail else "/reports"
    if item.kind == "message" and item.by:
        name = item.by.name if item.by.local else item.by.handle
        return f"/messages/{quote(name, safe='@:')}#message-{item.message_id}"
    if item.comment_id:
        return f"/comment/{item.comment_id}"
    return f"/post/{item.post_id}" if item.post_id else "/notifications"

"""Create and Update of a Note, a Page and similar types, and of a ChatMessage.

Only the audience makes a text private, so it is checked first: a text that is not public never
becomes a comment. The rest is a post or, if it is a reply, a comment; if it is in no known
community, a mention of the members whom it names.
"""

from typing import Any

from activitypub.iri import PUBLIC
from fedcom.actions.base import Action, Readers
from fedcom.actions.message import EditMessage, SendMessage
from fedcom.actions.move import find_move
from fedcom.context import Context
from fedcom.errors import Denied, NotFound
from fedcom.inbound.comment import edit_comment_from
from fedcom.inbound.content_at import content_from
from fedcom.inbound.message import check_sender, is_from_author, read_message_to, recipients
from fedcom.inbound.outside_mention import or_mention
from fedcom.inbound.post import edit_post_from
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.located import find_located
from fedcom.wire.post import TYPES
from inbox.ports import ReceivedActivity


def _read_chat(ctx: Context, received: ReceivedActivity) -> SendMessage | EditMessage | None:
    """A private message to the members it is addressed to, or an edit of one."""
    document = received.object
    check_sender(received)
    if PUBLIC in document.addressed:
        raise Denied("not_private", "A private message must not be addressed to the public.")
    people = recipients(ctx, received, document)
    if not people:
        raise NotFound(
            "couldnt_find_person", "The message is not addressed to anyone on this server."
        )
    return read_message_to(ctx, received, people)


def _read_content(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    """A private message to members if it is not public; otherwise a comment or a post; or, if it
    belongs to no community here, a mention of the members it names."""
    moved = find_move(ctx, received)
    if moved is not None:
        return moved
    people = recipients(ctx, received, received.object) if is_from_author(received) else ()
    return (
        read_message_to(ctx, received, people)
        if people
        else or_mention(read_content, ctx, received)
    )


def read_content(ctx: Context, received: ReceivedActivity) -> Action[Post] | Action[Comment] | None:
    """The public content of a Note, a Page or a similar type: a post or a comment, or an edit of
    one. A reply is a comment, whatever its type: Mastodon makes a Question of a reply with a poll.

    Raises Denied for what is not public.
    """
    document = received.object
    at = find_located(ctx, document.id or "", received.actor)
    if at is None:
        return content_from(ctx, document, received.via)
    if isinstance(at.content, Comment):
        return edit_comment_from(ctx, at.content, received, document)
    return edit_post_from(ctx, at.content, received, document)


READERS: Readers = {
    ("Create", "ChatMessage"): _read_chat,
    ("Update", "ChatMessage"): _read_chat,
    **{(verb, kind): _read_content for verb in ("Create", "Update") for kind in TYPES},
}

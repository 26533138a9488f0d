"""Comments on the wire: our Note, and peers' Notes that are replies."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from activitypub.document import Document
from activitypub.vocab.objects import TextContent, interaction_policy, note
from fedcom.models.actor import Actor, Community
from fedcom.models.comment import Comment
from fedcom.wire.body import Body
from fedcom.wire.emoji import with_emoji
from fedcom.wire.illustration import (
    subject_of,
    warning_of,
    with_attached,
    with_details,
    with_subject,
)
from fedcom.wire.policies import UNRESTRICTED, Restrictions, restrictions_in
from fedcom.wire.tags import (
    language_in,
    language_of,
    named_in,
    to_addressing,
    tombstone_of,
    with_their_links,
)


@dataclass(frozen=True, slots=True)
class CommentContent:
    """The comment in a peer's document, sanitized and within our limits."""

    iri: str
    body: Body
    language: str | None
    published: datetime | None
    updated: datetime | None
    content_warning: str = ""
    # The ids mentioned in its tags.
    mentions: tuple[str, ...] = ()
    restrictions: Restrictions = UNRESTRICTED
    # Lemmy's mark of what moderators say officially.
    distinguished: bool = False


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """The parent of a comment, the collection of the whole thread if there is one, and whether that
    collection accepts comments.
    """

    iri: str
    thread: str | None
    is_open: bool


def read_comment(document: Document) -> CommentContent:
    """The comment in a peer's document; `document` must have an id."""
    return CommentContent(
        iri=document.id or "",
        body=with_attached(
            with_details(with_emoji(Body.of_document(document), document), document), document
        ),
        language=language_in(document),
        published=document.published,
        updated=document.updated,
        content_warning=warning_of(document) or subject_of(document),
        mentions=named_in(document),
        restrictions=restrictions_in(document),
        distinguished=document.get("distinguished") is True,
    )


def read_message(document: Document) -> CommentContent:
    """The private message in a peer's document; a content warning becomes the first line of its
    text.
    """
    content = read_comment(document)
    body = with_subject(content.body, content.content_warning)
    return replace(content, body=body, content_warning="")


def to_note(
    comment: Comment,
    author: Actor,
    community: Community,
    above: ReplyContext,
    mentioned: tuple[Actor, ...],
    replies: dict[str, Any],
) -> dict[str, Any]:
    """A local comment as a Note, with the collection of `replies` to it.

    `mentioned` are the people mentioned in the text and the author of the parent: Mastodon notifies
    (and delivers replies to) nobody else. The Mention of the community makes their replies come
    back.
    """
    if not comment.is_shown:
        return tombstone_of(comment, "Note")
    return note(
        to_addressing(comment, author, community, mentioned, thread=above.thread, replies=replies),
        TextContent(
            html=with_their_links(comment.body_html, comment.iri, mentioned),
            markdown=comment.body_source or None,
            language=language_of(comment.language),
        ),
        in_reply_to=above.iri,
        sensitive=bool(comment.content_warning),
        distinguished=comment.distinguished,
        summary=comment.content_warning or None,
        policy=interaction_policy(author.iri, is_open=above.is_open),
    )

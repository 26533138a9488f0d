"""Private messages on the wire: ChatMessage, and a Note addressed to people only."""

from collections.abc import Callable
from html import escape
from typing import Any

from activitypub.document import Document
from activitypub.iri import PUBLIC, without_fragment
from activitypub.vocab.objects import TextContent, mention, message
from fedcom.models.actor import Person
from fedcom.models.message import Message
from fedcom.wire.body import Body
from fedcom.wire.emoji import to_tags, with_names

CHAT = "ChatMessage"

MOST_RECIPIENTS = 10
"""The maximum of members who receive one remote message; Mastodon addresses a direct status to
everyone it mentions.
"""


def recipients_of(
    document: Document, activity: Document, is_ours: Callable[[str], bool]
) -> tuple[str, ...]:
    """The local ids that a message is addressed to; none if it is public.

    A message that others may read too, even all followers of its author, is still private here. An
    object without addressees has those of its activity.
    """
    addressed = document.addressed or activity.addressed
    if PUBLIC in addressed:
        return ()
    return tuple(iri for iri in addressed if is_ours(iri))[:MOST_RECIPIENTS]


def with_name(body: Body, document: Document) -> Body:
    """The text of a message below its `name`, which a private Article or Question may have."""
    if not document.name or document.type in ("Note", CHAT):
        return body
    source = f"{document.name}\n\n{body.source}" if body.source else ""
    return Body(source, f"<p>{escape(document.name)}</p>{body.html}")


def copies_of(iri: str) -> list[str]:
    """The ids of the rows of one message, the first recipient's first.

    Each recipient has a row, and a thread of their own with the author; ids are unique, so from the
    second on they end in a number that no peer ever sees.
    """
    return [iri, *(f"{iri}#{number}" for number in range(2, MOST_RECIPIENTS + 1))]


def to_message(
    sent: Message, author: Person, recipient: Person, *, chat: bool, above: Message | None = None
) -> dict[str, Any]:
    """A member's message as a ChatMessage, or as a Note for servers that do not know ChatMessage.

    Mastodon accepts a Note as a direct message only if it mentions its addressees, and as part of a
    conversation only if it is a reply within it: to `above`, the previous message.
    """
    mentions = () if chat else (mention(recipient.iri, f"@{recipient.handle}"),)
    return message(
        sent.iri,
        author.iri,
        [recipient.iri],
        TextContent(html=with_names(sent.body_html), markdown=sent.body_source),
        published=sent.published_at,
        updated=sent.updated_at,
        kind=CHAT if chat else "Note",
        tags=[*mentions, *to_tags(sent.body_html)],
        in_reply_to=None if chat or above is None else without_fragment(above.iri),
    )

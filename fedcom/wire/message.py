"""Private messages on the wire: ChatMessage, and a Note that is addressed to people alone."""

from collections.abc import Callable
from typing import Any

from activitypub.iri import PUBLIC
from activitypub.reading import Document
from activitypub.vocab.objects import Text, mention, message
from fedcom.models.actor import Person
from fedcom.models.message import Message

CHAT = "ChatMessage"

MOST_RECIPIENTS = 10
"""Members who get one message of a peer's; Mastodon addresses a direct status to all it names."""


def recipients_of(
    document: Document, activity: Document, is_ours: Callable[[str], bool]
) -> tuple[str, ...]:
    """Which of our ids a message is addressed to; none when others than people might read it.

    Everybody addressed must be ours or named in the text: a collection of followers is not. An
    object without addresses has those of the activity that brought it.
    """
    addressed = document.addressed or activity.addressed
    named = {tag.href for tag in document.mentions}
    if PUBLIC in addressed or any(not is_ours(iri) and iri not in named for iri in addressed):
        return ()
    return tuple(iri for iri in addressed if is_ours(iri))[:MOST_RECIPIENTS]


def copies_of(iri: str) -> list[str]:
    """The ids of the rows that one message can have, the first recipient's first.

    Each member who gets it has a row and its own thread with the author; ids are unique, so from
    the second on they have a number behind them that no peer ever sees.
    """
    return [iri, *(f"{iri}#{number}" for number in range(2, MOST_RECIPIENTS + 1))]


def to_message(about: Message, author: Person, recipient: Person, *, chat: bool) -> dict[str, Any]:
    """A member's message as a ChatMessage, or as a Note for those who know no such thing.

    Mastodon takes a Note for a direct message only if it mentions whom it is addressed to.
    """
    return message(
        about.iri,
        author.iri,
        [recipient.iri],
        Text(html=about.body_html, markdown=about.body_source),
        published=about.published_at,
        updated=about.updated_at,
        kind=CHAT if chat else "Note",
        tags=() if chat else [mention(recipient.iri, f"@{recipient.handle}")],
    )

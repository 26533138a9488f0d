"""The shared parts of posts and comments on the wire: community, mentions, hashtags, languages."""

import html as entities
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from activitypub.document import Document
from activitypub.iri import origin_of
from activitypub.vocab.objects import Addressing, Language, hashtag, mention, tombstone
from fedcom.models.actor import Actor, Community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.text.hashtags import find_hashtags
from fedcom.text.mentions import MAX_MENTIONS
from fedcom.wire.addressing import page_of
from fedcom.wire.emoji import to_tags, with_names

# A language tag (BCP 47) in the forms that occur in practice.
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")


def to_addressing(
    content: Post | Comment,
    author: Actor,
    community: Community,
    mentioned: Sequence[Actor],
    *,
    thread: str | None,
    replies: str | dict[str, Any],
) -> Addressing:
    """The community, author and mentions of our post or comment."""
    return Addressing(
        id=content.iri,
        author=author.iri,
        community=community.iri,
        published=content.published_at,
        updated=content.updated_at,
        mentioned=[actor.iri for actor in mentioned],
        tags=_tags_of(content.iri, content.body_html, community, mentioned),
        thread=thread,
        replies=replies,
    )


def tombstone_of(content: Post | Comment, former_type: str) -> dict[str, Any]:
    """The Tombstone of our post or comment while it is not shown."""
    return tombstone(
        content.iri, former_type=former_type, deleted=content.deleted_at or content.removed_at
    )


def _tags_of(
    iri: str, html: str, community: Community, people: Sequence[Actor]
) -> list[dict[str, Any]]:
    """The tags of our object `iri` with the text `html`: mentions, hashtags, then emoji.

    The community's Mention is the first, since microblogs answer only whom a Note mentions.
    """
    mentions = [mention(actor.iri, f"@{actor.handle}") for actor in (community, *people)]
    hashtags = [hashtag(hashtag_page(iri, name), name) for name in find_hashtags(html)]
    return [*mentions, *hashtags, *to_tags(html)]


def hashtag_page(iri: str, name: str) -> str:
    """The page of a hashtag in our object `iri`: the search for it here."""
    return f"{origin_of(iri)}/search?q={quote('#' + name)}"


def named_in(document: Document) -> tuple[str, ...]:
    """The ids mentioned in the tags of a peer's text, at most as many as ours may mention."""
    named = dict.fromkeys(mention.href for mention in document.mentions)
    return tuple(named)[:MAX_MENTIONS]


def with_their_links(html: str, iri: str, people: Sequence[Actor]) -> str:
    """`html` of our object `iri`, with mentions that link to the people, not to our pages, and with
    the names of emoji.

    Mastodon and others recognize a mention in a text by a link to the person's own page.
    """
    html = with_names(html)
    for actor in people:
        if not actor.local:
            here = f'href="{page_of(origin_of(iri), actor)}"'
            html = html.replace(here, f'href="{entities.escape(actor.url or actor.iri)}"')
    return html


def language_in(document: Document) -> str | None:
    """The language of a peer's text; None if it names none."""
    named = document.language
    return named if named is not None and _TAG.fullmatch(named) else None


def language_of(code: str | None) -> Language | None:
    """The language of a text; Lemmy requires a name beside the code and does not read it."""
    return None if code is None else Language(code, code)

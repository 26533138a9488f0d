"""Posts for microblogs: a Note whose text contains everything.

Mastodon 4 shows the title of a Page and a link, and drops the text, the warning and the language;
GoToSocial and Takahe read `name` as a content warning and complain about an attached Link. Of a
Note all of them show `content`, `summary` as the warning, the tags and the pictures; none shows
`name`. Both forms, and the way each peer shows them, are in docs/decisions/0034.
"""

import html as entities
from typing import Any

from activitypub.vocab.objects import TextContent, interaction_policy, note
from fedcom.models.actor import Actor, Community
from fedcom.models.post import Post
from fedcom.text.hashtags import with_hashtag_links
from fedcom.text.pictures import pictures_in
from fedcom.wire.emoji import with_names
from fedcom.wire.illustration import Illustration
from fedcom.wire.post import thread_of
from fedcom.wire.tags import (
    hashtag_page,
    language_of,
    to_addressing,
    tombstone_of,
    with_their_links,
)

MOST_PICTURES = 4
"""Images per status that Mastodon shows."""


def to_status(
    post: Post,
    author: Actor,
    community: Community,
    mentioned: tuple[Actor, ...],
    replies: dict[str, Any],
) -> dict[str, Any]:
    """A local post as a Note, with the collection of `replies` to it.

    Title, link and text are its `content`, which is never empty. It has the id, the addressees and
    the tags of the Page (`wire.post.to_page`), and no `source`, which would be the Markdown of only
    a part of the content.
    """
    if not post.is_shown:
        return tombstone_of(post, "Note")
    return note(
        to_addressing(post, author, community, mentioned, thread=thread_of(post), replies=replies),
        TextContent(html=_content(post, mentioned), language=language_of(post.language)),
        sensitive=post.nsfw or bool(post.content_warning),
        summary=post.content_warning or None,
        attachments=_pictures(post),
        policy=interaction_policy(author.iri, is_open=post.locked_at is None),
    )


def _content(post: Post, mentioned: tuple[Actor, ...]) -> str:
    """The link comes before the text, because Mastodon previews the first one."""
    title = f"<p><strong>{entities.escape(post.title, quote=False)}</strong></p>"
    link = ""
    if post.url and post.url != post.image_url:
        address = entities.escape(post.url)
        link = f'<p><a href="{address}">{address}</a></p>'
    text = with_their_links(post.body_html, post.iri, mentioned)
    return title + link + with_hashtag_links(text, lambda name: hashtag_page(post.iri, name))


def _pictures(post: Post) -> list[dict[str, Any]]:
    """The picture of the post and those in its text, which microblogs show only beside it."""
    shown = {post.image_url: post.image_alt} if post.image_url else {}
    for url, alt in pictures_in(with_names(post.body_html)):
        shown.setdefault(url, alt)
    found = list(shown.items())[:MOST_PICTURES]
    return [Illustration(url, alt).to_attachment() for url, alt in found]

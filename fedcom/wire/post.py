"""Posts on the wire: our Page, and the types that peers use for posts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activitypub.document import Document
from activitypub.iri import same_host, usable_iri
from activitypub.vocab.objects import TextContent, link, page
from fedcom.models.actor import Actor, Community
from fedcom.models.post import Post
from fedcom.rules.limits import MAX_TITLE
from fedcom.text.plain import clean_title
from fedcom.text.titles import title_of, title_of_names
from fedcom.wire.addressing import context_iri, replies_iri
from fedcom.wire.body import Body
from fedcom.wire.emoji import with_emoji
from fedcom.wire.illustration import (
    Illustration,
    choices_of,
    illustration_of,
    is_sensitive,
    link_target,
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

# The types that peers send as posts: Lemmy 0.19 accepts the same, Mastodon boosts the same.
TYPES = frozenset(
    {"Page", "Article", "Note", "Question", "Video", "Audio", "Event", "Image", "Document"}
)


@dataclass(frozen=True, slots=True)
class PostContent:
    """The post in a peer's document, sanitized and within our limits."""

    iri: str
    wire_type: str
    title: str
    url: str | None
    body: Body
    nsfw: bool
    language: str | None
    published: datetime | None
    updated: datetime | None
    # The collection of the thread, according to its origin (FEP-7888).
    context_iri: str | None
    image: Illustration | None = None
    content_warning: str = ""
    # The ids mentioned in its tags.
    mentions: tuple[str, ...] = ()
    restrictions: Restrictions = UNRESTRICTED


def read_post(document: Document, community: Community | None = None) -> PostContent:
    """The post in `community` in a peer's document; `document` must have an id.

    A Note has no title: it gets one from its subject, text, poll options or picture (`_title`);
    with a content warning from the warning, because the warning is about the text.
    """
    text = Body.of_document(document)
    body = with_emoji(text, document)
    warning, subject = warning_of(document), subject_of(document)
    url, picture = _link(document), illustration_of(document)
    title = clean_title(document.name or "", MAX_TITLE)
    return PostContent(
        iri=document.id or "",
        wire_type=document.type,
        title=title or warning or subject or _title(document, (body.html, text.html), community),
        url=url,
        body=with_attached(
            with_details(with_subject(body, subject if title else ""), document),
            document,
            (url, picture.url if picture else None),
        ),
        nsfw=is_sensitive(document),
        language=language_in(document),
        published=document.published,
        updated=document.updated,
        context_iri=usable_iri(document.thread),
        image=picture,
        content_warning=warning,
        mentions=named_in(document),
        restrictions=restrictions_in(document),
    )


def thread_of(post: Post) -> str | None:
    """The id of the collection of a post's whole thread: derived from our ids, or given by the
    peer.
    """
    return context_iri(post.iri) if post.local else post.context_iri


def to_page(
    post: Post, author: Actor, community: Community, mentioned: tuple[Actor, ...] = ()
) -> dict[str, Any]:
    """A local post as a Page, in the shape that Lemmy and Mastodon read.

    The Mention of the community makes replies from microblogs come back to it.
    """
    if not post.is_shown:
        return tombstone_of(post, post.wire_type)
    return page(
        to_addressing(
            post,
            author,
            community,
            mentioned,
            thread=thread_of(post),
            replies=replies_iri(post.iri),
        ),
        post.title,
        TextContent(
            # Lemmy keeps its old value if a field is missing, so empty ones are sent.
            html=with_their_links(post.body_html, post.iri, mentioned),
            markdown=post.body_source,
            language=language_of(post.language),
        ),
        attachments=_attachments(post),
        thumbnail_url=post.image_url,
        sensitive=post.nsfw or bool(post.content_warning),
        summary=post.content_warning or None,
        comments_enabled=post.locked_at is None,
    )


def _attachments(post: Post) -> list[dict[str, Any]]:
    """The link first, because Lemmy reads only that; for a post of just a picture, the picture is
    the link.
    """
    found = [link(post.url)] if post.url and post.url != post.image_url else []
    if post.image_url:
        found.append(Illustration(post.image_url, post.image_alt).to_attachment())
    return found


def _title(document: Document, texts: tuple[str, ...], community: Community | None) -> str:
    """The beginning of the text; else the options of a poll, else the description of its picture.

    `texts` are searched in order: first with emoji as pictures, which are no text, then with their
    names.
    """
    names = () if community is None else (community.name.lower(), community.handle.lower())
    picture = illustration_of(document)
    candidates = (title_of(html, MAX_TITLE, names) for html in (*texts, document.summary or ""))
    return (
        next(filter(None, candidates), "")
        or title_of_names(choices_of(document), MAX_TITLE)
        or clean_title(picture.alt if picture else "", MAX_TITLE)
        or "Untitled"
    )


def _link(document: Document) -> str | None:
    """The link of the post: its Link attachment (Lemmy), else its first attachment's address.

    The `url` of an object is its own page, not its target; but lotide's Page links to its `url` if
    that is on another host, Mbin writes the link as `source` too, and films and sounds are on the
    page of their server (Lemmy 0.19 links PeerTube's videos this way).
    """
    for attachment in document.attachments:
        href = attachment.get("href") or attachment.url
        address = link_target(href) if isinstance(href, str) else None
        if address is not None:
            return address
    if document.type in ("Video", "Audio"):
        return usable_iri(document.url) or usable_iri(document.id)
    return _link_of_page(document) if document.type == "Page" else None


def _link_of_page(document: Document) -> str | None:
    source = document.get("source")
    named = usable_iri(source) if isinstance(source, str) else None
    page = usable_iri(document.url)
    if named is None and page is not None and not same_host(page, document.id):
        return page
    return named

"""Builders for content: Page (a post), Note (a comment), messages, Tombstone, and their parts.

The shape is Lemmy 0.19's, which PieFed, Mbin and NodeBB read too, with what microblogs need
besides: `attributedTo` is a plain string (Misskey), `to` and `cc` are arrays and always there
(Lemmy wants `cc`), `audience` is the community, Public has its full IRI.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

from activitypub.iri import PUBLIC
from activitypub.vocab.base import Json, distinct, markdown, present, some, timestamp


@dataclass(frozen=True, slots=True)
class Language:
    """A language as Lemmy writes it: the tag and its own name, ("de", "Deutsch")."""

    identifier: str
    name: str

    def to_json(self) -> Json:
        """The value of `language`; Lemmy needs both fields."""
        return {"identifier": self.identifier, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContent:
    """A body: the HTML to show, the Markdown it was made from, and its language."""

    html: str | None = None
    markdown: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """The author of a post or comment, its community, and when it was written.

    `mentioned` are actors that also receive it, `tags` come from `mention` and `hashtag`, `thread`
    is the id of a collection (FEP-7888), `replies` the id of one or the collection itself, and
    `url` the HTML page if that is not the id.
    """

    id: str
    author: str
    community: str
    published: datetime
    updated: datetime | None = None
    mentioned: Sequence[str] = ()
    tags: Sequence[Json] = ()
    url: str | None = None
    thread: str | None = None
    replies: str | Json | None = None


def page(  # noqa: PLR0913 - one argument for each field that a peer reads
    addressing: Addressing,
    name: str,
    text: TextContent,
    *,
    attachments: Sequence[Json] = (),
    thumbnail_url: str | None = None,
    sensitive: bool = False,
    comments_enabled: bool = True,
    stickied: bool = False,
    summary: str | None = None,
) -> Json:
    """A post. `summary` is plain text for Mastodon, which drops the content of a Page."""
    return _written("Page", addressing, text) | present(
        to=[addressing.community, PUBLIC],
        cc=distinct(*addressing.mentioned),
        name=name,
        summary=summary,
        attachment=some(attachments),
        image=image(thumbnail_url),
        contentMap=_content_map(text),
        sensitive=sensitive,
        commentsEnabled=comments_enabled,
        stickied=stickied,
    )


def note(  # noqa: PLR0913 - one argument for each field that a peer reads
    addressing: Addressing,
    text: TextContent,
    *,
    in_reply_to: str | None = None,
    attachments: Sequence[Json] = (),
    sensitive: bool = False,
    distinguished: bool = False,
    summary: str | None = None,
    policy: Json | None = None,
) -> Json:
    """A comment on `in_reply_to`, or without it a post in the form of microblogs.

    `summary` is the content warning of microblogs, plain text. `addressing.tags` should have a
    `mention` of the community beside the people: Mastodon's users reply to everybody the parent
    mentions, and without it their replies never reach the community.
    """
    return _written("Note", addressing, text) | present(
        to=[PUBLIC, addressing.community],
        cc=distinct(*addressing.mentioned),
        inReplyTo=in_reply_to,
        summary=summary,
        contentMap=_content_map(text),
        attachment=some(attachments),
        interactionPolicy=policy,
        sensitive=sensitive,
        distinguished=distinguished,
    )


def interaction_policy(author: str, *, is_open: bool) -> Json:
    """Who may do what with a Note of `author`: anyone may like and boost it, and reply while its
    thread `is_open` (GoToSocial 0.21).

    Nobody may quote it: Mastodon 4.5 shows a quote only after our approval, which we never send.
    """
    everybody, nobody_else = ({"automaticApproval": [iri]} for iri in (PUBLIC, author))
    return {
        "canLike": everybody,
        "canReply": everybody if is_open else nobody_else,
        "canAnnounce": everybody,
        "canQuote": nobody_else,
    }


def message(  # noqa: PLR0913 - one argument for each field that a peer reads
    iri: str,
    author: str,
    recipients: Sequence[str],
    text: TextContent,
    *,
    published: datetime,
    updated: datetime | None = None,
    kind: str = "ChatMessage",
    tags: Sequence[Json] = (),
    in_reply_to: str | None = None,
) -> Json:
    """A private message, to `recipients` only.

    `kind` is ChatMessage (Lemmy 0.19, Pleroma, Mbin, PieFed) or Note (Mastodon and Lemmy 1.0;
    Mastodon needs the recipients among the `tags` too).
    """
    return present(
        id=iri,
        type=kind,
        attributedTo=author,
        to=distinct(*recipients),
        inReplyTo=in_reply_to,
        **_body(text),
        tag=some(tags),
        published=timestamp(published),
        updated=timestamp(updated),
    )


def tombstone(iri: str, *, former_type: str | None = None, deleted: datetime | None = None) -> Json:
    """The Tombstone of a deleted object (AP §6.4)."""
    return present(id=iri, type="Tombstone", formerType=former_type, deleted=timestamp(deleted))


def mention(href: str, handle: str) -> Json:
    """A tag that mentions an actor; `handle` is `@name@host`, for a Group too."""
    return {"type": "Mention", "href": href, "name": handle}


def hashtag(href: str, name: str) -> Json:
    """A tag that files a text under `name`, with or without its `#`."""
    return {"type": "Hashtag", "href": href, "name": f"#{name.removeprefix('#')}"}


def emoji(name: str, url: str) -> Json:
    """A tag that gives the picture for `name`, which is in colons, as Mastodon reads it."""
    return {"type": "Emoji", "id": url, "name": name, "icon": {"type": "Image", "url": url}}


def link(href: str) -> Json:
    """The attachment of a link post, as Lemmy reads it."""
    return {"type": "Link", "href": href}


@overload
def image(url: str, *, alt: str | None = None, media_type: str | None = None) -> Json: ...
@overload
def image(url: None, *, alt: str | None = None, media_type: str | None = None) -> None: ...
@overload
def image(
    url: str | None, *, alt: str | None = None, media_type: str | None = None
) -> Json | None: ...
def image(url: str | None, *, alt: str | None = None, media_type: str | None = None) -> Json | None:
    """An Image with its alternative text in `name`; None for no url."""
    if url is None:
        return None
    return present(type="Image", url=url, name=alt, mediaType=media_type)


def _written(kind: str, addressing: Addressing, text: TextContent) -> Json:
    return present(
        id=addressing.id,
        type=kind,
        attributedTo=addressing.author,
        audience=addressing.community,
        **_body(text),
        url=addressing.url or addressing.id,
        tag=some(addressing.tags),
        context=addressing.thread,
        replies=addressing.replies,
        published=timestamp(addressing.published),
        updated=timestamp(addressing.updated),
    )


def _content_map(text: TextContent) -> Json | None:
    """The text by language, which is where Mastodon and GoToSocial look for the language."""
    return {text.language.identifier: text.html} if text.language and text.html else None


def _body(text: TextContent) -> Json:
    return present(
        content=text.html,
        mediaType="text/html" if text.html is not None else None,
        source=markdown(text.markdown),
        language=text.language.to_json() if text.language else None,
    )

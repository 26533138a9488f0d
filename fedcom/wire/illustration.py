"""Attachments on the wire: the picture with its description, and the content warning."""

import html as entities
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from activitypub.document import Document, to_datetime
from activitypub.iri import usable_iri
from activitypub.vocab.objects import image
from fedcom.errors import Invalid
from fedcom.rules.limits import MAX_ALT, MAX_WARNING, check_url
from fedcom.text.html import sanitize
from fedcom.text.plain import clean_title
from fedcom.wire.body import Body

# Our own pictures; we describe only these to others.
_MEDIA_TYPES = {"webp": "image/webp"}
_ADDRESS = ("name", "streetAddress", "postalCode", "addressLocality", "addressCountry")
_ENDINGS = ("jpg", "jpeg", "png", "webp", "gif", "avif")

MOST_ATTACHED = 20
"""Attachments shown with a text; Mastodon has 4, Pixelfed 20."""

_ATTACHED_TYPES = frozenset({"Image", "Document", "Video", "Audio"})
_WRITTEN = frozenset({"Note", "Article", "Page"})

MOST_CHOICES = 50
"""Options of a poll that are shown."""


@dataclass(frozen=True, slots=True)
class Illustration:
    """The picture of a post, and its description for blind readers."""

    url: str
    alt: str = ""

    def to_attachment(self) -> dict[str, Any]:
        """The picture as Lemmy 0.19.6 and Mastodon read it: an Image with its description in
        `name`.
        """
        ending = self.url.rpartition(".")[2]
        return image(self.url, alt=self.alt or None, media_type=_MEDIA_TYPES.get(ending))


def is_picture_url(url: str) -> bool:
    """Whether a link leads to a picture, by the ending of its path."""
    path = url.partition("?")[0].partition("#")[0]
    return path.rpartition(".")[2].lower() in _ENDINGS


def illustration_of(document: Document) -> Illustration | None:
    """The first image among the attachments, with its description; else the preview image.

    Lemmy and PieFed send a thumbnail as `image`, PeerTube as `icon`.
    """
    for attachment in document.attachments:
        url = usable_iri(attachment.url or attachment.href)
        if url is not None and _is_picture(attachment, url):
            return Illustration(url, _alt(attachment.name))
    url = usable_iri(document.image_url)
    if url is None and document.type in ("Video", "Audio"):
        url = usable_iri(document.icon_url)
    if url is None:
        return None
    shown = document.get("image")
    return Illustration(url, _alt(Document(shown).name) if isinstance(shown, dict) else "")


def with_attached(body: Body, document: Document, shown: Collection[str | None] = ()) -> Body:
    """`body` with the attachments of a microblog: images in the text, and links to the rest.

    Left out are those already in the text (WordPress lists the pictures in its text again) and the
    addresses in `shown`. A sensitive picture, or one in a sensitive text, is only linked if there
    is no content warning to fold it behind.
    """
    is_folded = bool(warning_of(document))
    pieces = []
    for one in document.attachments[:MOST_ATTACHED]:
        url = _attached_at(one)
        if url is None or url in shown or entities.escape(url) in body.html:
            continue
        address, text = entities.escape(url), entities.escape(_alt(one.name))
        is_open = is_folded or not (document.sensitive or one.sensitive)
        if is_open and _is_picture(one, url) and url.startswith("https://"):
            pieces.append(f'<p><img src="{address}" alt="{text}"></p>')
        else:
            pieces.append(f'<p><a href="{address}">{text or address}</a></p>')
    return replace(body, html=body.html + sanitize("".join(pieces))) if pieces else body


def with_details(body: Body, document: Document) -> Body:
    """`body` with further properties of the object: an event's time and place, a poll's options."""
    if document.type == "Event":
        return _with_lines(body, "p", [_when(document), _where(document.get("location"))])
    return _with_lines(body, "li", choices_of(document))


def choices_of(document: Document) -> list[str]:
    """The names of the options of a poll (a Question)."""
    if document.type != "Question":
        return []
    choices = document.get("oneOf") or document.get("anyOf")
    listed = choices[:MOST_CHOICES] if isinstance(choices, list) else []
    return [_alt(Document(one).name) for one in listed if isinstance(one, dict)]


def _with_lines(body: Body, tag: str, lines: list[str]) -> Body:
    text = "".join(f"<{tag}>{entities.escape(line)}</{tag}>" for line in lines if line)
    if not text:
        return body
    return replace(body, html=body.html + sanitize(f"<ul>{text}</ul>" if tag == "li" else text))


def _when(document: Document) -> str:
    """`2026-05-01 19:00 - 2026-05-01 22:00 UTC`; "" without a beginning."""
    starts, ends = (to_datetime(document.get(name)) for name in ("startTime", "endTime"))
    if starts is None:
        return ""
    moments = [starts] if ends is None else [starts, ends]
    return " - ".join(f"{one.astimezone(UTC):%Y-%m-%d %H:%M}" for one in moments) + " UTC"


def _where(location: object) -> str:
    """The names of a place and of its address (Mobilizon), or the text in their stead."""
    places = location if isinstance(location, list) else [location]
    named: list[object] = []
    for place in places[:MOST_ATTACHED]:
        if isinstance(place, dict):
            address = place.get("address")
            parts = address if isinstance(address, dict) else {"name": address}
            named += [place.get("name"), *(parts.get(part) for part in _ADDRESS)]
        else:
            named.append(place)
    names = (clean_title(one, MAX_ALT) for one in named if isinstance(one, str))
    return ", ".join(dict.fromkeys(name for name in names if name))


def warning_of(document: Document) -> str:
    """The content warning of a microblog: the `summary` of an object marked as sensitive; else "".

    Mbin repeats the title there; the summary of an Article is an excerpt.
    """
    if not document.sensitive or document.type not in ("Note", "Page", "Question"):
        return ""
    warning = clean_title(document.summary or "", MAX_WARNING)
    return "" if is_title_again(warning, clean_title(document.name or "")) else warning


def subject_of(document: Document) -> str:
    """The `summary` of an object not marked as sensitive: a subject line (Pleroma), or a warning of
    GoToSocial, which keeps the two apart; "" if it only repeats the title.
    """
    if document.sensitive or document.type not in ("Note", "Page", "Question"):
        return ""
    subject = clean_title(document.summary or "", MAX_WARNING)
    return "" if is_title_again(subject, clean_title(document.name or "")) else subject


def with_subject(body: Body, subject: str) -> Body:
    """`body` after a line of its own for `subject`, if there is one."""
    if not subject:
        return body
    line = f"<p><strong>{entities.escape(subject, quote=False)}</strong></p>"
    return replace(body, html=line + body.html)


def is_sensitive(document: Document) -> bool:
    """Whether it or one of its attachments is marked as sensitive."""
    return document.sensitive or any(one.sensitive for one in document.attachments[:MOST_ATTACHED])


def is_title_again(warning: str, title: str) -> bool:
    """Whether it is no warning: Mbin's summary is the title, followed by the hashtags."""
    return bool(title) and (warning == title or warning.startswith(f"{title} #"))


def _is_picture(attachment: Document, url: str) -> bool:
    kind = attachment.media_type
    if kind is not None:
        return kind.startswith("image/")
    if attachment.type == "Image":
        return True
    return attachment.type == "Document" and url.rpartition(".")[2].lower() in _ENDINGS


def _alt(text: str | None) -> str:
    return clean_title(text or "", MAX_ALT)


def _attached_at(attachment: Document) -> str | None:
    """The address of an attachment, also with `http:`: it can be linked."""
    if attachment.type in _WRITTEN:
        return usable_iri(attachment.url) or usable_iri(attachment.id)
    if attachment.type not in _ATTACHED_TYPES or not attachment.url:
        return None
    return link_target(attachment.url)


def link_target(value: str) -> str | None:
    """The permitted targets of a link: any id, and every address that a member here may link to.

    Ids have a plain host, links may be `https://bücher.example`.
    """
    try:
        return usable_iri(value) or check_url(value)
    except Invalid:
        return None

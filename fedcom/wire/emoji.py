"""Custom emoji: `:blobcat:` in a text stands for the image in its tags.

As Mastodon, Misskey, Pleroma and GoToSocial send them: a tag of the type Emoji with the name in
colons and an `icon`. Ours are stored as pictures in the HTML of a text, whose title is the name;
peers get the name and the tag.
"""

import html as entities
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import check_iri
from activitypub.vocab.objects import emoji
from fedcom.text.html import sanitize
from fedcom.text.prose import pieces
from fedcom.wire.body import Body

MOST_EMOJI = 50
"""The maximum of different emoji shown in one text."""

MOST_SHOWN = 200
"""The maximum of emoji shown in one text; each image is many times as long as its name."""

_NAME = re.compile(r":[A-Za-z0-9_+-]{1,100}:")
# As `_to_picture` writes it.
_PICTURE = re.compile(
    r'<img src="(?P<url>[^"]*+)" alt="(?P<name>:[A-Za-z0-9_+-]{1,100}:)" title="(?P=name)"[^>]*+>'
)


def with_emoji(body: Body, document: Document) -> Body:
    """`body` with images in place of the emoji in the tags of `document`."""
    return _shown(body, _pictures(document))


def names_in(html: str) -> set[str]:
    """The names in colons in the prose of `html`, whether or not there are such emoji."""
    if html.count(":") < 2:
        return set()
    return {name for text, is_prose in pieces(html) if is_prose for name in _NAME.findall(text)}


def with_pictures(body: Body, addresses: Mapping[str, str]) -> Body:
    """`body` with images in place of the names in colons that have an address."""
    few = list(addresses.items())[:MOST_EMOJI]
    return _shown(body, {name: _to_picture(name, address) for name, address in few})


def with_names(html: str) -> str:
    """`html` with the names in place of the pictures of emoji."""
    return _PICTURE.sub(lambda picture: picture["name"], html) if "<img" in html else html


def to_tags(html: str) -> list[dict[str, Any]]:
    """A tag for each emoji whose picture is in `html`."""
    found = (
        {} if "<img" not in html else {one["name"]: one["url"] for one in _PICTURE.finditer(html)}
    )
    return [emoji(name, entities.unescape(url)) for name, url in found.items()]


def _shown(body: Body, known: Mapping[str, str]) -> Body:
    if not known:
        return body
    remaining = MOST_SHOWN

    def show(name: re.Match[str]) -> str:
        nonlocal remaining
        if remaining == 0 or name[0] not in known:
            return name[0]
        remaining -= 1
        return known[name[0]]

    shown = (_NAME.sub(show, text) if is_prose else text for text, is_prose in pieces(body.html))
    return replace(body, html="".join(shown))


def _pictures(document: Document) -> dict[str, str]:
    """Names in colons to safe HTML."""
    found: dict[str, str] = {}
    for tag in document.tags:
        name = f":{(tag.name or '').strip(':')}:"
        address = _address(tag.icon_url) if tag.type == "Emoji" else None
        if address is not None and _NAME.fullmatch(name) and len(found) < MOST_EMOJI:
            found[name] = _to_picture(name, address)
    return found


def _to_picture(name: str, address: str) -> str:
    return sanitize(f'<img src="{entities.escape(address)}" alt="{name}" title="{name}">')


def _address(value: str | None) -> str | None:
    try:
        return check_iri(value or "", development=False)
    except Malformed:
        return None

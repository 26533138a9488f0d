"""Custom emoji: `:blobcat:` in a peer's text stands for the image in its tags.

As Mastodon, Misskey, Pleroma and GoToSocial send them: a tag of the type Emoji with the name in
colons and an `icon`.
"""

import html as entities
import re
from dataclasses import replace

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import check_iri
from fedcom.text.html import sanitize
from fedcom.text.prose import pieces
from fedcom.wire.body import Body

MOST_EMOJI = 50
"""The maximum of different emoji shown in one text."""

MOST_SHOWN = 200
"""The maximum of emoji shown in one text; each image is many times as long as its name."""

_NAME = re.compile(r":[A-Za-z0-9_+-]{1,100}:")


def with_emoji(body: Body, document: Document) -> Body:
    """`body` with images in place of the emoji in the tags of `document`."""
    known = _pictures(document)
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
            src = entities.escape(address)
            found[name] = sanitize(f'<img src="{src}" alt="{name}" title="{name}">')
    return found


def _address(value: str | None) -> str | None:
    try:
        return check_iri(value or "", development=False)
    except Malformed:
        return None

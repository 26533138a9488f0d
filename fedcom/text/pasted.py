"""Pasted texts: the handle or the address without its surroundings."""

import re
import unicodedata
from urllib.parse import urlsplit, urlunsplit

from fedcom.text.plain import clean_line

LONGEST = 2_048
"""Characters; longer texts are returned unchanged."""

_MARKDOWN = re.compile(r"\[[^\]]*\]\((\S+?)\)")
_OPENING = "<\"'([{\u00ab\u201c\u201e\u2018"
_CLOSING = ">\"'.,;:!?\u2026\u00bb\u201d\u2019"
_PAIRS = {")": "(", "]": "[", "}": "{"}
# How Lemmy, PieFed, Mbin (/m/) and Mastodon (/@) write remote actors in their addresses.
_ELSEWHERE = re.compile(r"/?(?:([cmu])/@?|@)([\w.-]{1,100})@([\w.:-]{1,255})/?")
_BARE = re.compile(r"(?:[\w-]+\.)+(?:[a-z]{2,63}|xn--[\w-]+)(?::\d{1,5})?/\S*", re.IGNORECASE)


def pasted_address(text: str) -> str:
    """The handle or the address in a pasted text, without its surroundings.

    Accepts `<…>`, quotes, a link in Markdown, punctuation after it, an address without its scheme,
    `c/name@host`, and one server's page of a remote actor. Any other text is returned as search
    terms.
    """
    if len(text) > LONGEST:
        return text
    text = clean_line(text)
    link = _MARKDOWN.fullmatch(text)
    text = _unwrapped(link[1] if link else text)
    if "://" not in text:
        # Full-width characters, as keyboards for Chinese and Japanese type them.
        text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"^web\+ap://", "https://", text)
    if _BARE.fullmatch(text):
        text = f"https://{text}"
    if text.lower().startswith(("https://", "http://")):
        return _address(text)
    return _handle(text) or text


def _unwrapped(text: str) -> str:
    text = text.lstrip(_OPENING)
    while text and (text[-1] in _CLOSING or _is_unpaired(text)):
        text = text[:-1]
    return text


def _is_unpaired(text: str) -> bool:
    opening = _PAIRS.get(text[-1])
    return opening is not None and text.count(text[-1]) > text.count(opening)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    path = parts.path.rstrip("/")
    # The part after # is a position on the page.
    return _handle(path) or urlunsplit(
        (parts.scheme.lower(), parts.netloc.lower(), path or parts.path, parts.query, "")
    )


def _handle(path: str) -> str | None:
    found = _ELSEWHERE.fullmatch(path)
    if found is None:
        return None
    kind, name, host = found.groups()
    return f"{'!' if kind in {'c', 'm'} else '@'}{name}@{host.lower()}"

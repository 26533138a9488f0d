"""RSS 2.0 and Atom (RFC 4287): entries → the bytes of a document; pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
CREATOR = "http://purl.org/dc/elements/1.1/"

# The characters that XML 1.0 cannot represent (section 2.2).
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ET.register_namespace("atom", ATOM)
ET.register_namespace("dc", CREATOR)


@dataclass(frozen=True, slots=True)
class Entry:
    """One post or comment: `id` is its ActivityPub id, `address` its page here."""

    id: str
    address: str
    title: str
    html: str
    author: str
    author_address: str
    published: datetime
    changed: datetime
    is_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: `address` is its own, `page` the page with the same list."""

    address: str
    page: str
    title: str
    description: str
    entries: tuple[Entry, ...]
    began: datetime

    @property
    def changed(self) -> datetime:
        """The time of the newest change; for an empty feed, when it began."""
        return max((entry.changed for entry in self.entries), default=self.began)


def to_rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.page)
    _add(channel, "description", feed.description or feed.title)
    _add(channel, "lastBuildDate", format_datetime(feed.changed, usegmt=True))
    ET.SubElement(
        channel, f"{{{ATOM}}}link", href=feed.address, rel="self", type="application/rss+xml"
    )
    for entry in feed.entries:
        item = ET.SubElement(channel, "item")
        _add(item, "title", entry.title)
        _add(item, "link", entry.address)
        _add(item, "guid", entry.id, isPermaLink="false")
        _add(item, f"{{{CREATOR}}}creator", entry.author)
        _add(item, "pubDate", format_datetime(entry.published, usegmt=True))
        if entry.is_sensitive:
            _add(item, "category", "NSFW")
        _add(item, "description", entry.html)
    return _bytes(root)


def to_atom(feed: Feed) -> bytes:
    """The feed as Atom."""
    root = ET.Element(f"{{{ATOM}}}feed")
    _add_atom(root, "id", feed.address)
    _add_atom(root, "title", feed.title)
    _add_atom(root, "updated", feed.changed.isoformat())
    _add_atom(root, "link", "", href=feed.address, rel="self", type="application/atom+xml")
    _add_atom(root, "link", "", href=feed.page, rel="alternate", type="text/html")
    for entry in feed.entries:
        one = ET.SubElement(root, f"{{{ATOM}}}entry")
        _add_atom(one, "id", entry.id)
        _add_atom(one, "title", entry.title)
        _add_atom(one, "link", "", href=entry.address, rel="alternate", type="text/html")
        _add_atom(one, "published", entry.published.isoformat())
        _add_atom(one, "updated", entry.changed.isoformat())
        author = ET.SubElement(one, f"{{{ATOM}}}author")
        _add_atom(author, "name", entry.author)
        _add_atom(author, "uri", entry.author_address)
        if entry.is_sensitive:
            _add_atom(one, "category", "", term="NSFW")
        _add_atom(one, "content", entry.html, type="html")
    return _bytes(root)


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    clean = {key: _UNWRITABLE.sub("", value) for key, value in attributes.items()}
    ET.SubElement(parent, name, clean).text = _UNWRITABLE.sub("", text) or None


def _add_atom(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    _add(parent, f"{{{ATOM}}}{name}", text, **attributes)


def _bytes(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))

"""The metadata of a web page: title, description and picture, for link previews.

Open Graph first (ogp.me), then the elements of every page. The page is untrusted, so it is not
parsed but searched, in one pass over its head: a parser of whole pages can be made to run for ever.
"""

import html
import re
from dataclasses import dataclass
from urllib.parse import urljoin

import webencodings

from activitypub.errors import Malformed
from activitypub.iri import check_iri
from fedcom.text.plain import clean_title

MAX_DESCRIPTION = 300

_META = re.compile(r"<meta\s([^<>]{1,4000})>", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]{0,500}>([^<]{1,2000})", re.IGNORECASE)
_SVG = re.compile(r"<svg[\s>]|</svg>", re.IGNORECASE)
_END = re.compile(r"<body[\s>]|</head>", re.IGNORECASE)
# A name is tried from its first letter only: from each, a long one costs the square of its length.
_ATTRIBUTE = re.compile(
    r"""(?<![a-zA-Z:-])([a-zA-Z:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([a-zA-Z0-9_:.-]{2,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageHead:
    """Plain texts ("" for none) and the absolute addresses of the picture, and of a video or a
    player of one.
    """

    title: str
    description: str
    image_url: str | None
    video_url: str | None = None


@dataclass(frozen=True, slots=True)
class LinkMetadata:
    """What a link leads to: its media type as its server names it, "" if it does not; and of a page
    what its head says.
    """

    content_type: str
    title: str = ""
    description: str = ""
    image_url: str | None = None
    video_url: str | None = None


def read_head(body: bytes, content_type: str, url: str) -> PageHead:
    """The metadata of the page at `url`; never raises."""
    text = _END.split(_decoded(body, content_type), maxsplit=1)[0]
    metadata = _meta(text)
    # The title of an SVG drawing is not the page's.
    title = _TITLE.search("".join(_SVG.split(text)[::2])) or _TITLE.search(text)
    image = (
        metadata.get("og:image:secure_url")
        or metadata.get("og:image")
        or metadata.get("twitter:image")
    )
    video = (
        metadata.get("og:video:secure_url")
        or metadata.get("og:video:url")
        or metadata.get("og:video")
    )
    return PageHead(
        clean_title(metadata.get("og:title") or (html.unescape(title[1]) if title else "")),
        clean_title(
            metadata.get("og:description") or metadata.get("description", ""), MAX_DESCRIPTION
        ),
        _absolute(url, image),
        _absolute(url, video),
    )


def _decoded(body: bytes, content_type: str) -> str:
    """Decoded by its byte order mark, else by its header, else by the charset declared in it, else
    as UTF-8; with every label of the WHATWG (encoding.spec.whatwg.org), and no other codec name.
    """
    written = _encoding_in(body[:2048].decode("latin-1"))
    if written is not None and written.name.startswith("utf-16"):
        # Otherwise the label could not have been read.
        written = webencodings.UTF8
    encoding = _encoding_in(content_type) or written or webencodings.UTF8
    text: str = webencodings.decode(body, encoding, errors="replace")[0]
    return text


def _encoding_in(text: str) -> webencodings.Encoding | None:
    named = _CHARSET.search(text)
    return webencodings.lookup(named[1]) if named else None


def _meta(text: str) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for tag in _META.findall(text):
        found = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(tag)}
        name = (found.get("property") or found.get("name") or "").lower()
        if name and found.get("content"):
            metadata.setdefault(name, html.unescape(found["content"]))
    return metadata


def _absolute(url: str, target: str | None) -> str | None:
    if not target:
        return None
    try:
        found = check_iri(urljoin(url, target.strip()), development=True)
    except (Malformed, ValueError):
        return None
    return None if found == url else found

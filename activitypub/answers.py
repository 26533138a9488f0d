"""Reads HTTP responses: media type, encoding, Retry-After, and the error a status stands for.

Pure functions; nothing here sends a request.
"""

import html
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import httpx

from activitypub.errors import FetchFailed, FetchRefused, Gone, NotThere, TooBig, Unreachable
from activitypub.types import AS2

ACTIVITY_JSON = "application/activity+json"
LD_JSON = f'application/ld+json; profile="{AS2}"'

_TEXT_KEPT = 500
_HEAD_OF_PAGE = 256 * 1024
_WAIT = frozenset({408, 425, 429})
# 47: zlib detects gzip and zlib by itself. -15: "deflate" as some servers misread RFC 9110.
_WINDOW_BITS = {"gzip": (47,), "x-gzip": (47,), "deflate": (47, -15)}
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))\s*')
# No "<" inside, so that a megabyte of "<link" takes a single pass, not one for each of them.
_LINK_TAG = re.compile(r"<link\s([^<>]{1,2000})>", re.IGNORECASE)
# Matched from the first letter of a name only: from each letter, long names take quadratic time.
_ATTRIBUTE = re.compile(r"""(?<![a-zA-Z-])([a-zA-Z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_LINK_HEADER = re.compile(r"<([^<>]{1,2000})>([^<]{0,2000})")
_BODY_TAG = re.compile(r"<body[\s>]|</head>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Received:
    """A response with its complete body, decoded and within the limit."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def content_type(self) -> str:
        """The Content-Type as sent, "" when missing."""
        return str(self.headers.get("content-type", ""))


def is_activity_type(content_type: str) -> bool:
    """Whether a document with this Content-Type may be read as ActivityPub (AP §3.2).

    `application/activity+json`, or `application/ld+json` with the ActivityStreams profile among its
    profiles or without any profile. Plain `application/json` is not enough: an uploaded file may be
    served as that, and would then speak for its host (Mastodon CVE-2024-25623). The caller checks
    that the @context names ActivityStreams.
    """
    main, parameters = _media_type(content_type)
    if main == ACTIVITY_JSON:
        return True
    return main == "application/ld+json" and AS2 in parameters.get("profile", AS2).split()


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its Content-Encoding, at most `limit` bytes.

    We ask for `identity`, but some servers compress anyway. Raises `TooBig`, and
    `FetchRefused` for an unknown, doubled or broken encoding.
    """
    name = encoding.strip().lower()
    if name in ("", "identity") or not body:
        return body
    for bits in _WINDOW_BITS.get(name, ()):
        unpacker = zlib.decompressobj(bits)
        try:
            plain = unpacker.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(plain) > limit:
            raise TooBig(
                "answer_too_big",
                f"The decompressed response is larger than our limit of {limit} bytes.",
            )
        if unpacker.eof:
            return plain
    raise FetchRefused("content_encoding", "Unsupported Content-Encoding.", received=name)


def to_failure(url: str, received: Received, now: datetime) -> FetchFailed:
    """The error for a response to a GET that is neither 200 nor a redirect."""
    status = received.status
    if status == 410:
        return Gone("gone", "The origin reports it as deleted (410).", url=url, status=status)
    if status == 404:
        return NotThere("not_there", "The origin does not have it (404).", url=url, status=status)
    text = opening(received.body)
    if is_temporary(status):
        return Unreachable(
            "busy",
            f"The peer responded with HTTP {status}.",
            url=url,
            status=status,
            retry_after=retry_after(received.headers.get("retry-after"), now),
            answer=text,
        )
    return FetchRefused(
        "status", f"The peer responded with HTTP {status}.", url=url, status=status, answer=text
    )


def is_temporary(status: int) -> bool:
    """Whether a status only says that the peer cannot answer now."""
    return status >= 500 or status in _WAIT


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 §10.2.3: seconds or a date); None when broken."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if when.tzinfo is None:  # "-0000", or no zone at all: an HTTP date is always in GMT
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def opening(body: bytes) -> str:
    """The first 500 characters of a response on one line, without control characters."""
    text = body[: 4 * _TEXT_KEPT].decode("utf-8", errors="replace")
    return _CONTROL.sub(" ", text).strip()[:_TEXT_KEPT]


def find_alternate(received: Received, url: str) -> str | None:
    """The absolute URL of the ActivityPub document that a page names as its alternate.

    From the Link header (RFC 8288), else `<link rel="alternate">` in the head of an HTML page.
    """
    for target, parameters in _LINK_HEADER.findall(received.headers.get("link", "")):
        if _is_alternate(_parameters(parameters)):
            return _join(url, target)
    if _media_type(received.content_type)[0] not in ("text/html", "application/xhtml+xml"):
        return None
    page = received.body[:_HEAD_OF_PAGE].decode("utf-8", errors="replace")
    for tag in _LINK_TAG.findall(_BODY_TAG.split(page, maxsplit=1)[0]):
        attributes = _attributes(tag)
        if _is_alternate(attributes) and "href" in attributes:
            return _join(url, attributes["href"])
    return None


def _media_type(content_type: str) -> tuple[str, dict[str, str]]:
    main, semicolon, rest = content_type.partition(";")
    return main.strip().lower(), _parameters(semicolon + rest)


def _parameters(text: str) -> dict[str, str]:
    found = _PARAMETER.findall(text)
    return {name.lower(): quoted or bare for name, quoted, bare in reversed(found)}


def _attributes(tag: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag)
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in reversed(found)}


def _is_alternate(link: dict[str, str]) -> bool:
    return "alternate" in link.get("rel", "").lower().split() and is_activity_type(
        link.get("type", "")
    )


def _join(base: str, target: str) -> str | None:
    try:
        return urljoin(base, target.strip())
    except ValueError:
        return None

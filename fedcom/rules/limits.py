"""Limits of texts and links. All lengths are in characters."""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

from fedcom.errors import Invalid
from fedcom.text.html import to_text
from fedcom.text.markdown import UNTITLED
from fedcom.text.plain import clean_line, has_glyph

MIN_TITLE = 3
MAX_TITLE = 200
"""Of a post; Lemmy 0.19 refuses other titles, so ours would not arrive there."""

MAX_BODY = 50_000
"""Of a post, and of a community's description."""

MAX_COMMENT = 10_000
MAX_MESSAGE = 10_000
MAX_DEPTH = 50
"""Levels of comments below a post; Lemmy 0.19 accepts no more."""

MAX_URL = 2_000
"""Of a link as peers store it, with everything but ASCII percent-encoded. Lemmy refuses posts with
longer ones (`post.url`, from 0.19.6 on; 512 before that).
"""

MAX_DISPLAY_NAME = 64
MAX_SUMMARY = 5_000
"""Of a person's biography, as Markdown."""

MAX_REASON = 500
"""Of the reason for a moderation action."""

MAX_REPORT = 1_000
"""Of the reason of a report; Lemmy has the same limit."""

MAX_APPEAL = 3_000
MAX_NOTE = 2_000
"""Of one message of an appeal."""

MAX_ALT = 1_000
"""Of the description of a picture."""

MAX_WARNING = 200
"""Of a content warning."""

MAX_APPLICATION = 5_000
"""Of the text of an application."""

MAX_RULE_NAME = 80
"""Of the short name of a rule, which stands in reasons beside words of the moderator."""

MAX_ITEMS = 1_000
"""Of the posts that one request marks or hides; apps send those of a page. (Lemmy 0.19: 10 000.)"""

MAX_MATRIX_ID = 255

_MATRIX_ID = re.compile(r"@[A-Za-z0-9._=/+-]{1,200}:[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?")
_UNSAFE = re.compile(r'[\s\\<>"^`{|}]')
# After the host these are accepted, as in browsers; RFC 3986 has them percent-encoded.
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in '\\<>"^`{|}'}
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
# Controls, surrogates, and characters that reorder or hide text; ZWJ and ZWNJ are in `_JOINERS`.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = frozenset("\u200c\u200d")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Normalising sorts runs of combining marks in quadratic time; longer texts are too long anyway.
_LONGEST_LINE = 1_000
# The same including the spaces around it.
_LONGEST_TYPED = 20_000


def check_items(items: Collection[int]) -> None:
    """Raises Invalid("too_many_items") for more than one request may name."""
    if len(items) > MAX_ITEMS:
        raise Invalid(
            "too_many_items",
            "One request may name at most %(maximum)s posts.",
            maximum=MAX_ITEMS,
        )


def check_title(title: str) -> str:
    """A post's title as it is stored: one line, no spaces around it.

    Raises Invalid: `title_characters`, `title_too_short` or `title_too_long`.
    """
    title = _one_line(title, "title")
    if len(title) < MIN_TITLE:
        raise Invalid(
            "title_too_short",
            "The title must have at least %(minimum)s characters.",
            minimum=MIN_TITLE,
        )
    if len(title) > MAX_TITLE:
        raise Invalid(
            "title_too_long",
            "The title may have at most %(maximum)s characters.",
            maximum=MAX_TITLE,
        )
    return title


def check_display_name(name: str) -> str:
    """The display name of a person or a community as it is stored; "" for none.

    Raises Invalid: `display_name_characters` or `display_name_too_long`.
    """
    return _at_most(MAX_DISPLAY_NAME, _one_line(name, "display_name"), "display_name_too_long")


def check_rule_name(name: str) -> str:
    """The short name of a rule as it is stored: one line.

    Raises Invalid: `name_characters`, `name_missing` or `name_too_long`.
    """
    line = _at_most(MAX_RULE_NAME, _one_line(name, "name"), "name_too_long")
    if not line:
        raise Invalid("name_missing", "Please enter a name.")
    return line


def check_matrix_id(text: str) -> str:
    """An address for Matrix as it is stored, `@name:server`; "" for none.

    Raises Invalid("invalid_matrix_id"). The grammar is that of Lemmy 0.19, which follows Matrix's
    (§ "User identifiers") and is stricter about the server.
    """
    text = text.strip()
    if text and not (len(text) <= MAX_MATRIX_ID and _MATRIX_ID.fullmatch(text)):
        raise Invalid("invalid_matrix_id", "A Matrix id looks like this: @name:example.org.")
    return text


def check_alt(text: str) -> str:
    """The description of a picture as it is stored: one line, "" for none.

    Raises Invalid: `alt_characters` or `alt_too_long`.
    """
    return _at_most(MAX_ALT, _one_line(text, "alt"), "alt_too_long")


def check_content_warning(text: str) -> str:
    """A content warning as it is stored: one line, "" for none.

    Raises Invalid: `content_warning_characters` or `content_warning_too_long`.
    """
    return _at_most(MAX_WARNING, _one_line(text, "content_warning"), "content_warning_too_long")


def check_body(body: str, limit: int = MAX_BODY) -> str:
    """A text of several lines as it is stored: line ends as `\\n`, no spaces around it; may be "".

    Raises Invalid: `body_characters` (NUL or half a character) or `body_too_long`.
    """
    body = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(body) > limit:
        raise Invalid(
            "body_too_long", "The text may have at most %(maximum)s characters.", maximum=limit
        )
    if _UNSTORABLE.search(body):
        raise Invalid("body_characters", "The text contains invalid characters.")
    return body


def check_comment(body: str) -> str:
    """A comment as it is stored. Raises Invalid: `comment_empty` or those of `check_body`."""
    body = check_body(body, MAX_COMMENT)
    if not body:
        raise Invalid("comment_empty", "Please write something first.")
    return body


def check_message(body: str) -> str:
    """A private message as it is stored. Raises Invalid: `message_empty` or as `check_body`."""
    body = check_body(body, MAX_MESSAGE)
    if not body:
        raise Invalid("message_empty", "Please write something first.")
    return body


def check_seen(html: str, code: str) -> None:
    """Raises Invalid with this code unless a reader of `html` sees a glyph or a picture.

    The title that we give to a spoiler without one does not count.
    """
    if "<img" not in html and not has_glyph(to_text(html.replace(UNTITLED, ""))):
        raise Invalid(code, "This text would not be visible. Please write something.")


def check_report(reason: str) -> str:
    """The reason of a report, as it is stored.

    Raises Invalid: `reason_empty`, `reason_too_long` or those of `check_body`.
    """
    reason = check_body(reason)
    if not reason:
        raise Invalid("reason_empty", "Please say what is wrong.")
    if len(reason) > MAX_REPORT:
        raise Invalid(
            "reason_too_long",
            "The reason may have at most %(maximum)s characters.",
            maximum=MAX_REPORT,
        )
    return reason


def check_url(url: str) -> str:
    """The link of a post as it is stored: escapes and order unchanged, and the characters that
    browsers leave in their address bar though no URL holds them (`| { } ^ " < > \\` and the
    backquote) encoded.

    Raises Invalid: `url_too_long`, `url_characters`, `url_scheme` (only http and https),
    `url_userinfo` (a name before the host makes a link look like another's) or `url_host`.
    """
    url = _encoded(url.strip())
    if _length_as_ascii(url) > MAX_URL:
        raise Invalid(
            "url_too_long", "The link may have at most %(maximum)s characters.", maximum=MAX_URL
        )
    if _UNSAFE.search(url) or any(_is_hidden(char) for char in url):
        raise Invalid("url_characters", "The link contains invalid characters.")
    if not url.lower().startswith(("http://", "https://")):
        raise Invalid("url_scheme", "The link must begin with https:// or http://.")
    _check_authority(url)
    return url


def _encoded(url: str) -> str:
    origin = _ORIGIN.match(url)
    end = origin.end() if origin else len(url)
    return url[:end] + url[end:].translate(_ENCODED)


def _length_as_ascii(url: str) -> int:
    """Its length in percent-encoded form, as Lemmy's parser leaves it."""
    if len(url) > MAX_URL:  # much too long, however it is encoded
        return len(url)
    return sum(1 if char.isascii() else 3 * len(char.encode(errors="replace")) for char in url)


def _check_authority(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise Invalid("url_host", "The host name in the link is not valid.") from error
    if "@" in parts.netloc:
        raise Invalid("url_userinfo", "The link must not contain a user name.")
    if not host or not any(char.isalnum() for char in host):
        raise Invalid("url_host", "The link has no host name.")


def _one_line(text: str, what: str) -> str:
    """The text on one line and in NFC, the form in which other servers store it.

    Raises Invalid for invisible characters.
    """
    if len(text) > _LONGEST_TYPED:
        return text
    text = " ".join(text.split())
    if len(text) > _LONGEST_LINE:
        return text
    line = clean_line(text)
    if text and not has_glyph(line):
        raise Invalid(f"{what}_characters", "It contains only invisible characters.")
    return line


def _at_most(limit: int, line: str, code: str) -> str:
    """Raises Invalid with this code for longer lines."""
    if len(line) > limit:
        raise Invalid(code, "This may have at most %(maximum)s characters.", maximum=limit)
    return line


def _is_hidden(char: str) -> bool:
    return char not in _JOINERS and unicodedata.category(char) in _HIDDEN_CATEGORIES


def check_hue(hue: int | None) -> None:
    """Raises Invalid("hue_unknown") unless it is a number of degrees; None is the default hue."""
    if hue is not None and not 0 <= hue < 360:
        raise Invalid("hue_unknown", "The hue must be a number of degrees from 0 to 359.")

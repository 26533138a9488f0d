"""Taglines and custom emoji, as the admins write them."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, update

from database.inserts import insert_ignoring
from fedcom.context import Context
from fedcom.errors import Conflict, Invalid, NotFound
from fedcom.models.decoration import CustomEmoji, Tagline, custom_emoji, tagline
from fedcom.queries.decoration import find_emoji, list_emoji, list_taglines
from fedcom.rules.limits import check_alt, check_body, check_display_name, check_url
from fedcom.wire.body import Body

MAX_TAGLINE = 500
MAX_TAGLINES = 100
MAX_EMOJI = 1_000
MAX_KEYWORDS = 500
"""Of all keywords of one emoji, in characters."""

_SHORTCODE = re.compile(r"[a-z0-9_]{2,40}")


def set_taglines(ctx: Context, texts: Sequence[Body]) -> list[Tagline]:
    """Replace all taglines. Raises Invalid: `too_many_items`, `body_…`."""
    if len(texts) > MAX_TAGLINES:
        raise Invalid(
            "too_many_items", "The list may have at most %(maximum)s entries.", maximum=MAX_TAGLINES
        )
    for text in texts:
        check_body(text.source, MAX_TAGLINE)
    ctx.conn.execute(delete(tagline))
    rows = [
        {"source": text.source, "html": text.html, "created_at": ctx.now}
        for text in texts
        if text.source
    ]
    if rows:
        ctx.conn.execute(insert(tagline), rows)
    return list_taglines(ctx.conn)


def create_emoji(
    ctx: Context,
    shortcode: str,
    image_url: str,
    *,
    alt: str = "",
    category: str = "",
    keywords: Iterable[str] = (),
) -> CustomEmoji:
    """A new custom emoji; `shortcode` with or without its colons.

    Raises Invalid (`shortcode_invalid`, `alt_…`, `category_…`, `keywords_too_long`, `url_…`,
    `too_many_items`) and Conflict(`shortcode_taken`).
    """
    if len(list_emoji(ctx.conn)) >= MAX_EMOJI:
        raise Invalid(
            "too_many_items", "The list may have at most %(maximum)s entries.", maximum=MAX_EMOJI
        )
    name = check_shortcode(shortcode)
    values = _values(image_url, alt, category, keywords)
    values |= {"shortcode": name, "created_at": ctx.now}
    if not insert_ignoring(ctx.conn, custom_emoji, values):
        raise Conflict("shortcode_taken", "There is already an emoji with this name.")
    return next(one for one in list_emoji(ctx.conn) if one.shortcode == name)


def edit_emoji(
    ctx: Context,
    emoji_id: int,
    image_url: str,
    *,
    alt: str = "",
    category: str = "",
    keywords: Iterable[str] = (),
) -> CustomEmoji:
    """Change all but its shortcode, which stands in texts. Raises as `create_emoji`; NotFound."""
    values = _values(image_url, alt, category, keywords) | {"updated_at": ctx.now}
    change = update(custom_emoji).where(custom_emoji.c.id == emoji_id)
    ctx.conn.execute(change.values(**values))
    return get_emoji(ctx.conn, emoji_id)


def delete_emoji(ctx: Context, emoji_id: int) -> None:
    """Delete it; texts that were written with it keep the address of its picture, and show its name
    once the picture is gone. Raises NotFound.
    """
    get_emoji(ctx.conn, emoji_id)
    ctx.conn.execute(delete(custom_emoji).where(custom_emoji.c.id == emoji_id))


def get_emoji(conn: Connection, emoji_id: int) -> CustomEmoji:
    """The emoji with this row id. Raises NotFound."""
    found = find_emoji(conn, emoji_id)
    if found is None:
        raise NotFound("couldnt_find_custom_emoji", "There is no such emoji.")
    return found


def check_shortcode(shortcode: str) -> str:
    """The name of an emoji as it is stored, without colons. Raises Invalid("shortcode_invalid")."""
    name = shortcode.strip().strip(":").lower()
    if not _SHORTCODE.fullmatch(name):
        raise Invalid("shortcode_invalid", "Use 2 to 40 letters a to z, digits and underscores.")
    return name


def check_keywords(keywords: Iterable[str]) -> str:
    """The keywords of an emoji as they are stored. Raises Invalid("keywords_too_long")."""
    words = " ".join(" ".join(dict.fromkeys(check_body(word) for word in keywords)).split())
    if len(words) > MAX_KEYWORDS:
        raise Invalid(
            "keywords_too_long",
            "This may have at most %(maximum)s characters.",
            maximum=MAX_KEYWORDS,
        )
    return words


def _values(image_url: str, alt: str, category: str, keywords: Iterable[str]) -> dict[str, object]:
    words = check_keywords(keywords)
    return {
        "image_url": check_url(image_url),
        "alt": check_alt(alt),
        "category": check_display_name(category),
        "keywords": words,
    }

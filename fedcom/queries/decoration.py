"""Taglines and custom emoji, for pages and texts."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.decoration import CustomEmoji, Tagline, custom_emoji, tagline


def list_taglines(conn: Connection) -> list[Tagline]:
    """All of them, in the order in which the admins wrote them."""
    return [to_row(Tagline, row) for row in conn.execute(_TAGLINES).mappings()]


def find_random_tagline(conn: Connection) -> Tagline | None:
    """Any of them; None if there are none."""
    return first_row(Tagline, conn.execute(_ANY_TAGLINE))


def list_emoji(conn: Connection) -> list[CustomEmoji]:
    """All custom emoji, by category and shortcode."""
    ordered = _EMOJI.order_by(custom_emoji.c.category, custom_emoji.c.shortcode)
    return [to_row(CustomEmoji, row) for row in conn.execute(ordered).mappings()]


def find_emoji(conn: Connection, emoji_id: int) -> CustomEmoji | None:
    """The emoji with this row id."""
    return first_row(CustomEmoji, conn.execute(_EMOJI.where(custom_emoji.c.id == emoji_id)))


def find_emoji_named(conn: Connection, shortcodes: Collection[str]) -> dict[str, str]:
    """The addresses of the pictures of those among these that exist, by shortcode."""
    wanted = select(custom_emoji.c.shortcode, custom_emoji.c.image_url).where(
        custom_emoji.c.shortcode.in_(shortcodes)
    )
    return {row.shortcode: row.image_url for row in conn.execute(wanted)}


_TAGLINES = select(*columns_of(Tagline, tagline)).order_by(tagline.c.id)
_ANY_TAGLINE = select(*columns_of(Tagline, tagline)).order_by(func.random()).limit(1)
_EMOJI = select(*columns_of(CustomEmoji, custom_emoji))

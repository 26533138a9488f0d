"""The site's custom emoji in members' texts: `:cat:` becomes the picture when a text is written."""

from fedcom.context import Context
from fedcom.queries.decoration import find_emoji_named
from fedcom.wire.body import Body
from fedcom.wire.emoji import names_in, with_pictures


def with_site_emoji(ctx: Context, body: Body) -> Body:
    """`body` with the pictures of the emoji that it names; peers get the names and tags
    (`wire.tags`).
    """
    names = names_in(body.html)
    if not names:
        return body
    found = find_emoji_named(ctx.conn, {name.strip(":") for name in names})
    return with_pictures(body, {f":{name}:": address for name, address in found.items()})

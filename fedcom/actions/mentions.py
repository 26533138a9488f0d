"""Whom a text of ours names, as far as we know them."""

from sqlalchemy import select, tuple_

from fedcom.context import Context
from fedcom.models.actor import Actor, actor
from fedcom.models.base import columns_of, to_row
from fedcom.text.mentions import Mention, find_mentions, render_with_mentions
from fedcom.wire.body import Body


def mentioned(ctx: Context, source: str) -> dict[Mention, Actor]:
    """The known actors that the Markdown `source` names, people and communities.

    Looking up the unknown ones is for the surfaces to do before they open the unit of work.
    """
    found = find_mentions(source)
    if not found:
        return {}
    keys = {key for mention in found for key in _keys(ctx, mention)}
    rows = ctx.conn.execute(
        select(*columns_of(Actor, actor)).where(
            tuple_(actor.c.name, actor.c.host).in_(keys), actor.c.deleted_at.is_(None)
        )
    ).mappings()
    known = {(row["name"], row["host"]): to_row(Actor, row) for row in rows}
    return {
        mention: known[key]
        for mention in found
        if (key := next((key for key in _keys(ctx, mention) if key in known), None)) is not None
    }


def _keys(ctx: Context, mention: Mention) -> tuple[tuple[str, str], ...]:
    """As it was written, and in lower case, which is how our own names are."""
    host = mention.host or ctx.host
    return (mention.name, host), (mention.name.lower(), host)


def with_links(ctx: Context, body: Body) -> Body:
    """The body with a link at each mention of somebody known."""
    known = mentioned(ctx, body.source)
    if not known:
        return body
    links = {mention: someone.url or someone.iri for mention, someone in known.items()}
    return Body(body.source, render_with_mentions(body.source, links))

"""Whom a text names, as far as we know them, and that they are told so."""

from collections.abc import Sequence

from sqlalchemy import select, tuple_

from fedcom.actions.notify import News, notify
from fedcom.context import Context
from fedcom.models.actor import Actor, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.notification import notification
from fedcom.text.mentions import Mention, find_mentions, render_with_mentions
from fedcom.wire.addressing import page_of
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


def with_links(ctx: Context, body: Body, *, here: bool = True) -> Body:
    """The body with a link at each mention of somebody known: to our page of them, or to theirs.

    What leaves with links to our pages is turned round on its way (`wire.tags`).
    """
    known = mentioned(ctx, body.source)
    if not known:
        return body
    links = {
        mention: page_of(ctx.origin, someone) if here else someone.url or someone.iri
        for mention, someone in known.items()
    }
    return Body(body.source, render_with_mentions(body.source, links))


def tell_named(ctx: Context, source: str, tagged: Sequence[str] | None, news: News) -> None:
    """Tell the members whom a post or comment names, each once, whatever it says after an edit.

    A text of ours names them in its Markdown `source`; for a peer's its Mention tags count, whose
    ids are `tagged`. Who was told already that it answers them is not told again.
    """
    named = _members_named(ctx, source, tagged)
    if not named:
        return
    told = set(
        ctx.conn.execute(
            select(notification.c.recipient_id).where(
                notification.c.post_id == news.post_id,
                notification.c.comment_id.is_not_distinct_from(news.comment_id),
                notification.c.kind.in_(["reply", "mention"]),
            )
        ).scalars()
    )
    for number in named:
        if number not in told:
            notify(ctx, number, news)


def _members_named(ctx: Context, source: str, tagged: Sequence[str] | None) -> list[int]:
    if tagged is None:
        found = {someone.id for someone in mentioned(ctx, source).values() if someone.local}
        return sorted(found)
    if not tagged:
        return []
    here = actor.c.iri.in_(sorted(set(tagged))), actor.c.local.is_(True)
    return list(ctx.conn.execute(select(actor.c.id).where(*here).order_by(actor.c.id)).scalars())

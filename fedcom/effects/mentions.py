"""The known actors whom a text mentions, and their notifications."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, or_, select, tuple_

from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.effects.site_emoji import with_site_emoji
from fedcom.models.actor import Actor, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment
from fedcom.models.notification import notification
from fedcom.models.post import Post
from fedcom.text.mentions import Mention, ParsedMarkdown, linked_addresses
from fedcom.wire.addressing import page_of
from fedcom.wire.body import Body


def mentioned(ctx: Context, content: Post | Comment) -> tuple[Actor, ...]:
    """The known actors, people and communities, that a local post or comment mentions, in order.

    They are read from the links that `with_links` put into its HTML when it was written. Parsing
    the Markdown for every reader would cost as much as writing it.
    """
    pages = linked_addresses(content.body_html) if content.local else ()
    if not pages:
        return ()
    remote = [handle for page in pages if (handle := _handle_in(ctx, page)) is not None]
    known = _find_actors(ctx, or_(actor.c.iri.in_(pages), _is_called(remote)))
    by_page = {page: known_actor for known_actor in known for page in _pages_of(ctx, known_actor)}
    return tuple(by_page[page] for page in pages if page in by_page)


def _handle_in(ctx: Context, page: str) -> tuple[str, str] | None:
    """Name and host of the remote actor whose profile page here has this address."""
    name, _, host = page.removeprefix(ctx.origin)[len("/u/") :].partition("@")
    return (name, host) if host else None


def _named(ctx: Context, mentions: Iterable[Mention]) -> dict[Mention, Actor]:
    """The mentions that name a known actor.

    Looking up the unknown ones is up to the interfaces, before they open the unit of work.
    """
    keys = {mention: _keys(ctx, mention) for mention in mentions}
    if not keys:
        return {}
    wanted = {key for both in keys.values() for key in both}
    found = _find_actors(ctx, _is_called(wanted))
    known = {
        (known_actor.name, host): known_actor
        for known_actor in found
        for host in _hosts_of(known_actor)
    }
    return {
        mention: known[key]
        for mention, both in keys.items()
        if (key := next((key for key in both if key in known), None)) is not None
    }


def _is_called(handles: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    """By its server's name or by the domain of its handle."""
    by_host, by_domain = (tuple_(actor.c.name, part) for part in (actor.c.host, actor.c.domain))
    return or_(by_host.in_(handles), by_domain.in_(handles))


def _hosts_of(known_actor: Actor) -> tuple[str, ...]:
    return (
        (known_actor.host,)
        if known_actor.domain is None
        else (known_actor.host, known_actor.domain)
    )


def _pages_of(ctx: Context, known_actor: Actor) -> tuple[str, ...]:
    """Our page of the actor, and its former address, from before the handle's domain was known."""
    return page_of(ctx.origin, known_actor), page_of(ctx.origin, replace(known_actor, domain=None))


def _find_actors(ctx: Context, condition: ColumnElement[bool]) -> list[Actor]:
    statement = select(*columns_of(Actor, actor)).where(condition, actor.c.deleted_at.is_(None))
    return [to_row(Actor, row) for row in ctx.conn.execute(statement).mappings()]


def _keys(ctx: Context, mention: Mention) -> tuple[tuple[str, str], ...]:
    """As written, and in lower case, as local names are stored."""
    host = mention.host or ctx.host
    return (mention.name, host), (mention.name.lower(), host)


def with_links(ctx: Context, body: Body, *, here: bool = True) -> Body:
    """The body with a link at each mention of a known actor, to their page here or on their server,
    and with the pictures of the site's emoji.

    Links to our pages, and these pictures, are replaced in outgoing activities (`wire.tags`).
    """
    return with_site_emoji(ctx, _linked(ctx, body, here=here))


def _linked(ctx: Context, body: Body, *, here: bool) -> Body:
    parsed = body.parsed or ParsedMarkdown(body.source)
    known = _named(ctx, parsed.mentions)
    if not known:
        return body
    links = {
        mention: page_of(ctx.origin, known_actor) if here else known_actor.url or known_actor.iri
        for mention, known_actor in known.items()
    }
    return Body(body.source, parsed.to_html(links))


def notify_mentioned(
    ctx: Context, content: Post | Comment, tagged: Sequence[str] | None, event: NotificationEvent
) -> None:
    """Notify the members whom a post or comment mentions, each once, whatever a later edit says.

    A local text's links count, and for a remote one its Mention tags, whose ids are `tagged`. A
    member who was already notified of it as a reply is not notified again.
    """
    named = _members_named(ctx, content, tagged)
    if not named:
        return
    notified = set(
        ctx.conn.execute(
            select(notification.c.recipient_id).where(
                notification.c.post_id == event.post_id,
                notification.c.comment_id.is_not_distinct_from(event.comment_id),
                notification.c.kind.in_(["reply", "mention"]),
            )
        ).scalars()
    )
    for person_id in named:
        if person_id not in notified:
            notify(ctx, person_id, event)


def _members_named(
    ctx: Context, content: Post | Comment, tagged: Sequence[str] | None
) -> list[int]:
    if tagged is None:
        return sorted(
            {known_actor.id for known_actor in mentioned(ctx, content) if known_actor.local}
        )
    if not tagged:
        return []
    here = actor.c.iri.in_(sorted(set(tagged))), actor.c.local.is_(True)
    return list(ctx.conn.execute(select(actor.c.id).where(*here).order_by(actor.c.id)).scalars())

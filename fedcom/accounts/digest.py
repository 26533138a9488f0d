"""E-mail about notifications, with the words in it: soon after they came, or once a day or a week.

A notification waits (`awaits_mail`) until it is in a mail or will never be in one: it was read, or
what it is about is gone, or the member wants no more mail. That it no longer waits is written with
the mail, so each is told once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from gettext import NullTranslations
from html import escape
from typing import Any

from babel import Locale
from sqlalchemy import Row, Select, and_, bindparam, case, func, or_, select, update

from fedcom.accounts.mail import enqueue_mail
from fedcom.accounts.notices import NotificationWords, to_words
from fedcom.catalogues import DEFAULT, LANGUAGES, catalogue
from fedcom.context import Context
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.notification import notification
from fedcom.models.site import site
from fedcom.rules.mail_times import next_mail_time
from fedcom.rules.time_zones import to_zone
from fedcom.views.notification import list_news

AT_MOST_EVERY = timedelta(minutes=10)
"""The pause between two mails to a member."""

ONLINE = timedelta(hours=1)
"""Members seen within this time may be reading: `accounts.sessions.TOUCH_EVERY`."""

WHILE_ONLINE = timedelta(minutes=5)
"""How long a notification waits for somebody who may be reading it already."""

LISTED = 20
"""Notifications in one mail; of more, it has the newest."""

BATCH = 20
"""Members who are mailed in one transaction."""

UnsubscribeUrl = Callable[[int], str]
"""The address at which the member with this row id ends these mails, without logging in."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Addressee:
    """A member to whom mail is due, in their language."""

    id: int
    name: str
    email: str
    say: NullTranslations
    language: str
    unsubscribe_url: str


def write_digests(ctx: Context, unsubscribe_url: UnsubscribeUrl) -> int:
    """Enqueue mail to up to `BATCH` members for whom it is due; for how many that was decided."""
    bounds = {
        "now": ctx.now,
        "online_until": ctx.now - ONLINE,
        "waiting_since": ctx.now - WHILE_ONLINE,
        "mailed_until": ctx.now - AT_MOST_EVERY,
    }
    due = ctx.conn.execute(_TO_MAIL, bounds).all()
    if not due:
        return 0
    here = ctx.conn.execute(select(site.c.name)).scalar_one()
    for row in due:
        if row.is_wanted and row.mail_pace != "soon" and _plan_next(ctx, row):
            continue
        mine = notification.c.recipient_id == row.actor_id, notification.c.awaits_mail
        taken = update(notification).where(*mine).values(awaits_mail=False)
        ids = ctx.conn.execute(taken.returning(notification.c.id)).scalars().all()
        if row.is_wanted:
            _mail(ctx, here, row, ids, unsubscribe_url)
    return len(due)


def _to_mail() -> Select[Any]:
    """The members to whom mail is due; its parameters are the bounds of `write_digests`."""
    waiting = (
        select(notification.c.recipient_id, func.min(notification.c.created_at).label("oldest"))
        .where(notification.c.awaits_mail)
        .group_by(notification.c.recipient_id)
        .subquery()
    )
    is_wanted = and_(
        account.c.mail_notifications,
        account.c.email.is_not(None),
        account.c.state == "active",
        actor.c.deleted_at.is_(None),
        actor.c.banned_at.is_(None),
    )
    last = func.coalesce(account.c.mailed_at, _NEVER)
    is_away = func.coalesce(account.c.last_seen_at, _NEVER) <= bindparam("online_until")
    has_waited = waiting.c.oldest <= bindparam("waiting_since")
    is_planned = func.coalesce(account.c.digest_at, _NEVER) <= bindparam("now")
    is_due = case(
        (account.c.mail_pace != "soon", is_planned),
        else_=and_(last <= bindparam("mailed_until"), or_(is_away, has_waited)),
    )
    columns = (
        *("actor_id", "email", "interface_language", "quotes_messages"),
        *("mail_pace", "mail_hour", "time_zone", "digest_at"),
    )
    return (
        select(
            *(account.c[name] for name in columns),
            actor.c.name,
            is_wanted.label("is_wanted"),
            waiting.c.oldest,
        )
        .select_from(
            waiting.join(account, account.c.actor_id == waiting.c.recipient_id).join(
                actor, actor.c.id == account.c.actor_id
            )
        )
        .where(or_(~is_wanted, is_due))
        .order_by(account.c.actor_id)
        .limit(BATCH)
    )


_TO_MAIL = _to_mail()


def _plan_next(ctx: Context, row: Row[Any]) -> bool:
    """Plan the member's next digest; whether what waits is for that one, because it came after the
    time for which the last was planned.
    """
    planned = partial(
        next_mail_time,
        hour=row.mail_hour,
        zone=to_zone(row.time_zone),
        weekly=row.mail_pace == "weekly",
    )
    is_for_the_next = row.digest_at is None or row.digest_at < row.oldest
    due_at = planned(row.oldest) if is_for_the_next else row.digest_at
    is_too_early: bool = due_at > ctx.now
    values = {"digest_at": due_at if is_too_early else planned(ctx.now)}
    ctx.conn.execute(update(account).where(account.c.actor_id == row.actor_id).values(values))
    return is_too_early


def _mail(
    ctx: Context, here: str, row: Row[Any], ids: Sequence[int], unsubscribe_url: UnsubscribeUrl
) -> None:
    found = list_news(ctx.conn, row.actor_id, ids, LISTED + 1)
    if not found:
        return
    say = catalogue(row.interface_language)
    notices = [
        to_words(one, say.gettext, quotes_messages=row.quotes_messages) for one in found[:LISTED]
    ]
    to = _Addressee(
        row.actor_id,
        row.name,
        row.email,
        say,
        row.interface_language if row.interface_language in LANGUAGES else DEFAULT,
        unsubscribe_url(row.actor_id),
    )
    news = _news(say, notices, is_more=len(found) > LISTED)
    subject = say.gettext("%(news)s on %(site)s") % {"news": news, "site": here}
    is_more = say.gettext("There are more on your list.") if len(found) > LISTED else ""
    enqueue_mail(
        ctx,
        to.email,
        # A title has no line ends, but a header must not break if one ever has.
        " ".join(subject.split()),
        _text(ctx.origin, to, notices, is_more),
        html=_page(ctx.origin, to, notices, is_more),
        unsubscribe_url=to.unsubscribe_url,
    )
    mine = account.c.actor_id == to.id
    ctx.conn.execute(update(account).where(mine).values(mailed_at=ctx.now))


def _news(say: NullTranslations, notices: Sequence[NotificationWords], *, is_more: bool) -> str:
    if len(notices) == 1:
        return notices[0].sentence
    if is_more:
        return say.gettext("More than %(count)s new notifications") % {"count": LISTED}
    news = say.ngettext("%(count)s new notification", "%(count)s new notifications", len(notices))
    return news % {"count": len(notices)}


def _text(origin: str, to: _Addressee, notices: Sequence[NotificationWords], more: str) -> str:
    parts = [to.say.gettext("Hello %(name)s,") % {"name": to.name}]
    for one in notices:
        quoted = [f"> {line}" for line in one.words.splitlines()]
        parts.append("\n".join([one.sentence, *quoted, f"{origin}{one.path}"]))
    if more:
        parts.append(f"{more}\n{origin}/notifications")
    parts.append("-- ")
    parts += (f"{why}\n{address}" for why, address in _footer(origin, to))
    return "\n\n".join(parts) + "\n"


def _page(origin: str, to: _Addressee, notices: Sequence[NotificationWords], more: str) -> str:
    """The same as HTML; no picture and no link to anyone else."""
    hello = to.say.gettext("Hello %(name)s,") % {"name": to.name}
    parts = [f"<p>{escape(hello)}</p>"]
    for one in notices:
        parts.append(f'<p dir="auto">{_link(origin + one.path, one.sentence)}</p>')
        if one.words:
            lines = "<br>".join(escape(line) for line in one.words.splitlines())
            parts.append(f'<blockquote dir="auto">{lines}</blockquote>')
    if more:
        parts.append(f"<p>{_link(f'{origin}/notifications', more)}</p>")
    links = [_link(address, why) for why, address in _footer(origin, to)]
    parts.append(f"<hr><p><small>{'<br>'.join(links)}</small></p>")
    direction = Locale.parse(to.language).text_direction
    head = f'<html lang="{to.language}" dir="{direction}"><meta charset="utf-8">'
    return "\n".join(["<!doctype html>", head, *parts, "</html>", ""])


def _footer(origin: str, to: _Addressee) -> tuple[tuple[str, str], ...]:
    choose = to.say.gettext("Choose what you are notified of:")
    stop = to.say.gettext("Stop these e-mails:")
    return (choose, f"{origin}/settings/notifications"), (stop, to.unsubscribe_url)


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'

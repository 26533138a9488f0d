"""E-mail about unread notifications: at most once an hour, and never while the member is online."""

from datetime import UTC, datetime, timedelta
from gettext import NullTranslations

from sqlalchemy import func, or_, select, update

from fedcom.accounts.mail import enqueue_mail
from fedcom.catalogues import catalogue
from fedcom.context import Context
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.models.notification import notification
from fedcom.models.site import site
from fedcom.queries.notifications import IS_SHOWN, WITH_SUBJECTS

EVERY = timedelta(hours=1)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def write_digests(ctx: Context) -> int:
    """Enqueue mail to every member who wants it and has notifications that are newer than the last
    one; how many."""
    since = func.coalesce(account.c.mailed_at, _NEVER)
    before = ctx.now - EVERY
    rows = ctx.conn.execute(
        select(
            account.c.actor_id,
            account.c.email,
            account.c.interface_language,
            actor.c.name,
            func.count(),
        )
        .select_from(
            WITH_SUBJECTS.join(account, account.c.actor_id == notification.c.recipient_id).join(
                actor, actor.c.id == account.c.actor_id
            )
        )
        .where(
            account.c.mail_notifications,
            account.c.email.is_not(None),
            account.c.state == "active",
            actor.c.deleted_at.is_(None),
            actor.c.banned_at.is_(None),
            or_(account.c.mailed_at.is_(None), account.c.mailed_at <= before),
            or_(account.c.last_seen_at.is_(None), account.c.last_seen_at <= before),
            notification.c.read_at.is_(None),
            notification.c.created_at > since,
            IS_SHOWN,
        )
        .group_by(account.c.actor_id, account.c.email, account.c.interface_language, actor.c.name)
    ).all()
    if not rows:
        return 0
    here = ctx.conn.execute(select(site.c.name)).scalar_one()
    for person_id, address, language, name, count in rows:
        say = catalogue(language)
        news = _news(say, count)
        subject = say.gettext("%(news)s on %(site)s") % {"news": news, "site": here}
        enqueue_mail(ctx, address, subject, _body(say, ctx.origin, name, news))
        mine = account.c.actor_id == person_id
        ctx.conn.execute(update(account).where(mine).values(mailed_at=ctx.now))
    return len(rows)


def _news(say: NullTranslations, count: int) -> str:
    news = say.ngettext("%(count)s new notification", "%(count)s new notifications", count)
    return news % {"count": count}


def _body(say: NullTranslations, origin: str, name: str, news: str) -> str:
    text = say.gettext("""\
Hello %(name)s,

You have %(news)s:

%(address)s

You're getting this because you turned on e-mail notifications.
Turn them off:
%(settings)s
""")
    return text % {
        "name": name,
        "news": news,
        "address": f"{origin}/notifications",
        "settings": f"{origin}/settings/appearance",
    }

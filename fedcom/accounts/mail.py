"""E-mail to members: its texts, and the queue from which `fedcom.background.mailer` sends it.

Mail is enqueued in the same transaction as the change that it is about, so neither a slow mail
server nor a crash can lose one of the two.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from database.pruning import Outdated, outdated_in
from fedcom.accounts.members import Member
from fedcom.catalogues import catalogue
from fedcom.context import Context
from fedcom.models.base import columns_of, to_row
from fedcom.models.mail import Mail, mail
from fedcom.models.site import Site

GIVE_UP = timedelta(days=1)
"""Age at which mail that could not be sent is dropped."""

FIRST_PAUSE = timedelta(minutes=1)


def enqueue_mail(
    ctx: Context,
    recipient: str,
    subject: str,
    body: str,
    *,
    html: str = "",
    unsubscribe_url: str = "",
) -> None:
    """Enqueue this, to be sent soon: plain text, the same as a page if there is one, and for mail
    that was not asked for the address that ends it.
    """
    row = {"recipient": recipient, "subject": subject, "body": body, "html": html}
    times = {"created_at": ctx.now, "due_at": ctx.now}
    ctx.conn.execute(insert(mail).values(**row, **times, unsubscribe_url=unsubscribe_url))


def list_due(conn: Connection, now: datetime, limit: int = 20) -> list[Mail]:
    """Mail that is due, the longest-waiting first. Not what is older than mail can become: a backup
    that was restored may have it.
    """
    rows = conn.execute(
        select(*columns_of(Mail, mail))
        .where(mail.c.due_at <= now, mail.c.created_at >= now - 2 * GIVE_UP)
        .order_by(mail.c.id)
        .limit(limit)
    ).mappings()
    return [to_row(Mail, row) for row in rows]


def drop_mail(conn: Connection, mail_id: int) -> None:
    """Delete mail that was sent, or that can never be sent."""
    conn.execute(delete(mail).where(mail.c.id == mail_id))


def drop_mail_to(conn: Connection, address: str) -> None:
    """Delete all mail that is queued for this address."""
    conn.execute(delete(mail).where(mail.c.recipient == address))


def postpone_mail(conn: Connection, queued: Mail, now: datetime) -> bool:
    """Retry it later, each time after twice the pause; whether it will be retried.

    Mail that is too old is dropped.
    """
    due_at = now + FIRST_PAUSE * 2 ** min(queued.tries, 10)
    if due_at > queued.created_at + GIVE_UP:
        drop_mail(conn, queued.id)
        return False
    changed = update(mail).where(mail.c.id == queued.id)
    conn.execute(changed.values(tries=queued.tries + 1, due_at=due_at))
    return True


def unsent_mail(now: datetime) -> Outdated:
    """Mail that is not sent any more, as when the mail server was removed from the settings."""
    return outdated_in(mail, mail.c.created_at < now - 2 * GIVE_UP)


def write_reset(ctx: Context, site: Site, recipient: Member, address: str, token: str) -> None:
    """Enqueue the link to reset a password, in the recipient's language."""
    say = catalogue(recipient.account.interface_language)
    body = say.gettext("""\
Hello %(name)s,

Someone, hopefully you, asked to reset your password at %(site)s.
Set a new one here within an hour:

%(address)s

If this wasn't you, you can ignore this e-mail.
Your password won't change.
""")
    facts = {
        "name": recipient.person.name,
        "site": site.name,
        "address": f"{site.origin}/reset?token={token}",
    }
    subject = say.gettext("Reset your password for %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_confirmation(ctx: Context, site: Site, member: Member, address: str, link: str) -> None:
    """Enqueue the link that confirms a member's address, in their language."""
    say = catalogue(member.account.interface_language)
    body = say.gettext("""\
Hello %(name)s,

Open this link to confirm your e-mail address at %(site)s:

%(link)s

If this wasn't you, you can ignore this e-mail.
""")
    facts = {"name": member.person.name, "site": site.name, "link": link}
    subject = say.gettext("Confirm your e-mail address for %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_test(ctx: Context, site: Site, admin: Member, address: str, link: str) -> None:
    """Enqueue a test mail to an admin, in their language, with the link that says it arrived."""
    say = catalogue(admin.account.interface_language)
    body = say.gettext("""\
Hello %(name)s,

%(site)s can send e-mail. Open this link to tick it off:

%(link)s
""")
    facts = {"name": admin.person.name, "site": site.name, "link": link}
    subject = say.gettext("Test e-mail from %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_account(ctx: Context, site: Site, member: Member, address: str, link: str) -> None:
    """Tell somebody for whom an admin made an account how to set its password."""
    say = catalogue(member.account.interface_language)
    body = say.gettext("""\
Hello %(name)s,

An admin of %(site)s has created an account for you.
Your user name is %(name)s. Set a password here within 7 days:

%(link)s
""")
    facts = {"name": member.person.name, "site": site.name, "link": link}
    subject = say.gettext("Your account at %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_known(ctx: Context, site: Site, owner: Member, address: str) -> None:
    """Tell the owner of an address, in their language, that it was entered for another account."""
    say = catalogue(owner.account.interface_language)
    body = say.gettext("""\
Hello %(name)s,

Someone entered this e-mail address for another account at %(site)s.
It still belongs to your account %(name)s. Nothing has changed.

If this was you, log in as %(name)s. If you forgot your password, set
a new one here:

%(link)s

If this wasn't you, you can ignore this e-mail.
""")
    facts = {"name": owner.person.name, "site": site.name, "link": f"{site.origin}/forgot"}
    subject = say.gettext("Your e-mail address at %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_passkey_change(
    ctx: Context, site: Site, member: Member, address: str, passkey: str, *, is_new: bool
) -> None:
    """Tell a member, in their language, that a passkey was added or removed."""
    say = catalogue(member.account.interface_language)
    if is_new:
        subject = say.gettext("A passkey was added to your account at %(site)s")
        body = say.gettext("""\
Hello %(name)s,

The passkey “%(passkey)s” was added to your account at %(site)s.
It can log in without your password.

If this wasn't you, remove it and change your password here:

%(link)s
""")
    else:
        subject = say.gettext("A passkey was removed from your account at %(site)s")
        body = say.gettext("""\
Hello %(name)s,

The passkey “%(passkey)s” was removed from your account at %(site)s.
It can't log in any more.

If this wasn't you, change your password here:

%(link)s
""")
    facts = {
        "name": member.person.name,
        "site": site.name,
        "passkey": passkey,
        "link": f"{site.origin}/settings/account",
    }
    enqueue_mail(ctx, address, subject % facts, body % facts)


def write_decision(
    ctx: Context,
    site: Site,
    recipient: Member,
    address: str,
    *,
    approved: bool,
    reason: str = "",
) -> None:
    """Enqueue the decision on an application, in the applicant's language; `reason` is why it was
    denied, "" if the admin gave none.
    """
    say = catalogue(recipient.account.interface_language)
    if approved:
        body = say.gettext("""\
Hello %(name)s,

Your account at %(site)s has been approved. Log in here:

%(address)s
""")
    elif reason:
        body = say.gettext("""\
Hello %(name)s,

The admins of %(site)s did not approve your application.
The reason given:

%(reason)s
""")
    else:
        body = say.gettext("""\
Hello %(name)s,

The admins of %(site)s did not approve your application.
""")
    facts = {
        "reason": reason,
        "name": recipient.person.name,
        "site": site.name,
        "address": f"{site.origin}/login",
    }
    subject = say.gettext("Your application at %(site)s")
    enqueue_mail(ctx, address, subject % facts, body % facts)

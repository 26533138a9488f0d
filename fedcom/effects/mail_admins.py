"""Mail to the admins about work that waits for them: applications and reports.

It says no more than that there is something, because mail is read by others on its way.
"""

from typing import Literal

from sqlalchemy import insert, select

from fedcom.catalogues import catalogue, mark
from fedcom.context import Context
from fedcom.models.account import IS_ADMIN, account
from fedcom.models.actor import actor
from fedcom.models.mail import mail
from fedcom.models.site import site

Occasion = Literal["application", "report"]

_WISHES = {"application": site.c.mails_applications, "report": site.c.mails_reports}
_PATHS = {"application": "/admin/registration", "report": "/reports"}
_SUBJECTS = {
    "application": mark("New application at %(site)s"),
    "report": mark("New report at %(site)s"),
}
_BODIES = {
    "application": mark("""\
Hello %(name)s,

Someone has applied for an account at %(site)s. Review the application here:

%(address)s
"""),
    "report": mark("""\
Hello %(name)s,

Someone has reported something at %(site)s. Review the report here:

%(address)s
"""),
}


def mail_admins(ctx: Context, occasion: Occasion) -> None:
    """Enqueue mail to every admin with a confirmed address, in their language, if the site's
    settings ask for it. It is sent only where the server has a mail server.
    """
    about = ctx.conn.execute(select(site.c.name, site.c.origin).where(_WISHES[occasion])).first()
    if about is None:
        return
    admins = (
        select(actor.c.name, account.c.email, account.c.interface_language)
        .join(account, account.c.actor_id == actor.c.id)
        .where(IS_ADMIN, account.c.state == "active", account.c.email.is_not(None))
        .order_by(actor.c.id)
    )
    for admin in ctx.conn.execute(admins).all():
        say = catalogue(admin.interface_language)
        address = f"{about.origin}{_PATHS[occasion]}"
        facts = {"name": admin.name, "site": about.name, "address": address}
        ctx.conn.execute(
            insert(mail).values(
                recipient=admin.email,
                subject=say.gettext(_SUBJECTS[occasion]) % facts,
                body=say.gettext(_BODIES[occasion]) % facts,
                created_at=ctx.now,
                due_at=ctx.now,
            )
        )

"""The links that confirm e-mail addresses: made, sent again, and opened."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.email import VALID, confirm_email, send_confirmation
from fedcom.accounts.members import Member, get_member
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.http.instance import Instance, instance_of
from fedcom.http.numbers import number_in
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.models.site import Site
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page

_PURPOSE = "confirm an e-mail address"


@dataclass(frozen=True, slots=True)
class Proof:
    """The content of a valid link: the account and the address it confirms."""

    member: Member
    address: str


def ask_to_confirm(instance: Instance, ctx: Context, site: Site, member: Member) -> None:
    """In the unit that stored the address: send it a confirmation link, if mail is set up."""
    if instance.settings.sends_mail:
        send_confirmation(ctx, site, member, _linker(instance, member, ctx.now))


def _linker(instance: Instance, member: Member, now: datetime) -> Callable[[str], str]:
    until = int((now + VALID).timestamp())

    def link(address: str) -> str:
        whose = str(member.person.id)
        token = instance.signer.sign(_PURPOSE, whose, str(until), bound_to=address)
        return f"{instance.settings.origin}/confirm-email?token={token}"

    return link


def _read(conn: Connection, signer: HmacSigner, token: str, now: datetime) -> Proof:
    """The content of the link. Raises NotFound if it is invalid, used or expired."""
    member_id, until = parts_of(token, 2)
    unknown = NotFound("confirmation_unknown", "This link has already been used or has expired.")
    try:
        member = get_member(conn, number_in(member_id))
    except NotFound:
        raise unknown from None
    address = member.account.unconfirmed_email or ""
    is_good = signer.verify(_PURPOSE, token, address) and number_in(until) > now.timestamp()
    if not address or not is_good:
        raise unknown
    return Proof(member, address)


async def confirm(request: Request) -> Response:
    """GET and POST /confirm-email: `token` is that of the link.

    Opening it changes nothing: mail programs look at links before people do.
    """
    instance = instance_of(request)
    form = await read_form(request, {"token": request.query_params.get("token", "")})
    token = form.line("token")

    def read(conn: Connection, context: PageContext) -> Proof | None:
        try:
            return _read(conn, instance.signer, token, context.now)
        except NotFound as error:
            # A cross-site form is refused as such, whatever its token.
            if form.ready or not form.sent:
                form.fail(error)
            return None

    context, proof = await read_page(request, read)
    if form.ready and proof is not None:
        with form.keeping():
            whose, address = proof.member.person.id, proof.address
            await instance.unit(lambda ctx: confirm_email(ctx.conn, whose, address))
            return see_other("/settings/account" if context.member else "/login", "email_confirmed")
    values = {"form": form, "proof": proof}
    return form.answer(page(context, "confirm_email.html", values))


async def send_again(request: Request) -> Response:
    """POST /settings/email/again: send the link again."""
    await receive(request)
    context = await context_of(request)
    by = member_of(context).person
    instance = context.instance
    await instance.unit(
        lambda ctx: ask_to_confirm(instance, ctx, context.site, get_member(ctx.conn, by.id))
    )
    return see_other("/settings/account", "email_asked")

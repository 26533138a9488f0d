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
from fedcom.http.signer import HmacSigner
from fedcom.models.site import Site
from fedcom.web.html.forms import read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import Visit, member_of, visit_of, visiting
from fedcom.web.places import number_in

_PURPOSE = "confirm an e-mail address"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a good link says: whose address it is."""

    member: Member
    address: str


def ask_to_confirm(instance: Instance, ctx: Context, site: Site, member: Member) -> None:
    """Within the unit that stored the address: send the link to it, where mail is sent at all."""
    if instance.settings.sends_mail:
        send_confirmation(ctx, site, member, _linker(instance, member, ctx.now))


def _linker(instance: Instance, member: Member, now: datetime) -> Callable[[str], str]:
    until = int((now + VALID).timestamp())

    def link(address: str) -> str:
        text = _text(member.person.id, until, address)
        token = f"{member.person.id}.{until}.{instance.signer.sign(_PURPOSE, text)}"
        return f"{instance.settings.origin}/confirm-email?token={token}"

    return link


def _text(person_id: int, until: int, address: str) -> str:
    return f"{person_id} {until} {address}"


def _read(conn: Connection, signer: HmacSigner, token: str, now: datetime) -> Proof:
    """What the link proves. Raises NotFound for one that is none, used, or too old."""
    number, _, rest = token.partition(".")
    until, _, signature = rest.partition(".")
    unknown = NotFound("confirmation_unknown", "This link has already been used or has expired.")
    try:
        member = get_member(conn, number_in(number))
    except NotFound:
        raise unknown from None
    address = member.account.unconfirmed_email or ""
    text = _text(member.person.id, number_in(until), address)
    is_good = signer.is_ours(_PURPOSE, text, signature) and number_in(until) > now.timestamp()
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

    def read(conn: Connection, visit: Visit) -> Proof | None:
        try:
            return _read(conn, instance.signer, token, visit.now)
        except NotFound as error:
            # A form of another site's is refused as one, whatever its token.
            if form.ready or not form.sent:
                form.fail(error)
            return None

    visit, proof = await visiting(request, read)
    if form.ready and proof is not None:
        with form.keeping():
            whose, address = proof.member.person.id, proof.address
            await instance.unit(lambda ctx: confirm_email(ctx.conn, whose, address))
            return see_other("/settings/account" if visit.member else "/login", "email_confirmed")
    values = {"form": form, "proof": proof}
    return form.answer(page(request, "confirm_email.html", visit, values))


async def send_again(request: Request) -> Response:
    """POST /settings/email/again: the link once more."""
    await receive(request)
    visit = await visit_of(request)
    by = member_of(request, visit).person
    instance = instance_of(request)
    await instance.unit(
        lambda ctx: ask_to_confirm(instance, ctx, visit.site, get_member(ctx.conn, by.id))
    )
    return see_other("/settings/account", "email_asked")

"""The links in e-mail: to confirm an address, that a test mail has arrived, and to get no more mail
about notifications. They are made, sent, and read when they come back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from fedcom.accounts.email import VALID, confirm_email, send_confirmation
from fedcom.accounts.members import Member, get_member
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.http.instance import Instance
from fedcom.http.numbers import number_in
from fedcom.http.signer import HmacSigner, parts_of
from fedcom.models.site import Site

_PURPOSE = "confirm an e-mail address"
_TEST = "test the sending of mail"
_UNSUBSCRIBE = "stop mail about notifications"


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


def read_link(conn: Connection, signer: HmacSigner, token: str, now: datetime) -> Proof:
    """The content of the link with this token. Raises NotFound("confirmation_unknown") if it is
    invalid, used or expired.
    """
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


def confirm_by_token(ctx: Context, signer: HmacSigner, token: str) -> Member:
    """Put the address of the link with this token into use; whose it is.

    Raises NotFound("confirmation_unknown"), and Conflict("email_taken").
    """
    proof = read_link(ctx.conn, signer, token, ctx.now)
    confirm_email(ctx.conn, proof.member.person.id, proof.address)
    return proof.member


def link_of_test(instance: Instance, admin: Member, now: datetime) -> str:
    """The link in a test mail to this admin's address."""
    until = str(int((now + VALID).timestamp()))
    token = instance.signer.sign(_TEST, until, bound_to=_of_admin(admin))
    return f"{instance.settings.origin}/admin/test-mail?token={token}"


def is_test_link(instance: Instance, admin: Member, token: str, now: datetime) -> bool:
    """Whether this is the token of a test mail to this admin, to the address they still have."""
    (until,) = parts_of(token, 1)
    is_genuine = instance.signer.verify(_TEST, token, _of_admin(admin))
    return is_genuine and number_in(until) > now.timestamp()


def unsubscribe_url(signer: HmacSigner, origin: str, person_id: int) -> str:
    """The address that ends a member's mail about notifications. It is valid for ever: mail is
    kept, and all that it can do is to end this mail.
    """
    return f"{origin}/unsubscribe?token={signer.sign(_UNSUBSCRIBE, str(person_id))}"


def read_unsubscribe(conn: Connection, signer: HmacSigner, token: str) -> Member:
    """Whose mail the link with this token ends. Raises NotFound("unsubscribe_unknown")."""
    (member_id,) = parts_of(token, 1)
    unknown = NotFound("unsubscribe_unknown", "This link is not valid.")
    if not signer.verify(_UNSUBSCRIBE, token):
        raise unknown
    try:
        return get_member(conn, number_in(member_id))
    except NotFound:
        raise unknown from None


def _of_admin(admin: Member) -> str:
    return f"{admin.person.id} {admin.account.contact}"

"""Signing up, for pages and the API: checks, the slow hash in a thread, the account, the mail."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from fedcom.accounts.members import Member
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.register import NewAccount, check_email, register
from fedcom.accounts.sign_in import NewSession, begin_session
from fedcom.accounts.throttle import (
    ACCOUNTS_BY_ADDRESS,
    SIGN_UP_BY_ADDRESS,
    address_key,
    count_attempt,
)
from fedcom.context import Context
from fedcom.http.addresses import client_address
from fedcom.http.captcha import check_captcha
from fedcom.http.email_links import ask_to_confirm
from fedcom.http.instance import instance_of
from fedcom.http.log_in import start_of
from fedcom.models.site import Site
from fedcom.rules.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who signs up, as typed."""

    name: str
    password: str
    email: str = ""
    application: str = ""
    invitation: str = ""
    captcha: str = ""
    captcha_answer: str = ""
    show_nsfw: bool = False


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The new member, with their first session unless something has to happen before."""

    member: Member
    session: NewSession | None
    # A link was sent to the address. It has to be opened first if the site requires that.
    asks_to_confirm: bool

    @property
    def is_pending(self) -> bool:
        """Whether an admin has to approve the account first."""
        return self.member.account.state == "pending"


async def sign_up(
    request: Request, site: Site, newcomer: Newcomer, *, is_app: bool = False
) -> SignedUp:
    """Make the account, or the application for one. The invited solve no captcha.

    Raises TooMany, Invalid, Denied and Conflict as `check_name`, `check_new_password`,
    `check_email` and `register` do, and `check_captcha`.
    """
    instance = instance_of(request)
    name = check_name(newcomer.name, site.name_limit)
    password = check_new_password(newcomer.password, name)
    email = check_email(newcomer.email)
    address = address_key(client_address(request))
    await instance.unit(lambda ctx: count_attempt(ctx.conn, SIGN_UP_BY_ADDRESS, address, ctx.now))
    if site.captcha_enabled and not newcomer.invitation:
        await check_captcha(request, newcomer.captcha, newcomer.captcha_answer)
    new_account = NewAccount(
        name=name,
        password_hash=await asyncio.to_thread(hash_password, password),
        email=email,
        application=newcomer.application,
        invitation=newcomer.invitation,
        show_nsfw=newcomer.show_nsfw,
    )
    key, start = await instance.new_key(), start_of(request, is_app=is_app)

    def work(ctx: Context) -> SignedUp:
        member = register(ctx, new_account, key, sends_mail=start.sends_mail)
        ask_to_confirm(instance, ctx, site, member)
        if not new_account.invitation:
            count_attempt(ctx.conn, ACCOUNTS_BY_ADDRESS, address, ctx.now)
        asks = start.sends_mail and email is not None
        if member.account.state == "pending":
            return SignedUp(member, None, asks)
        begun = begin_session(ctx, member, start)
        return SignedUp(member, begun if isinstance(begun, NewSession) else None, asks)

    return await instance.unit(work)

"""Logging in, for pages and the API: the steps of `fedcom.accounts.sign_in`, the slow one in a
thread of its own.
"""

import asyncio
from functools import partial
from typing import Any

from starlette.requests import Request

from fedcom.accounts.members import Member
from fedcom.accounts.passkeys import begin_using, take_challenge
from fedcom.accounts.passwords import check_password, stronger_hash
from fedcom.accounts.sessions import SignedIn
from fedcom.accounts.sign_in import (
    Client,
    CodeNeeded,
    EmailNeeded,
    Login,
    NewSession,
    SecondStep,
    Start,
    begin_code,
    begin_passkey,
    begin_sign_in,
    email_unconfirmed,
    finish_code,
    finish_passkey,
    finish_sign_in,
)
from fedcom.accounts.throttle import forget_attempts
from fedcom.accounts.two_factor import code_missing
from fedcom.context import Context
from fedcom.http.addresses import client_address
from fedcom.http.devices import find_device
from fedcom.http.instance import instance_of


def start_of(request: Request, *, is_app: bool = False) -> Start:
    """The session that this request is to begin."""
    sends_mail = instance_of(request).settings.sends_mail
    agent = request.headers.get("user-agent", "")
    return Start(agent, is_app=is_app, sends_mail=sends_mail)


async def log_in(
    request: Request, name: str, password: str, *, is_app: bool = False
) -> NewSession | CodeNeeded | EmailNeeded:
    """Check a name or an e-mail address and its password; a session, or what has to come before.

    Raises TooMany, and Denied as `finish_sign_in` does.
    """
    instance, client = instance_of(request), _client(request)

    def begin(ctx: Context) -> Login:
        return begin_sign_in(ctx.conn, name, client, ctx.now)

    login = await instance.unit(begin)
    stored, start = login.password_hash, start_of(request, is_app=is_app)
    is_right = await asyncio.to_thread(check_password, stored, password)
    stronger = await asyncio.to_thread(stronger_hash, stored, password) if is_right else None
    return await instance.unit(
        lambda ctx: finish_sign_in(ctx, login, start, password_ok=is_right, stronger=stronger)
    )


async def log_in_with_code(
    request: Request, member: Member, code: str, *, is_app: bool = False
) -> NewSession | EmailNeeded:
    """The second step, after `CodeNeeded`. Raises TooMany, and Denied as `finish_code` does."""
    instance, client = instance_of(request), _client(request)
    attempts = await instance.unit(
        lambda ctx: begin_code(ctx.conn, member.account, client, ctx.now)
    )
    step, start = SecondStep(member, code, attempts), start_of(request, is_app=is_app)
    return await instance.unit(lambda ctx: finish_code(ctx, instance.cipher, step, start))


async def begin_with_passkey(request: Request) -> dict[str, Any]:
    """What a browser needs to log in with a passkey, as JSON. Raises TooMany."""
    client = _client(request)

    def begin(ctx: Context) -> dict[str, Any]:
        begin_passkey(ctx.conn, client, ctx.now)
        return begin_using(ctx)

    return await instance_of(request).unit(begin)


async def log_in_with_passkey(request: Request, credential: str) -> NewSession | EmailNeeded:
    """Log in with what the browser made of that. Raises Invalid as `take_challenge` does, and
    Denied as `finish_passkey` does.
    """
    instance, start = instance_of(request), start_of(request)
    answer = await instance.unit(lambda ctx: take_challenge(ctx, credential, None))
    return await instance.unit(lambda ctx: finish_passkey(ctx, answer, start))


async def log_in_app(
    request: Request, name: str, password: str, code: str | None = None
) -> NewSession:
    """Both steps in one, as apps log in; `token` of the result is a JSON Web Token.

    Raises TooMany, and Denied: `incorrect_login`, `registration_application_is_pending`,
    `missing_totp_token`, `incorrect_totp_token`, `email_not_verified`, `site_ban`.
    """
    result = await log_in(request, name, password, is_app=True)
    if isinstance(result, CodeNeeded):
        if not code:
            raise code_missing()
        result = await log_in_with_code(request, result.member, code, is_app=True)
    if isinstance(result, EmailNeeded):
        raise email_unconfirmed()
    return result


async def knows_password(request: Request, member: SignedIn, password: str) -> bool:
    """Whether this is the password of a member who is logged in, asked for again.

    Wrong attempts are counted per session: strangers trying elsewhere cannot lock out a member who
    is logged in. Raises TooMany.
    """
    instance = instance_of(request)
    name, session = member.person.name, f"session {member.session.id}"
    client = Client(client_address(request), lambda _account: session)
    login = await instance.unit(lambda ctx: begin_sign_in(ctx.conn, name, client, ctx.now))
    if not await asyncio.to_thread(check_password, login.password_hash, password):
        return False
    await instance.unit(lambda ctx: forget_attempts(ctx.conn, login.attempts))
    return True


def _client(request: Request) -> Client:
    return Client(client_address(request), partial(find_device, request))

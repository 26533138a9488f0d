"""Forgotten passwords, for pages and the API: the link by mail, and the new password."""

import asyncio
from contextlib import suppress

from starlette.requests import Request

from fedcom.accounts.mail import write_reset
from fedcom.accounts.members import Member, find_member
from fedcom.accounts.password_reset import create_reset, find_reset, use_reset
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.throttle import (
    RESET_BY_ACCOUNT,
    RESET_BY_ADDRESS,
    RESET_BY_PAIR,
    address_key,
    count_attempt,
    name_key,
)
from fedcom.context import Context
from fedcom.errors import Invalid, TooMany
from fedcom.http.addresses import client_address
from fedcom.http.instance import instance_of
from fedcom.models.site import Site


async def send_reset(request: Request, site: Site, name: str) -> None:
    """Send a link to the member with this name or e-mail address, if there is one: whether there is
    does not show. Raises Invalid("name_required") and TooMany.
    """
    if not name:
        raise Invalid("name_required", "Enter your name or e-mail address.")
    address = address_key(client_address(request))

    def work(ctx: Context) -> None:
        member = find_member(ctx.conn, name)
        count_attempt(ctx.conn, RESET_BY_ADDRESS, address, ctx.now)
        # Not by the name alone, or any stranger could keep the owner from requesting a link.
        count_attempt(ctx.conn, RESET_BY_PAIR, f"{name_key(name)} {address}", ctx.now)
        if member is None or member.account.email is None:
            return
        # An error here would reveal that the account exists. Its owner has the links that were sent
        # before, which are all still valid.
        with suppress(TooMany):
            count_attempt(ctx.conn, RESET_BY_ACCOUNT, f"{member.person.id}", ctx.now)
            token = create_reset(ctx.conn, member.person.id, ctx.now)
            write_reset(ctx, site, member, member.account.email, token)

    await instance_of(request).unit(work)


async def reset_password(request: Request, token: str, password: str) -> Member:
    """Set a new password with the token of a link; whose it is.

    Raises NotFound("reset_unknown"), and Invalid as `check_new_password` does.
    """
    instance = instance_of(request)
    whose = await instance.read(lambda conn: find_reset(conn, token, instance.clock()))
    chosen = check_new_password(password, whose.person.name)
    hashed = await asyncio.to_thread(hash_password, chosen)
    return await instance.unit(lambda ctx: use_reset(ctx.conn, token, hashed, ctx.now))

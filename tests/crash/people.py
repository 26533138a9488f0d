"""The members of the two servers, and the one community of each.

Accounts and sessions are put into the database through the project's own functions before the
servers start, with one key pair for all people of a server: that saves a minute of argon2 and RSA
that the test is not about. Everything after that goes through HTTP.
"""

import asyncio
from dataclasses import dataclass

from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.sessions import create_session
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wiring import open_instance
from tests.support.server_processes import Node


@dataclass(slots=True)
class Member:
    """A member with a session; `form_token` is read from the first page they open."""

    node: Node
    name: str
    session: str
    form_token: str = ""


def create_members(node: Node, community: str, count: int) -> list[Member]:
    """Create `count` members and a community of the first of them, who is the admin."""
    return asyncio.run(_settle(node, community, count))


async def _settle(node: Node, community: str, count: int) -> list[Member]:
    settings = load_settings(environ=node.environ)
    async with open_instance(settings) as instance:
        key = await instance.new_key()

        def work(ctx: Context) -> list[Member]:
            members = []
            for number in range(count):
                name = f"{node.name}{number:03}"
                newcomer = NewAccount(name=name, password_hash="no password fits")
                made = create_account(ctx, newcomer, key, role="member" if number else "admin")
                person = made.person
                session = create_session(ctx.conn, person.id, "crash story", ctx.now)
                members.append(Member(node, name, session))
                if not number:
                    perform(ctx, CreateCommunity(by=person, name=community, key=key))
            finish_setup(ctx.conn, name=node.name, registration="closed", now=ctx.now)
            return members

        return await instance.unit(work)

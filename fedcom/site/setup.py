"""The first start, which fixes the origin permanently, and the set-up by the first admin."""

import asyncio
import secrets
from datetime import datetime

import structlog
from sqlalchemy import Connection, insert, select, update

from database.inserts import insert_ignoring
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.register import NewAccount, create_account
from fedcom.clock import Clock
from fedcom.context import Context, NewKey
from fedcom.db import Database
from fedcom.effects.local_actor import create_instance_actor
from fedcom.errors import Conflict
from fedcom.models.actor import local_name
from fedcom.models.site import Site, site
from fedcom.queries.actors import list_admins
from fedcom.remote.keys import KeyCipher, make_key
from fedcom.settings import Settings, SettingsError
from fedcom.site.settings import (
    check_registration,
    check_site_name,
    find_site,
    get_site,
    name_instance_actor,
)

logger = structlog.get_logger(__name__)


def check_origin(conn: Connection, origin: str) -> bool:
    """Whether this database has been used before, and under `origin`; False for a new one.

    Raises SettingsError for another origin: all ids of this instance begin with the old one, and
    other servers would never recognise it under a new name.
    """
    known = find_site(conn)
    if known is None:
        return False
    if known.origin != origin:
        raise SettingsError(
            [
                f"This database belongs to {known.origin}, but the origin is set to {origin}."
                " The origin cannot be changed: it is part of the id of everything posted here."
                f" Set the origin to {known.origin} again, or start anew for {origin} with a"
                " different data_dir or database_url."
            ]
        )
    return True


def start(ctx: Context, key: NewKey) -> Site:
    """At the first start, store the origin and make the instance actor with `key`.

    At any other start nothing is changed and `key` is dropped (two processes may start at the same
    time). Raises SettingsError as `check_origin` does.
    """
    # The process that inserts the name first makes the actor; on PostgreSQL the other waits here.
    first = insert_ignoring(ctx.conn, local_name, {"name": "actor", "taken_at": ctx.now})
    if check_origin(ctx.conn, ctx.origin) or not first:
        return get_site(ctx.conn)
    instance_actor = create_instance_actor(ctx, key)
    ctx.conn.execute(
        insert(site).values(
            id=1, origin=ctx.origin, actor_id=instance_actor.id, name=ctx.host, created_at=ctx.now
        )
    )
    name_instance_actor(ctx.conn)
    return get_site(ctx.conn)


async def first_start(
    database: Database, settings: Settings, cipher: KeyCipher, clock: Clock
) -> None:
    """At the first start, fix the origin, and make the instance actor and the first admin, if the
    settings name one."""
    if not await database.read(lambda conn: check_origin(conn, settings.origin)):
        key = await make_key(cipher)
        await database.write(lambda conn: start(Context(conn, clock(), settings.origin), key))
    if settings.admin_name is None or settings.admin_password is None:
        return
    if await database.read(is_set_up):
        return
    password = settings.admin_password.get_secret_value()
    new_account = NewAccount(
        name=settings.admin_name,
        password_hash=await asyncio.to_thread(hash_password, password),
    )
    key = await make_key(cipher)
    await database.write(
        lambda conn: _make_first_admin(Context(conn, clock(), settings.origin), new_account, key)
    )
    logger.info("first_admin_created", name=settings.admin_name)


def _make_first_admin(ctx: Context, new_account: NewAccount, key: NewKey) -> None:
    if is_set_up(ctx.conn):
        return
    create_account(ctx, new_account, key, role="admin")
    finish_setup(ctx.conn, name=ctx.host, registration="closed", now=ctx.now)


def is_set_up(conn: Connection) -> bool:
    """Whether an admin has finished the set-up; until then only its page is shown."""
    return conn.execute(select(site.c.set_up_at)).scalar() is not None


def finish_setup(conn: Connection, *, name: str, registration: str, now: datetime) -> Site:
    """Finish the set-up, after the caller has made the first admin in the same transaction.

    Raises Conflict (`site_already_exists`, `no_admin`) and Invalid as `settings.edit_site` does.
    """
    if is_set_up(conn):
        raise Conflict("site_already_exists", "This server is already set up.")
    if not list_admins(conn):
        raise Conflict("no_admin", "There is no admin yet.")
    conn.execute(
        update(site).values(
            name=check_site_name(name),
            registration=check_registration(registration),
            set_up_at=now,
        )
    )
    name_instance_actor(conn)
    return get_site(conn)


async def make_setup_token(database: Database, settings: Settings) -> str | None:
    """A new token for the set-up page, which on a public server a stranger could otherwise open
    first; None in development, and once the instance is set up.
    """
    if settings.development or await database.read(is_set_up):
        return None
    return secrets.token_urlsafe(12)

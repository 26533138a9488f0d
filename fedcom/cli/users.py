"""`fedcom user`: accounts of this instance, and bans of anybody."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal

import click
from sqlalchemy import Connection

from activitypub.webfinger import parse_handle
from fedcom.accounts.invitations import Terms, create_invitation
from fedcom.accounts.members import (
    Member,
    find_member,
    list_members,
    set_password,
    set_role,
)
from fedcom.accounts.password_reset import create_reset
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.register import Newcomer, create_account
from fedcom.actions.ban import Ban
from fedcom.actions.perform import perform
from fedcom.actions.unban import Unban
from fedcom.cli.opening import with_instance
from fedcom.context import Context, NewKey
from fedcom.errors import NotFound
from fedcom.models.actor import Person
from fedcom.queries.actors import find_first_admin, find_person
from fedcom.site.setup import finish_setup, is_set_up
from fedcom.wiring import Instance


@click.group("user")
def users() -> None:
    """Accounts, and bans."""


@users.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Make the account an admin's.")
@click.option("--email", help="An address to log in with, instead of the name.")
@click.pass_obj
def create(config: Path | None, name: str, admin: bool, email: str | None) -> None:
    """Make an active account NAME, whatever the registration mode.

    The first admin's also ends the set-up, with registration closed. The password
    is asked for, or read as one line from standard input.
    """
    chosen = check_new_password(_read_password(), name)

    async def work(instance: Instance) -> Member:
        hashed = await asyncio.to_thread(hash_password, chosen)
        newcomer = Newcomer(name=name, password_hash=hashed, email=email)
        key = await instance.new_key()
        return await instance.unit(lambda ctx: _create(ctx, newcomer, key, admin=admin))

    member = with_instance(config, work)
    click.echo(f"{member.person.handle} can log in ({member.account.role}).")


@users.command()
@click.argument("name")
@click.option("--demote", is_flag=True, help="Make an admin a plain member again.")
@click.pass_obj
def promote(config: Path | None, name: str, demote: bool) -> None:
    """Make the member NAME an admin. All their sessions end."""
    role: Literal["admin", "member"] = "member" if demote else "admin"

    def work(ctx: Context) -> str:
        member = _get_member(ctx, name)
        set_role(ctx.conn, member.person.id, role)
        return member.person.handle

    handle = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{handle} is {'an admin' if role == 'admin' else 'a member'} now.")


@users.command("reset-password")
@click.argument("name")
@click.pass_obj
def reset_password(config: Path | None, name: str) -> None:
    """Give the account NAME another password. All its sessions end.

    The password is asked for, or read as one line from standard input.
    """
    chosen = check_new_password(_read_password(), name)
    hashed = hash_password(chosen)

    def work(ctx: Context) -> str:
        member = _get_member(ctx, name)
        set_password(ctx.conn, member.person.id, hashed)
        return member.person.handle

    handle = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{handle} has a new password.")


@users.command("reset-link")
@click.argument("name")
@click.pass_obj
def reset_link(config: Path | None, name: str) -> None:
    """Make a link with which the member NAME chooses another password, once, within an hour."""

    def work(ctx: Context) -> str:
        token = create_reset(ctx.conn, _get_member(ctx, name).person.id, ctx.now)
        return f"{ctx.origin}/reset?token={token}"

    click.echo(with_instance(config, lambda instance: instance.unit(work)))


@users.command()
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option("--days", default=7, show_default=True, type=click.IntRange(0, 3650), help="0: ever.")
@click.option("--note", default="", help="For whom; only admins see it.")
@click.pass_obj
def invite(config: Path | None, uses: int, days: int, note: str) -> None:
    """Make an invitation: whoever has its address may sign up, whatever the registration mode."""

    def work(ctx: Context) -> str:
        expires = ctx.now + timedelta(days=days) if days else None
        terms = Terms(note=note, uses=uses, expires_at=expires)
        made = create_invitation(ctx.conn, _get_admin(ctx).id, terms, ctx.now)
        return f"{ctx.origin}/register?invitation={made.code}"

    click.echo(with_instance(config, lambda instance: instance.unit(work)))


@users.command("list")
@click.option("--pending", is_flag=True, help="Who waits for an admin's approval instead.")
@click.pass_obj
def list_all(config: Path | None, pending: bool) -> None:
    """The accounts, the oldest first, with their role and whether they are banned."""
    state: Literal["active", "pending"] = "pending" if pending else "active"

    def work(conn: Connection) -> list[Member]:
        found: list[Member] = []
        while page := list_members(conn, state, after=found[-1].person.id if found else 0):
            found.extend(page)
        return found

    found = with_instance(config, lambda instance: instance.read(work))
    if not found:
        click.echo("Nobody waits." if pending else "There are no accounts.")
    for member in found:
        banned = "  banned" if member.person.banned_at is not None else ""
        since = f"since {member.account.created_at:%Y-%m-%d}"
        click.echo(f"{member.person.name:<20}  {member.account.role:<6}  {since}{banned}")


@users.command()
@click.argument("handle")
@click.option("--reason", default="", help="Shown to the person and kept in the modlog.")
@click.option("--days", type=click.IntRange(1, 3650), help="The ban ends by itself after so long.")
@click.option("--content", is_flag=True, help="Remove all they wrote; with --undo put it back.")
@click.option("--undo", is_flag=True, help="Take the ban back.")
@click.pass_obj
def ban(
    config: Path | None, handle: str, reason: str, days: int | None, content: bool, undo: bool
) -> None:
    """Ban HANDLE (name, or name@host for people elsewhere) from this instance.

    It is done, and told to other servers, in the name of the first admin.
    """

    def work(ctx: Context) -> Person:
        person, by = _get_person(ctx, handle), _get_admin(ctx)
        if undo:
            lift = Unban(
                by=by, person=person, community=None, reason=reason, restores_content=content
            )
            return perform(ctx, lift).person
        action = Ban(
            by=by,
            person=person,
            community=None,
            reason=reason.strip(),
            expires_at=ctx.now + timedelta(days=days) if days else None,
            removes_content=content,
        )
        return perform(ctx, action)

    person = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{person.handle} is {'no longer ' if undo else ''}banned.")


def _create(ctx: Context, newcomer: Newcomer, key: NewKey, *, admin: bool) -> Member:
    member = create_account(ctx, newcomer, key, "admin" if admin else "member")
    if admin and not is_set_up(ctx.conn):
        # As after an unattended start: else strangers would still be shown the set-up page.
        finish_setup(ctx.conn, name=ctx.host, registration="closed", now=ctx.now)
    return member


def _read_password() -> str:
    """Never from an option: the list of processes and the shell's history would show it."""
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _get_member(ctx: Context, name: str) -> Member:
    member = find_member(ctx.conn, name.lstrip("@").removesuffix(f"@{ctx.host}"))
    if member is None:
        raise NotFound("couldnt_find_person", "There is no account %(name)s here.", name=name)
    return member


def _get_admin(ctx: Context) -> Person:
    admin = find_first_admin(ctx.conn)
    if admin is None:
        raise NotFound("no_admin", "Nobody is an admin here yet: `fedcom user promote` somebody.")
    return admin


def _get_person(ctx: Context, handle: str) -> Person:
    bare = handle.lstrip("@")
    name, host = bare, ctx.host
    if "@" in bare:
        parsed = parse_handle(bare, development=True)
        name, host = parsed.name, parsed.host
    person = find_person(ctx.conn, name, host)
    if person is None:
        raise NotFound("couldnt_find_person", "%(handle)s is not known here.", handle=handle)
    return person

"""`fedcom user`: accounts of this instance, and bans."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal

import click
from sqlalchemy import Connection

from activitypub.webfinger import parse_handle
from fedcom.accounts.applications import list_waiting
from fedcom.accounts.invitations import InvitationTerms, create_invitation
from fedcom.accounts.members import (
    Member,
    find_member,
    list_members,
    set_password,
    set_role,
)
from fedcom.accounts.password_reset import create_reset
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.two_factor import switch_off
from fedcom.actions.ban import Ban
from fedcom.actions.perform import perform
from fedcom.actions.unban import Unban
from fedcom.cli.opening import with_instance
from fedcom.context import Context, NewKey
from fedcom.errors import NotFound
from fedcom.models.actor import Person
from fedcom.queries.actors import find_first_admin, find_person
from fedcom.site.setup import finish_setup, is_set_up
from fedcom.views.paging import PageNumber
from fedcom.wiring import OpenInstance


@click.group("user")
def users() -> None:
    """Manage accounts and bans."""


@users.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Create an admin account.")
@click.option(
    "--email", help="The e-mail address, which can be used to log in instead of the name."
)
@click.pass_obj
def create(config: Path | None, name: str, admin: bool, email: str | None) -> None:
    """Create an active account NAME, whatever the registration mode.

    Creating the first admin also completes the set-up, with registration closed. The
    password is prompted for, or read as one line from standard input.
    """
    chosen = check_new_password(_read_password(), name)

    async def work(instance: OpenInstance) -> Member:
        hashed = await asyncio.to_thread(hash_password, chosen)
        new_account = NewAccount(name=name, password_hash=hashed, email=email)
        key = await instance.new_key()
        return await instance.unit(lambda ctx: _create(ctx, new_account, key, admin=admin))

    member = with_instance(config, work)
    click.echo(f"{member.person.handle} can log in ({member.account.role}).")


@users.command()
@click.argument("name")
@click.option("--demote", is_flag=True, help="Turn an admin into an ordinary member.")
@click.pass_obj
def promote(config: Path | None, name: str, demote: bool) -> None:
    """Make the member NAME an admin. Ends all their sessions."""
    role: Literal["admin", "member"] = "member" if demote else "admin"

    def work(ctx: Context) -> str:
        member = _get_member(ctx, name)
        set_role(ctx.conn, member.person.id, role)
        return member.person.handle

    handle = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{handle} is now {'an admin' if role == 'admin' else 'an ordinary member'}.")


@users.command("reset-password")
@click.argument("name")
@click.pass_obj
def reset_password(config: Path | None, name: str) -> None:
    """Set a new password for the account NAME. Ends all its sessions.

    The password is prompted for, or read as one line from standard input.
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
    """Create a link to reset the password of NAME; it works once, within an hour."""

    def work(ctx: Context) -> str:
        token = create_reset(ctx.conn, _get_member(ctx, name).person.id, ctx.now)
        return f"{ctx.origin}/reset?token={token}"

    click.echo(with_instance(config, lambda instance: instance.unit(work)))


@users.command("two-factor-off")
@click.argument("name")
@click.pass_obj
def two_factor_off(config: Path | None, name: str) -> None:
    """Turn off two-factor authentication for NAME, who has lost phone and recovery codes.

    Make sure that it is they who ask: the password alone then logs in.
    """

    def work(ctx: Context) -> tuple[str, bool]:
        member = _get_member(ctx, name)
        return member.person.handle, switch_off(ctx.conn, member.person.id)

    handle, was_on = with_instance(config, lambda instance: instance.unit(work))
    state = "is now off" if was_on else "was not on"
    click.echo(f"Two-factor authentication {state} for {handle}.")


@users.command()
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option(
    "--days",
    default=7,
    show_default=True,
    type=click.IntRange(0, 3650),
    help="Days until it expires; 0 for never.",
)
@click.option("--note", default="", help="A note about who it is for; only admins see it.")
@click.pass_obj
def invite(config: Path | None, uses: int, days: int, note: str) -> None:
    """Create an invitation link: anyone with it can sign up, whatever the registration mode."""

    def work(ctx: Context) -> str:
        expires = ctx.now + timedelta(days=days) if days else None
        terms = InvitationTerms(note=note, uses=uses, expires_at=expires)
        made = create_invitation(ctx.conn, _get_admin(ctx).id, terms, ctx.now)
        return f"{ctx.origin}/register?invitation={made.code}"

    click.echo(with_instance(config, lambda instance: instance.unit(work)))


def _list_members(conn: Connection) -> list[Member]:
    found: list[Member] = []
    while page := list_members(conn, after=found[-1].person.id if found else 0):
        found.extend(page)
    return found


def _list_applicants(conn: Connection) -> list[Member]:
    found: list[Member] = []
    number = 1
    while number:
        page = list_waiting(conn, after=PageNumber(number))
        found.extend(one.applicant for one in page.items)
        number = number + 1 if page.has_more else 0
    return found


@users.command("list")
@click.option("--pending", is_flag=True, help="List pending applications instead.")
@click.pass_obj
def list_all(config: Path | None, pending: bool) -> None:
    """List accounts with role and bans, oldest first."""
    work = _list_applicants if pending else _list_members
    found = with_instance(config, lambda instance: instance.read(work))
    if not found:
        click.echo("No pending applications." if pending else "No accounts.")
    for member in found:
        banned = "  banned" if member.person.banned_at is not None else ""
        since = f"since {member.account.created_at:%Y-%m-%d}"
        click.echo(f"{member.person.name:<20}  {member.account.role:<6}  {since}{banned}")


@users.command()
@click.argument("handle")
@click.option("--reason", default="", help="The reason, shown to the person and in the modlog.")
@click.option(
    "--days", type=click.IntRange(1, 3650), help="How many days the ban lasts (default: permanent)."
)
@click.option(
    "--content", is_flag=True, help="Also remove everything they wrote; with --undo, restore it."
)
@click.option("--undo", is_flag=True, help="Lift the ban.")
@click.pass_obj
def ban(
    config: Path | None, handle: str, reason: str, days: int | None, content: bool, undo: bool
) -> None:
    """Ban HANDLE (name, or name@host for remote users) from this server.

    The ban is made, and announced to other servers, in the name of the longest-serving admin.
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


def _create(ctx: Context, new_account: NewAccount, key: NewKey, *, admin: bool) -> Member:
    member = create_account(ctx, new_account, key, "admin" if admin else "member")
    if admin and not is_set_up(ctx.conn):
        # As after an unattended start: otherwise strangers could still open the set-up page.
        finish_setup(ctx.conn, name=ctx.host, registration="closed", now=ctx.now)
    return member


def _read_password() -> str:
    """The password; never an option, which process lists and the shell's history would show."""
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _get_member(ctx: Context, name: str) -> Member:
    member = find_member(ctx.conn, name.lstrip("@").removesuffix(f"@{ctx.host}"))
    if member is None:
        raise NotFound("couldnt_find_person", "There is no account named %(name)s.", name=name)
    return member


def _get_admin(ctx: Context) -> Person:
    admin = find_first_admin(ctx.conn)
    if admin is None:
        raise NotFound(
            "no_admin", "There is no admin yet. Make someone an admin with `fedcom user promote`."
        )
    return admin


def _get_person(ctx: Context, handle: str) -> Person:
    bare = handle.lstrip("@")
    name, host = bare, ctx.host
    if "@" in bare:
        parsed = parse_handle(bare, development=True)
        name, host = parsed.name, parsed.host
    person = find_person(ctx.conn, name, host)
    if person is None:
        raise NotFound(
            "couldnt_find_person", "%(handle)s is not known on this server.", handle=handle
        )
    return person

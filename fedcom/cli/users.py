"""`fedcom user`: accounts of this instance, and bans of anybody."""

import asyncio
import sys
from pathlib import Path

import click

from activitypub.webfinger import parse_handle
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.register import Newcomer, create_account
from fedcom.accounts.roster import Member, find_member, set_password, set_role
from fedcom.cli.opening import with_instance
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.actor import Person
from fedcom.queries.actors import find_person
from fedcom.site.bans import ban_person, unban_person
from fedcom.wiring import Instance


@click.group("user")
def users() -> None:
    """Accounts, and bans."""


@users.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Make the account an admin's.")
@click.option("--email", help="Where a forgotten password can be reset by mail.")
@click.option("--password", help="Else it is asked for, or read from standard input.")
@click.pass_obj
def create(
    config: Path | None, name: str, admin: bool, email: str | None, password: str | None
) -> None:
    """Make an active account NAME, whatever the registration mode."""
    chosen = check_new_password(_password(password), name)

    async def work(instance: Instance) -> Member:
        hashed = await asyncio.to_thread(hash_password, chosen)
        newcomer = Newcomer(name=name, password_hash=hashed, email=email)
        key = await instance.new_key()
        return await instance.unit(
            lambda ctx: create_account(ctx, newcomer, key, "admin" if admin else "member")
        )

    member = with_instance(config, work)
    click.echo(f"{member.person.handle} can log in ({member.account.role}).")


@users.command()
@click.argument("name")
@click.option("--demote", is_flag=True, help="Make an admin a plain member again.")
@click.pass_obj
def promote(config: Path | None, name: str, demote: bool) -> None:
    """Make the member NAME an admin. All their sessions end."""
    role = "member" if demote else "admin"

    def work(ctx: Context) -> str:
        member = _get_member(ctx, name)
        set_role(ctx.conn, member.person.id, "member" if demote else "admin")
        return member.person.handle

    handle = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{handle} is {'an admin' if role == 'admin' else 'a member'} now.")


@users.command("reset-password")
@click.argument("name")
@click.option("--password", help="Else it is asked for, or read from standard input.")
@click.pass_obj
def reset_password(config: Path | None, name: str, password: str | None) -> None:
    """Give the account NAME another password. All its sessions end."""
    chosen = check_new_password(_password(password), name)
    hashed = hash_password(chosen)

    def work(ctx: Context) -> str:
        member = _get_member(ctx, name)
        set_password(ctx.conn, member.person.id, hashed)
        return member.person.handle

    handle = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{handle} has a new password.")


@users.command()
@click.argument("handle")
@click.option("--reason", default="", help="Shown to the person and kept in the modlog.")
@click.option("--undo", is_flag=True, help="Take the ban back.")
@click.pass_obj
def ban(config: Path | None, handle: str, reason: str, undo: bool) -> None:
    """Ban HANDLE (name, or name@host for people elsewhere) from this instance."""

    def work(ctx: Context) -> Person:
        person = _get_person(ctx, handle)
        return unban_person(ctx, person) if undo else ban_person(ctx, person, reason)

    person = with_instance(config, lambda instance: instance.unit(work))
    click.echo(f"{person.handle} is {'no longer ' if undo else ''}banned.")


def _password(given: str | None) -> str:
    if given is not None:
        return given
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _get_member(ctx: Context, name: str) -> Member:
    member = find_member(ctx.conn, name.lstrip("@").removesuffix(f"@{ctx.host}"))
    if member is None:
        raise NotFound("couldnt_find_person", f"There is no account {name} here.")
    return member


def _get_person(ctx: Context, handle: str) -> Person:
    bare = handle.lstrip("@")
    name, host = bare, ctx.host
    if "@" in bare:
        parsed = parse_handle(bare, development=True)
        name, host = parsed.name, parsed.host
    person = find_person(ctx.conn, name, host)
    if person is None:
        raise NotFound("couldnt_find_person", f"{handle} is not known here.")
    return person

"""`fedcom keys`: the keys that this instance and its members sign with."""

from functools import partial
from pathlib import Path

import click
from sqlalchemy import Connection, select

from fedcom.actions.keys import RotateKeys
from fedcom.actions.perform import perform
from fedcom.cli.opening import with_instance
from fedcom.context import Context, NewKey
from fedcom.errors import NotFound
from fedcom.models.actor import actor
from fedcom.queries.actors import find_actor
from fedcom.wiring import OpenInstance


@click.group("keys")
def keys() -> None:
    """Manage signing keys."""


@keys.command()
@click.argument("names", nargs=-1)
@click.option(
    "--all",
    "everybody",
    is_flag=True,
    help="Replace the keys of every local actor, including the server's own.",
)
@click.pass_obj
def rotate(config: Path | None, names: tuple[str, ...], everybody: bool) -> None:
    """Replace the signing keys of the people and communities NAMES and inform their followers.

    Do this if a backup or the secret key may have been leaked. A running server uses the new
    keys within 15 seconds.
    """
    if everybody == bool(names):
        raise click.UsageError("Give names of people or communities, or --all.")
    count = with_instance(config, lambda instance: _rotate(instance, names))
    click.echo(f"{count} {'actor has' if count == 1 else 'actors have'} new keys.")


async def _rotate(instance: OpenInstance, names: tuple[str, ...]) -> int:
    iris = await instance.read(lambda conn: _find(conn, names))
    for iri in iris:
        key = await instance.new_key()
        await instance.unit(partial(_rotate_one, iri=iri, key=key))
    return len(iris)


def _find(conn: Connection, names: tuple[str, ...]) -> list[str]:
    query = select(actor.c.name, actor.c.iri).where(actor.c.local, actor.c.deleted_at.is_(None))
    known = {row.name: row.iri for row in conn.execute(query.order_by(actor.c.id))}
    wanted = [name.lstrip("@!").lower() for name in names] or list(known)
    for name in wanted:
        if name not in known:
            raise NotFound(
                "couldnt_find_person",
                "There is no local person or community named %(name)s.",
                name=name,
            )
    return [known[name] for name in wanted]


def _rotate_one(ctx: Context, iri: str, key: NewKey) -> None:
    found = find_actor(ctx.conn, iri)
    if found is not None:
        perform(ctx, RotateKeys(by=found, key=key))

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
    """Signing keys."""


@keys.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="Every local actor, the instance's too.")
@click.pass_obj
def rotate(config: Path | None, names: tuple[str, ...], everybody: bool) -> None:
    """Give the people and communities NAMES new keys, and tell their followers.

    Do it when a backup or the secret key may be in wrong hands. A running server signs with the
    new keys within 15 seconds.
    """
    if everybody == bool(names):
        raise click.UsageError("Name people or communities, or say --all.")
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
            raise NotFound("couldnt_find_person", "There is no %(name)s here.", name=name)
    return [known[name] for name in wanted]


def _rotate_one(ctx: Context, iri: str, key: NewKey) -> None:
    someone = find_actor(ctx.conn, iri)
    if someone is not None:
        perform(ctx, RotateKeys(by=someone, key=key))

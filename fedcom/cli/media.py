"""`fedcom media`: delete pictures."""

import asyncio
from functools import partial
from pathlib import Path

import click

from fedcom.cli.opening import with_instance
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.media.records import find_media, find_media_of, forget_media, name_in
from fedcom.wiring import OpenInstance


@click.group("media")
def media() -> None:
    """Manage pictures."""


@media.command()
@click.argument("addresses", nargs=-1, required=True)
@click.pass_obj
def remove(config: Path | None, addresses: tuple[str, ...]) -> None:
    """Delete pictures: uploads by address or name, remote copies by the original address."""
    with_instance(config, lambda instance: _remove_all(instance, addresses))


async def _remove_all(instance: OpenInstance, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        copies = await asyncio.to_thread(instance.remote_pictures.forget, address)
        files = await instance.unit(partial(_forget, address=address))
        for file in files:
            await asyncio.to_thread(instance.pictures.store.remove, file)
        if not copies and not files:
            raise NotFound(
                "couldnt_find_picture",
                "There is no picture with the address %(address)s here.",
                address=address,
            )
        click.echo(f"{address} was deleted.")


def _forget(ctx: Context, address: str) -> list[str]:
    name = name_in(ctx.origin, address) or address
    found = find_media(ctx.conn, name) or find_media_of(ctx.conn, address)
    return forget_media(ctx, found) if found is not None else []

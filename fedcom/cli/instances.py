"""`fedcom instance`: block and unblock servers, one by one or by lists."""

from pathlib import Path
from typing import BinaryIO

import click

from activitypub.iri import host_of
from fedcom.cli.opening import with_instance
from fedcom.remote.peers import normalise_host
from fedcom.site.block_list_file import (
    MAX_BYTES,
    BlockListFile,
    read_block_list,
    write_block_list,
)
from fedcom.site.block_lists import (
    WHY_SKIPPED,
    BlockListDraft,
    ListedServer,
    check_list_name,
    draft_of,
)
from fedcom.site.instances import (
    block_from_list,
    block_instance,
    list_blocks,
    unblock_instance,
)
from fedcom.wiring import OpenInstance


@click.group("instance")
def instances() -> None:
    """Block and unblock servers, one by one or by lists."""


@instances.command()
@click.argument("host")
@click.option("--reason", default="", help="The reason, shown in the modlog.")
@click.pass_obj
def block(config: Path | None, host: str, reason: str) -> None:
    """Block HOST and its subdomains: accept nothing from them, send nothing to them."""
    made = with_instance(
        config, lambda instance: instance.unit(lambda ctx: block_instance(ctx, host, reason))
    )
    click.echo(f"{made.host} is blocked.")


@instances.command()
@click.argument("host")
@click.pass_obj
def unblock(config: Path | None, host: str) -> None:
    """Unblock HOST."""
    with_instance(config, lambda instance: instance.unit(lambda ctx: unblock_instance(ctx, host)))
    click.echo(f"{host} is no longer blocked.")


@instances.command("list")
@click.pass_obj
def list_all(config: Path | None) -> None:
    """List blocked servers, with the reasons."""
    blocks = with_instance(config, lambda instance: instance.read(list_blocks))
    if not blocks:
        click.echo("No servers are blocked.")
    for found in blocks:
        source = f"  from {found.list_name}" if found.list_name else ""
        reason = f"  {found.reason}" if found.reason else ""
        click.echo(f"{found.host}  since {found.created_at:%Y-%m-%d}{source}{reason}")


@instances.command()
@click.pass_obj
def export(config: Path | None) -> None:
    """Print the blocked servers as CSV, as Mastodon reads and writes it."""
    blocks = with_instance(config, lambda instance: instance.read(list_blocks))
    click.echo(write_block_list(blocks), nl=False)


@instances.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--name", default="", help="The name of the list; otherwise that of FILE.")
@click.option("--except", "left_out", multiple=True, help="A server to leave out; repeatable.")
@click.option("--yes", is_flag=True, help="Block the servers; otherwise nothing is changed.")
@click.pass_obj
def import_list(
    config: Path | None, file: BinaryIO, name: str, left_out: tuple[str, ...], yes: bool
) -> None:
    """Show what the list in FILE (- for standard input) would block; with --yes, block it.

    FILE is Mastodon's CSV, or has one server in each line. Only servers that it suspends are
    blocked.
    """
    content = file.read(MAX_BYTES + 1)
    is_piped = file.name in ("-", "<stdin>")
    name = check_list_name(name or ("standard input" if is_piped else Path(file.name).name))
    spared = {normalise_host(host) for host in left_out}

    async def work(instance: OpenInstance) -> tuple[BlockListFile, BlockListDraft]:
        found = read_block_list(content, host_of(instance.settings.origin))
        entries = {host: why for host, why in found.entries.items() if host not in spared}
        draft = await instance.read(lambda conn: draft_of(conn, entries))
        blocks = [(one.host, one.reason) for one in draft.additions]
        if yes:
            await instance.unit(lambda ctx: block_from_list(ctx, blocks, name, None))
        return found, draft

    found, draft = with_instance(config, work)
    for line in found.skipped:
        click.echo(f"line {line.number} skipped ({WHY_SKIPPED[line.why]}): {line.text}")
    for one in draft.additions:
        click.echo(f"{one.host}{_ties(one)}{f'  {one.reason}' if one.reason else ''}")
    number = len(draft.additions)
    if draft.known:
        click.echo(f"Already blocked: {draft.known}.")
    if yes:
        click.echo(f"Blocked now: {number}.")
    elif number:
        click.echo(f"Not blocked yet: {number}. To block them, repeat this with --yes.")
    else:
        click.echo("There is nothing to block.")


def _ties(one: ListedServer) -> str:
    return f"  cuts off {one.followers} followers and {one.follows} follows" if one.ties else ""

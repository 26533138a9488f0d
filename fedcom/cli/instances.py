"""`fedcom instance`: block and unblock servers."""

from pathlib import Path

import click

from fedcom.cli.opening import with_instance
from fedcom.site.instances import block_instance, list_blocks, unblock_instance


@click.group("instance")
def instances() -> None:
    """Block and unblock servers."""


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
        reason = f"  {found.reason}" if found.reason else ""
        click.echo(f"{found.host}  since {found.created_at:%Y-%m-%d}{reason}")

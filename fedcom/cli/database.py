"""`fedcom db`: upgrade the database, check whether it is up to date, or move to another one."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy import Connection, select

from fedcom import migrate
from fedcom.db import normalise_url
from fedcom.migrate import MigrationError
from fedcom.models.actor import actor_key
from fedcom.remote.keys import KeyCipher
from fedcom.settings import Settings, SettingsError, load_settings
from fedcom.site.setup import check_origin
from fedcom.transfer import TableContents, move


@click.group("db")
def database() -> None:
    """Upgrade, check and move the database."""


@database.command()
@click.pass_obj
def upgrade(config: Path | None) -> None:
    """Upgrade the database to the newest revision. Creates a missing SQLite file."""
    settings = load_settings(config)
    migrate.upgrade(settings.database_url)
    current, _ = migrate.current_and_head(settings.database_url)
    click.echo(f"The database is at revision {current}.")


@database.command()
@click.pass_context
def check(context: click.Context) -> None:
    """Compare the schema with what this version expects; exit code 1 if they differ."""
    settings = load_settings(context.obj)
    differences = migrate.check(settings.database_url)
    for difference in differences:
        click.echo(difference)
    if differences:
        context.exit(1)
    click.echo("The database matches this version.")


@database.command("move")
@click.option("--to", "target", metavar="URL", required=True, help="The new, empty database.")
@click.pass_obj
def move_database(config: Path | None, target: str) -> None:
    """Copy everything to an empty database, from SQLite to PostgreSQL or back, and compare.

    Stop the server and all workers first. The database of the settings is only read. A password
    for PostgreSQL can be given as PGPASSWORD or in ~/.pgpass.
    """
    settings = load_settings(config)
    try:
        url = normalise_url(target)
    except ValueError as error:
        raise SettingsError([f"--to: {error}"]) from error
    show = _show if sys.stderr.isatty() else _show_nothing
    try:
        moved = move(
            settings.database_url,
            target,
            examine=lambda conn: examine(conn, settings),
            progress=show,
        )
    except KeyboardInterrupt as interrupt:
        raise MigrationError(
            "Interrupted. Nothing was moved, and the old database is as it was; run the command"
            " again, or start the server as before."
        ) from interrupt
    _print_table(moved)
    click.echo(
        f"Moved {sum(table.rows for table in moved):,} rows; what is in the new database has been"
        f" read again and is equal. It belongs to {settings.origin}, and its private keys can be"
        " decrypted.\n\n"
        f'Now set database_url = "{_written(url.render_as_string())}" and start the server and its'
        " workers. Never start one with the old database again: it would assign the same ids to"
        " other posts. Delete it when you have a backup of the new one."
    )


def examine(conn: Connection, settings: Settings) -> None:
    """Raises SettingsError if it is not the database of these settings, and WrongSecret if the
    secret is not the one of its keys.
    """
    if not check_origin(conn, settings.origin):
        raise MigrationError("There is nothing in the database: no server has used it yet.")
    newest = select(actor_key.c.private_key).order_by(actor_key.c.id.desc()).limit(1)
    encrypted = conn.execute(newest).scalar()
    if encrypted is not None:
        KeyCipher(settings.read_secret(make=False)).decrypt(encrypted)


def _written(url: str) -> str:
    """The address as in the settings, without the driver."""
    return url.replace("postgresql+psycopg:", "postgresql:", 1)


def _show(table: str, done: int, total: int) -> None:
    """One line on the terminal, written anew: the first half is copying, the second comparing."""
    percent = 100 * done // total if total else 100
    click.echo(f"\r\x1b[K{table}: {percent} % of {total // 2:,} rows", nl=False, err=True)
    if done == total:
        click.echo("\r\x1b[K", nl=False, err=True)


def _show_nothing(table: str, done: int, total: int) -> None:
    """Progress is for terminals."""


def _print_table(moved: Sequence[TableContents]) -> None:
    width = max(len(table.name) for table in moved)
    click.echo(f"{'table':<{width}}  {'rows':>12}  digest on both sides")
    for table in moved:
        click.echo(f"{table.name:<{width}}  {table.rows:>12,}  {table.digest}")
    click.echo()

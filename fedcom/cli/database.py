"""`fedcom db`: upgrade the database, or check whether it is up to date."""

from pathlib import Path

import click

from fedcom import migrate
from fedcom.settings import load_settings


@click.group("db")
def database() -> None:
    """Upgrade and check the database."""


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

"""The command `fedcom`, its common options, and how errors become exit codes."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import DatabaseError

from activitypub.errors import ProtocolError
from fedcom.cli.communities import communities
from fedcom.cli.database import database
from fedcom.cli.federation import federation
from fedcom.cli.instances import instances
from fedcom.cli.keys import keys
from fedcom.cli.media import media
from fedcom.cli.server import serve, worker
from fedcom.cli.users import users
from fedcom.errors import FedcomError
from fedcom.migrate import MigrationError
from fedcom.remote.keys import WrongSecret
from fedcom.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fedcom")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The TOML file with the settings (default: FEDCOM_CONFIG, then ./fedcom.toml).",
)
@click.pass_context
def fedcom(context: click.Context, config: Path | None) -> None:
    """A federated community server.

    Settings come from the TOML file and from FEDCOM_* variables; see docs/settings.md.
    """
    context.obj = config


for command in (serve, worker, database, users, communities, instances, keys, media, federation):
    fedcom.add_command(command)


def main() -> None:
    """Run the command; errors that an admin can fix are one line on stderr, with exit code 1."""
    try:
        fedcom(prog_name="fedcom")
    except (SettingsError, MigrationError, WrongSecret) as error:
        _end(str(error))
    except (FedcomError, ProtocolError) as error:
        _end(f"{error.detail} ({error.code})")
    except DatabaseError as error:
        # Without the statement and its values, which SQLAlchemy would add.
        _end(f"Database error: {error.orig}")
    except OSError as error:
        _end(f"File error: {error}")


def _end(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)

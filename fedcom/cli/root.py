"""The command `fedcom`, its common options, and how errors become exit codes."""

import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy.exc import DatabaseError

from activitypub.errors import ProtocolError
from fedcom.errors import FedcomError
from fedcom.migrate import MigrationError
from fedcom.remote.keys import WrongSecret
from fedcom.settings import SettingsError

COMMANDS = {
    "serve": "server:serve",
    "worker": "worker:worker",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "doctor": "doctor:doctor",
    "db": "database:database",
    "user": "users:users",
    "community": "communities:communities",
    "instance": "instances:instances",
    "keys": "keys:keys",
    "media": "media:media",
    "federation": "federation:federation",
}
"""Each command, and the file and the name in it."""


class _Commands(click.Group):
    """Imports a command when it is asked for: a server needs no other command in memory."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as `--help` lists them."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"fedcom.cli.{module}"), name)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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

"""`fedcom doctor`: what is right and wrong with this server, and what to do about it."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from fedcom import migrate
from fedcom.cli.opening import with_instance
from fedcom.db import normalise_url
from fedcom.doctor.examination import database_failed, judge_revision
from fedcom.doctor.inside import check_settings
from fedcom.migrate import MigrationError
from fedcom.settings import Settings, load_settings
from fedcom.site.health import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check settings, database, mail, DNS, certificate, proxy and federation of this server.

    Run it while the server runs. Exit code 1 if anything has failed; warnings alone do not count.
    """
    settings = load_settings(context.obj)
    found = _check_database(settings) or with_instance(
        context.obj, lambda instance: instance.examine()
    )
    click.echo(_as_json(found) if as_json else _as_lines(found))
    if any(one.state == "failed" for one in found):
        context.exit(1)


def _check_database(settings: Settings) -> list[Finding]:
    """What keeps the instance from being opened, which would upgrade an older database."""
    url = normalise_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        return [check_settings(settings), _empty(str(url.database))]
    try:
        current, needed = migrate.current_and_head(settings.database_url)
    except (SQLAlchemyError, MigrationError) as error:
        return [check_settings(settings), database_failed(error)]
    if current is None:
        return [check_settings(settings), _empty(str(url.database))]
    if current == needed:
        return []
    kind = url.get_backend_name()
    return [check_settings(settings), judge_revision(current, str(needed), kind)]


def _empty(name: str) -> Finding:
    return Finding(
        "database",
        "failed",
        "There is nothing in the database %(name)s.",
        "Start the server, which creates it, or restore a backup.",
        {"name": name},
    )


def _as_json(found: Sequence[Finding]) -> str:
    listed = [
        {
            "check": one.check,
            "state": one.state,
            "found": one.found % one.facts,
            "remedy": one.remedy % one.facts,
        }
        for one in found
    ]
    return json.dumps(listed, indent=2)


def _as_lines(found: Sequence[Finding]) -> str:
    lines = []
    for one in found:
        lines.append(f"{one.state:<8} {one.check:<12} {one.found % one.facts}")
        if one.remedy:
            lines.append(f"{'':<21} → {one.remedy % one.facts}")
    wrong = [sum(one.state == state for one in found) for state in ("failed", "warning")]
    lines.append(f"{len(found)} checks: {wrong[0]} failed, {wrong[1]} with a warning.")
    return "\n".join(lines)

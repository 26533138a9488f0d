"""`fedcom federation`: look up remote objects; show what is waiting, refused and left out."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from fedcom.cli.examine import explain_files, verify_file
from fedcom.cli.opening import with_instance
from fedcom.cli.table import incoming_table
from fedcom.lookup import Found
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.queries.omissions import list_omissions
from fedcom.site.health import list_backlogs
from inbox.journal import refusals as list_refusals
from outbox.maintenance import FailedDelivery, PeerReport, find_failed, report_peers, retry_now

_BACKLOGS = {
    "follows": "unanswered follow requests from our members",
    "deliveries": "deliveries to it",
    "activities": "received activities not processed yet",
}


@click.group("federation")
def federation() -> None:
    """Inspect and debug federation with other servers."""


federation.add_command(explain_files)
federation.add_command(verify_file)


@federation.command()
@click.argument("text", metavar="URL_OR_HANDLE")
@click.pass_obj
def lookup(config: Path | None, text: str) -> None:
    """Fetch a community, person, post or comment and show the result."""
    found = with_instance(config, lambda instance: instance.lookup(text))
    for name, value in _facts(found):
        click.echo(f"{name:<12}{value}")


@federation.command()
@click.option("--all", "show_all", is_flag=True, help="Include peers with nothing waiting.")
@click.option(
    "--retry", metavar="HOST", help="Retry deliveries to HOST now ('all' for every host)."
)
@click.pass_obj
def queue(config: Path | None, show_all: bool, retry: str | None) -> None:
    """Show what is waiting for each peer, what fails, and what has waited for more than an hour."""
    if retry is not None:
        _retry(config, None if retry == "all" else retry)
    peers, backlogs = with_instance(
        config,
        lambda instance: instance.read(
            lambda conn: (report_peers(conn), list_backlogs(conn, instance.clock()))
        ),
    )
    shown = [peer for peer in peers if show_all or peer.waiting or peer.claimed or peer.failures]
    if not shown and not backlogs:
        click.echo("Nothing is waiting.")
    for peer in shown:
        _echo_peer(peer)
    if backlogs:
        click.echo("Waiting for more than an hour:")
    for one in backlogs:
        what = f"{one.number} {_BACKLOGS[one.kind]}"
        click.echo(f"{one.since:%Y-%m-%d %H:%M:%SZ}  {one.host}: {what}")


@federation.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--sent", is_flag=True, help="Show instead what we sent and peers refused.")
@click.option("--host", help="Show only this peer.")
@click.pass_obj
def refusals(config: Path | None, limit: int, sent: bool, host: str | None) -> None:
    """Show activities that were refused or ignored after the 202 response, newest first."""
    if sent:
        _echo_failed(config, limit, host)
        return
    found = with_instance(
        config, lambda instance: instance.read(lambda conn: list_refusals(conn, limit, host))
    )
    if not found:
        click.echo("Nothing was refused.")
    for one in found:
        name = one.activity_id or "(no id)"
        click.echo(f"{_moment(one.closed_at)}  {one.activity_type:<9} {name}  by {one.actor}")
        click.echo(f"    {one.state}, {one.code}: {one.reason}  (request {one.request_id})")


@federation.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--host", help="Show only this peer.")
@click.pass_obj
def omissions(config: Path | None, limit: int, host: str | None) -> None:
    """Show which old posts and comments were skipped when fetching, and why, newest first."""
    found = with_instance(
        config, lambda instance: instance.read(lambda conn: list_omissions(conn, limit, host))
    )
    if not found:
        click.echo("Nothing was skipped.")
    for one in found:
        click.echo(f"{one.created_at:%Y-%m-%d %H:%M:%SZ}  {one.item or '(no id)'}  of {one.source}")
        click.echo(f"    {one.code}: {one.reason}")


@federation.command()
def table() -> None:
    """Print the table of supported activities for docs/federation.md."""
    click.echo(incoming_table(), nl=False)


def _retry(config: Path | None, host: str | None) -> None:
    number = with_instance(
        config,
        lambda instance: instance.unit(lambda ctx: retry_now(ctx.conn, host, ctx.now.timestamp())),
    )
    click.echo(f"Deliveries to retry now: {number}.")


def _echo_peer(peer: PeerReport) -> None:
    parts = [f"{peer.waiting} waiting", f"{peer.claimed} being sent", f"{peer.failing} failing"]
    if peer.gone:
        parts.append("unreachable for a month: nothing new is sent")
    elif peer.resting_until is not None and peer.resting_until > datetime.now(UTC).timestamp():
        parts.append(f"paused until {_moment(peer.resting_until)}")
    click.echo(f"{peer.host}: {', '.join(parts)}")
    if peer.last_status is not None or peer.last_answer:
        answer = " ".join((peer.last_answer or "").split())[:200]
        click.echo(f"    last response: {peer.last_status or 'none'} {answer}".rstrip())


def _echo_failed(config: Path | None, limit: int, host: str | None) -> None:
    found = with_instance(
        config,
        lambda instance: instance.read(lambda conn: find_failed(conn, host=host, limit=limit)),
    )
    failures = [one for one in found if not one.is_echo]
    echoes = [one for one in found if one.is_echo]
    if not failures:
        click.echo("No peer refused anything.")
    _echo_deliveries(failures)
    if echoes:
        click.echo(
            "Echoes: peers refused copies of activities by their own users. Nothing was lost."
        )
    _echo_deliveries(echoes)


def _echo_deliveries(found: Iterable[FailedDelivery]) -> None:
    for one in found:
        answer = " ".join((one.last_answer or "").split())[:200]
        click.echo(f"{_moment(one.closed_at)}  {one.activity_id} → {one.inbox}")
        click.echo(f"    {one.state} (attempts: {one.tries}): {one.last_status or 'none'} {answer}")


def _facts(found: Found) -> list[tuple[str, str]]:
    if isinstance(found, Community):
        return [
            ("community", f"!{found.handle}"),
            ("id", found.iri),
            ("title", found.title),
            ("inbox", found.shared_inbox or found.inbox),
        ]
    if isinstance(found, Person):
        return [
            ("person", f"@{found.handle}"),
            ("id", found.iri),
            ("name", found.display_name),
            ("inbox", found.shared_inbox or found.inbox),
        ]
    if isinstance(found, Post):
        return [("post", found.title), ("id", found.iri), ("here", f"/post/{found.id}")]
    return [("comment", found.iri), ("here", f"/comment/{found.id}")]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")

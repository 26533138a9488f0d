"""`fedcom federation`: what other servers are, what waits for them, and what they were refused."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from fedcom.cli.examine import explain_files, verify_file
from fedcom.cli.opening import with_instance
from fedcom.cli.table import heard_table
from fedcom.lookup import Found
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.queries.omissions import list_omissions
from fedcom.site.health import list_backlogs
from inbox.journal import refusals as list_refusals
from outbox.maintenance import FailedDelivery, PeerReport, find_failed, report_peers, retry_now

_BACKLOGS = {
    "follows": "unanswered follows of our members",
    "deliveries": "deliveries to it",
    "activities": "activities from it that are not worked on yet",
}


@click.group("federation")
def federation() -> None:
    """Other servers: look up, queue, refusals, omissions, table; explain, verify."""


federation.add_command(explain_files)
federation.add_command(verify_file)


@federation.command()
@click.argument("text", metavar="URL_OR_HANDLE")
@click.pass_obj
def lookup(config: Path | None, text: str) -> None:
    """Fetch a community, person, post or comment and show what became of it."""
    found = with_instance(config, lambda instance: instance.lookup(text))
    for name, value in _facts(found):
        click.echo(f"{name:<12}{value}")


@federation.command()
@click.option("--all", "show_all", is_flag=True, help="Peers with nothing waiting as well.")
@click.option("--retry", metavar="HOST", help="Try what waits for HOST now ('all' for everybody).")
@click.pass_obj
def queue(config: Path | None, show_all: bool, retry: str | None) -> None:
    """What waits for each peer, what fails, and what waits for longer than an hour."""
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
        click.echo("Nothing waits for anybody.")
    for peer in shown:
        _echo_peer(peer)
    if backlogs:
        click.echo("Waiting for longer than an hour:")
    for one in backlogs:
        what = f"{one.number} {_BACKLOGS[one.kind]}"
        click.echo(f"{one.since:%Y-%m-%d %H:%M:%SZ}  {one.host}: {what}")


@federation.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.option("--sent", is_flag=True, help="What peers refused of ours instead.")
@click.option("--host", help="Of this peer only.")
@click.pass_obj
def refusals(config: Path | None, limit: int, sent: bool, host: str | None) -> None:
    """What was refused after it had been taken in, then what was ignored, the latest first."""
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
@click.option("--host", help="Of this peer only.")
@click.pass_obj
def omissions(config: Path | None, limit: int, host: str | None) -> None:
    """What was left out when old posts and comments were fetched, the latest first, and why."""
    found = with_instance(
        config, lambda instance: instance.read(lambda conn: list_omissions(conn, limit, host))
    )
    if not found:
        click.echo("Nothing was left out.")
    for one in found:
        click.echo(f"{one.created_at:%Y-%m-%d %H:%M:%SZ}  {one.item or '(no id)'}  of {one.source}")
        click.echo(f"    {one.code}: {one.reason}")


@federation.command()
def table() -> None:
    """Every activity that is heard, as the table in docs/federation.md."""
    click.echo(heard_table(), nl=False)


def _retry(config: Path | None, host: str | None) -> None:
    number = with_instance(
        config,
        lambda instance: instance.unit(lambda ctx: retry_now(ctx.conn, host, ctx.now.timestamp())),
    )
    click.echo(f"{number} deliveries are due now.")


def _echo_peer(peer: PeerReport) -> None:
    parts = [f"{peer.waiting} waiting", f"{peer.claimed} being sent", f"{peer.failing} failing"]
    if peer.gone:
        parts.append("gone for a month: nothing new is sent")
    elif peer.resting_until is not None and peer.resting_until > datetime.now(UTC).timestamp():
        parts.append(f"resting until {_moment(peer.resting_until)}")
    click.echo(f"{peer.host}: {', '.join(parts)}")
    if peer.last_status is not None or peer.last_answer:
        answer = " ".join((peer.last_answer or "").split())[:200]
        click.echo(f"    last answer: {peer.last_status or 'none'} {answer}".rstrip())


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
        click.echo("Echoes: peers refused what their own people had said. Nothing was lost.")
    _echo_deliveries(echoes)


def _echo_deliveries(found: Iterable[FailedDelivery]) -> None:
    for one in found:
        answer = " ".join((one.last_answer or "").split())[:200]
        click.echo(f"{_moment(one.closed_at)}  {one.activity_id} → {one.inbox}")
        click.echo(f"    {one.state} after {one.tries}: {one.last_status or 'none'} {answer}")


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

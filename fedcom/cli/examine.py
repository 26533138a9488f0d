"""`fedcom federation explain` and `verify`: how this server reads a document or a request, and why.

For developers of other servers. Needs no settings, no database and no network.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import urlsplit

import click

from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.parse import parse
from fedcom.inspect.captured import read_capture
from fedcom.inspect.explain import Explained, explain, refused
from fedcom.inspect.fixtures import fill, with_context
from fedcom.inspect.verification import CapturedCase, StepResult, Verification, verify_capture


@click.command("explain")
@click.argument("files", metavar="FILE", nargs=-1, required=True, type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--fixture",
    is_flag=True,
    help="Treat the files as test fixtures: add a missing @context, allow http and ports.",
)
@click.pass_context
def explain_files(
    context: click.Context, files: tuple[BinaryIO, ...], as_json: bool, fixture: bool
) -> None:
    """Explain how this server would read ActivityPub documents, or why it would refuse them.

    Use '-' as FILE for standard input. SCRUBBED_ID and SCRUBBED_DATE in a file (Mbin's snapshots)
    are replaced by an id on the actor's host and a date. Exit code 1 if any file is refused.
    """
    all_understood = True
    for file in files:
        explained = _explain(file.read(), fixture=fixture)
        all_understood = all_understood and explained.is_understood
        line = _to_json if as_json else _to_line
        click.echo(line(getattr(file, "name", "<stdin>"), explained))
    context.exit(0 if all_understood else 1)


def _explain(body: bytes, *, fixture: bool) -> Explained:
    try:
        raw = fill(parse(body))
    except ProtocolError as error:
        return refused(error)
    return explain(Document(with_context(raw) if fixture else raw), development=fixture)


def _to_json(name: str, explained: Explained) -> str:
    verdict = "understood" if explained.is_understood else "refused"
    return json.dumps({"file": name, "verdict": verdict, **asdict(explained)}, ensure_ascii=False)


def _to_line(name: str, explained: Explained) -> str:
    """One line: verdict, kind, and details."""
    parts = [f"{explained.kind}, {explained.action}"]
    if explained.title:
        parts.append(json.dumps(explained.title, ensure_ascii=False))
    named = (
        ("by", explained.author),
        ("sent by", explained.actor if explained.actor != explained.author else None),
        ("in", " or ".join(explained.community)),
        ("about", explained.about),
        ("language", explained.language),
        ("", "sensitive" if explained.sensitive else None),
        ("link", explained.link),
        ("attachments", " ".join(explained.attachments)),
        ("to", " ".join(_short(iri) for iri in explained.audience)),
    )
    parts += [f"{label} {value}".strip() for label, value in named if value]
    if explained.is_understood:
        return f"{name}: understood: {'; '.join([*parts, *explained.conditions])}"
    why = ", ".join(f"{reason.code} ({reason.detail})" for reason in explained.reasons)
    return f"{name}: refused: {why}; {'; '.join(parts)}"


def _short(iri: str) -> str:
    return "Public" if iri.endswith("#Public") else iri


@click.command("verify")
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option(
    "--key",
    type=click.File("rb"),
    help="The signer's key: a PEM, a Multikey, or the actor document as JSON.",
)
@click.option("--body", type=click.File("rb"), help="The body, if FILE contains only the head.")
@click.option(
    "--origin", help="The origin of the receiving server (default: https and the Host header)."
)
@click.option(
    "--at",
    metavar="DATE",
    help="When the request arrived, as an HTTP or ISO 8601 date (default: now).",
)
@click.pass_context
def verify_file(
    context: click.Context,
    file: BinaryIO,
    key: BinaryIO | None,
    body: BinaryIO | None,
    origin: str | None,
    at: str | None,
) -> None:
    """Verify the signature of a captured request, step by step.

    FILE is the raw request, a curl command, or the output of curl -v or curl --trace-ascii; use '-'
    for standard input. Nothing is fetched. Exit code 1 if the request is refused.
    """
    captured = read_capture(file.read(), body.read() if body else None)
    host = next(iter(captured.request.values("host")), "")
    parts = urlsplit(origin or f"https://{host}")
    case = CapturedCase(
        captured.request,
        hosts=frozenset({parts.netloc.lower()}),
        scheme=parts.scheme,
        now=_moment(at),
        key_text=key.read().decode("utf-8", "replace") if key else None,
    )
    seen = verify_capture(case)
    for note in captured.notes:
        click.echo(f"note: {note}")
    for shown in seen.shown:
        click.echo(_to_step(shown))
    click.echo(f"verdict: {_to_verdict(seen)}")
    context.exit(0 if seen.problem is None else 1)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    raise click.BadParameter(f"{text} is not a date.", param_hint="--at")


def _to_step(shown: StepResult) -> str:
    mark = {None: "", True: "ok ", False: "FAILED "}[shown.holds]
    block = "".join(f"\n    {line}" for line in shown.block.splitlines())
    return f"{shown.name}: {mark}{shown.text}".rstrip() + block


def _to_verdict(seen: Verification) -> str:
    if seen.problem is not None:
        return f"{seen.problem.status} {seen.problem.code}"
    return "undecided without the key" if seen.undecided else "verified (202)"

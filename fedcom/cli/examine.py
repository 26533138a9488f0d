"""`fedcom federation explain` and `verify`: what we would say to a document or a request, and why.

For people who write other servers. No settings, no database, no network.
"""

import json
from dataclasses import asdict
from typing import BinaryIO

import click

from activitypub.errors import ProtocolError
from activitypub.reading import Document, parse
from fedcom.federation.explain import Explained, explain, refused
from fedcom.federation.fixtures import fill, with_context


@click.command("explain")
@click.argument("files", metavar="FILE", nargs=-1, required=True, type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--fixture",
    is_flag=True,
    help="The files are kept for tests: add a missing @context, permit http and ports.",
)
@click.pass_context
def explain_files(
    context: click.Context, files: tuple[BinaryIO, ...], as_json: bool, fixture: bool
) -> None:
    """Say of ActivityPub documents what we would make of them, or why we would refuse them.

    FILE is '-' for standard input. SCRUBBED_ID and SCRUBBED_DATE in a file (Mbin's snapshots) get
    an address on the actor's host and a date first. Exit code 1 when any is refused.
    """
    all_understood = True
    for file in files:
        explained = _explain(file.read(), fixture=fixture)
        all_understood = all_understood and explained.is_understood
        line = _to_json if as_json else _to_line
        click.echo(line(file.name, explained))
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
    """One line: verdict, kind, and whatever there is to say."""
    parts = [f"{explained.kind}, {explained.action}"]
    if explained.title:
        parts.append(json.dumps(explained.title, ensure_ascii=False))
    named = (
        ("by", explained.author),
        ("said by", explained.actor if explained.actor != explained.author else None),
        ("in", " or ".join(explained.community)),
        ("about", explained.about),
        ("language", explained.language),
        ("", "sensitive" if explained.sensitive else None),
        ("link", explained.link),
        ("attachments", " ".join(explained.attachments)),
        ("to", " ".join(_short(iri) for iri in explained.audience)),
    )
    parts += [f"{word} {value}".strip() for word, value in named if value]
    if explained.is_understood:
        return f"{name}: understood: {'; '.join([*parts, *explained.conditions])}"
    why = ", ".join(f"{reason.code} ({reason.detail})" for reason in explained.reasons)
    return f"{name}: refused: {why}; {'; '.join(parts)}"


def _short(iri: str) -> str:
    return "Public" if iri.endswith("#Public") else iri

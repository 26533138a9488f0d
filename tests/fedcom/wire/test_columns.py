"""Everything we send fits into the columns of the receivers: the table in FEDERATION.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from activitypub.document import to_datetime
from fedcom.actions.comment import EditComment, note_of
from fedcom.actions.community import EditCommunity
from fedcom.actions.message import SendMessage
from fedcom.actions.post import EditPost, status_of
from fedcom.actions.profile import EditProfile
from fedcom.db import Database
from fedcom.models.actor import Community, Person, actor
from fedcom.remote.actors import actor_at
from fedcom.rules.limits import (
    MAX_ALT,
    MAX_BODY,
    MAX_COMMENT,
    MAX_DISPLAY_NAME,
    MAX_SUMMARY,
    MAX_TITLE,
    MAX_URL,
    MAX_WARNING,
)
from fedcom.site.settings import edit_site
from fedcom.wire.actor import to_document
from fedcom.wire.addressing import instance_iri
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from fedcom.wire.message import to_message
from fedcom.wire.post import to_page
from tests.support.clock import SettableClock
from tests.support.people import Home

Json = dict[str, Any]

TABLE = re.compile(r"<!-- columns: begin -->\n(.*?)<!-- columns: end -->", re.DOTALL)
ORIGIN = f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 22}.example"
PICTURE = f"{ORIGIN}/media/{'0' * 64}.webp"
ACTORS = frozenset({"Person", "Group", "Application"})


@dataclass(frozen=True)
class Column:
    """A row of the table: `most` is the length in characters, None for unlimited."""

    kind: str
    most: int | None

    def holds(self, value: object) -> bool:
        if self.kind == "true or false":
            return isinstance(value, bool)
        if self.kind == "number":
            return isinstance(value, int)
        if not isinstance(value, str) or (self.most is not None and len(value) > self.most):
            return False
        if self.kind == "time":
            return isinstance(to_datetime(value), datetime)
        return self.kind == "text" or value.startswith("https://")


def table() -> dict[tuple[str, str], Column]:
    """The columns by their section (`all`, `actors`, `objects` or a type) and field."""
    text = (Path(__file__).parents[3] / "FEDERATION.md").read_text()
    found = TABLE.search(text)
    assert found is not None
    columns = {}
    for line in found[1].splitlines()[2:]:
        where, fields, kind, most, _ = (cell.strip() for cell in line.strip("|").split("|"))
        for one in where.split(", "):
            for field in re.findall(r"`(.+?)`", fields):
                columns[one, field] = Column(kind, int(most) if most else None)
    return columns


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a document with the path of its field; lists count as their items."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    elif isinstance(value, dict) and path != "contentMap":
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, dict):
        yield from ((path, text) for text in value.values())
    else:
        yield path, value


@pytest.fixture
def dialect() -> str:
    """Translation asks no database."""
    return "sqlite"


@pytest.fixture
def home(database: Database, clock: SettableClock) -> Home:
    """On the longest host."""
    return Home(database, clock, origin=ORIGIN)


def longest(home: Home) -> list[Json]:
    """One of each object that we send, with every optional part, each as long as possible."""
    member = home.member("n" * 20)
    place = home.community("c" * 20, by=member)
    return [*longest_actors(home, member, place), *longest_objects(home, member, place)]


def longest_actors(home: Home, member: Person, place: Community) -> Iterator[Json]:
    title = "t" * MAX_DISPLAY_NAME
    home.perform(EditProfile(by=member, title=title, summary=Body.of_markdown("s" * MAX_SUMMARY)))
    description = Body.of_markdown("s" * MAX_BODY)
    home.perform(
        EditCommunity(
            by=member,
            community=place,
            title=title,
            description=description,
            nsfw=True,
            posting_restricted=True,
        )
    )
    home(lambda ctx: edit_site(ctx, name=title))
    pictures = update(actor).where(actor.c.local).values(icon_url=PICTURE, image_url=PICTURE)
    home(lambda ctx: ctx.conn.execute(pictures.values(updated_at=ctx.now)))
    for iri in (member.iri, place.iri, instance_iri(ORIGIN)):
        yield to_document(home(partial(actor_at, iri=iri)), ORIGIN)


def longest_objects(home: Home, member: Person, place: Community) -> Iterator[Json]:
    fields: Json = {
        "title": "T" * MAX_TITLE,
        "url": "https://link.example/" + "x" * (MAX_URL - 21),
        "body": Body.of_markdown("b" * MAX_BODY),
        "language": "en",
        "content_warning": "w" * MAX_WARNING,
        "image": Illustration(PICTURE, "a" * MAX_ALT),
    }
    post = home.post(by=member, community=place)
    home.perform(EditPost(by=member, post=post, **fields))
    shown = home.fresh(post)
    yield to_page(shown, member, place, (home.bob,))
    yield home(lambda ctx: status_of(ctx, shown))
    comment = home.comment(post, by=member)
    text = Body.of_markdown("@bob " + "c" * (MAX_COMMENT - 5))
    home.perform(EditComment(by=member, comment=comment, body=text, language="en"))
    edited = home.fresh(comment)
    yield home(lambda ctx: note_of(ctx, edited))
    kim = home.person("https://peer.example/u/kim")
    message = home.perform(SendMessage(by=member, to=kim, body=text))
    yield from (to_message(message, member, kim, chat=chat) for chat in (True, False))


def test_our_documents_fit_into_the_columns_of_peers(home: Home) -> None:
    columns = table()
    seen = set()
    for document in longest(home):
        kind = document["type"]
        family = "actors" if kind in ACTORS else "objects"
        for path, value in leaves(document):
            where = next((at for at in (kind, family, "all") if (at, path) in columns), None)
            assert where is not None, f"{path} of a {kind} is not in the table"
            seen.add((where, path))
            assert columns[where, path].holds(value), (kind, path, value)
    assert {"name", "attachment.href", "attachment.url"} <= {
        path for where, path in seen if where == "Page"
    }


def test_the_longest_host_of_the_table_is_no_longer_than_it_says() -> None:
    assert len(ORIGIN.removeprefix("https://")) == 213


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column("IRI", 255), None),
        (Column("IRI", 255), "http://peer.example/1"),
        (Column("text", 20), "x" * 21),
        (Column("text", None), ["x"]),
        (Column("time", None), "yesterday"),
        (Column("true or false", None), "true"),
    ],
)
def test_values_that_do_not_fit_a_column(column: Column, value: object) -> None:
    assert not column.holds(value)

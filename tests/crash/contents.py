"""The final content of a server, read from its database, and the comparison of two servers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, func, select

from fedcom.db import normalise_url
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.vote import comment_vote, post_vote
from fedcom.text.html import to_text
from inbox.journal import journal
from outbox.deliveries import deliveries
from tests.support.server_processes import Node

T = TypeVar("T")
Line = tuple[str, int, int, int] | tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Pending:
    """The unfinished work of a server."""

    claimed: int
    waiting: int
    journal: int

    @property
    def is_settled(self) -> bool:
        """Whether there is none."""
        return not (self.claimed or self.waiting or self.journal)


@dataclass(slots=True)
class Contents:
    """Posts and comments by IRI: their text, upvotes and downvotes, comments below."""

    posts: dict[str, tuple[str, int, int, int]] = field(default_factory=dict)
    comments: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    votes: int = 0

    @property
    def points(self) -> int:
        """All votes counted on posts and comments."""
        below = sum(up + down for _, up, down in self.comments.values())
        return below + sum(up + down for _, up, down, _ in self.posts.values())


class ServerDatabase:
    """Reads the database of a node, running or not."""

    def __init__(self, node: Node) -> None:
        url = normalise_url(node.database_url)
        if url.get_backend_name() == "sqlite":
            url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
        self._engine: Engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def pending(self) -> Pending:
        """The unfinished work at this moment."""
        return self._see(_pending)

    def contents(self) -> Contents:
        """All posts and comments."""
        return self._see(_contents)

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _see(self, look: Callable[[Connection], T]) -> T:
        with self._engine.connect() as conn:
            return look(conn)


def _pending(conn: Connection) -> Pending:
    states: dict[str, int] = {
        row[0]: row[1]
        for row in conn.execute(
            select(deliveries.c.state, func.count())
            .where(deliveries.c.closed_at.is_(None))
            .group_by(deliveries.c.state)
        )
    }
    received = conn.execute(
        select(func.count()).select_from(journal).where(journal.c.closed_at.is_(None))
    ).scalar_one()
    return Pending(states.get("claimed", 0), states.get("waiting", 0), received)


def _contents(conn: Connection) -> Contents:
    contents = Contents()
    for row in conn.execute(select(post)):
        contents.posts[row.iri] = (row.title, row.upvotes, row.downvotes, row.comments)
    for row in conn.execute(select(comment)):
        contents.comments[row.iri] = (to_text(row.body_html).strip(), row.upvotes, row.downvotes)
    for table in (post_vote, comment_vote):
        contents.votes += conn.execute(select(func.count()).select_from(table)).scalar_one()
    return contents


def differences(wanted: Contents, found: Contents) -> list[str]:
    """Differences (missing, unexpected, unequal), one line each."""
    lines = []
    pairs: tuple[tuple[str, dict[str, Line], dict[str, Line]], ...] = (
        ("post", dict(wanted.posts), dict(found.posts)),
        ("comment", dict(wanted.comments), dict(found.comments)),
    )
    for kind, mine, theirs in pairs:
        lines += [f"{kind} {iri} is lost" for iri in mine.keys() - theirs.keys()]
        lines += [f"{kind} {iri} is too much" for iri in theirs.keys() - mine.keys()]
        lines += [
            f"{kind} {iri} is {theirs[iri]} and should be {mine[iri]}"
            for iri in mine.keys() & theirs.keys()
            if mine[iri] != theirs[iri]
        ]
    if found.votes != found.points:
        lines.append(f"{found.votes} votes are kept and {found.points} are counted")
    return lines

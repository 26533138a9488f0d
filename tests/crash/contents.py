"""The final content of a server, read from its database, and the comparison of two servers.

`differences` compares what two servers that federate have, by id; `story_of` is what a server has
without ids, addresses and times, so that it can be compared with the same story played elsewhere.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine, NullPool, Select, create_engine, func, select
from sqlalchemy.exc import OperationalError

from fedcom.db import normalise_url
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.post import post
from fedcom.models.vote import comment_vote, post_vote
from fedcom.text.html import to_text
from inbox.journal import journal
from outbox.deliveries import DELIVERED, activities, deliveries
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


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which activities a server has delivered, how many deliveries ended otherwise, and what it has
    received: how often each activity was accepted, and how many were refused.
    """

    delivered: frozenset[str]
    failed: int
    received: dict[str, int]
    refused: int

    @property
    def repeated(self) -> int:
        """How many deliveries were accepted again."""
        return sum(self.received.values()) - len(self.received)


RETRY_SECONDS = 30.0
"""How long a database may be away, which is killed too."""


class ServerDatabase:
    """Reads the database of a node, running or not."""

    def __init__(self, node: Node) -> None:
        url = normalise_url(node.database_url)
        if url.get_backend_name() == "sqlite":
            url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
        self._engine: Engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def pending(self) -> Pending:
        """The unfinished work at this moment."""
        return self._see(_pending)

    def contents(self) -> Contents:
        """All posts and comments."""
        return self._see(_contents)

    def traffic(self) -> Traffic:
        """What was delivered and received."""
        return self._see(_traffic)

    def story(self) -> list[str]:
        """See `story_of`."""
        return self._see(story_of)

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def _see(self, look: Callable[[Connection], T]) -> T:
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                with self._engine.connect() as conn:
                    return look(conn)
            except OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


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


def _traffic(conn: Connection) -> Traffic:
    sent = select(activities.c.activity_id).join_from(
        activities, deliveries, deliveries.c.activity == activities.c.id
    )
    received: dict[str, int] = {}
    for (iri,) in conn.execute(select(journal.c.activity_id)):
        received[iri] = received.get(iri, 0) + 1
    failed = select(func.count()).where(
        deliveries.c.closed_at.is_not(None), deliveries.c.state != DELIVERED
    )
    refused = select(func.count()).where(
        journal.c.closed_at.is_not(None), journal.c.state != "done"
    )
    return Traffic(
        frozenset(conn.execute(sent.where(deliveries.c.state == DELIVERED)).scalars()),
        conn.execute(failed).scalar_one(),
        received,
        conn.execute(refused).scalar_one(),
    )


def story_of(conn: Connection) -> list[str]:
    """Everything that members have done, one line each, in order."""
    author, voter, group = actor.alias("author"), actor.alias("voter"), actor.alias("group")
    posts = post.join(author, author.c.id == post.c.author_id).join(
        group, group.c.id == post.c.community_id
    )
    comments = comment.join(author, author.c.id == comment.c.author_id).join(
        post, post.c.id == comment.c.post_id
    )
    statements: dict[str, Select[tuple[object, ...]]] = {
        "post": select(
            post.c.title,
            author.c.name,
            group.c.name,
            *(post.c.upvotes, post.c.downvotes, post.c.comments),
        ).select_from(posts),
        "comment": select(
            comment.c.body_html,
            author.c.name,
            *(post.c.title, comment.c.upvotes, comment.c.downvotes),
        ).select_from(comments),
        "vote": select(post.c.title, voter.c.name, post_vote.c.score).select_from(
            post_vote.join(post, post.c.id == post_vote.c.post_id).join(
                voter, voter.c.id == post_vote.c.voter_id
            )
        ),
        "vote on a comment": select(
            comment.c.body_html, voter.c.name, comment_vote.c.score
        ).select_from(
            comment_vote.join(comment, comment.c.id == comment_vote.c.comment_id).join(
                voter, voter.c.id == comment_vote.c.voter_id
            )
        ),
        "community": select(
            group.c.name, community.c.posts, community.c.comments, community.c.subscribers
        ).select_from(community.join(group, group.c.id == community.c.actor_id)),
        "follow": select(voter.c.name, group.c.name, follow.c.state).select_from(
            follow.join(voter, voter.c.id == follow.c.follower_id).join(
                group, group.c.id == follow.c.target_id
            )
        ),
    }
    return sorted(
        f"{kind}: {', '.join(map(_plain, row))}"
        for kind, statement in statements.items()
        for row in conn.execute(statement)
    )


def _plain(value: object) -> str:
    return to_text(value).strip() if isinstance(value, str) else str(value)


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

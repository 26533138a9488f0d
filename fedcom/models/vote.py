"""Votes on posts and on comments, one narrow row each.

The own vote, which authors have on all that they write, is one of them: a list of what a member
voted on must leave these out. `voted_at` is the time of the last change. There are more votes than
anything else, so each takes as little room as possible: on SQLite, the primary key is the table.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, SmallInteger, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata
from fedcom.models.digest import digest_of

post_vote = Table(
    "post_vote",
    metadata,
    Column("post_id", BigId, ForeignKey("post.id"), primary_key=True, autoincrement=False),
    Column("voter_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("score", SmallInteger, nullable=False),
    # Of the Like or Dislike, so that its Undo can name it; see `stored_iri`.
    Column("iri", Text, nullable=False),
    Column("voted_at", UtcDateTime, nullable=False),
    Index("ix_post_vote_voter_id", "voter_id"),
    CheckConstraint("score IN (-1, 1)", name="score"),
    sqlite_with_rowid=False,
)

comment_vote = Table(
    "comment_vote",
    metadata,
    Column("comment_id", BigId, ForeignKey("comment.id"), primary_key=True, autoincrement=False),
    Column("voter_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("score", SmallInteger, nullable=False),
    Column("iri", Text, nullable=False),
    Column("voted_at", UtcDateTime, nullable=False),
    Index("ix_comment_vote_voter_id", "voter_id"),
    CheckConstraint("score IN (-1, 1)", name="score"),
    sqlite_with_rowid=False,
)


def stored_iri(iri: str, *, local: bool) -> str:
    """What is stored of the id of a Like or Dislike: all of it if it is by a `local` person, whose
    Undo will have to name it; a digest if it is by another server's, whose Undo does.
    """
    return iri if local else digest_of(iri)

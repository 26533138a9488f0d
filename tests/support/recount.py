"""Counters of authors against the rows that they count."""

from collections import Counter

from sqlalchemy import Connection, select

from fedcom.models.actor import author_counts
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.queries.visibility import is_shown


def miscounted_authors(conn: Connection) -> dict[int, tuple[tuple[int, int], tuple[int, int]]]:
    """The stored and the true numbers of posts and comments, of authors for whom they differ.

    Authors without a row have 0 of both.
    """
    stored = {
        row.author_id: (row.posts, row.comments) for row in conn.execute(select(author_counts))
    }
    posts, comments = (
        Counter(conn.execute(select(table.c.author_id).where(is_shown(table))).scalars())
        for table in (post, comment)
    )
    found = {}
    for author in {*stored, *posts, *comments}:
        pair = stored.get(author, (0, 0)), (posts[author], comments[author])
        if pair[0] != pair[1]:
            found[author] = pair
    return found

"""The plans of the hot statements: none reads the whole of a table that grows.

The statements are those of real pages, requests and activities (`tests/bench/operations.py`), as
both databases receive them. The tables are filled, and PostgreSQL is told that they are larger, so
that it prefers its indexes.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from activitypub.signatures.keys import load_private
from fedcom.views.scopes import FEW
from tests.bench.operations import operations
from tests.bench.village import PEER, Node, open_node
from tests.support.documents import pems
from tests.support.plans import Sent, captured, largest_limit, scanned

pytestmark = pytest.mark.anyio

VOTES = 30_000

GROWING = {
    *("actor", "follow", "post", "post_rank", "comment", "post_vote", "comment_vote"),
    *("notification", "modlog", "revision", "report", "tombstone", "boost", "link_preview"),
    *("post_visit", "saved_post", "saved_comment", "hidden_post", "community_ban"),
    *("followed_post", "muted_post"),
    *("inbox_journal", "outbox_activity", "outbox_delivery"),
    *("post_search", "comment_search", "actor_search", "search_word", "search_unread"),
}

HOT = 20
"""How many statements at least must be looked at."""

ALLOWED_SCANS: Mapping[str, set[str]] = {
    # Admins look at the whole queue of reports, with their people.
    "admin": {"actor", "report"},
    # Whichever is less: what the member voted on, or all posts.
    "liked posts": {"post_rank"},
}
"""Which tables may be read as a whole, by a part of the operation's name."""


_LARGER = "SET LOCAL seq_page_cost = 40"
"""Lets PostgreSQL plan as if each table had forty times as many pages to read."""

_MORE_POSTS = (
    "UPDATE pg_class SET reltuples = reltuples * 10 WHERE relname IN ('post', 'post_rank')"
)
"""… and ten posts for each: to read all of the few that there are is as good as to look some up."""

_LONGER = text("UPDATE pg_class SET reltuples = reltuples * 1000 WHERE relname = ANY(:growing)")
"""… and a thousand times as many rows."""


@pytest.fixture
async def filled(database_url: str, tmp_path: Path) -> AsyncIterator[Node]:
    """A node with `VOTES` votes."""
    public_pem = pems()[1]
    async with open_node(database_url, tmp_path, VOTES, public_pem, comments=30) as node:
        yield node


async def test_no_hot_statement_reads_the_whole_of_a_table_that_grows(filled: Node) -> None:
    key = load_private(f"{PEER}/u/peer#main-key", pems()[0])
    found: dict[str, tuple[str, Sent]] = {}
    for name, operation in operations(key, visits=1).items():
        with captured() as sent:
            await operation(filled)
        for statement, one in sent.items():
            found.setdefault(statement, (name, one))

    def explain(conn: Connection) -> list[str]:
        return [
            f"{name}: {table} in {one.statement}"
            for name, one in found.values()
            for table in sorted(GROWING & scanned(conn, one.statement, one.parameters))
            if not any(part in name and table in tables for part, tables in ALLOWED_SCANS.items())
        ]

    database = filled.instance.database
    with database.begin() as conn:
        if database.dialect == "postgresql":
            conn.exec_driver_sql("ANALYZE")
            conn.exec_driver_sql(_LARGER)
            conn.exec_driver_sql(_MORE_POSTS)
        assert explain(conn) == []
        assert len(found) > HOT
        if database.dialect == "postgresql":
            conn.exec_driver_sql("ANALYZE")  # as many posts as there are
            conn.execute(_LONGER, {"growing": list(GROWING)})
            assert [
                f"{name}: {limit} in {one.statement}"
                for name, one in found.values()
                if "search" not in name
                and "found" not in name
                and (limit := largest_limit(conn, one.statement)) > FEW
            ] == []
        # The test sees it.
        for name in ("path", "published_at"):
            conn.exec_driver_sql(f"DROP INDEX ix_comment_post_id_{name}")
        assert any("/post/{first} guest: comment in " in line for line in explain(conn))

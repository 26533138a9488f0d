"""Counters equal a recount, whatever the order of the actions."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Column, event, func, select

from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.db import open_database
from fedcom.errors import FedcomError
from fedcom.models.actor import author_counts, community as community_table
from fedcom.models.comment import Comment, comment, comment_rank
from fedcom.models.post import Post, post, post_rank
from fedcom.models.vote import comment_vote, post_vote
from fedcom.rules.ranking import comment_hot, controversy, hot_key, scaled_key
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database
from tests.support.people import Home, received
from tests.support.recount import miscounted_authors

KINDS = ("post", "comment", "up", "down", "none", "delete", "undelete", "remove", "restore")
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 1)), max_size=14
)
MAKE: dict[str, Callable[..., object]] = {
    "up": lambda by, it, _: Vote(by=by, target=it, score=1),
    "down": lambda by, it, _: Vote(by=by, target=it, score=-1),
    "none": lambda by, it, _: Vote(by=by, target=it, score=0),
    "delete": lambda by, it, _: Delete(by=by, target=it),
    "undelete": lambda by, it, _: Undelete(by=by, target=it),
    "remove": lambda _, it, admin: RemoveContent(by=admin, target=it),
    "restore": lambda _, it, admin: RestoreContent(by=admin, target=it),
}


def do(home: Home, made: list[Post | Comment], step: tuple[str, int, int]) -> None:
    kind, which, who = step
    by = (home.ann, home.bob)[who]
    target = home.fresh(made[which % len(made)])
    try:
        if kind == "post":
            made.append(home.post(by=by))
        elif kind == "comment" and isinstance(target, Post):
            made.append(home.comment(target, by=by))
        elif kind == "comment" and isinstance(target, Comment):
            above = next(one for one in made if isinstance(one, Post) and one.id == target.post_id)
            made.append(home.comment(above, by=by, parent=target))
        else:
            home.perform(MAKE[kind](by, target, home.ann))
    except FedcomError:
        pass  # a refused action changes nothing


def assert_counted(home: Home) -> None:
    """Compare every counter and every rank with the rows."""
    posts, comments = home.rows(post), home.rows(comment)
    shown = {row["id"] for row in posts if not (row["deleted_at"] or row["removed_at"])}
    visible = [row for row in comments if not (row["deleted_at"] or row["removed_at"])]
    (community,) = home.rows(community_table)
    ranks = {row["post_id"]: row for row in home.rows(post_rank)}
    assert set(ranks) == shown
    for row in posts:
        assert row["comments"] == sum(one["post_id"] == row["id"] for one in visible)
        _assert_votes(home, row, post_vote.c.post_id)
        if row["id"] in shown:
            score = row["upvotes"] - row["downvotes"]
            rank, at = ranks[row["id"]], row["published_at"]
            assert rank["hot"] == hot_key(score, at)
            # The followers at the last change of the post; two at most.
            assert rank["scaled"] in {scaled_key(score, at, number) for number in range(3)}
            assert rank["comments"] == row["comments"]
            assert rank["commented_at"] == (row["last_comment_at"] or at)
    comment_ranks = {row["comment_id"]: row for row in home.rows(comment_rank)}
    assert set(comment_ranks) == {row["id"] for row in visible}
    for row in comments:
        below = [one for one in visible if one["path"].startswith(f"{row['path']}.")]
        assert row["replies"] == len(below)
        _assert_ranked(row, comment_ranks.get(row["id"]), community["actor_id"])
        _assert_votes(home, row, comment_vote.c.comment_id)
    assert (community["posts"], community["comments"]) == (len(shown), len(visible))
    with home.database.connect() as conn:
        assert miscounted_authors(conn) == {}


def _assert_ranked(row: dict[str, Any], rank: dict[str, Any] | None, community_id: object) -> None:
    if rank is None:
        return
    score, at = row["upvotes"] - row["downvotes"], row["published_at"]
    assert rank == {
        "comment_id": row["id"],
        "community_id": community_id,
        "hot": comment_hot(score, at),
        "controversy": controversy(row["upvotes"], row["downvotes"]),
        "score": score,
        "published_at": at,
    }


def _assert_votes(home: Home, row: dict[str, object], key: Column[int]) -> None:
    with home.database.connect() as conn:
        for name, score in (("upvotes", 1), ("downvotes", -1)):
            votes = key.table
            counted = select(func.count()).where(key == row["id"], votes.c.score == score)
            assert row[name] == conn.execute(counted).scalar_one()


@settings(
    max_examples=int(os.environ.get("FEDCOM_TEST_EXAMPLES", "25")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_counters_stay_correct_under_any_sequence(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_database(Path(folder) / "tally.sqlite3", migrated=True)
        database = open_database(url)
        home = Home(database, SettableClock())
        made: list[Post | Comment] = [home.post()]
        for step in steps:
            do(home, made, step)
        assert_counted(home)
        database.close()


def test_counters_stay_correct_when_an_account_is_deleted(home: Home) -> None:
    kim = home.person("https://kim.example/u/kim")
    home.follow(kim, home.cats)
    mine = home.post(by=kim)
    ours = home.post()
    first = home.comment(ours, by=kim)
    home.comment(home.fresh(ours), parent=home.fresh(first))
    home.perform(Vote(by=kim, target=home.fresh(ours), score=1))
    home.comment(home.fresh(mine))
    assert home.fresh(home.cats).subscribers == 2

    home.perform(DeleteActor(by=kim))

    assert_counted(home)
    assert home.fresh(home.cats).subscribers == 1
    assert home.fresh(home.cats).posts == 1


def test_counters_stay_correct_when_a_community_is_deleted(home: Home) -> None:
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    kim = home.person("https://kim.example/u/kim")
    for by in (home.bob, home.bob, kim):
        home.comment(home.post(by=by, community=dogs), by=home.ann)
    home.post(by=kim)

    home.perform(DeleteActor(by=dogs), received(dogs.iri))

    with home.database.connect() as conn:
        assert miscounted_authors(conn) == {}
        numbers = conn.execute(select(author_counts).order_by(author_counts.c.author_id)).all()
    assert {row.author_id: (row.posts, row.comments) for row in numbers} == {
        home.ann.id: (0, 3),
        home.bob.id: (0, 0),
        kim.id: (1, 0),
    }


def test_deleting_an_account_takes_a_constant_number_of_statements(home: Home) -> None:
    """Nobody else can write in the meantime."""
    target, needed = home.post(), []
    for number, comments in enumerate((2, 12)):
        kim = home.person(f"https://kim.example/u/kim{number}")
        for _ in range(comments):
            home.comment(home.fresh(target), by=kim)
        home.post(by=kim)
        needed.append(home(lambda ctx, kim=kim: _count_statements(ctx, DeleteActor(by=kim))))

    assert needed[0] == needed[1]
    assert_counted(home)


def _count_statements(ctx: Context, action: DeleteActor) -> int:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(ctx.conn, "before_cursor_execute", note)
    try:
        action.apply(ctx)
    finally:
        event.remove(ctx.conn, "before_cursor_execute", note)
    return len(seen)


def test_the_same_vote_twice_counts_once(home: Home) -> None:
    target = home.post()
    for _ in range(2):
        home.perform(Vote(by=home.ann, target=target, score=1))

    assert home.fresh(target).score == 2
    assert_counted(home)


def test_a_decision_on_stale_rows_keeps_the_counters_correct(home: Home) -> None:
    """Two workers have read the same post; both remove it."""
    read_before = home.post()
    home.perform(Delete(by=home.bob, target=read_before))
    home.perform(RemoveContent(by=home.ann, target=read_before))

    assert_counted(home)
    assert home.fresh(home.cats).posts == 0

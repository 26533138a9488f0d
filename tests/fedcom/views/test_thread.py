from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, get_args

import pytest
from sqlalchemy import insert, update

from fedcom.models.actor import community
from fedcom.models.comment import Comment
from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block, host_block
from fedcom.rules.ranking import comment_hot, controversy
from fedcom.views.comment_feed import Order
from fedcom.views.paging import Cursor
from fedcom.views.post import get_post_view
from fedcom.views.thread import (
    MOST,
    ByTime,
    Levels,
    Node,
    Thread,
    count_new_comments,
    find_branch,
    find_thread,
    list_by_time,
    list_levels,
    place_of,
    to_tree,
)
from tests.support.plans import counted
from tests.support.rows import NOON, Rows


def thread_of(rows: Rows, on: int, **more: Any) -> Thread:
    return find_thread(rows.conn, get_post_view(rows.conn, on), **more)


def shape(nodes: list[Node]) -> list[object]:
    return [(node.comment.id, shape(node.children)) for node in nodes]


def test_a_thread_comes_in_tree_order_with_names_and_votes(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    zoe = rows.person("zoe", host="peer.example")
    on = rows.post(cats, bob)
    first = rows.comment(on, bob)
    second = rows.comment(on, zoe)
    below = rows.comment(on, zoe, first)
    rows.comment(rows.post(cats, bob), bob)
    rows.vote(bob, 1, comment=below.id)

    thread = thread_of(rows, on, viewer_id=bob)

    assert [line.id for line in thread.comments] == [first.id, below.id, second.id]
    assert [line.vote for line in thread.comments] == [0, 1, 0]
    assert thread.comments[1].author.slug == "zoe@peer.example"
    assert thread.next_after is None


@pytest.mark.parametrize("taken", ["deleted_at", "removed_at"])
def test_deleted_and_removed_comments_keep_only_their_position(rows: Rows, taken: str) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    gone = rows.comment(on, bob, body_source="secret", body_html="<p>secret</p>", **{taken: NOON})
    rows.comment(on, bob, gone)

    thread = thread_of(rows, on)
    branch = find_branch(rows.conn, get_post_view(rows.conn, on), gone)

    assert "secret" not in repr(thread) + repr(branch)
    assert not thread.comments[0].is_shown
    assert thread.comments[1].is_shown


def test_moderators_see_removed_content_in_their_own_communities_only(
    rows: Rows,
) -> None:
    cats, dogs = rows.community(), rows.community("dogs")
    bob, mia, max_ = rows.person(), rows.person("mia"), rows.person("max")
    rows.comment(rows.post(dogs, bob), bob)
    on = rows.post(cats, bob)
    rows.comment(on, bob, body_html="<p>secret</p>", removed_at=NOON)
    for place, person in ((cats, mia), (dogs, max_)):
        appointed = {"community_id": place, "person_id": person, "appointed_at": NOON}
        rows.conn.execute(insert(moderator).values(appointed))

    def texts(viewer: int) -> list[str]:
        return [line.body_html for line in thread_of(rows, on, viewer_id=viewer).comments]

    assert texts(mia) == ["<p>secret</p>"]
    assert texts(max_) == [""]


def test_a_long_thread_goes_on_after_the_last_path(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    top = rows.comment(on, bob)
    below = [rows.comment(on, bob, top) for _ in range(4)]

    first = thread_of(rows, on, limit=3)
    rest = thread_of(rows, on, limit=3, after=first.next_after or "")

    assert [line.id for line in first.comments + rest.comments] == [
        top.id,
        *(one.id for one in below),
    ]
    assert rest.next_after is None
    # Their parent is on the previous page, so they are roots instead of being lost.
    assert len(to_tree(rest.comments)) == 2


def test_a_branch_has_its_parent_and_all_replies_and_nothing_else(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    chain = [rows.comment(on, bob)]
    for _ in range(5):
        chain.append(rows.comment(on, bob, chain[-1]))
    beside = rows.comment(on, bob, chain[2])
    answer = rows.comment(on, bob, chain[5])
    top = chain[4]

    branch = find_branch(rows.conn, get_post_view(rows.conn, on), top, context=2)

    listed = [line.id for line in branch.comments]
    assert listed == [chain[2].id, chain[3].id, top.id, chain[5].id, answer.id]
    assert beside.id not in listed


def test_replies_are_sorted_below_their_own_parent(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    old = rows.comment(on, bob)
    best = rows.comment(on, bob, upvotes=5)
    low = rows.comment(on, bob, old, upvotes=1, downvotes=3)
    high = rows.comment(on, bob, old, upvotes=2)
    lines = thread_of(rows, on).comments

    by_score = [(best.id, []), (old.id, [(high.id, []), (low.id, [])])]
    newest = [(best.id, []), (old.id, [(high.id, []), (low.id, [])])]
    oldest = [(old.id, [(low.id, []), (high.id, [])]), (best.id, [])]
    assert shape(to_tree(lines, "top")) == by_score
    assert shape(to_tree(lines, "new")) == newest
    assert shape(to_tree(lines, "old")) == oldest


def levels_of(rows: Rows, on: int, levels: Levels, viewer: int = 0) -> list[int]:
    post = get_post_view(rows.conn, on, viewer_id=viewer)
    found = list_levels(rows.conn, place_of(post), levels, viewer_id=viewer, now=NOON).comments
    return [one.id for one in found]


@pytest.mark.parametrize("order", get_args(Order))
def test_levels_of_a_thread_have_the_order_that_comparing_all_comments_gives(
    rows: Rows, order: Order
) -> None:
    random = Random(49)
    bob = rows.person()
    on, other = (rows.post(rows.community(name), bob) for name in ("cats", "dogs"))
    made: list[Comment] = []
    for _ in range(50):
        rows.comment(other, bob)
        made.append(
            rows.comment(
                on,
                bob,
                random.choice([None, *made]),
                upvotes=random.randrange(6),
                downvotes=random.randrange(4),
                published_at=NOON + timedelta(hours=random.randrange(99)),
            )
        )
    keys: dict[Order, Callable[[Comment], Any]] = {
        "hot": lambda one: comment_hot(one.score, one.published_at),
        "top": lambda one: one.score,
        "new": lambda one: one.published_at,
        "old": lambda one: one.published_at,
        "controversial": lambda one: controversy(one.upvotes, one.downvotes),
    }

    def expected(levels: Levels) -> list[int]:
        top = levels.top
        first = 0 if top is None else top.depth + 1
        found = [
            one
            for one in made
            if one.depth < first + levels.number
            and (top is None or f"{one.path}.".startswith(f"{top.path}."))
        ]
        found.sort(key=lambda one: (keys[order](one), one.id), reverse=order != "old")
        found.sort(key=lambda one: one.path.rpartition(".")[0])
        return [one.id for one in found]

    top = max(made, key=lambda one: (one.parent_id is not None, rows_below(made, one)))
    for number in (1, 2, 3, 50):
        for levels in (Levels(order, number), Levels(order, number, top)):
            assert levels_of(rows, on, levels) == expected(levels) != []
    assert levels_of(rows, on, Levels(order, 1, top))[0] == top.id


def rows_below(made: list[Comment], top: Comment) -> int:
    return sum(one.path.startswith(f"{top.path}.") for one in made)


def test_levels_keep_the_position_of_hidden_comments_and_leave_out_who_is_blocked(
    rows: Rows,
) -> None:
    me, bob, eve, cats = rows.person("me"), rows.person(), rows.person("eve"), rows.community()
    far = rows.person("far", host="far.example")
    on = rows.post(cats, bob)
    gone = rows.comment(on, bob, deleted_at=NOON, ranked=False, body_html="<p>secret</p>")
    below, by_eve, by_far = (
        rows.comment(on, bob, gone),
        rows.comment(on, eve),
        rows.comment(on, far),
    )
    rows.insert(actor_block, person_id=me, blocked_id=eve, blocked_at=NOON)
    rows.insert(host_block, person_id=me, host="far.example", blocked_at=NOON)

    post = get_post_view(rows.conn, on)
    found = list_levels(rows.conn, place_of(post), Levels("hot", 8), now=NOON).comments

    assert [one.id for one in found] == [by_far.id, by_eve.id, gone.id, below.id]
    assert "secret" not in repr(found)
    assert levels_of(rows, on, Levels("hot", 8), me) == [gone.id, below.id]


def test_levels_end_at_a_fixed_number_of_comments_the_best_of_the_first_level_first(
    rows: Rows,
) -> None:
    bob = rows.person()
    on = rows.post(rows.community(), bob)
    first = rows.comment(on, bob)
    rows.comment(on, bob, first)
    made = [rows.comment(on, bob, upvotes=1).id for _ in range(MOST)]

    with counted() as statements:
        post = get_post_view(rows.conn, on)
        found = list_levels(rows.conn, place_of(post), Levels("top", 8), now=NOON).comments

    assert [one.id for one in found] == made[::-1]
    assert len(statements) == 3


def test_official_comments_come_first_among_those_beside_them_except_by_time(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    best = rows.comment(on, bob, upvotes=9)
    official = rows.comment(on, bob, distinguished=True)
    below = [rows.comment(on, bob, best, upvotes=3), rows.comment(on, bob, best)]
    under = rows.comment(on, bob, best, distinguished=True)
    found = thread_of(rows, on).comments

    def first(order: Order) -> list[int]:
        return [node.comment.id for node in to_tree(found, order)]

    for order in ("hot", "top", "controversial"):
        assert first(order) == [official.id, best.id]
        children = to_tree(found, order)[1].children
        assert children[0].comment.id == under.id
        assert {node.comment.id for node in children[1:]} == {one.id for one in below}
    assert first("new") == [official.id, best.id]
    assert first("old") == [best.id, official.id]
    by_time = to_tree(found, "old")[0].children
    assert by_time[-1].comment.id == under.id


def test_official_comments_come_first_in_each_level_except_by_time(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    best = rows.comment(on, bob, upvotes=9)
    official = rows.comment(on, bob, distinguished=True)
    shown = get_post_view(rows.conn, on)

    def first(order: Order) -> list[int]:
        return [
            one.id for one in list_levels(rows.conn, place_of(shown), Levels(order, 1)).comments
        ]

    assert first("top") == first("hot") == first("controversial") == [official.id, best.id]
    assert first("old") == [best.id, official.id]


def test_a_flat_list_is_by_time_and_continues_where_it_ended(rows: Rows) -> None:
    bob, eve = rows.person(), rows.person("eve")
    on = rows.post(rows.community(), bob)
    first = rows.comment(on, bob)
    # Fetched later, and written earlier.
    late = rows.comment(on, eve, first, published_at=NOON - timedelta(hours=1))
    gone = rows.comment(on, bob, late, deleted_at=NOON, ranked=False, body_html="<p>secret</p>")
    rows.comment(rows.post(rows.community("dogs"), bob), bob)
    made = [late.id, first.id, gone.id, *(rows.comment(on, bob, late).id for _ in range(4))]
    post = get_post_view(rows.conn, on)

    for newest, expected in ((False, made), (True, made[::-1])):
        found, after = [], None
        while True:
            part = list_by_time(rows.conn, post, ByTime(newest, after, 3), now=NOON)
            found += part.comments
            if part.next_after is None:
                break
            after = Cursor.read(part.next_after, whole=True)
        assert [one.id for one in found] == expected
        assert "secret" not in repr(found)


def test_new_comments_of_others_are_counted_as_far_as_the_viewer_may_read_them(rows: Rows) -> None:
    me, bob, eve, cats = rows.person("me"), rows.person(), rows.person("eve"), rows.community()
    on, other = rows.post(cats, bob), rows.post(cats, bob)
    last = rows.comment(on, bob).id
    for by in (me, bob, bob, eve):
        rows.comment(on, by)
    rows.comment(on, bob, deleted_at=NOON, ranked=False)
    rows.comment(other, bob)
    rows.insert(actor_block, person_id=me, blocked_id=eve, blocked_at=NOON)

    def count(viewer: int = 0, post: int = on) -> int:
        return count_new_comments(rows.conn, post, last, viewer_id=viewer)

    assert (count(), count(me), count(bob), count(post=other), count(post=-1)) == (4, 2, 2, 1, 0)
    rows.conn.execute(update(community).where(community.c.actor_id == cats).values(removed_at=NOON))
    assert (count(), count(me)) == (0, 0)

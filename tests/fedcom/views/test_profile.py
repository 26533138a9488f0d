"""The page of a person, on both databases."""

import pytest
from sqlalchemy import insert

from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block
from fedcom.views.feed import FeedQuery, Sort
from fedcom.views.post import PostView
from fedcom.views.profile import Contributions, get_facts, list_contributions
from tests.support.plans import steps
from tests.support.rows import NOON, Rows


def test_what_is_neither_deleted_nor_removed_is_counted(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    rows.post(cats, bob, deleted_at=NOON)
    rows.comment(on, bob)
    rows.comment(on, bob)
    rows.comment(on, bob, removed_at=NOON)
    rows.comment(on, rows.person("eve"))

    facts = get_facts(rows.conn, bob)

    assert (facts.posts, facts.comments) == (1, 2)
    assert (facts.is_blocked, facts.moderates) == (False, ())


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_numbers_of_a_prolific_person_cost_as_much_as_anybodys(rows: Rows) -> None:
    bob = rows.person("bob")
    on = rows.post(rows.community(), bob)
    with steps(rows.conn) as before:
        assert get_facts(rows.conn, bob).comments == 0
    for _ in range(200):
        rows.comment(on, bob)
    with steps(rows.conn) as after:
        assert get_facts(rows.conn, bob).comments == 200
    assert 0 < len(after) < 1.1 * len(before)


def test_open_communities_that_somebody_moderates_are_named_in_order(rows: Rows) -> None:
    bob, eve = rows.person(), rows.person("eve")
    made = [rows.community("dogs"), rows.community("cats", host="peer.example")]
    made.append(rows.community("birds", removed_at=NOON))
    made.append(rows.community("fish", deleted_at=NOON))
    for place in made:
        row = {"community_id": place, "person_id": bob, "appointed_at": NOON}
        rows.conn.execute(insert(moderator).values(row))

    named = [one.slug for one in get_facts(rows.conn, bob).moderates]
    assert named == ["cats@peer.example", "dogs"]
    assert get_facts(rows.conn, eve).moderates == ()


def test_the_viewers_block_is_shown_to_the_viewer_only(rows: Rows) -> None:
    bob, eve = rows.person(), rows.person("eve")
    row = {"person_id": eve, "blocked_id": bob, "blocked_at": NOON}
    rows.conn.execute(insert(actor_block).values(row))

    assert get_facts(rows.conn, bob, viewer_id=eve).is_blocked
    assert not get_facts(rows.conn, eve, viewer_id=bob).is_blocked
    assert not get_facts(rows.conn, bob).is_blocked


def walk(rows: Rows, author: int, sort: Sort, limit: int) -> list[str]:
    """Every line of all pages: "p" or "c" with the row id."""
    listed: list[str] = []
    found = Contributions((), None, None, has_more=True)
    while found.has_more:
        wanted = FeedQuery("author", sort, subject_id=author, limit=limit)
        found = list_contributions(rows.conn, wanted, found.posts_after, found.comments_after)
        listed += [f"{'p' if isinstance(one, PostView) else 'c'}{one.id}" for one in found.items]
        assert len(found.items) <= limit
        assert len(listed) < 50
    return listed


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
def test_posts_and_comments_are_one_list_by_time_however_it_is_cut(rows: Rows, limit: int) -> None:
    cats, bob = rows.community(), rows.person()
    made = [f"p{rows.post(cats, bob)}"]
    on = int(made[0][1:])
    made += [
        f"p{rows.post(cats, bob)}" if kind == "p" else f"c{rows.comment(on, bob).id}"
        for kind in "ccpcpppccccc"
    ]

    assert walk(rows, bob, "new", limit) == made[::-1]


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_the_best_of_both_come_first_however_the_list_is_cut(rows: Rows, limit: int) -> None:
    cats, bob = rows.community(), rows.person()
    posts = [rows.post(cats, bob, score=score) for score in (5, 1, -2)]
    comments = [rows.comment(posts[0], bob, upvotes=up).id for up in (9, 3, 0)]
    order = [("c", comments[0]), ("p", posts[0]), ("c", comments[1]), ("p", posts[1])]
    order += [("c", comments[2]), ("p", posts[2])]

    assert walk(rows, bob, "top", limit) == [f"{kind}{number}" for kind, number in order]


def test_a_person_without_content_has_an_empty_list(rows: Rows) -> None:
    assert walk(rows, rows.person(), "new", 20) == []

"""Lists of comments: an author's, and those that a member saved, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from fedcom.models.personal import actor_block, saved_comment
from fedcom.views.comment import CommentView, list_comments_of, list_saved_comments
from fedcom.views.feed import FeedQuery
from fedcom.views.paging import Cursor, Page
from tests.support.rows import NOON, Rows


def comments_of(rows: Rows, author: int, viewer: int = 0, **more: Any) -> Page[CommentView]:
    wanted = FeedQuery(**{"scope": "author", "sort": "new", "subject_id": author, **more})
    return list_comments_of(rows.conn, wanted, viewer_id=viewer)


def test_comments_of_a_person_are_listed_newest_first_with_their_posts(rows: Rows) -> None:
    cats, bob, eve = rows.community(), rows.person(), rows.person("eve")
    on = rows.post(cats, bob, title="About cats")
    made = [rows.comment(on, bob) for _ in range(3)]
    rows.comment(on, eve)
    rows.vote(eve, 1, comment=made[0].id)

    first = comments_of(rows, bob, eve, limit=2)
    rest = comments_of(rows, bob, eve, limit=2, after=first.next)

    listed = [*first.items, *rest.items]
    assert [line.id for line in listed] == [one.id for one in reversed(made)]
    assert rest.next is None
    assert listed[0].post.title == "About cats"
    assert listed[0].community.slug == "cats"
    assert [line.vote for line in listed] == [0, 0, 1]


def test_an_old_comment_that_arrived_late_stands_where_its_time_is(rows: Rows) -> None:
    on, bob = rows.post(rows.community(), rows.person("eve")), rows.person()
    new = rows.comment(on, bob)
    old = rows.comment(on, bob, published_at=NOON - timedelta(days=9))

    assert [line.id for line in comments_of(rows, bob).items] == [new.id, old.id]


def test_the_best_come_first_and_equal_ones_are_neither_lost_nor_shown_twice(rows: Rows) -> None:
    on, bob = rows.post(rows.community(), rows.person("eve")), rows.person()
    made = [rows.comment(on, bob, upvotes=up, downvotes=1).id for up in (3, 9, 3, 0, 3)]

    listed, after = [], None
    for _ in range(5):
        page = comments_of(rows, bob, sort="top", limit=1, after=after)
        listed += [line.id for line in page.items]
        after = page.next

    assert listed == [made[1], made[4], made[2], made[0], made[3]]
    assert after is None


@pytest.mark.parametrize("sort", ["new", "top"])
def test_the_largest_cursor_asks_the_database_nothing_it_cannot_answer(
    rows: Rows, sort: str
) -> None:
    bob = rows.person()
    rows.comment(rows.post(rows.community(), bob), bob)
    for key in (2**53 - 1, -(2**53) + 1):
        after = Cursor(key, 2**53 - 1)
        assert len(comments_of(rows, bob, sort=sort, after=after).items) == (key > 0)


def test_comments_that_are_not_shown_are_not_listed(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    rows.comment(on, bob, deleted_at=NOON)
    rows.comment(on, bob, removed_at=NOON)
    rows.comment(rows.post(cats, bob, removed_at=NOON), bob)
    rows.comment(rows.post(cats, bob, deleted_at=NOON), bob)
    for state in ("removed_at", "deleted_at"):
        closed = rows.community(f"closed_{state}", **{state: NOON})
        rows.comment(rows.post(closed, bob), bob)

    assert comments_of(rows, bob).items == ()


@pytest.mark.parametrize("on_post", [True, False])
def test_comments_on_sensitive_posts_are_for_viewers_who_want_them(
    rows: Rows, on_post: bool
) -> None:
    bob, place = rows.person(), rows.community(nsfw=not on_post)
    rows.comment(rows.post(place, bob, nsfw=on_post), bob)

    assert comments_of(rows, bob).items == ()
    assert len(comments_of(rows, bob, nsfw=True).items) == 1


def test_communities_that_the_viewer_blocked_are_left_out(rows: Rows) -> None:
    bob, eve, cats = rows.person(), rows.person("eve"), rows.community()
    rows.comment(rows.post(cats, bob), bob)
    row = {"person_id": eve, "blocked_id": cats, "blocked_at": NOON}
    rows.conn.execute(insert(actor_block).values(row))

    assert comments_of(rows, bob, eve).items == ()
    assert len(comments_of(rows, bob).items) == 1


def test_saved_comments_come_in_pages_the_last_saved_first(rows: Rows) -> None:
    bob, eve = rows.person(), rows.person("eve")
    on = rows.post(rows.community(), bob)
    made = [rows.comment(on, bob).id for _ in range(4)]
    gone = rows.comment(on, bob, deleted_at=NOON).id
    # Two of them at the same moment.
    for comment, minute in ((made[3], 0), (made[1], 1), (gone, 1), (made[0], 2), (made[2], 2)):
        at = NOON + timedelta(minutes=minute)
        row = {"person_id": eve, "comment_id": comment, "saved_at": at}
        rows.conn.execute(insert(saved_comment).values(row))

    pages, after = [], None
    for _ in range(4):
        page = list_saved_comments(rows.conn, eve, after=after, limit=1)
        pages.append(page)
        after = page.next

    seen = [line for page in pages for line in page.items]
    assert [line.id for line in seen] == [made[2], made[0], made[1], made[3]]
    assert after is None
    assert (seen[0].author.name, seen[0].community.name) == ("bob", "cats")
    assert list_saved_comments(rows.conn, bob).items == ()

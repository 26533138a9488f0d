from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

from fedcom.errors import Invalid, NotFound
from fedcom.queries.feed import Cursor, PostPage, Scope, Sort, Wanted, list_posts
from fedcom.queries.post_view import get_post_view
from tests.fedcom.queries.rows import NOON, Rows


@contextmanager
def counted(conn: Connection) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(conn, "before_cursor_execute", note)
    yield statements
    event.remove(conn, "before_cursor_execute", note)


def ids(page: PostPage) -> list[int]:
    return [line.id for line in page.lines]


def test_a_page_of_twenty_is_one_statement_with_names_and_votes(rows: Rows) -> None:
    cats = rows.community("cats", title="Cats")
    zoe = rows.person("zoe", host="peer.example")
    me = rows.person("bob")
    made = [rows.post(cats, zoe) for _ in range(20)]
    rows.vote(me, -1, post=made[0])

    with counted(rows.conn) as statements:
        page = list_posts(rows.conn, Wanted(sort="new"), viewer_id=me)

    assert len(statements) == 1
    assert ids(page) == made[::-1]
    assert page.next is None
    last = page.lines[-1]
    assert (last.vote, last.author.slug, last.community.slug) == (-1, "zoe@peer.example", "cats")
    assert page.lines[0].vote == 0


@pytest.mark.parametrize("sort", ["hot", "new"])
def test_pages_follow_each_other_without_gap_or_repetition(rows: Rows, sort: Sort) -> None:
    cats, bob = rows.community(), rows.person()
    # Equal ranks and equal times, so that only the id tells some of them apart.
    made = [rows.post(cats, bob, score=number % 3, published_at=NOON) for number in range(11)]

    seen: list[int] = []
    after = None
    while True:
        page = list_posts(rows.conn, Wanted(sort=sort, after=after, limit=4))
        seen += ids(page)
        if page.next is None:
            break
        after = Cursor.read(str(page.next), sort)

    assert sorted(seen) == made
    assert len(seen) == len(made)
    if sort == "new":
        assert seen == made[::-1]


def test_a_list_goes_on_where_it_was_although_something_new_arrived(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = [rows.post(cats, bob) for _ in range(4)]
    first = list_posts(rows.conn, Wanted(sort="new", limit=2))
    rows.post(cats, bob)

    second = list_posts(rows.conn, Wanted(sort="new", limit=2, after=first.next))

    assert ids(second) == [made[1], made[0]]


def test_hot_puts_the_better_post_first_and_new_the_later_one(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    better = rows.post(cats, bob, score=50)
    later = rows.post(cats, bob)

    assert ids(list_posts(rows.conn, Wanted(sort="hot"))) == [better, later]
    assert ids(list_posts(rows.conn, Wanted(sort="new"))) == [later, better]


def test_each_scope_holds_what_it_says(rows: Rows) -> None:
    me, zoe = rows.person("bob"), rows.person("zoe", host="peer.example")
    here, there = rows.community("cats"), rows.community("dogs", host="peer.example")
    asked = rows.community("owls", host="peer.example")
    rows.follow(me, there)
    rows.follow(me, asked, "pending")
    mine, theirs, owls = rows.post(here, me), rows.post(there, zoe), rows.post(asked, zoe)

    def listed(scope: Scope, subject: int = 0, viewer: int = me) -> list[int]:
        wanted = Wanted(scope, "new", subject)
        return ids(list_posts(rows.conn, wanted, viewer_id=viewer))

    assert listed("all") == [owls, theirs, mine]
    assert listed("local") == [mine]
    assert listed("subscribed") == [owls, theirs]
    assert listed("subscribed", viewer=0) == []
    assert listed("community", here) == [mine]
    assert listed("author", zoe) == [owls, theirs]


def test_what_was_taken_away_is_in_no_list(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    closed = rows.community("closed", removed_at=NOON)
    gone = rows.community("gone", deleted_at=NOON)
    # Ranked all the same: a list must not trust the rank alone.
    rows.post(cats, bob, deleted_at=NOON)
    rows.post(cats, bob, removed_at=NOON)
    rows.post(closed, bob)
    rows.post(gone, bob)
    rows.post(cats, bob, ranked=False)
    shown = rows.post(cats, bob)

    assert ids(list_posts(rows.conn, Wanted(sort="new"))) == [shown]
    assert ids(list_posts(rows.conn, Wanted("author", "new", bob))) == [shown]


@pytest.mark.parametrize("taken", ["deleted_at", "removed_at"])
def test_a_post_that_is_not_shown_is_given_without_its_words(rows: Rows, taken: str) -> None:
    cats, bob = rows.community(), rows.person()
    words = {"title": "secret", "url": "https://secret.example", "body_html": "<p>secret</p>"}
    number = rows.post(cats, bob, body_source="secret", **words, **{taken: NOON})

    view = get_post_view(rows.conn, number)

    assert "secret" not in repr(view)
    assert view.author.id == bob


def test_a_post_that_never_was_is_not_found(rows: Rows) -> None:
    for number in (0, 99, 2**60, 2**80):
        with pytest.raises(NotFound):
            get_post_view(rows.conn, number)


@pytest.mark.parametrize("sort", ["hot", "new"])
@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1", "1_", "_1", "1_0", "1_-1", "nan_1", "inf_1", "1e400_1"),
        *("1_99999999999999999999", "9999999999999999999999999_1", "1_1' OR 1=1", "1_1\0"),
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(rows: Rows, text: str, sort: Sort) -> None:
    with pytest.raises(Invalid):
        list_posts(rows.conn, Wanted(sort=sort, after=Cursor.read(text, sort)))


def test_the_largest_cursor_asks_the_database_nothing_it_cannot_answer(rows: Rows) -> None:
    for key in (2**53 - 1, -(2**53) + 1):
        after = Cursor.read(f"{key}_{2**53 - 1}", "new")
        assert list_posts(rows.conn, Wanted(sort="new", after=after)).lines == ()

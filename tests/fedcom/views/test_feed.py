from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, Table, event, insert, update

from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import community
from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block, hidden_post, host_block, post_visit, saved_post
from fedcom.rules.ranking import active_key, controversy, hot_key, scaled_key
from fedcom.views.feed import (
    FEW_RECENT,
    SPANNED,
    SPANS,
    FeedQuery,
    Only,
    Sort,
    Span,
    communities_beside,
    list_post_ids,
    list_posts,
    read_cursor,
)
from fedcom.views.paging import Cursor, Page
from fedcom.views.post import PostView, get_post_view
from fedcom.views.scopes import CONSIDERED, FEW, Scope
from tests.support.plans import steps
from tests.support.rows import NOON, Rows

SORTS: tuple[Sort, ...] = get_args(Sort)
SCOPES: tuple[Scope, ...] = get_args(Scope)
SPANS_OF_TIME: tuple[Span, ...] = get_args(Span)


@contextmanager
def counted(conn: Connection) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(conn, "before_cursor_execute", note)
    yield statements
    event.remove(conn, "before_cursor_execute", note)


@contextmanager
def recorded(conn: Connection, sent: list[tuple[str, object]]) -> Iterator[None]:
    def note(*arguments: Any) -> None:
        sent.append((arguments[2], arguments[3]))

    event.listen(conn, "before_cursor_execute", note)
    yield
    event.remove(conn, "before_cursor_execute", note)


def ids(page: Page[PostView]) -> list[int]:
    return [line.id for line in page.items]


def test_a_page_of_twenty_is_one_statement_with_names_and_votes(rows: Rows) -> None:
    cats = rows.community("cats", title="Cats")
    zoe = rows.person("zoe", host="peer.example")
    me = rows.person("bob")
    made = [rows.post(cats, zoe) for _ in range(20)]
    rows.vote(me, -1, post=made[0])

    with counted(rows.conn) as statements:
        page = list_posts(rows.conn, FeedQuery(sort="new"), viewer_id=me)

    assert len(statements) == 1
    assert ids(page) == made[::-1]
    assert page.next is None
    last = page.items[-1]
    assert (last.vote, last.author.slug, last.community.slug) == (-1, "zoe@peer.example", "cats")
    assert page.items[0].vote == 0


@pytest.mark.parametrize("sort", SORTS)
def test_pages_follow_each_other_without_gap_or_repetition(rows: Rows, sort: Sort) -> None:
    cats, bob = rows.community(), rows.person()
    # Equal ranks and equal times, so that only the id tells some of them apart.
    made = [rows.post(cats, bob, score=number % 3, published_at=NOON) for number in range(11)]

    seen: list[int] = []
    after = None
    while True:
        page = list_posts(rows.conn, FeedQuery(sort=sort, after=after, limit=4))
        seen += ids(page)
        if page.next is None:
            break
        after = read_cursor(str(page.next), sort)

    assert sorted(seen) == made
    assert len(seen) == len(made)
    if sort == "new":
        assert seen == made[::-1]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_list_of_ids_has_the_same_posts_and_goes_on_at_the_same_place(
    rows: Rows, scope: Scope
) -> None:
    cats, bob = rows.community(), rows.person()
    for number in range(4):
        rows.post(cats, bob, score=number % 2)
    rows.post(cats, bob, site_featured_at=NOON, featured_at=NOON)
    rows.follow(bob, cats)
    rows.conn.execute(insert(moderator).values(community_id=cats, person_id=bob, appointed_at=NOON))
    wanted = FeedQuery(scope, subject_id=cats if scope == "community" else bob, limit=3)

    for sort in SORTS:
        asked = replace(wanted, sort=sort)
        whole = list_posts(rows.conn, asked, viewer_id=bob, now=NOON)
        with counted(rows.conn) as statements:
            page = list_post_ids(rows.conn, asked, viewer_id=bob, now=NOON)
        assert (list(page.items), page.next) == (ids(whole), whole.next)
        assert len(page.items) >= 3
        assert len(statements) == 1


def test_a_list_goes_on_where_it_was_although_something_new_arrived(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = [rows.post(cats, bob) for _ in range(4)]
    first = list_posts(rows.conn, FeedQuery(sort="new", limit=2))
    rows.post(cats, bob)

    second = list_posts(rows.conn, FeedQuery(sort="new", limit=2, after=first.next))

    assert ids(second) == [made[1], made[0]]


def test_hot_puts_the_better_post_first_and_new_the_later_one(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    better = rows.post(cats, bob, score=50)
    later = rows.post(cats, bob)

    assert ids(list_posts(rows.conn, FeedQuery(sort="hot"))) == [better, later]
    assert ids(list_posts(rows.conn, FeedQuery(sort="new"))) == [later, better]


def test_each_scope_has_its_posts(rows: Rows) -> None:
    me, zoe = rows.person("bob"), rows.person("zoe", host="peer.example")
    here, there = rows.community("cats"), rows.community("dogs", host="peer.example")
    asked = rows.community("owls", host="peer.example")
    rows.follow(me, there)
    rows.follow(me, asked, "pending")
    mine, theirs, owls = rows.post(here, me), rows.post(there, zoe), rows.post(asked, zoe)

    def listed(scope: Scope, subject: int = 0, viewer: int = me) -> list[int]:
        wanted = FeedQuery(scope, "new", subject_id=subject)
        return ids(list_posts(rows.conn, wanted, viewer_id=viewer))

    assert listed("all") == [owls, theirs, mine]
    assert listed("local") == [mine]
    assert listed("subscribed") == [owls, theirs]
    assert listed("subscribed", viewer=0) == []
    assert listed("community", here) == [mine]
    assert listed("author", zoe) == [owls, theirs]


def test_deleted_and_removed_content_is_in_no_list(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    closed = rows.community("closed", removed_at=NOON)
    gone = rows.community("gone", deleted_at=NOON)
    # They have a rank all the same: a list must not rely on the rank alone.
    rows.post(cats, bob, deleted_at=NOON)
    rows.post(cats, bob, removed_at=NOON)
    rows.post(closed, bob)
    rows.post(gone, bob)
    rows.post(cats, bob, ranked=False)
    shown = rows.post(cats, bob)

    assert ids(list_posts(rows.conn, FeedQuery(sort="new"))) == [shown]
    assert ids(list_posts(rows.conn, FeedQuery("author", "new", subject_id=bob))) == [shown]


@pytest.mark.parametrize("taken", ["deleted_at", "removed_at"])
def test_a_hidden_post_has_no_text(rows: Rows, taken: str) -> None:
    cats, bob = rows.community(), rows.person()
    fields = {"title": "secret", "url": "https://secret.example", "body_html": "<p>secret</p>"}
    number = rows.post(cats, bob, body_source="secret", **fields, **{taken: NOON})

    view = get_post_view(rows.conn, number)

    assert "secret" not in repr(view)
    assert view.author.id == bob


def test_a_post_that_never_was_is_not_found(rows: Rows) -> None:
    for number in (0, 99, 2**60, 2**80):
        with pytest.raises(NotFound):
            get_post_view(rows.conn, number)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1", "1_", "_1", "1_0", "1_-1", "nan_1", "inf_1", "1e400_1"),
        *("1_99999999999999999999", "9999999999999999999999999_1", "1_1' OR 1=1", "1_1\0"),
        f"{'9' * 400}_1",
    ],
)
def test_a_cursor_that_no_page_gave_is_refused(rows: Rows, text: str, sort: Sort) -> None:
    with pytest.raises(Invalid):
        list_posts(rows.conn, FeedQuery(sort=sort, after=read_cursor(text, sort)))


def test_the_largest_cursor_asks_the_database_nothing_it_cannot_answer(rows: Rows) -> None:
    rows.post(rows.community(), rows.person())
    for key in (2**53 - 1, -(2**53) + 1):
        for sort in SORTS:
            after = read_cursor(f"{key}_{2**53 - 1}", sort)
            is_before = key < 0 if sort == "old" else key > 0
            for span in ("all", "month"):
                wanted = FeedQuery(sort=sort, span=span, after=after)
                assert len(list_posts(rows.conn, wanted, now=NOON).items) == is_before


def sorted_ids(rows: Rows, sort: Sort, span: Span = "all", scope: Scope = "all") -> list[int]:
    later = NOON + timedelta(days=300)
    return ids(list_posts(rows.conn, FeedQuery(scope, sort, span), now=later))


def test_top_and_controversial_go_by_votes_within_their_span(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    fresh = NOON + timedelta(days=300) - timedelta(hours=1)
    old = rows.post(cats, bob, upvotes=90, downvotes=0)
    split = rows.post(cats, bob, upvotes=30, downvotes=30)
    new = rows.post(cats, bob, upvotes=5, downvotes=1, published_at=fresh)

    assert sorted_ids(rows, "top") == [old, new, split]
    assert sorted_ids(rows, "top", "year") == [old, new, split]
    assert sorted_ids(rows, "top", "month") == sorted_ids(rows, "top", "day") == [new]
    assert sorted_ids(rows, "controversial") == [split, new, old]
    assert sorted_ids(rows, "new", "day") == [new, split, old]


def test_a_fresh_comment_lifts_a_post_in_the_active_list_only(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    lifted = rows.post(cats, bob, last_comment_at=NOON + timedelta(days=1))
    later = rows.post(cats, bob)

    assert sorted_ids(rows, "active") == [lifted, later]
    assert sorted_ids(rows, "hot") == [later, lifted]


def shelve(rows: Rows, table: Table, **values: object) -> None:
    moment = next(name for name in ("saved_at", "hidden_at", "blocked_at") if name in table.c)
    rows.conn.execute(insert(table).values({moment: NOON, **values}))


def test_posts_that_the_viewer_hid_or_blocked_are_left_out(rows: Rows) -> None:
    me, bob, eve = rows.person("me"), rows.person("bob"), rows.person("eve")
    far = rows.person("far", host="far.example")
    cats, dogs = rows.community(), rows.community("dogs")
    away = rows.community("away", host="gone.example")
    kept = rows.post(cats, bob)
    hidden, by_eve, by_far = rows.post(cats, bob), rows.post(cats, eve), rows.post(cats, far)
    in_dogs, in_away = rows.post(dogs, bob), rows.post(away, bob)
    everything = [in_away, in_dogs, by_far, by_eve, hidden, kept]
    assert ids(list_posts(rows.conn, FeedQuery(sort="new"), viewer_id=me)) == everything
    shelve(rows, hidden_post, person_id=me, post_id=hidden)
    for blocked in (eve, dogs):
        shelve(rows, actor_block, person_id=me, blocked_id=blocked)
    for host in ("far.example", "gone.example"):
        shelve(rows, host_block, person_id=me, host=host)

    def listed(scope: Scope, subject: int = 0, viewer: int = me) -> list[int]:
        return ids(
            list_posts(rows.conn, FeedQuery(scope, "new", subject_id=subject), viewer_id=viewer)
        )

    assert listed("all") == [kept]
    assert listed("all", viewer=bob) == listed("all", viewer=0) == everything
    # Visitors of that community want to see it.
    assert listed("community", dogs) == [in_dogs]
    assert listed("community", cats) == [kept]
    assert listed("author", eve) == [by_eve]
    assert listed("author", far) == [by_far]
    only = FeedQuery(only="hidden")
    assert ids(list_posts(rows.conn, only, viewer_id=me)) == [hidden]


@pytest.mark.parametrize("scope", ["all", "local", "subscribed", "community"])
def test_a_list_is_full_although_most_of_its_best_posts_are_not_for_the_viewer(
    rows: Rows, scope: Scope
) -> None:
    cats, bob = rows.community("cats", title="Cats"), rows.person()
    me = rows.person("bob2")
    rows.follow(me, cats)
    seen = [rows.post(cats, bob, score=1) for _ in range(4)]
    for _ in range(4 * CONSIDERED):
        shelve(rows, hidden_post, person_id=me, post_id=rows.post(cats, bob, score=9))

    wanted = FeedQuery(scope, "top", "week", cats, limit=3)
    page = list_posts(rows.conn, wanted, viewer_id=me, now=NOON + timedelta(days=1))

    assert ids(page) == seen[:0:-1]
    assert page.has_more


def test_sensitive_posts_are_listed_in_their_community_and_for_viewers_who_want_them(
    rows: Rows,
) -> None:
    bob, cats, adult = rows.person(), rows.community(), rows.community("adult", nsfw=True)
    plain, marked, within = (
        rows.post(cats, bob),
        rows.post(cats, bob, nsfw=True),
        rows.post(adult, bob),
    )

    assert ids(list_posts(rows.conn, FeedQuery(sort="new"))) == [plain]
    page = list_posts(rows.conn, FeedQuery(sort="new", nsfw=True))
    assert [(line.id, line.is_sensitive) for line in page.items] == [
        (within, True),
        (marked, True),
        (plain, False),
    ]
    assert ids(list_posts(rows.conn, FeedQuery("community", "new", subject_id=adult))) == [within]
    assert ids(list_posts(rows.conn, FeedQuery("author", "new", subject_id=bob))) == [plain]


def test_a_listed_post_has_the_viewers_saved_hidden_and_unread_state(rows: Rows) -> None:
    me, bob, cats = rows.person("me"), rows.person(), rows.community()
    read, unread = rows.post(cats, bob, comments=7), rows.post(cats, bob, comments=7)
    visit = {"person_id": me, "post_id": read, "comments": 4, "visited_at": NOON}
    rows.conn.execute(insert(post_visit).values(visit))
    shelve(rows, saved_post, person_id=me, post_id=read)

    first, second = list_posts(rows.conn, FeedQuery(sort="new"), viewer_id=me).items

    assert (first.id, first.is_saved, first.new_comments) == (unread, False, 0)
    assert (second.id, second.is_saved, second.is_hidden, second.new_comments) == (
        read,
        True,
        False,
        3,
    )


def test_saved_posts_are_listed_last_saved_first_in_pages(rows: Rows) -> None:
    me, cats = rows.person(), rows.community()
    made = [rows.post(cats, me) for _ in range(5)]
    for number, saved in enumerate([made[3], made[0], made[4]]):
        at = NOON + timedelta(hours=number)
        shelve(rows, saved_post, person_id=me, post_id=saved, saved_at=at)

    wanted = FeedQuery(only="saved", limit=2)
    first = list_posts(rows.conn, wanted, viewer_id=me)
    after = read_cursor(str(first.next), "active")
    rest = list_posts(rows.conn, replace(wanted, after=after), viewer_id=me)

    assert [ids(first), ids(rest)] == [[made[4], made[0]], [made[3]]]


@pytest.mark.parametrize("sort", SORTS)
def test_pinned_posts_stand_above_a_community_once(rows: Rows, sort: Sort) -> None:
    cats, bob = rows.community(), rows.person()
    pinned = rows.post(cats, bob, featured_at=NOON, score=-3)
    made = {rows.post(cats, bob, score=number) for number in range(5)}

    with counted(rows.conn) as statements:
        first = list_posts(rows.conn, FeedQuery("community", sort, subject_id=cats, limit=3))
    wanted = FeedQuery("community", sort, subject_id=cats, limit=3, after=first.next)
    second = list_posts(rows.conn, wanted)

    assert len(statements) == 1
    assert ids(first)[0] == pinned
    assert (len(first.items), len(second.items)) == (4, 2)
    assert {*ids(first), *ids(second)} == {pinned, *made}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("scope", ["subscribed", "local"])
def test_both_plans_for_some_communities_give_the_same_list(
    rows: Rows, sort: Sort, scope: Scope
) -> None:
    me, cats = rows.person(), rows.community()
    dogs = rows.community("dogs", host="peer.example")
    rows.follow(me, cats)
    made = [rows.post(cats, me, score=number) for number in range(3)]
    rows.post(dogs, me)
    listed = []
    for posts in (0, FEW, FEW + 1):
        rows.conn.execute(update(community).values(posts=posts))
        listed.append(ids(list_posts(rows.conn, FeedQuery(scope, sort), viewer_id=me)))

    assert listed[0] == listed[1] == listed[2]
    assert set(listed[0]) == set(made)


def test_both_plans_for_the_year_of_a_community_give_the_same_list(rows: Rows) -> None:
    me, cats, dogs = rows.person(), rows.community(), rows.community("dogs")
    old = rows.post(cats, me, score=9000, published_at=NOON - timedelta(days=400))
    rows.post(dogs, me, score=8000)
    pinned = rows.post(cats, me, score=7000, featured_at=NOON)
    best = [rows.post(cats, me, score=6000 - number) for number in range(7)]
    wanted = FeedQuery("community", "top", span="year", subject_id=cats, limit=3)
    listed = []
    for more in (0, FEW_RECENT - 8, 1):
        for _ in range(more):
            rows.post(cats, me)
        now = NOON + timedelta(days=9)
        first = list_posts(rows.conn, wanted, now=now)
        second = list_posts(rows.conn, replace(wanted, after=first.next), now=now)
        listed.append(ids(first) + ids(second))

    assert listed[0] == listed[1] == listed[2] == [pinned, *best[:6]]
    everything = list_posts(rows.conn, replace(wanted, span="all"), now=NOON)
    assert ids(everything) == [pinned, old, *best[:2]]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scope", ["subscribed", "local"])
def test_a_list_of_few_posts_costs_the_same_beside_many(rows: Rows, scope: Scope) -> None:
    me, cats = rows.person(), rows.community()
    dogs = rows.community("dogs", host="peer.example")
    rows.follow(me, cats)
    for _ in range(30):
        rows.post(cats, me)
    costs = []
    for more in (100, 900):
        for _ in range(more):
            rows.post(dogs, me)
        with steps(rows.conn) as taken:
            assert len(list_posts(rows.conn, FeedQuery(scope, "top"), viewer_id=me).items) == 20
        costs.append(len(taken))
    assert 0 < costs[1] < 1.1 * costs[0]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_best_of_a_year_cost_no_more_where_more_was_posted(rows: Rows) -> None:
    me, cats = rows.person(), rows.community()
    wanted = FeedQuery("community", "top", span="year", subject_id=cats)
    costs = []
    for more in (FEW_RECENT + 10, 2 * FEW_RECENT):
        for _ in range(more):
            rows.post(cats, me)
        with steps(rows.conn) as taken:
            assert len(list_posts(rows.conn, wanted, now=NOON + timedelta(days=9)).items) == 20
        costs.append(len(taken))
    assert 0 < costs[1] < 1.1 * costs[0]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # PostgreSQL plans by its statistics
def test_no_list_is_sorted_that_an_index_has_in_order(rows: Rows) -> None:
    me, cats = rows.person(), rows.community()
    rows.post(cats, me)
    scopes: tuple[Scope, ...] = ("all", "community")
    for scope in scopes:
        for sort in SORTS:
            if (scope, sort) == ("community", "controversial"):
                continue
            sent: list[tuple[str, object]] = []
            wanted = FeedQuery(scope, sort, subject_id=cats, after=Cursor(1, 1))
            with recorded(rows.conn, sent):
                list_posts(rows.conn, wanted)
            ((statement, values),) = sent
            plan = rows.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            for step in plan:
                assert not step[3].startswith("SCAN post"), (scope, sort, step[3])
                assert "ORDER BY" not in step[3], (scope, sort, step[3])


@dataclass(frozen=True)
class Written:
    """One post and what the viewer did with it, for an order found without the database."""

    id: int
    community: int
    author: int
    upvotes: int
    downvotes: int
    comments: int
    published_at: datetime
    last_comment_at: datetime | None
    nsfw: bool
    url: str | None
    vote: int
    was_read: bool
    is_hidden: bool
    saved_at: datetime | None

    @property
    def score(self) -> int:
        return self.upvotes - self.downvotes


FOLLOWERS = {"cats": 3, "dogs": 900, "owls": 40_000}
NOW = NOON + timedelta(days=400)
LINK = "https://news.example/1"


class Library:
    """Posts of two people in three communities: the viewer follows cats and dogs, moderates cats
    and owls; only cats are local.
    """

    def __init__(self, rows: Rows, number: int = 60) -> None:
        self.rows, random = rows, Random(49)
        self.me, self.bob = rows.person("me"), rows.person("bob")
        hosts = {"cats": "forum.example", "dogs": "peer.example", "owls": "peer.example"}
        self.communities = {name: rows.community(name, host=host) for name, host in hosts.items()}
        for name in ("cats", "dogs"):
            rows.follow(self.me, self.communities[name])
        for name in ("cats", "owls"):
            values = {"community_id": self.communities[name], "person_id": self.me}
            rows.insert(moderator, **values, appointed_at=NOON)
        self.posts = [self._write(random) for _ in range(number)]

    def _write(self, random: Random) -> Written:
        name = random.choice([*FOLLOWERS])
        ago = timedelta(
            days=random.choice([0, 1, 5, 20, 80, 200, 399]), minutes=random.randrange(90)
        )
        at = NOW - ago
        facts: dict[str, Any] = {
            "upvotes": random.randrange(6),
            "downvotes": random.randrange(4),
            "comments": random.randrange(3),
            "published_at": at,
            "last_comment_at": random.choice([None, at + ago / 2]),
            "nsfw": random.random() < 0.2,
            "url": random.choice([None, LINK, f"{LINK}/2"]),
        }
        where, by = self.communities[name], random.choice([self.me, self.bob, self.bob])
        made = self.rows.post(where, by, followers=FOLLOWERS[name], **facts)
        vote, was_read, is_hidden = (
            random.choice([-1, 0, 1]),
            random.random() < 0.3,
            random.random() < 0.2,
        )
        saved_at = random.choice([None, NOON + timedelta(seconds=random.randrange(5))])
        mine = {"person_id": self.me, "post_id": made}
        if vote:
            self.rows.vote(self.me, vote, post=made)
        if was_read:
            self.rows.insert(post_visit, **mine, comments=0, visited_at=NOON)
        if is_hidden:
            self.rows.insert(hidden_post, **mine, hidden_at=NOON)
        if saved_at:
            self.rows.insert(saved_post, **mine, saved_at=saved_at)
        return Written(
            id=made, community=where, author=by, vote=vote, was_read=was_read,
            is_hidden=is_hidden, saved_at=saved_at, **facts,
        )  # fmt: skip

    def expected(self, wanted: FeedQuery) -> list[int]:
        """The ids of all pages, found by comparing every post."""
        named = self.communities
        within = {
            "all": {*named.values()},
            "local": {named["cats"]},
            "subscribed": {named["cats"], named["dogs"]},
            "moderated": {named["cats"], named["owls"]},
            "community": {wanted.subject_id},
            "author": {wanted.within_id} if wanted.within_id else {*named.values()},
        }[wanted.scope]
        is_of_author = wanted.scope == "author"
        nsfw = wanted.scope == "community" if wanted.nsfw is None else wanted.nsfw
        found = [
            one
            for one in self.posts
            if one.community in within and (one.author == wanted.subject_id or not is_of_author)
        ]
        if wanted.url:
            found = [one for one in found if one.url == wanted.url]
        if wanted.only == "saved":
            found = [one for one in found if one.saved_at]
            found.sort(key=lambda one: (one.saved_at, one.id), reverse=True)
            return [one.id for one in found]
        if wanted.only is not None:
            score = {"liked": 1, "disliked": -1}[wanted.only]
            found = [one for one in found if one.vote == score and one.author != self.me]
        if not is_of_author:
            found = [one for one in found if wanted.show_hidden or not one.is_hidden]
            found = [one for one in found if wanted.show_read or not one.was_read]
        found = [one for one in found if nsfw or not one.nsfw]
        if wanted.sort in SPANNED and wanted.span != "all":
            found = [one for one in found if one.published_at > NOW - SPANS[wanted.span]]
        is_scaled = wanted.sort == "scaled" and wanted.scope != "community"
        key = self._scaled if is_scaled else ORDERS[wanted.sort]
        found.sort(key=lambda one: (key(one), one.id), reverse=wanted.sort != "old")
        return [one.id for one in found]

    def _scaled(self, one: Written) -> float:
        names = {number: name for name, number in self.communities.items()}
        return scaled_key(one.score, one.published_at, FOLLOWERS[names[one.community]])

    def listed(self, wanted: FeedQuery) -> list[int]:
        """The ids of all pages, of seventeen posts each."""
        seen: list[int] = []
        after = None
        while True:
            page = list_posts(
                self.rows.conn, replace(wanted, limit=17, after=after), viewer_id=self.me, now=NOW
            )
            seen += ids(page)
            if page.next is None:
                return seen
            after = read_cursor(str(page.next), wanted.sort)


ORDERS: Mapping[Sort, Callable[[Written], Any]] = {
    "active": lambda one: active_key(one.score, one.published_at, one.last_comment_at),
    "hot": lambda one: hot_key(one.score, one.published_at),
    # In one community.
    "scaled": lambda one: hot_key(one.score, one.published_at),
    "new": lambda one: one.published_at,
    "old": lambda one: one.published_at,
    "most_comments": lambda one: one.comments,
    "new_comments": lambda one: one.last_comment_at or one.published_at,
    "top": lambda one: one.score,
    "controversial": lambda one: controversy(one.upvotes, one.downvotes),
}


def test_every_list_is_in_the_order_that_comparing_all_posts_gives(rows: Rows) -> None:
    library = Library(rows)
    only: tuple[Only | None, ...] = (None, "liked", "disliked", "saved")
    for scope in SCOPES:
        subject = library.communities["dogs"] if scope == "community" else library.bob
        for sort in SORTS:
            for one in only:
                wanted = FeedQuery(scope, sort, subject_id=subject, nsfw=True, only=one)
                assert library.listed(wanted) == library.expected(wanted), wanted
            assert library.expected(FeedQuery(scope, sort, subject_id=subject)) != []
            wanted = FeedQuery(scope, sort, subject_id=subject, show_read=False)
            assert library.listed(wanted) == library.expected(wanted), wanted
            wanted = FeedQuery(scope, sort, subject_id=subject, show_hidden=True, nsfw=False)
            assert library.listed(wanted) == library.expected(wanted), wanted
            wanted = FeedQuery(scope, sort, "three_months", subject_id=subject, url=LINK)
            assert library.listed(wanted) == library.expected(wanted), wanted
            wanted = replace(wanted, only="saved")
            assert library.listed(wanted) == library.expected(wanted), wanted


def test_every_span_of_time_ends_where_comparing_all_posts_ends(rows: Rows) -> None:
    library = Library(rows)
    for scope in SCOPES:
        subject = library.communities["cats"] if scope == "community" else library.bob
        for sort in SPANNED:
            for span in SPANS_OF_TIME:
                wanted = FeedQuery(scope, sort, span, subject_id=subject)
                assert library.listed(wanted) == library.expected(wanted), wanted


@pytest.mark.parametrize("sort", SORTS)
def test_the_posts_of_a_person_in_one_community(rows: Rows, sort: Sort) -> None:
    library = Library(rows)
    dogs = library.communities["dogs"]
    wanted = FeedQuery("author", sort, subject_id=library.bob, within_id=dogs)

    assert library.listed(wanted) == library.expected(wanted) != []


def test_no_list_of_a_viewers_own_has_anything_for_guests(rows: Rows) -> None:
    Library(rows)
    for scope in ("subscribed", "moderated"):
        assert ids(list_posts(rows.conn, FeedQuery(scope))) == []
    for only in get_args(Only):
        assert ids(list_posts(rows.conn, FeedQuery(only=only))) == []
    everything = list_posts(rows.conn, FeedQuery())
    assert list_posts(rows.conn, FeedQuery(show_read=False, show_hidden=True)) == everything


@pytest.mark.parametrize(
    ("sort", "span", "expected"),
    [
        *((sort, "all", "active") for sort in ("active", "hot", "scaled")),
        *((sort, "all", sort) for sort in ("new", "old")),
        *((sort, "all", "comments") for sort in ("most_comments", "controversial")),
        *(("top", span, "subscribers") for span in ("all", "year", "nine_months")),
        *(("top", span, "active_half_year") for span in ("three_months", "six_months")),
        ("top", "month", "active"),
        ("top", "week", "active_week"),
        *(("top", span, "active_day") for span in ("day", "twelve_hours", "six_hours", "hour")),
        ("new_comments", "all", "active_day"),
    ],
)
def test_communities_are_in_the_order_that_goes_with_that_of_posts(
    sort: Sort, span: Span, expected: str
) -> None:
    assert communities_beside(sort, span) == expected


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("scope", ["all", "local"])
def test_posts_pinned_on_the_site_stand_above_the_lists_of_all_communities_once(
    rows: Rows, sort: Sort, scope: Scope
) -> None:
    cats, bob = rows.community(), rows.person()
    dogs = rows.community("dogs", host="peer.example")
    pinned = rows.post(cats, bob, site_featured_at=NOON, score=-3)
    later = rows.post(cats, bob, site_featured_at=NOON + timedelta(hours=1), score=-3)
    elsewhere = rows.post(dogs, bob, site_featured_at=NOON - timedelta(hours=1), score=-3)
    made = {rows.post(cats, bob, score=number) for number in range(5)}

    with counted(rows.conn) as statements:
        first = list_posts(rows.conn, FeedQuery(scope, sort, limit=3))
    second = list_posts(rows.conn, FeedQuery(scope, sort, limit=3, after=first.next))

    assert len(statements) == 1
    above = [later, pinned, elsewhere] if scope == "all" else [later, pinned]
    assert set(ids(first)[: len(above)]) == set(above)
    assert (len(first.items), len(second.items)) == (3 + len(above), 2)
    assert {*ids(first), *ids(second)} == {*above, *made}
    inside = list_posts(rows.conn, FeedQuery("community", "new", subject_id=cats))
    assert ids(inside)[0] == max(made)


@pytest.mark.parametrize("scope", ["all", "local"])
def test_posts_in_hidden_communities_are_listed_for_followers_only(
    rows: Rows, scope: Scope
) -> None:
    cats, bob, eve = rows.community(hidden_at=NOON), rows.person(), rows.person("eve")
    rows.follow(eve, cats)
    made = rows.post(cats, bob)
    pinned = rows.post(cats, bob, site_featured_at=NOON)

    for viewer, seen in ((0, []), (bob, []), (eve, [pinned, made])):
        assert ids(list_posts(rows.conn, FeedQuery(scope, "new"), viewer_id=viewer)) == seen
    shown = list_posts(rows.conn, FeedQuery("community", "new", subject_id=cats))
    assert set(ids(shown)) == {made, pinned}
    theirs = list_posts(rows.conn, FeedQuery("subscribed", "new"), viewer_id=eve)
    assert set(ids(theirs)) == {made, pinned}

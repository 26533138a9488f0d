"""Lists of comments from many threads, on both databases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any, cast, get_args

import pytest
from sqlalchemy import insert, update

from fedcom.errors import Invalid
from fedcom.models.actor import community
from fedcom.models.comment import Comment
from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block, host_block, saved_comment
from fedcom.rules.ranking import comment_hot, controversy
from fedcom.views.comment import CommentView
from fedcom.views.comment_feed import (
    CommentQuery,
    Only,
    Order,
    comments_beside,
    list_comments,
    order_beside,
    read_comment_cursor,
)
from fedcom.views.feed import FeedQuery, Sort
from fedcom.views.paging import Cursor, Page
from fedcom.views.scopes import CONSIDERED, FEW, Scope
from tests.support.plans import counted, steps
from tests.support.rows import NOON, Rows

ORDERS: tuple[Order, ...] = get_args(Order)
SCOPES = ("all", "local", "subscribed", "moderated", "community", "author", "post")


def comments_of(rows: Rows, author: int, viewer: int = 0, **more: Any) -> Page[CommentView]:
    wanted = CommentQuery(**{"scope": "author", "sort": "new", "subject_id": author, **more})
    return list_comments(rows.conn, wanted, viewer_id=viewer)


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
        wanted = CommentQuery(only="saved", after=after, limit=1)
        page = list_comments(rows.conn, wanted, viewer_id=eve)
        pages.append(page)
        after = page.next

    seen = [line for page in pages for line in page.items]
    assert [line.id for line in seen] == [made[2], made[0], made[1], made[3]]
    assert after is None
    assert (seen[0].author.name, seen[0].community.name) == ("bob", "cats")
    assert list_comments(rows.conn, CommentQuery(only="saved"), viewer_id=bob).items == ()


@dataclass(frozen=True)
class Written:
    """One comment and what the viewer did with it, for an order found without the database."""

    row: Comment
    community: int
    nsfw: bool
    vote: int
    saved_at: datetime | None


class Library:
    """Comments of two people in three communities: the viewer follows cats and dogs, moderates cats
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
        self.posts = [
            (rows.post(place, self.bob, nsfw=nsfw), place, nsfw)
            for place in self.communities.values()
            for nsfw in (False, False, True)
        ]
        self.comments: list[Written] = []
        for _ in range(number):
            self._write(random)

    def _write(self, random: Random) -> None:
        on, place, nsfw = random.choice(self.posts)
        above = [one.row for one in self.comments if one.row.post_id == on]
        row = self.rows.comment(
            on,
            random.choice([self.me, self.bob, self.bob]),
            random.choice([None, *above]),
            upvotes=random.randrange(6),
            downvotes=random.randrange(4),
            published_at=NOON + timedelta(hours=random.randrange(200)),
        )
        vote = random.choice([-1, 0, 1])
        saved_at = random.choice([None, NOON + timedelta(seconds=random.randrange(5))])
        if vote:
            self.rows.vote(self.me, vote, comment=row.id)
        if saved_at:
            mine = {"person_id": self.me, "comment_id": row.id}
            self.rows.insert(saved_comment, **mine, saved_at=saved_at)
        self.comments.append(Written(row, place, nsfw, vote, saved_at))

    def expected(self, wanted: CommentQuery) -> list[int]:
        """The ids of all pages, found by comparing every comment."""
        named, subject = self.communities, wanted.subject_id
        is_in: Mapping[str, Callable[[Written], bool]] = {
            "all": lambda one: True,
            "local": lambda one: one.community == named["cats"],
            "subscribed": lambda one: one.community in {named["cats"], named["dogs"]},
            "moderated": lambda one: one.community in {named["cats"], named["owls"]},
            "community": lambda one: one.community == subject,
            "author": lambda one: (
                one.row.author_id == subject and wanted.within_id in {0, one.community}
            ),
            "post": lambda one: (
                one.row.post_id == subject
                and f"{one.row.path}.".startswith(f"{wanted.below}." if wanted.below else "")
            ),
        }
        found = [one for one in self.comments if is_in[wanted.scope](one)]
        if wanted.only == "saved":
            found = [one for one in found if one.saved_at]
            found.sort(key=lambda one: (one.saved_at, one.row.id), reverse=True)
            return [one.row.id for one in found]
        if wanted.only is not None:
            score = {"liked": 1, "disliked": -1}[wanted.only]
            found = [one for one in found if one.vote == score and one.row.author_id != self.me]
        nsfw = wanted.scope in {"community", "post"} if wanted.nsfw is None else wanted.nsfw
        found = [one for one in found if nsfw or not one.nsfw]
        key = KEYS[wanted.sort]
        found.sort(key=lambda one: (key(one.row), one.row.id), reverse=wanted.sort != "old")
        return [one.row.id for one in found]

    def listed(self, wanted: CommentQuery) -> list[int]:
        """The ids of all pages, of seventeen comments each."""
        seen: list[int] = []
        after = None
        while True:
            wanted = replace(wanted, limit=17, after=after)
            page = list_comments(self.rows.conn, wanted, viewer_id=self.me, now=NOON)
            seen += [one.id for one in page.items]
            if page.next is None:
                return seen
            after = read_comment_cursor(str(page.next), wanted.sort)


KEYS: Mapping[Order, Callable[[Comment], Any]] = {
    "hot": lambda row: comment_hot(row.score, row.published_at),
    "top": lambda row: row.score,
    "new": lambda row: row.published_at,
    "old": lambda row: row.published_at,
    "controversial": lambda row: controversy(row.upvotes, row.downvotes),
}


def test_every_list_is_in_the_order_that_comparing_all_comments_gives(rows: Rows) -> None:
    library = Library(rows)
    only: tuple[Only | None, ...] = (None, "liked", "disliked", "saved")
    subjects = {"community": library.communities["dogs"], "author": library.bob}
    subjects["post"] = library.posts[0][0]
    for scope in SCOPES:
        for sort in ORDERS:
            for one in only:
                for nsfw in (None, False, True):
                    subject = subjects.get(scope, 0)
                    wanted = CommentQuery(scope, sort, subject, nsfw=nsfw, only=one)
                    assert library.listed(wanted) == library.expected(wanted), wanted
            assert library.expected(CommentQuery(scope, sort, subject)) != []


@pytest.mark.parametrize("sort", ORDERS)
def test_comments_below_another_one_and_those_of_a_person_in_one_community(
    rows: Rows, sort: Order
) -> None:
    library = Library(rows)
    top = max(library.comments, key=lambda one: one.row.post_id == library.posts[1][0]).row
    below = CommentQuery("post", sort, top.post_id, below=top.path)
    dogs = library.communities["dogs"]
    within = CommentQuery("author", sort, library.bob, within_id=dogs)

    for wanted in (below, within):
        assert library.listed(wanted) == library.expected(wanted) != []
    assert top.id in library.listed(below)


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("scope", ["subscribed", "local", "moderated"])
def test_both_plans_for_some_communities_give_the_same_list(
    rows: Rows, sort: Order, scope: Any
) -> None:
    library = Library(rows, 20)
    listed = []
    for number in (0, FEW // 2, FEW + 1):
        rows.conn.execute(update(community).values(comments=number))
        listed.append(library.listed(CommentQuery(scope, sort)))

    assert listed[0] == listed[1] == listed[2] == library.expected(CommentQuery(scope, sort))


def test_a_page_of_comments_is_one_statement(rows: Rows) -> None:
    library = Library(rows)
    for viewer in (0, library.me):
        for sort in ORDERS:
            with counted() as statements:
                page = list_comments(rows.conn, CommentQuery("all", sort), viewer_id=viewer)
            assert (len(page.items), len(statements)) == (20, 1)


def test_nothing_that_depends_on_a_viewer_is_listed_for_guests(rows: Rows) -> None:
    Library(rows, 10)
    for scope in ("subscribed", "moderated"):
        assert list_comments(rows.conn, CommentQuery(scope)).items == ()
    for only in get_args(Only):
        assert list_comments(rows.conn, CommentQuery(only=only)).items == ()


def test_a_list_is_full_although_the_best_comments_are_not_for_the_viewer(rows: Rows) -> None:
    me, bob, eve, cats = rows.person("me"), rows.person(), rows.person("eve"), rows.community()
    rows.follow(me, cats)
    on = rows.post(cats, bob)
    seen = [rows.comment(on, bob).id for _ in range(4)]
    for _ in range(4 * CONSIDERED):
        rows.comment(on, eve, upvotes=9)
    rows.insert(actor_block, person_id=me, blocked_id=eve, blocked_at=NOON)

    page = list_comments(rows.conn, CommentQuery("subscribed", "top", limit=3), viewer_id=me)

    assert [one.id for one in page.items] == seen[:0:-1]
    assert page.has_more


def test_comments_of_people_communities_and_servers_that_the_viewer_blocked_are_left_out(
    rows: Rows,
) -> None:
    me, bob, eve = rows.person("me"), rows.person(), rows.person("eve")
    far = rows.person("far", host="far.example")
    cats, dogs = rows.community(), rows.community("dogs")
    away = rows.community("away", host="gone.example")
    on, in_dogs, in_away = (rows.post(place, bob) for place in (cats, dogs, away))
    kept = rows.comment(on, bob).id
    by_eve, by_far = rows.comment(on, eve).id, rows.comment(on, far).id
    below_dogs, below_away = rows.comment(in_dogs, bob).id, rows.comment(in_away, bob).id
    for blocked in (eve, dogs):
        rows.insert(actor_block, person_id=me, blocked_id=blocked, blocked_at=NOON)
    for host in ("far.example", "gone.example"):
        rows.insert(host_block, person_id=me, host=host, blocked_at=NOON)

    def listed(scope: Any, subject: int = 0, viewer: int = me) -> list[int]:
        wanted = CommentQuery(scope, "old", subject)
        return [one.id for one in list_comments(rows.conn, wanted, viewer_id=viewer).items]

    assert listed("all") == listed("community", cats) == listed("post", on) == [kept]
    assert listed("all", viewer=0) == [kept, by_eve, by_far, below_dogs, below_away]
    # Whoever asks for exactly that wants to see it.
    assert listed("community", dogs) == [below_dogs]
    assert listed("author", eve) == [by_eve]


@pytest.mark.parametrize("scope", ["all", "local"])
def test_comments_in_hidden_communities_are_listed_for_their_followers(
    rows: Rows, scope: Any
) -> None:
    me, bob = rows.person("me"), rows.person()
    hidden = rows.community("hidden", hidden_at=NOON)
    rows.follow(me, hidden)
    below = rows.comment(rows.post(hidden, bob), bob).id

    def listed(wanted: CommentQuery, viewer: int = 0) -> list[int]:
        return [one.id for one in list_comments(rows.conn, wanted, viewer_id=viewer).items]

    assert listed(CommentQuery(scope)) == listed(CommentQuery(scope), bob) == []
    assert listed(CommentQuery(scope), me) == [below]
    assert listed(CommentQuery("community", subject_id=hidden)) == [below]


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("text", ["", "x_1", "nan_1", "1_0", "1e400_1", f"{'9' * 30}_1", "1_\0"])
def test_a_cursor_that_no_page_gave_is_refused(rows: Rows, text: str, sort: Order) -> None:
    with pytest.raises(Invalid):
        read_comment_cursor(text, sort)


def test_comments_are_in_the_order_that_goes_with_that_of_posts() -> None:
    beside = {sort: order_beside(sort) for sort in get_args(Sort)}

    assert beside == {
        "active": "hot",
        "hot": "hot",
        "scaled": "hot",
        "new": "new",
        "old": "old",
        "most_comments": "new",
        "new_comments": "new",
        "top": "top",
        "controversial": "controversial",
    }
    posts = FeedQuery("author", "scaled", subject_id=7, limit=3, nsfw=True, within_id=9)
    assert comments_beside(posts) == CommentQuery(
        "author", "hot", 7, limit=3, nsfw=True, within_id=9
    )


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_page_costs_the_same_beside_many_comments(rows: Rows) -> None:
    cats, dogs = rows.community(), rows.community("dogs", host="peer.example")
    bob, eve = rows.person(), rows.person("eve")
    here, there = rows.post(cats, bob), rows.post(dogs, bob)
    for _ in range(30):
        rows.comment(here, bob)
    subjects: dict[Any, int] = {"all": 0, "local": 0, "community": cats, "author": bob}
    lists = list(product(subjects, ("hot", "top", "new", "old")))
    costs: dict[tuple[Any, Any], list[int]] = {one: [] for one in lists}
    for more in (100, 500):
        for _ in range(more):
            rows.comment(there, eve)
        for scope, sort in lists:
            wanted = CommentQuery(scope, cast(Order, sort), subjects[scope])
            with steps(rows.conn) as taken:
                page = list_comments(rows.conn, wanted)
            assert len(page.items) == 20
            costs[scope, sort].append(len(taken))
    for one, (before, after) in costs.items():
        assert 0 < after < 1.1 * before, one


@pytest.mark.parametrize("scope", ["all", "local"])
def test_comments_in_hidden_communities_are_listed_for_followers_only(
    rows: Rows, scope: Scope
) -> None:
    cats, bob, eve = rows.community(hidden_at=NOON), rows.person(), rows.person("eve")
    rows.follow(eve, cats)
    made = rows.comment(rows.post(cats, bob), bob)

    for viewer, seen in ((0, []), (bob, []), (eve, [made.id])):
        found = list_comments(rows.conn, CommentQuery(scope, "new"), viewer_id=viewer)
        assert [one.id for one in found.items] == seen

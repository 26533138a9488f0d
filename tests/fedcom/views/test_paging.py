"""Every list can be read by cursor and by page number, with the same result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import pytest
from sqlalchemy import Connection

from fedcom.errors import Invalid
from fedcom.models.moderation import community_ban, modlog, report
from fedcom.models.notification import notification
from fedcom.models.personal import saved_comment, saved_post
from fedcom.text.search_terms import parse_terms
from fedcom.views.ban import list_bans
from fedcom.views.comment_feed import CommentQuery, Order, list_comments
from fedcom.views.community import CommunityQuery, list_communities
from fedcom.views.feed import FeedQuery, Sort, list_posts
from fedcom.views.message import find_conversation, list_conversations
from fedcom.views.modlog import LogFilter, list_modlog
from fedcom.views.notification import list_notifications
from fedcom.views.paging import MAX_SKIPPED, Cursor, Page, PageNumber, Start
from fedcom.views.report import ReportQuery, list_reports
from fedcom.views.search import (
    SearchQuery,
    Viewer,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from tests.support.rows import NOON, Rows

ENTRIES = 7
LIMIT = 3


@dataclass
class Filled:
    """A transaction with entries in each list: of a member, a community, and a pen pal."""

    rows: Rows
    community_id: int
    member_id: int
    pen_pal_id: int
    post_id: int

    @property
    def conn(self) -> Connection:
        return self.rows.conn


ListPage = Callable[[Filled, Start], Page[Any]]


def feed(scope: Any, sort: Any = "new", **more: Any) -> ListPage:
    def list_page(at: Filled, after: Start) -> Page[Any]:
        query = FeedQuery(scope, sort, subject_id=at.community_id, after=after, limit=LIMIT, **more)
        return list_posts(at.conn, query, viewer_id=at.member_id, now=NOON)

    return list_page


def comments(scope: Any, sort: Any = "new", **more: Any) -> ListPage:
    def list_page(at: Filled, after: Start) -> Page[Any]:
        subjects = {"community": at.community_id, "author": at.member_id, "post": at.post_id}
        subject = subjects.get(scope, 0)
        query = CommentQuery(scope, sort, subject, after=after, limit=LIMIT, **more)
        return list_comments(at.conn, query, viewer_id=at.member_id, now=NOON)

    return list_page


def search(search_for: Callable[..., Page[Any]], **more: Any) -> ListPage:
    def list_page(at: Filled, after: Start) -> Page[Any]:
        query = SearchQuery(parse_terms("cats"), after=after, limit=LIMIT, **more)
        return search_for(at.conn, query, Viewer())

    return list_page


LISTS: dict[str, ListPage] = {
    **{f"posts by {sort}": feed("all", sort) for sort in get_args(Sort)},
    "posts of the last week": feed("all", "top", span="week"),
    "posts of followed communities": feed("subscribed"),
    "posts of a community with pins": feed("community"),
    "saved posts": feed("all", only="saved"),
    "liked posts": feed("all", "old", only="liked"),
    "posts of a person in a community": lambda at, after: list_posts(
        at.conn,
        FeedQuery(
            "author",
            "scaled",
            subject_id=at.pen_pal_id,
            within_id=at.community_id,
            after=after,
            limit=LIMIT,
        ),
        now=NOON,
    ),
    **{f"comments by {sort}": comments("all", sort) for sort in get_args(Order)},
    "comments of followed communities": comments("subscribed"),
    "disputed comments of a community": comments("community", "controversial"),
    "comments of a person": comments("author", "top"),
    "comments on a post": comments("post", "old"),
    "saved comments": comments("all", only="saved"),
    "liked comments": comments("all", only="liked"),
    "communities": lambda at, after: list_communities(
        at.conn, CommunityQuery(after=after, limit=LIMIT)
    ),
    "bans": lambda at, after: list_bans(at.conn, at.community_id, NOON, after=after, limit=LIMIT),
    "modlog": lambda at, after: list_modlog(at.conn, LogFilter(), after=after, limit=LIMIT),
    "notifications": lambda at, after: list_notifications(
        at.conn, at.member_id, after=after, limit=LIMIT
    ),
    "messages": lambda at, after: find_conversation(
        at.conn, at.member_id, at.pen_pal_id, after=after, limit=LIMIT
    ),
    "conversations": lambda at, after: list_conversations(
        at.conn, at.member_id, after=after, limit=LIMIT
    ),
    "reports": lambda at, after: list_reports(
        at.conn, ReportQuery(viewer_id=at.member_id, is_admin=True, after=after, limit=LIMIT)
    ),
    "found posts": search(search_posts),
    "found comments by date": search(search_comments, sort="new"),
    "found communities": search(search_communities),
    "found people": search(search_people),
}


@pytest.fixture
def filled(rows: Rows) -> Filled:
    """Each list has at least `ENTRIES` entries, some of them with equal keys."""
    cats = rows.community("cats", title="Cats")
    bob, mia = rows.person("bob"), rows.person("mia")
    rows.follow(bob, cats)
    first = rows.post(cats, bob, featured_at=NOON, published_at=NOON)
    for number in range(ENTRIES):
        eve = rows.person(f"cats{number}", title="Cats")
        rows.community(f"more{number}", title="Cats", subscribers=number % 2)
        liked = rows.post(cats, bob, score=number % 3, title="Cats", published_at=NOON)
        below = rows.comment(first, bob, body_html="<p>cats</p>", published_at=NOON)
        since = {"created_at": NOON, "reason": ""}
        rows.insert(saved_post, person_id=bob, post_id=liked, saved_at=NOON)
        by_mia = rows.post(cats, mia, score=number % 2, published_at=NOON)
        rows.vote(bob, 1, post=by_mia)
        rows.vote(bob, 1, comment=rows.comment(first, mia, published_at=NOON).id)
        rows.insert(saved_comment, person_id=bob, comment_id=below.id, saved_at=NOON)
        rows.insert(community_ban, community_id=cats, person_id=eve, **since)
        rows.insert(modlog, kind="lock", target_iri=below.iri, **since)
        rows.insert(notification, kind="reply", recipient_id=bob, **since)
        rows.insert(
            report, iri=below.iri, reporter_id=eve, post_id=liked, reported_text="", **since
        )
        for author in (mia, eve):
            rows.message(author, bob)
    return Filled(rows, cats, bob, mia, first)


def walk_by_cursor(filled: Filled, list_page: ListPage) -> list[Page[Any]]:
    pages = [list_page(filled, None)]
    while (cursor := pages[-1].next) is not None:
        pages.append(list_page(filled, cursor))
    return pages


@pytest.mark.parametrize("name", LISTS)
def test_page_numbers_give_the_pages_that_cursors_give(filled: Filled, name: str) -> None:
    list_page = LISTS[name]
    by_cursor = walk_by_cursor(filled, list_page)

    by_number = [list_page(filled, PageNumber(number + 1)) for number in range(len(by_cursor))]

    assert len(by_cursor) > 2
    assert by_number == by_cursor
    assert list_page(filled, PageNumber(len(by_cursor) + 1)) == Page()


def test_a_cursor_from_a_numbered_page_continues_there(filled: Filled) -> None:
    list_page = LISTS["posts by top"]
    second = list_page(filled, PageNumber(2))

    assert isinstance(second.next, Cursor)
    assert list_page(filled, second.next) == list_page(filled, PageNumber(3))


def test_a_page_number_that_skips_too_much_is_refused(filled: Filled) -> None:
    deepest = MAX_SKIPPED // LIMIT + 1

    assert LISTS["modlog"](filled, PageNumber(deepest)) == Page()
    with pytest.raises(Invalid, match="first 10000 entries") as refused:
        LISTS["modlog"](filled, PageNumber(deepest + 1))
    assert refused.value.code == "page_too_deep"

"""Which posts count as read, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fedcom.errors import Invalid
from fedcom.models.personal import post_visit
from fedcom.personal.visits import mark_as_read, mark_as_unread, note_visit
from fedcom.rules.limits import MAX_ITEMS
from fedcom.views.post import get_post_view
from fedcom.views.viewer import NOBODY
from tests.support.people import Home


def visits(home: Home) -> list[tuple[int, int, int]]:
    return [(row["person_id"], row["post_id"], row["comments"]) for row in home.rows(post_visit)]


def test_posts_are_marked_as_read_with_their_comments_and_as_unread_again(home: Home) -> None:
    first, second = home.post(), home.post()
    home.comment(second)

    home(lambda ctx: mark_as_read(ctx, home.bob, [second.id, first.id, 9999]))
    home(lambda ctx: mark_as_read(ctx, home.ann, [first.id]))

    bob, ann = home.bob.id, home.ann.id
    assert sorted(visits(home)) == sorted(
        [(bob, first.id, 0), (bob, second.id, 1), (ann, first.id, 0)]
    )
    home(lambda ctx: mark_as_unread(ctx, home.bob, [first.id, second.id, 9999]))
    assert visits(home) == [(ann, first.id, 0)]


def test_marking_as_read_changes_no_visit_that_is_known(home: Home) -> None:
    post = home.post()
    view = home(lambda ctx: get_post_view(ctx.conn, post.id))
    home(lambda ctx: note_visit(ctx.conn, home.bob.id, view, None, ctx.now - timedelta(days=3)))
    before = home.rows(post_visit)
    home.comment(post)

    home(lambda ctx: mark_as_read(ctx, home.bob, [post.id]))

    assert home.rows(post_visit) == before != []


def test_nothing_is_stored_of_a_visit_to_a_post_that_was_erased_meanwhile(home: Home) -> None:
    post = home.post()
    view = home(lambda ctx: get_post_view(ctx.conn, post.id))
    gone = replace(view, id=9999)

    home(lambda ctx: note_visit(ctx.conn, home.bob.id, gone, None, ctx.now))
    home(lambda ctx: note_visit(ctx.conn, NOBODY, view, None, ctx.now))
    assert visits(home) == []
    home(lambda ctx: note_visit(ctx.conn, home.bob.id, view, None, ctx.now))
    assert visits(home) == [(home.bob.id, view.id, 0)]


def test_no_more_posts_are_marked_at_once_than_a_request_may_name(home: Home) -> None:
    many = range(1, MAX_ITEMS + 2)
    for mark in (mark_as_read, mark_as_unread):
        with pytest.raises(Invalid, match="at most 1000 posts"):
            home(lambda ctx, mark=mark: mark(ctx, home.bob, many))
        home(lambda ctx, mark=mark: mark(ctx, home.bob, many[:-1]))

"""What members keep for themselves, on both databases."""

from functools import partial

import pytest

from fedcom.actions.remove import RemoveContent
from fedcom.errors import Invalid, NotFound
from fedcom.models.personal import actor_block, hidden_post, host_block, saved_comment, saved_post
from fedcom.personal.blocks import block, block_host, unblock, unblock_host
from fedcom.personal.saved import hide, save, unhide, unsave
from fedcom.rules.limits import MAX_ITEMS
from fedcom.views.block import Blocks, list_own_blocks
from fedcom.views.comment_feed import CommentQuery, list_comments
from tests.support.people import Home

KIM = "https://kim.example/u/kim"


def own_blocks(home: Home) -> Blocks:
    return home(lambda ctx: list_own_blocks(ctx.conn, home.bob.id))


def test_posts_and_comments_are_saved_once_and_only_for_oneself(home: Home) -> None:
    post = home.post()
    comment = home.comment(post)
    for _ in range(2):
        home(lambda ctx: save(ctx, home.bob, post))
        home(lambda ctx: save(ctx, home.bob, comment))

    assert [row["person_id"] for row in home.rows(saved_post)] == [home.bob.id]
    assert [row["person_id"] for row in home.rows(saved_comment)] == [home.bob.id]
    only = CommentQuery(only="saved")
    assert home(lambda ctx: list_comments(ctx.conn, only, viewer_id=home.ann.id)).items == ()
    home(lambda ctx: unsave(ctx.conn, home.ann, post))
    assert len(home.rows(saved_post)) == 1
    home(lambda ctx: unsave(ctx.conn, home.bob, post))
    home(lambda ctx: unsave(ctx.conn, home.bob, comment))
    assert home.rows(saved_post) == home.rows(saved_comment) == []


def test_deleted_content_cannot_be_saved(home: Home) -> None:
    gone = home.perform(RemoveContent(by=home.ann, target=home.post(), reason=""))
    with pytest.raises(NotFound):
        home(lambda ctx: save(ctx, home.bob, gone))


def test_posts_are_hidden_and_shown_again(home: Home) -> None:
    first, second = home.post(), home.post()
    for _ in range(2):
        home(lambda ctx: hide(ctx, home.bob, [first.id, second.id, 9999]))
    home(lambda ctx: hide(ctx, home.ann, [first.id]))
    assert len(home.rows(hidden_post)) == 3
    home(lambda ctx: unhide(ctx.conn, home.bob, [second.id, first.id, 9999]))
    assert [row["person_id"] for row in home.rows(hidden_post)] == [home.ann.id]


def test_no_more_posts_are_hidden_at_once_than_a_request_may_name(home: Home) -> None:
    many = range(1, MAX_ITEMS + 2)
    with pytest.raises(Invalid, match="at most 1000 posts"):
        home(lambda ctx: hide(ctx, home.bob, many))
    with pytest.raises(Invalid, match="at most 1000 posts"):
        home(lambda ctx: unhide(ctx.conn, home.bob, many))
    home(lambda ctx: hide(ctx, home.bob, many[:-1]))


def test_people_communities_and_servers_are_blocked_and_listed(home: Home) -> None:
    kim, dogs = home.person(KIM), home.group("https://dogs.example/c/dogs")
    for blocked_one in (kim, home.ann, dogs, home.cats, kim):
        home(partial(block, by=home.bob, blocked=blocked_one))
    for text in ("https://Spam.example/about", "spam.example."):
        assert home(partial(block_host, by=home.bob, text=text)) == "spam.example"

    blocks = own_blocks(home)
    assert [one.name for one in blocks.people] == ["ann", "kim"]
    assert [one.name for one in blocks.communities] == ["cats", "dogs"]
    assert blocks.hosts == ("spam.example",)

    home(lambda ctx: unblock(ctx.conn, home.bob, kim.id))
    home(lambda ctx: unblock_host(ctx.conn, home.bob, "spam.example"))
    assert [one.name for one in own_blocks(home).people] == ["ann"]
    assert len(home.rows(actor_block)) == 3
    assert home.rows(host_block) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("home.example", "who_own_host"),
        ("https://home.example/c/cats", "who_own_host"),
        ("", "who_host"),
        ("nodots", "who_host"),
        ("a b.example", "who_host"),
        ("\ud800.example", "who_host"),
        ("x" * 5000 + ".example", "who_host"),
    ],
)
def test_only_other_servers_are_blocked(home: Home, text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        home(lambda ctx: block_host(ctx, home.bob, text))
    assert caught.value.code == code


def test_nobody_blocks_themselves(home: Home) -> None:
    with pytest.raises(Invalid):
        home(lambda ctx: block(ctx, home.bob, home.bob))

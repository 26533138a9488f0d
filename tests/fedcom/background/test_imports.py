"""What members' imported settings name is looked up in steps, on a whole instance."""

from typing import Any

import pytest
from sqlalchemy import select

from fedcom.background.imports import STEP, import_some
from fedcom.models.follow import follow
from fedcom.models.personal import actor_block, host_block, saved_comment, saved_post
from fedcom.personal.imports import ImportProgress, begin_import, find_progress, settings_in
from tests.support.documents import group, person
from tests.support.node import Node

pytestmark = pytest.mark.anyio

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"


@pytest.fixture
def dialect() -> str:
    """The statements have tests on both databases."""
    return "sqlite"


async def imported(node: Node, document: dict[str, Any], steps: int = 1) -> ImportProgress:
    """bob's import, after some steps."""
    home = node.home
    home(lambda ctx: begin_import(ctx, home.bob, settings_in(document), None))
    for _ in range(steps):
        await import_some(node.instance.units, node.instance.look_up.find)
    return home(lambda ctx: find_progress(ctx.conn, home.bob.id))


async def test_each_thing_is_followed_saved_or_blocked(node: Node) -> None:
    home = node.home
    node.network.put(group(DOGS))
    node.network.put(person(KIM))
    post = home.post()
    comment = home.comment(post)
    progress = await imported(
        node,
        {
            "followed_communities": [DOGS, home.cats.iri],
            "saved_posts": [post.iri],
            "saved_comments": [comment.iri],
            "blocked_users": [KIM],
            "blocked_instances": ["spam.example"],
        },
    )

    assert (progress.waiting, progress.done, progress.failed) == (0, 6, ())
    for table, column, rows in (
        (follow, "follower_id", 2),
        (saved_post, "person_id", 1),
        (saved_comment, "person_id", 1),
        (actor_block, "person_id", 1),
        (host_block, "person_id", 1),
    ):
        mine = select(table).where(table.c[column] == home.bob.id)
        assert len(home(lambda ctx, mine=mine: ctx.conn.execute(mine).all())) == rows, table.name


async def test_what_cannot_be_imported_is_listed_with_the_reason(node: Node) -> None:
    nobody, post = "https://nowhere.example/c/none", node.home.post()
    progress = await imported(
        node,
        {
            "followed_communities": [nobody, post.iri],
            "blocked_users": [node.home.bob.iri],
            "blocked_instances": ["no host"],
        },
    )

    assert (progress.waiting, progress.done) == (0, 0)
    assert {item.target for item in progress.failed} == {
        *(nobody, post.iri, node.home.bob.iri, "no host")
    }
    assert all(item.error for item in progress.failed)


async def test_a_large_import_takes_several_steps(node: Node) -> None:
    posts = [node.home.post().iri for _ in range(STEP + 1)]
    progress = await imported(node, {"saved_posts": posts})
    assert (progress.waiting, progress.done) == (1, STEP)
    await import_some(node.instance.units, node.instance.look_up.find)
    done = node.home(lambda ctx: find_progress(ctx.conn, node.home.bob.id))
    assert (done.waiting, done.done) == (0, STEP + 1)

"""A community's first moderator deletes and restores it on its page."""

import pytest

from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_the_first_moderator_deletes_a_community_and_restores_it(world: World) -> None:
    post = await world.post()
    ann, guest = world.browser("ann"), world.browser()
    assert 'href="/c/cats/delete"' in (await ann.get("/c/cats/edit")).html

    asked = await ann.get("/c/cats/delete")
    assert "Delete Cats?" in asked.html
    gone = await ann.post("/c/cats/delete")

    assert (gone.status, gone.location) == (303, "/c/cats/delete")
    for path in ("/c/cats", f"/post/{post.id}"):
        assert (await guest.get(path)).status == 410
    shown = await ann.get("/c/cats/delete")
    assert "Community deleted." in shown.html
    assert "Restore Cats?" in shown.html
    back = await ann.post("/c/cats/delete")
    assert (back.status, back.location) == (303, "/c/cats")
    assert (await guest.get(f"/post/{post.id}")).status == 200


async def test_other_moderators_are_not_asked(world: World) -> None:
    mia = world.browser("mia")

    assert (await mia.get("/c/cats/delete")).status == 403
    assert "/c/cats/delete" not in (await mia.get("/c/cats/edit")).html

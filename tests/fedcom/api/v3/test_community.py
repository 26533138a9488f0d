from typing import Any

import pytest

from tests.fedcom.api.conftest import App, Apps

pytestmark = pytest.mark.anyio


async def listed(app: App, **given: Any) -> list[str]:
    found = await app.get("/community/list", **given)
    return [one["community"]["name"] for one in found["communities"]]


async def test_communities_are_listed_in_every_order_and_in_pages(apps: Apps) -> None:
    for name in ("dogs", "birds"):
        await apps("ann").post("/community", name=name, title=name)
    for app in ("bob", "eve"):
        await apps(app).post("/community/follow", community_id=apps.community, follow=True)

    assert await listed(apps(), sort="Old") == ["cats", "dogs", "birds"]
    assert await listed(apps(), sort="New", limit=2) == ["birds", "dogs"]
    assert await listed(apps(), sort="New", limit=2, page=2) == ["cats"]
    assert (await listed(apps(), sort="TopAll"))[0] == "cats"
    for sort in ("Active", "Hot", "MostComments", "TopDay", "Scaled", "Controversial"):
        assert len(await listed(apps(), sort=sort)) == 3


async def test_the_listed_communities_are_complete(apps: Apps) -> None:
    (found,) = (await apps("bob").get("/community/list"))["communities"]

    assert found["subscribed"] == "NotSubscribed"
    assert found["counts"]["subscribers"] == 1
    assert {"blocked", "banned_from_community"} <= set(found)


async def test_each_member_has_lists_of_their_own(apps: Apps) -> None:
    await apps("ann").post("/community", name="dogs", title="Dogs")
    bob = apps("bob")
    await bob.post("/community/follow", community_id=apps.community, follow=True)

    assert await listed(bob, type_="Subscribed") == ["cats"]
    assert await listed(bob, type_="ModeratorView") == []
    assert await listed(apps("mia"), type_="ModeratorView") == ["cats"]
    assert await listed(apps(), type_="Subscribed") == []
    await bob.post("/community/block", community_id=apps.community, block=True)
    assert await listed(bob, type_="Local") == ["dogs"]


async def test_sensitive_communities_are_listed_on_request(apps: Apps) -> None:
    await apps("ann").post("/community", name="cliffs", title="Cliffs", nsfw=True)

    assert await listed(apps(), sort="New") == ["cats"]
    assert await listed(apps(), sort="New", show_nsfw="true") == ["cliffs", "cats"]

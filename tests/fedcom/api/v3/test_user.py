import pytest

from fedcom.wire.body import Body
from tests.fedcom.api.conftest import Apps, Failed, Json

pytestmark = pytest.mark.anyio


def names(found: Json) -> list[str]:
    return [one["post"]["name"] for one in found["posts"]]


def texts(found: Json) -> list[str]:
    return [one["comment"]["content"] for one in found["comments"]]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_person_is_shown_with_what_they_wrote(apps: Apps) -> None:
    for number in range(3):
        post = await apps.world.post(f"Post {number}")
        await apps.world.comment(post, f"Comment {number}")
    await apps.world.post("Not bob's", by="eve")

    found = await apps().get("/user", username="bob", limit=2)
    rest = await apps().get("/user", person_id=apps.id_of("bob"), limit=2, page=2)
    oldest = await apps().get("/user", username="bob@forum.example", sort="Old", limit=1)

    assert found["person_view"]["person"]["name"] == "bob"
    assert found["person_view"]["counts"]["post_count"] == 3
    assert not found["person_view"]["is_admin"]
    assert (names(found), texts(found)) == (["Post 2", "Post 1"], ["Comment 2", "Comment 1"])
    assert (names(rest), texts(rest)) == (["Post 0"], ["Comment 0"])
    assert (names(oldest), texts(oldest)) == (["Post 0"], ["Comment 0"])
    assert found["moderates"] == []
    mia = await apps().get("/user", username="mia")
    assert [one["community"]["name"] for one in mia["moderates"]] == ["cats"]


async def test_sensitive_posts_are_shown_to_their_author(apps: Apps) -> None:
    await apps.world.post("Careful", nsfw=True)

    assert names(await apps().get("/user", username="bob")) == []
    assert names(await apps("eve").get("/user", username="bob")) == []
    assert names(await apps("bob").get("/user", username="bob")) == ["Careful"]


async def test_only_what_is_in_one_community_is_shown(apps: Apps) -> None:
    other = await apps("ann").post("/community", name="dogs", title="Dogs")
    number = other["community_view"]["community"]["id"]
    await apps.world.post("Cats")
    await apps("bob").post("/post", name="Dogs", community_id=number)

    found = await apps().get("/user", username="bob", community_id=number)
    assert names(found) == ["Dogs"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_members_see_what_they_saved_and_nobody_else_does(apps: Apps) -> None:
    post = await apps.world.post(by="mia", body=Body.of_markdown("x"))
    comment = await apps.world.comment(post, "Keep", by="mia")
    bob = apps("bob")
    await bob.put("/post/save", post_id=post.id, save=True)
    await bob.put("/comment/save", comment_id=comment.id, save=True)

    own = await bob.get("/user", username="bob", saved_only=True)
    inside = await bob.get(
        "/user", username="bob", saved_only=True, community_id=apps.community + 10_000
    )

    assert (names(own), texts(own)) == (["Cats sleep"], ["Keep"])
    assert (names(inside), texts(inside)) == ([], [])
    with pytest.raises(Failed, match="invalid_query"):
        await apps("ann").get("/user", username="bob", saved_only=True)
    with pytest.raises(Failed, match="not_logged_in"):
        await apps().get("/user", username="bob", saved_only=True)


async def test_who_is_not_here_is_not_found(apps: Apps) -> None:
    with pytest.raises(Failed) as nobody:
        await apps().get("/user", username="nobody")
    assert (nobody.value.status, nobody.value.error) == (404, "couldnt_find_person")
    with pytest.raises(Failed, match="no_id_given"):
        await apps().get("/user")


async def test_a_person_is_blocked_and_unblocked(apps: Apps) -> None:
    await apps.world.post(by="eve")
    bob, eve = apps("bob"), apps.id_of("eve")

    blocked = await bob.post("/user/block", person_id=eve, block=True)
    assert (blocked["blocked"], blocked["person_view"]["person"]["name"]) == (True, "eve")
    assert (await bob.get("/post/list"))["posts"] == []
    back = await bob.post("/user/block", person_id=eve, block=False)
    assert not back["blocked"]
    assert len((await bob.get("/post/list"))["posts"]) == 1


async def test_nobody_can_block_themselves(apps: Apps) -> None:
    with pytest.raises(Failed, match="cant_block_yourself"):
        await apps("bob").post("/user/block", person_id=apps.id_of("bob"), block=True)
    with pytest.raises(Failed, match="not_logged_in"):
        await apps().post("/user/block", person_id=apps.id_of("bob"), block=True)

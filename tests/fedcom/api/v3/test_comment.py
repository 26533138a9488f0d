import pytest

from tests.fedcom.api.conftest import Apps, Failed
from tests.support.plans import counted

pytestmark = pytest.mark.anyio


async def test_a_thread_is_written_and_read_by_levels(apps: Apps) -> None:
    post, bob, eve = (await apps.world.post()).id, apps("bob"), apps("eve")
    first = (await eve.post("/comment", content="Sure?", post_id=post))["comment_view"]
    parent = first["comment"]["id"]
    reply = await bob.post("/comment", content="Yes.", post_id=post, parent_id=parent)
    below = reply["comment_view"]["comment"]

    assert first["comment"]["path"] == f"0.{parent}"
    assert below["path"] == f"0.{parent}.{below['id']}"
    assert reply["recipient_ids"] == []
    thread = await apps().get("/comment/list", post_id=post, max_depth=8, sort="Old")
    assert [one["comment"]["content"] for one in thread["comments"]] == ["Sure?", "Yes."]
    assert [one["counts"]["child_count"] for one in thread["comments"]] == [1, 0]
    top = await apps().get("/comment/list", post_id=post, max_depth=1)
    assert [one["comment"]["id"] for one in top["comments"]] == [parent]
    branch = await apps().get("/comment/list", parent_id=parent, max_depth=2)
    assert [one["comment"]["id"] for one in branch["comments"]] == [parent, below["id"]]


async def test_comments_are_listed_across_communities(apps: Apps) -> None:
    post = await apps.world.post()
    for text in ("one", "two"):
        await apps.world.comment(post, text)

    found = await apps().get("/comment/list", sort="New")

    assert [one["comment"]["content"] for one in found["comments"]] == ["two", "one"]
    assert found["comments"][0]["post"]["name"] == "Cats sleep"


async def test_the_text_of_a_deleted_comment_is_gone_and_comes_back(apps: Apps) -> None:
    made, bob = await apps.world.comment(await apps.world.post(), "Sure"), apps("bob")

    gone = (await bob.post("/comment/delete", comment_id=made.id, deleted=True))["comment_view"]
    seen = (await apps().get("/comment", id=made.id))["comment_view"]["comment"]
    back = (await bob.post("/comment/delete", comment_id=made.id, deleted=False))["comment_view"]

    assert gone["comment"]["deleted"]
    assert (seen["deleted"], seen["content"]) == (True, "")
    assert (back["comment"]["deleted"], back["comment"]["content"]) == (False, "Sure")


async def test_a_moderator_speaks_officially_and_sees_who_voted(apps: Apps) -> None:
    post = await apps.world.post()
    made, mia = await apps.world.comment(post, "Be kind", by="mia"), apps("mia")
    await apps("eve").post("/comment/like", comment_id=made.id, score=1)

    marked = await mia.post("/comment/distinguish", comment_id=made.id, distinguished=True)
    votes = await mia.get("/comment/like/list", comment_id=made.id)

    assert marked["comment_view"]["comment"]["distinguished"]
    assert {(one["creator"]["name"], one["score"]) for one in votes["comment_likes"]} == {
        ("mia", 1),
        ("eve", 1),
    }


async def test_a_thread_takes_six_statements_whatever_its_length(apps: Apps) -> None:
    post = await apps.world.post()
    for text in ("one", "two", "three"):
        await apps.world.comment(post, text, by="eve")
    eve = apps("eve")

    with counted() as statements:
        found = await eve.get("/comment/list", post_id=post.id, max_depth=8)

    assert len(found["comments"]) == 3
    assert len(statements) <= 6, statements


async def test_somebody_elses_comment_is_refused_with_lemmys_code(apps: Apps) -> None:
    comment = await apps.world.comment(await apps.world.post(), "Mine")

    with pytest.raises(Failed) as refused:
        await apps("mia").put("/comment", comment_id=comment.id, content="Hers")

    assert (refused.value.status, refused.value.error) == (400, "no_comment_edit_allowed")

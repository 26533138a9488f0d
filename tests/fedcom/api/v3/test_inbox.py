from typing import Any

import pytest

from fedcom.models.comment import Comment
from tests.fedcom.api.conftest import App, Apps, Failed, Json

pytestmark = pytest.mark.anyio

LISTS = [("/user/replies", "replies"), ("/user/mention", "mentions")]


async def replied(apps: Apps, *texts: str) -> list[Comment]:
    """Comments of eve on a post of bob."""
    post = await apps.world.post()
    return [await apps.world.comment(post, text, by="eve") for text in texts]


async def texts(app: App, path: str = "/user/replies", **given: Any) -> list[str]:
    found = await app.get(path, **given)
    return [one["comment"]["content"] for one in found["replies" if "repl" in path else "mentions"]]


async def counts(app: App) -> Json:
    return await app.get("/user/unread_count")


async def test_a_reply_is_listed_with_all_that_apps_show_of_it(apps: Apps) -> None:
    (made,) = await replied(apps, "Sure?")

    (found,) = (await apps("bob").get("/user/replies"))["replies"]

    assert found["comment_reply"]["recipient_id"] == apps.id_of("bob")
    assert found["comment_reply"]["comment_id"] == made.id
    assert not found["comment_reply"]["read"]
    assert found["comment"]["content"] == "Sure?"
    assert found["creator"]["name"] == "eve"
    assert found["recipient"]["name"] == "bob"
    assert found["post"]["name"] == "Cats sleep"
    assert found["community"]["name"] == "cats"
    assert found["counts"]["score"] == 1
    assert {"subscribed", "saved", "creator_blocked", "creator_is_admin"} <= set(found)
    assert await texts(apps("eve")) == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_mention_is_listed_and_marked(apps: Apps) -> None:
    post = await apps.world.post(by="mia")
    await apps("eve").post("/comment", content="Ask @bob@forum.example", post_id=post.id)
    bob = apps("bob")

    (found,) = (await bob.get("/user/mention"))["mentions"]
    number = found["person_mention"]["id"]
    marked = await bob.post("/user/mention/mark_as_read", person_mention_id=number, read=True)

    assert found["recipient"]["name"] == "bob"
    assert not found["person_mention"]["read"]
    assert marked["person_mention_view"]["person_mention"]["read"]
    assert await texts(bob, "/user/mention", unread_only=True) == []
    assert await counts(bob) == {"replies": 0, "mentions": 0, "private_messages": 0}


async def test_a_reply_is_read_and_unread_again(apps: Apps) -> None:
    await replied(apps, "one", "two")
    bob = apps("bob")
    number = (await bob.get("/user/replies"))["replies"][0]["comment_reply"]["id"]

    for read, left in ((True, ["one"]), (False, ["two", "one"])):
        answer = await bob.post("/comment/mark_as_read", comment_reply_id=number, read=read)
        assert answer["comment_reply_view"]["comment_reply"]["read"] == read
        assert answer["comment_reply_view"]["comment"]["content"] == "two"
        assert await texts(bob, unread_only=True) == left
        assert (await counts(bob))["replies"] == len(left)
    assert await texts(bob) == ["two", "one"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_replies_come_in_the_order_that_is_asked_for_and_in_pages(apps: Apps) -> None:
    made = await replied(apps, "one", "two", "three")
    await apps("mia").post("/comment/like", comment_id=made[0].id, score=1)
    await apps("mia").post("/comment/like", comment_id=made[2].id, score=-1)
    bob = apps("bob")

    assert await texts(bob, sort="New", limit=2) == ["three", "two"]
    assert await texts(bob, sort="New", limit=2, page=2) == ["one"]
    assert await texts(bob, sort="Old") == ["one", "two", "three"]
    assert await texts(bob, sort="Top") == ["one", "two", "three"]
    assert (await texts(bob, sort="Controversial"))[0] == "three"
    assert set(await texts(bob, sort="Hot")) == {"one", "two", "three"}


async def test_what_was_deleted_or_removed_is_neither_listed_nor_counted(apps: Apps) -> None:
    made = await replied(apps, "deleted", "removed", "here")
    await apps("eve").post("/comment/delete", comment_id=made[0].id, deleted=True)
    await apps("mia").post("/comment/remove", comment_id=made[1].id, removed=True)

    assert await texts(apps("bob")) == ["here"]
    assert (await counts(apps("bob")))["replies"] == 1


async def test_a_mention_in_a_post_is_not_counted_because_apps_cannot_show_it(apps: Apps) -> None:
    await apps("eve").post(
        "/post", name="Hello", community_id=apps.community, body="@bob@forum.example"
    )

    assert await texts(apps("bob"), "/user/mention") == []
    assert (await counts(apps("bob")))["mentions"] == 0


async def test_everything_is_read_at_once_messages_too(apps: Apps) -> None:
    await replied(apps, "one")
    bob, eve = apps("bob"), apps("eve")
    await eve.post("/private_message", content="Hello", recipient_id=apps.id_of("bob"))
    await eve.post(
        "/comment", content="@bob@forum.example", post_id=(await apps.world.post(by="mia")).id
    )

    assert await counts(bob) == {"replies": 1, "mentions": 1, "private_messages": 1}
    assert await bob.post("/user/mark_all_as_read") == {"replies": []}
    assert await counts(bob) == {"replies": 0, "mentions": 0, "private_messages": 0}
    assert await texts(bob) == ["one"]


async def test_notifications_of_others_are_neither_shown_nor_marked(apps: Apps) -> None:
    await replied(apps, "one")
    bob, mia = apps("bob"), apps("mia")
    number = (await bob.get("/user/replies"))["replies"][0]["comment_reply"]["id"]

    with pytest.raises(Failed, match="couldnt_find_comment_reply"):
        await mia.post("/comment/mark_as_read", comment_reply_id=number, read=True)
    # It is a reply, not a mention.
    with pytest.raises(Failed, match="couldnt_find_person_mention"):
        await bob.post("/user/mention/mark_as_read", person_mention_id=number, read=True)
    assert (await counts(bob))["replies"] == 1


@pytest.mark.parametrize(
    "path", ["/user/replies", "/user/mention", "/user/unread_count"], ids=lambda path: path[6:]
)
async def test_guests_have_no_inbox(apps: Apps, path: str) -> None:
    """Mlem detects Lemmy 0.19 by this answer."""
    with pytest.raises(Failed) as refused:
        await apps().get(path)
    assert (refused.value.status, refused.value.error) == (400, "not_logged_in")

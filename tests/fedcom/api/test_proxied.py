"""With the setting, no answer makes an app load a picture from another server."""

import pytest

from fedcom.actions.pictures import ChangePictures
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from tests.fedcom.api.conftest import Apps

pytestmark = pytest.mark.anyio

CAT = "https://peer.example/cat.png"
TEXT = f"A ![cat]({CAT})"
OURS = "https://forum.example/api/v3/image_proxy?url=https%3A%2F%2Fpeer.example%2Fcat.png&sig="


@pytest.fixture
def dialect() -> str:
    """The answers are the same on every database."""
    return "sqlite"


async def test_answers_name_remote_pictures_at_our_address_if_an_admin_wants_it(
    apps: Apps,
) -> None:
    world, bob = apps.world, apps("bob")
    text = Body.of_markdown(TEXT)
    post = await world.post(body=text, image=Illustration(CAT, "a cat"))
    linked = await world.post("Linked", url="https://peer.example/page")
    comment = await world.comment(post, TEXT)
    for subject, by in ((world.people["bob"], "bob"), (world.community, "mia")):
        await world.perform(
            ChangePictures(by=world.people[by], subject=subject, icon_url=CAT, image_url=CAT)
        )
    await bob.put("/user/save_user_settings", bio=TEXT)
    await bob.post("/private_message", content=TEXT, recipient_id=apps.id_of("eve"))
    calls = {
        "/post": {"id": post.id},
        "/post/list": {},
        "/comment/list": {"post_id": post.id},
        "/community": {"name": "cats"},
        "/user": {"username": "bob"},
        "/private_message/list": {},
        "/search": {"q": "cat"},
    }
    for path, given in calls.items():
        answer = (await apps("eve").send("GET", path, **given)).text
        assert (CAT in answer, OURS in answer) == (True, False), path

    settings = world.instance.settings
    world.instance.settings = settings.model_copy(update={"proxy_pictures_for_apps": True})

    for path, given in calls.items():
        answer = (await apps("eve").send("GET", path, **given)).text
        assert (CAT in answer, OURS in answer) == (False, True), path
    shown = (await bob.get("/post", id=post.id))["post_view"]["post"]
    assert shown["url"].startswith(OURS)
    assert shown["url"] == shown["thumbnail_url"]
    link = (await bob.get("/post", id=linked.id))["post_view"]["post"]["url"]
    assert link == "https://peer.example/page"
    texts = [(await bob.get("/comment", id=comment.id))["comment_view"]["comment"]["content"]]
    texts.append((await bob.get("/user", username="bob"))["person_view"]["person"]["bio"])
    assert all(OURS in one for one in texts)

    # An app sends back what it got.
    await bob.put("/comment", comment_id=comment.id, content=f"{texts[0]} again")
    await bob.put("/user/save_user_settings", bio=texts[1], avatar=shown["url"])
    await bob.put("/post", post_id=linked.id, body=shown["body"], url=shown["url"])

    world.instance.settings = settings
    edited = await bob.get("/comment", id=comment.id)
    assert edited["comment_view"]["comment"]["content"] == f"{TEXT} again"
    me = (await bob.get("/user", username="bob"))["person_view"]["person"]
    assert (me["bio"], me["avatar"]) == (TEXT, CAT)
    post_now = (await bob.get("/post", id=linked.id))["post_view"]["post"]
    assert (post_now["url"], post_now["body"]) == (CAT, TEXT)

"""Saving, hiding and blocking with the buttons of the pages."""

import pytest

from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_saved_post_is_listed_until_it_is_unsaved(world: World) -> None:
    post = await world.post("Cats sleep")
    eve = world.browser("eve")
    assert "Nothing saved yet" in (await eve.get("/saved")).text

    sent = await eve.post(f"/post/{post.id}/save", back="/c/cats?sort=new#x")
    assert sent.location == f"/c/cats?sort=new#post-{post.id}"
    assert "Cats sleep" in (await eve.get("/saved")).text
    assert "Cats sleep" not in (await world.browser("bob").get("/saved")).text
    assert f'formaction="/post/{post.id}/unsave"' in (await eve.get(f"/post/{post.id}")).html
    await eve.post(f"/post/{post.id}/unsave")
    assert "Cats sleep" not in (await eve.get("/saved")).text


async def test_a_saved_comment_is_listed_with_its_post(world: World) -> None:
    comment = await world.comment(await world.post("Cats sleep"), "They *purr*")
    eve = world.browser("eve")
    sent = await eve.post(f"/comment/{comment.id}/save", back="//evil.example")
    assert sent.location == f"/comment/{comment.id}#comment-{comment.id}"

    page = await eve.get("/saved?show=comments")
    assert "Cats sleep" in page.text
    assert "<em>purr</em>" in page.html
    await eve.post(f"/comment/{comment.id}/unsave")
    assert "Cats sleep" not in (await eve.get("/saved?show=comments")).text


async def test_a_hidden_post_leaves_the_lists_and_is_found_again(world: World) -> None:
    post = await world.post("Cats sleep")
    eve = world.browser("eve")
    assert (await eve.post(f"/post/{post.id}/hide", back="/?list=all")).location == "/?list=all"
    left = await eve.get("/?list=all")
    assert "Cats sleep" not in left.text
    assert "Hidden. Find it under “Saved, hidden, drafts”." in left.text
    assert '<a href="/saved">Saved, hidden, drafts</a>' in left.html
    assert "Cats sleep" in (await eve.get("/saved?show=hidden")).text
    assert "Cats sleep" in (await world.browser("bob").get("/?list=all")).text
    await eve.post(f"/post/{post.id}/unhide")
    assert "Cats sleep" in (await eve.get("/?list=all")).text


async def test_a_followed_thread_notifies_until_it_is_muted(world: World) -> None:
    post = await world.post("Cats sleep", by="eve")
    bob = world.browser("bob")
    here = f"/post/{post.id}"
    assert (await bob.post(f"{here}/follow", back=here)).location == here
    page = await bob.get(here)
    assert "You're now following this thread." in page.text
    assert f'formaction="{here}/unfollow"' in page.html
    assert "Cats sleep" in (await bob.get("/saved?show=followed")).text
    assert "Cats sleep" not in (await bob.get("/saved?show=muted")).text

    await world.comment(post, "They *purr*", by="mia")
    page = await bob.get("/notifications?kind=threads")
    assert "mia commented on Cats sleep" in page.text
    assert "They purr" in page.text
    assert "mia commented" not in (await bob.get("/notifications?kind=replies")).text
    await bob.get(here)
    assert "No new notifications" in (await bob.get("/notifications")).text

    await bob.post(f"{here}/mute", back=here)
    page = await bob.get(here)
    assert "Thread muted. You won't be notified of replies or mentions in it." in page.text
    assert f'formaction="{here}/unmute"' in page.html
    assert "Cats sleep" in (await bob.get("/saved?show=muted")).text
    assert "You don't follow any threads." in (await bob.get("/saved?show=followed")).text
    assert "Cats sleep" in (await bob.get("/?list=all")).text
    await world.comment(post, "@bob says more", by="mia")
    assert "No new notifications" in (await bob.get("/notifications")).text
    await bob.post(f"{here}/unmute")
    assert "No muted threads" in (await bob.get("/saved?show=muted")).text


async def test_the_blocked_are_out_of_sight_until_they_are_unblocked(world: World) -> None:
    await world.post("By bob")
    eve = world.browser("eve")
    assert (await eve.post("/u/bob/block")).location == "/u/bob"
    assert "By bob" not in (await eve.get("/?list=all")).text
    assert "Unblock bob" in (await eve.get("/settings/blocks")).text
    await eve.post("/settings/blocks/remove", number=str(world.people["bob"].id))
    assert "By bob" in (await eve.get("/?list=all")).text

    assert "Unblock" not in (await eve.get("/c/cats")).text
    assert (await eve.post("/c/cats/block", back="/communities")).location == "/communities"
    assert "By bob" not in (await eve.get("/?list=all")).text
    assert "Unblock" in (await eve.get("/c/cats")).text
    assert "Unblock" not in (await world.browser("bob").get("/c/cats")).text
    await eve.post("/c/cats/unblock")
    assert "By bob" in (await eve.get("/?list=all")).text


async def test_people_communities_and_servers_are_blocked_by_name(world: World) -> None:
    world.instance.known["@bob@forum.example"] = world.people["bob"]
    world.instance.known["!cats@forum.example"] = world.community
    eve = world.browser("eve")
    for text in ("@bob@forum.example", "!cats@forum.example", "Spam.example"):
        sent = await eve.post("/settings/blocks", who=text)
        assert sent.location == "/settings/blocks", sent.text

    page = await eve.get("/settings/blocks")
    assert all(
        name in page.text for name in ("Unblock bob", "Unblock Cats", "Unblock spam.example")
    )
    await eve.post("/settings/blocks/remove", host="spam.example")
    assert "spam.example" not in (await eve.get("/settings/blocks")).text


async def test_typed_text_is_kept_when_a_server_does_not_respond(world: World) -> None:
    world.instance.away.add("@kim@peer.example")
    page = await world.browser("eve").post("/settings/blocks", who="@kim@peer.example")
    assert page.status == 503
    assert 'value="@kim@peer.example"' in page.html
    assert "is not responding right now" in page.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Enter a handle"),
        ("@eve@forum.example", "t block yourself"),
        ("forum.example", "This is your own server"),
        ("no server", "is not a valid server name"),
        ("@nobody@forum.example", "Nothing answers there"),
    ],
)
async def test_an_invalid_block_is_reported_beside_the_field(
    world: World, text: str, message: str
) -> None:
    world.instance.known["@eve@forum.example"] = world.people["eve"]
    page = await world.browser("eve").post("/settings/blocks", who=text)

    assert page.status in {404, 422}
    assert message in page.text
    assert f'value="{text}"' in page.html
    assert 'aria-invalid="true"' in page.html

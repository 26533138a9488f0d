"""The pages of appeals, for the member, also a banned one, and for moderators."""

import pytest

from fedcom.accounts.sessions import create_session
from fedcom.actions.ban import Ban
from fedcom.actions.remove import RemoveContent
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_removal_is_appealed_against_from_its_notice(world: World) -> None:
    bob, mia, eve = (world.browser(name) for name in ("bob", "mia", "eve"))
    post = await world.post()
    await world.perform(RemoveContent(by=world.people["mia"], target=post, reason="Off topic"))
    notices = (await bob.get("/notifications")).html
    number = notices.partition('href="/appeal/')[2].partition('"')[0]
    path = f"/appeal/{number}"

    first = await bob.get(path)
    assert "Reason: Off topic" in first.text
    assert "They do ." in first.text
    assert (await bob.post(path, body=" ")).status == 422
    sent = await bob.post(path, body="It is about cats.")
    assert sent.location == path
    assert (await mia.get("/")).html.count('<span class="count">1</span>') >= 1
    queue = await mia.get("/reports")
    assert "Open appeals 1" in queue.text
    assert "It is about cats." in queue.text
    assert f'href="{path}"' in (await mia.get("/notifications")).html
    for other in (eve, world.browser("")):
        assert (await other.get(path)).status in {403, 303}

    await mia.post(path, body="Not quite.")
    assert "A moderator answered your appeal" in (await bob.get("/notifications")).text
    assert "Not quite." in (await bob.get(path)).text
    assert (await bob.post(f"{path}/undo")).status == 403
    done = await mia.post(f"{path}/undo", body="You are right.")
    assert done.location == path
    after = (await bob.get(path)).text
    assert "The decision was undone. You are right." in after
    assert "The conversation has ended." in after
    assert (await world.browser("").get(f"/post/{post.id}")).status == 200
    assert "It is about cats." not in (await mia.get("/reports")).text


async def test_a_banned_member_reads_writes_and_is_answered(world: World) -> None:
    ann, people = world.browser("ann"), world.people
    await world.perform(
        Ban(by=people["ann"], person=people["bob"], community=None, reason="Much too loud")
    )
    world.tokens["bob"] = await world.instance.unit(
        lambda ctx: create_session(ctx.conn, people["bob"].id, "test", ctx.now)
    )
    bob = world.browser("bob")
    assert (await bob.get("/notifications")).location == "/settings/bans"
    bans = await bob.get("/settings/bans")
    assert "Much too loud" in bans.text
    number = bans.html.partition('href="/appeal/')[2].partition('"')[0]
    path = f"/appeal/{number}"
    assert "also while you are banned" in (await bob.get(path)).text
    assert (await bob.post(path, body="I am sorry.")).location == path
    assert "Waiting for an answer." in (await bob.get("/settings/bans")).text
    await ann.post(path, body="Wait a week.")
    assert "A moderator has answered." in (await bob.get("/settings/bans")).text
    await ann.post(f"{path}/uphold", body="")
    assert "The decision stays." in (await bob.get(path)).text
    assert (await bob.post(path, body="Please!")).status == 409
    # Everything else is as closed as before.
    assert (await bob.post("/submit", community="cats", title="Hello")).status in {401, 303}

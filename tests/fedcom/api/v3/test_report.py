import pytest

from fedcom.actions.community import CreateCommunity
from fedcom.actions.message import SendMessage
from fedcom.actions.post import EditPost
from fedcom.wire.body import Body
from tests.fedcom.api.conftest import Apps, Failed
from tests.fedcom.web.conftest import KEY

pytestmark = pytest.mark.anyio


async def test_a_post_is_reported_resolved_and_reopened(apps: Apps) -> None:
    world, bob = apps.world, apps.world.people["bob"]
    post = await world.post("Buy", url="https://example.org/buy", body=Body.of_markdown("Cheap"))
    made = (await apps("eve").post("/post/report", post_id=post.id, reason="spam"))[
        "post_report_view"
    ]
    edit = EditPost(by=bob, post=post, title="Sold", url=post.url, body=Body.of_markdown("Gone"))
    await world.perform(edit)
    number = made["post_report"]["id"]

    listed = (await apps("mia").get("/post/report/list", unresolved_only=True))["post_reports"]
    done = await apps("mia").put("/post/report/resolve", report_id=number, resolved=True)
    left = (await apps("mia").get("/post/report/list", unresolved_only=True))["post_reports"]
    both = (await apps("mia").get("/post/report/list"))["post_reports"]
    again = await apps("mia").put("/post/report/resolve", report_id=number, resolved=False)

    assert (made["creator"]["name"], made["post_creator"]["name"]) == ("eve", "bob")
    assert "resolver" not in made
    report = listed[0]["post_report"]
    assert report["original_post_name"] == "Buy"
    assert report["original_post_url"] == "https://example.org/buy"
    assert report["original_post_body"] == "Cheap"
    assert (report["reason"], report["resolved"]) == ("spam", False)
    assert listed[0]["post"]["name"] == "Sold"
    assert done["post_report_view"]["post_report"]["resolved"]
    assert done["post_report_view"]["resolver"]["name"] == "mia"
    assert (left, len(both)) == ([], 1)
    assert not again["post_report_view"]["post_report"]["resolved"]


async def test_resolving_a_report_resolves_all_about_the_same_comment(apps: Apps) -> None:
    made = await apps.world.comment(await apps.world.post(), "Rude")
    for name in ("eve", "ann"):
        await apps(name).post("/comment/report", comment_id=made.id, reason=f"by {name}")
    mia = apps("mia")
    before = (await mia.get("/comment/report/list", unresolved_only=True))["comment_reports"]

    await mia.put(
        "/comment/report/resolve",
        report_id=before[0]["comment_report"]["id"],
        resolved=True,
    )

    after = (await mia.get("/comment/report/list", comment_id=made.id))["comment_reports"]
    # What waits comes in order, and the rest newest first.
    assert [one["comment_report"]["reason"] for one in before] == ["by eve", "by ann"]
    assert [one["comment_report"]["reason"] for one in after] == ["by ann", "by eve"]
    assert before[0]["comment_report"]["original_comment_text"] == "Rude"
    assert before[0]["comment_creator"]["name"] == "bob"
    assert {one["comment_report"]["resolved"] for one in after} == {True}


async def test_moderators_see_the_reports_of_their_communities_only(apps: Apps) -> None:
    world = apps.world
    dogs = await world.perform(
        CreateCommunity(by=world.people["ann"], name="dogs", key=KEY, title="Dogs")
    )
    here = await world.post()
    there = await apps("bob").post("/post", name="Dogs bark", community_id=dogs.id)
    number = there["post_view"]["post"]["id"]
    for post in (here.id, number):
        await apps("eve").post("/post/report", post_id=post, reason="no")

    mia, ann = apps("mia"), apps("ann")
    seen = (await mia.get("/post/report/list"))["post_reports"]
    everything = (await ann.get("/post/report/list"))["post_reports"]
    inside = (await ann.get("/post/report/list", community_id=dogs.id))["post_reports"]

    assert [one["post"]["id"] for one in seen] == [here.id]
    assert [one["post"]["id"] for one in everything] == [number, here.id]
    assert [one["post"]["id"] for one in inside] == [number]
    report = everything[0]["post_report"]["id"]
    with pytest.raises(Failed) as refused:
        await mia.put("/post/report/resolve", report_id=report, resolved=True)
    assert refused.value.error == "not_a_mod_or_admin"
    with pytest.raises(Failed) as nobody:
        await apps("bob").get("/post/report/list")
    assert nobody.value.error == "not_a_mod_or_admin"
    with pytest.raises(Failed) as guest:
        await apps().get("/comment/report/list")
    assert guest.value.error == "not_logged_in"


async def test_pages_of_reports_continue_one_another(apps: Apps) -> None:
    for number in range(3):
        post = await apps.world.post(f"Post {number}")
        await apps("eve").post("/post/report", post_id=post.id, reason="no")

    pages = [
        (await apps("mia").get("/post/report/list", limit=2, page=page))["post_reports"]
        for page in (1, 2)
    ]

    assert [[one["post"]["name"] for one in page] for page in pages] == [
        ["Post 2", "Post 1"],
        ["Post 0"],
    ]


async def test_admins_read_the_reported_text_of_a_message(apps: Apps) -> None:
    world = apps.world
    sent = await world.perform(
        SendMessage(
            by=world.people["bob"], to=world.people["eve"], body=Body.of_markdown("Nasty words")
        )
    )
    made = await apps("eve").post(
        "/private_message/report", private_message_id=sent.id, reason="rude"
    )
    number = made["private_message_report_view"]["private_message_report"]["id"]
    await apps("bob").put("/private_message", private_message_id=sent.id, content="Nice words")

    listed = await apps("ann").get("/private_message/report/list", unresolved_only=True)
    (view,) = listed["private_message_reports"]
    done = await apps("ann").put("/private_message/report/resolve", report_id=number, resolved=True)

    assert view["private_message_report"]["original_pm_text"] == "Nasty words"
    assert view["private_message"]["content"] == "Nasty words"
    assert (view["creator"]["name"], view["private_message_creator"]["name"]) == ("eve", "bob")
    assert done["private_message_report_view"]["resolver"]["name"] == "ann"
    for name, code in (("mia", "not_an_admin"), ("", "not_logged_in")):
        with pytest.raises(Failed) as refused:
            await apps(name).get("/private_message/report/list")
        assert refused.value.error == code
    with pytest.raises(Failed) as stranger:
        await apps("mia").post(
            "/private_message/report", private_message_id=sent.id, reason="curious"
        )
    assert stranger.value.error == "couldnt_find_private_message"


async def test_open_reports_are_counted(apps: Apps) -> None:
    world = apps.world
    post = await world.post()
    comment = await world.comment(post)
    await apps("eve").post("/post/report", post_id=post.id, reason="no")
    await apps("eve").post("/comment/report", comment_id=comment.id, reason="no")

    mine = await apps("mia").get("/user/report_count", community_id=apps.community)
    whole = await apps("ann").get("/user/report_count")

    assert mine == {
        "community_id": apps.community,
        "comment_reports": 1,
        "post_reports": 1,
    }
    assert whole == {"comment_reports": 1, "post_reports": 1, "private_message_reports": 0}
    with pytest.raises(Failed) as refused:
        await apps("bob").get("/user/report_count")
    assert refused.value.error == "not_a_mod_or_admin"


async def test_a_report_needs_a_reason_and_is_made_once(apps: Apps) -> None:
    post, eve = await apps.world.post(), apps("eve")
    with pytest.raises(Failed) as silent:
        await eve.post("/post/report", post_id=post.id, reason="")
    await eve.post("/post/report", post_id=post.id, reason="spam")
    with pytest.raises(Failed) as again:
        await eve.post("/post/report", post_id=post.id, reason="spam!")

    assert silent.value.error == "report_reason_required"
    assert again.value.error == "couldnt_create_report"


async def test_a_report_of_something_else_is_not_found(apps: Apps) -> None:
    post = await apps.world.post()
    made = await apps("eve").post("/post/report", post_id=post.id, reason="spam")
    number = made["post_report_view"]["post_report"]["id"]

    for path, code in (
        ("/comment/report/resolve", "couldnt_find_comment_report"),
        ("/private_message/report/resolve", "couldnt_find_private_message_report"),
    ):
        with pytest.raises(Failed) as refused:
            await apps("ann").put(path, report_id=number, resolved=True)
        assert (refused.value.status, refused.value.error) == (404, code)

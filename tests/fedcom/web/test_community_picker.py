"""The community of a new post: what the field takes, and what it says of the rest."""

import json

import pytest

from fedcom.actions.ban import Ban
from fedcom.actions.close import CloseCommunity
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.models.actor import Community
from fedcom.wire.body import EMPTY
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import KEY, World

pytestmark = pytest.mark.anyio


async def community(world: World, name: str, title: str) -> Community:
    action = CreateCommunity(by=world.people["ann"], name=name, key=KEY, title=title)
    made = await world.perform(action)
    assert isinstance(made, Community)
    return made


async def post_to(world: World, text: str, **more: str) -> Page:
    return await world.browser("bob").post("/submit", community=text, title="Hello", **more)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_the_field_takes_names_titles_handles_addresses_and_parts(world: World) -> None:
    await community(world, "sewing", "Needle & thread")
    await community(world, "knitting", "Needle")
    origin = world.instance.settings.origin
    world.instance.known["!far@peer.example"] = world.community
    for text, where in [
        *(("sewing", "sewing"), ("!SEWING", "sewing"), ("sewing@forum.example", "sewing")),
        *((" needle & Thread ", "sewing"), ("thread", "sewing"), ("needle", "knitting")),
        *((f"{origin}/c/knitting", "knitting"), ("far@peer.example", "cats")),
    ]:
        sent = await post_to(world, text)
        assert sent.status == 303, (text, sent.text)
        page = await world.browser().get(sent.location)
        assert f'<a class="where" href="/c/{where}"' in page.html, text


async def test_several_that_fit_are_offered_and_a_changed_text_beats_the_choice(
    world: World,
) -> None:
    await community(world, "sewing", "Needle & thread")
    await community(world, "knitting", "Needles")
    page = await post_to(world, "needle")
    assert page.status == 422
    assert "Several communities fit “needle”. Choose one." in page.text
    for name in ("sewing", "knitting"):
        assert f'name="chosen" value="{name}"' in page.html
    assert 'name="chosen_for" value="needle"' in page.html
    chosen = {"chosen": "sewing", "chosen_for": "needle"}
    assert (await post_to(world, "needle", **chosen)).status == 303
    sent = await post_to(world, "cats", **chosen)
    assert 'href="/c/cats"' in (await world.browser().get(sent.location)).html


async def test_each_refusal_has_its_reason(world: World) -> None:
    ann, bob, cats = world.people["ann"], world.people["bob"], world.community
    page = await post_to(world, "")
    assert (page.status, "Choose a community." in page.text) == (422, True)
    page = await post_to(world, "dogs")
    assert (page.status, "There is no community called “dogs”." in page.text) == (404, True)
    closed = await community(world, "closed", "Closed")
    await world.perform(CloseCommunity(by=ann, community=closed, reason=""))
    page = await post_to(world, "closed")
    assert (page.status, "is closed." in page.text) == (403, True)

    await world.perform(Ban(by=ann, person=bob, community=cats, reason="Too loud"))
    page = await post_to(world, "cats")
    assert (page.status, "Reason: Too loud" in page.text) == (403, True)
    before = await world.browser("bob").get("/c/cats/submit")
    assert (before.status, "Reason: Too loud" in before.text) == (200, True)
    mods = await community(world, "mods", "Moderators only")
    action = EditCommunity(
        by=ann, community=mods, title="", description=EMPTY, nsfw=False, posting_restricted=True
    )
    await world.perform(action)
    page = await post_to(world, "mods")
    assert (page.status, "Only moderators may post" in page.text) == (403, True)
    for refused in ("cats", "moderators only"):
        assert (await post_to(world, refused.upper()[:-1])).status == 404, "not offered"


async def test_the_script_is_told_which_fit(world: World) -> None:
    await community(world, "sewing", "Needle & thread")
    found = await world.browser("bob").get("/submit/communities?q=NEEDLE")
    assert json.loads(found.html) == [
        {"value": "sewing", "title": "Needle & thread", "handle": "!sewing@forum.example"}
    ]
    every = json.loads((await world.browser("bob").get("/submit/communities")).html)
    assert [one["value"] for one in every] == ["cats", "sewing"]

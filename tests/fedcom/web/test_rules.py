"""Rules on pages: written by moderators, shown and chosen where they matter."""

import re

import pytest
from sqlalchemy import select

from fedcom.models.moderation import modlog, report
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

EDIT = "/c/cats/rules/edit"


async def test_rules_are_written_and_shown_where_they_matter(world: World) -> None:
    mia, ann, bob, guest = (world.browser(name) for name in ("mia", "ann", "bob", ""))
    assert "no written rules yet" in (await guest.get("/c/cats/rules")).text
    refused = await mia.post(EDIT, name="", body="*Always*.")
    assert refused.status == 422
    assert "*Always*." in refused.html

    assert (await mia.post(EDIT, name="Stay on topic")).location == EDIT
    await mia.post(EDIT, name="Be kind", body="*Always*.")
    await ann.post("/admin/rules", name="No advertising")

    second = re.findall(rf"{EDIT}/(\d+)", (await mia.get(EDIT)).html)[1]
    assert "*Always*." in (await mia.get(f"{EDIT}/{second}")).html
    await mia.post(f"{EDIT}/{second}", name="Be friendly", body="*Always*.")
    await mia.post(f"{EDIT}/move", up=second)
    page = await guest.get("/c/cats/rules")
    assert "Be friendly Always . Stay on topic" in page.text
    assert 'href="/rules"' in page.html
    assert "No advertising" in (await guest.get("/rules")).text
    side = (await guest.get("/c/cats")).text
    assert "Rules Be friendly Stay on topic Read the rules" in side
    for path in ("/", "/register"):
        assert "No advertising" in (await guest.get(path)).text

    post = await world.post(by="eve")
    form = (await bob.get(f"/post/{post.id}/report")).html
    assert f'<option value="{second}">1. Be friendly</option>' in form
    assert '<optgroup label="Server rules">' in form
    await bob.post(f"/post/{post.id}/report", rule=second)
    await mia.post(f"/post/{post.id}/remove", rule=second, reason="See the second line")
    await mia.post("/c/cats/ban", person="eve", rule=second, days="3")
    await ann.post("/u/eve/ban", rule="99")
    reports, log = await world.instance.read(
        lambda conn: (
            conn.execute(select(report.c.reason)).scalars().all(),
            conn.execute(select(modlog.c.kind, modlog.c.reason).order_by(modlog.c.id)).all(),
        )
    )
    assert reports == ["Rule 1: Be friendly"]
    assert [tuple(row) for row in log][-2:] == [
        ("remove", "Rule 1: Be friendly \u2013 See the second line"),
        ("ban", "Rule 1: Be friendly"),
    ]
    await mia.post(f"{EDIT}/remove", rule=second)
    assert "Be friendly" not in (await guest.get("/c/cats/rules")).text


async def test_a_reported_thing_is_judged_by_a_rule(world: World) -> None:
    mia, bob = world.browser("mia"), world.browser("bob")
    await mia.post(EDIT, name="Be kind")
    post = await world.post(by="eve")
    await bob.post(f"/post/{post.id}/report", reason="Rude")
    queue = (await mia.get("/reports")).html
    number, rule = (
        re.findall(pattern, queue)[0]
        for pattern in (r"/reports/(\d+)/remove", r'<option value="(\d+)">1. Be kind')
    )
    wrong = await mia.post(f"/reports/{number}/remove", rule="99", reason="Oh")
    assert wrong.status == 422
    assert "Choose one of the rules." in wrong.text

    await mia.post(f"/reports/{number}/remove", rule=rule, reason="Oh")
    assert "Rule 1: Be kind \u2013 Oh" in (await bob.get("/modlog")).text


async def test_the_first_post_waits_until_the_rules_were_shown_once(world: World) -> None:
    mia, bob = world.browser("mia"), world.browser("bob")
    fields = {"community": "cats", "title": "Cats sleep", "body": "They *do*."}
    await mia.post(EDIT, name="Be kind", body="*Always*.")
    for path in ("/c/cats/submit", "/submit?community=cats"):
        shown = await bob.get(path)
        assert "Before your first post here: the rules Be kind Always" in shown.text
        assert "has not been sent yet" not in shown.text

    asked = await bob.post("/submit", **fields)
    assert asked.status == 200
    assert "Your post has not been sent yet." in asked.text
    read = re.findall(r'name="read_rules" value="(\d+)"', asked.html)[0]
    assert read == str(world.community.id)
    sent = await bob.post("/submit", **fields, read_rules=read)
    assert (sent.status, sent.location[:6]) == (303, "/post/")

    assert "first post" not in (await bob.get("/c/cats/submit")).text
    again = await bob.post("/submit", **fields | {"title": "And wake"})
    assert again.status == 303


async def test_a_member_is_warned_for_a_rule(world: World) -> None:
    mia, bob, ann = (world.browser(name) for name in ("mia", "bob", "ann"))
    await mia.post(EDIT, name="Be kind")
    post = await world.post()
    link = f"/c/cats/warn?person=bob&about=post/{post.id}"
    assert link in (await mia.get(f"/post/{post.id}")).html
    form = await mia.get(link)
    assert "The warning is about this Cats sleep" in form.text
    rule = re.findall(r'<option value="(\d+)">1. Be kind', form.html)[0]
    about = f"post/{post.id}"
    assert (await mia.post("/c/cats/warn", person="bob", about=about)).status == 422

    sent = await mia.post("/c/cats/warn", person="bob", about=about, rule=rule)
    assert sent.location == "/c/cats/modlog"
    notice = (await bob.get("/notifications")).text
    assert "A moderator warned you: Cats sleep" in notice
    assert "Reason: Rule 1: Be kind" in notice
    assert "warned Cats sleep" in (await bob.get("/c/cats/modlog")).text
    assert (await ann.post("/u/bob/warn", reason="Enough")).location == "/u/bob"

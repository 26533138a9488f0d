"""What our script gets while a member writes: completions, and the preview alone."""

import json

import pytest
from sqlalchemy import insert

from fedcom.accounts.throttle import COMPLETIONS_BY_MEMBER, count_attempt
from fedcom.context import Context
from fedcom.models.decoration import custom_emoji
from tests.fedcom.web.browser import Browser
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def complete(browser: Browser, text: str, at: str = "") -> list[dict[str, str]]:
    page = await browser.get(f"/complete?q={text}&at={at}")
    found: list[dict[str, str]] = json.loads(page.html)
    return found


async def test_people_communities_and_emoji_are_completed(world: World) -> None:
    eve = world.browser("eve")
    talk = await world.post(by="mia")
    comment = await world.comment(talk)
    emoji = {"alt": "", "category": "", "created_at": world.instance.clock()}
    values = [
        emoji
        | {"shortcode": name, "keywords": words, "image_url": f"https://forum.example/media/{name}"}
        for name, words in (("catnip", "herb green"), ("dog", ""))
    ]
    await world.instance.unit(lambda ctx: ctx.conn.execute(insert(custom_emoji), values))

    anybody = [one["value"] for one in await complete(eve, "@")]
    assert anybody[0] == "@ann@forum.example"
    for at in (f"/post/{talk.id}/comment", f"/comment/{comment.id}/edit"):
        found = await complete(eve, "@", at)
        latest = {one["value"] for one in found[:2]}
        assert latest == {"@bob@forum.example", "@mia@forum.example"}
    assert await complete(eve, "@B", "/comment/999/edit") == [
        {"value": "@bob@forum.example", "title": "bob"}
    ]
    assert await complete(eve, "!ca") == [{"value": "!cats@forum.example", "title": "Cats"}]
    assert (await complete(eve, ":cat"))[:2] == [
        {"value": ":catnip:", "title": "", "picture": "/media/catnip"},
        {"value": "🐱", "title": ":cat:"},
    ]
    assert (await complete(eve, ":GREEN"))[0]["value"] == ":catnip:"
    assert await complete(eve, "x") == await complete(eve, "") == []


async def test_completions_are_limited(world: World) -> None:
    def type_much(ctx: Context) -> None:
        for _ in range(COMPLETIONS_BY_MEMBER.tries - 1):
            count_attempt(ctx.conn, COMPLETIONS_BY_MEMBER, f"{world.people['eve'].id}", ctx.now)

    await world.instance.unit(type_much)
    for name, status in (("eve", 200), ("eve", 429), ("bob", 200)):
        assert (await world.browser(name).get("/complete?q=")).status == status, name

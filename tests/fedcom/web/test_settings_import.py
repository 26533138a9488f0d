"""The page on which a member imports settings."""

import json

import pytest

from fedcom.accounts.members import get_account
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.personal.app_preferences import app_preferences_of
from fedcom.personal.imports import end_item, list_waiting
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_file_is_imported_and_its_progress_shown(world: World) -> None:
    bob = world.browser("bob")
    content = {
        "display_name": "Bobolink",
        "bio": "*Me*",
        "settings": {"theme": "darkly", "blur_nsfw": "no", "unknown": 1},
        "saved_posts": ["https://a.example/1", "https://a.example/2", "https://a.example/3"],
    }
    sent = await bob.send("/settings/import", {"file": json.dumps(content).encode()})
    assert sent.location == "/settings/import"
    assert "<em>Me</em>" in (await world.browser().get("/u/bob")).html
    number = world.people["bob"].id
    account = await world.instance.read(lambda conn: get_account(conn, number))
    preferences = app_preferences_of(account)
    assert (preferences.theme, preferences.blur_nsfw) == ("darkly", True)

    def work(ctx: Context) -> None:
        first, second, _ = list_waiting(ctx.conn, 3)
        end_item(ctx.conn, first)
        end_item(ctx.conn, second, NotFound("gone", "It is gone."))

    await world.instance.unit(work)
    page = await bob.get("/settings/import")
    assert "1 of 3 imported. 1 is still being looked up." in page.text
    assert "<bdi>https://a.example/2</bdi>: It is gone." in page.html
    assert (
        "imported"
        not in (await world.browser("eve").get("/settings/import")).text.split(
            "Pictures are not imported."
        )[1]
    )


@pytest.mark.parametrize("files", [{}, {"file": b"no json"}])
async def test_without_a_usable_file_the_page_says_why(
    world: World, files: dict[str, bytes]
) -> None:
    page = await world.browser("bob").send("/settings/import", files or {"other": b"x"})
    assert (page.status, 'id="e-file"' in page.html) == (422, True)

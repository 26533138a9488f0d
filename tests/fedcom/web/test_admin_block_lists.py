"""What an admin sees of lists of servers to block, and decides about them."""

import re

import pytest

from fedcom.site.instances import list_blocks
from fedcom.web.admin_block_lists import SHOWN
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

URL = "https://lists.example/block.csv"


async def blocked(world: World) -> dict[str, str]:
    found = await world.instance.read(list_blocks)
    return {block.host: block.list_name for block in found}


def shown_in(html: str) -> str:
    found = re.search(r'name="shown" value="([^"]*)"', html)
    assert found is not None
    return found[1]


async def test_a_long_draft_is_decided_on_page_by_page_or_at_once(world: World) -> None:
    ann = world.browser("ann")
    text = "".join(f"s{number:03}.example\n" for number in range(2 * SHOWN + 10))
    at = (await ann.post("/admin/block-lists/import", text=text, name="mine.csv")).location
    assert await blocked(world) == {}
    page = await ann.get(at)
    assert f"Block {2 * SHOWN + 10} servers" in page.text
    shown = shown_in(page.html).split()
    assert len(shown) == SHOWN

    ticked = {f"host-{host}": "on" for host in shown[1:]}
    sent = await ann.post(f"{at}/decide", shown=" ".join(shown), **ticked)
    assert sent.location == at
    assert len(await blocked(world)) == SHOWN - 1
    page = await ann.get(at)
    assert "1 server that you left alone s000.example" in page.text
    assert f"and {10} more" in page.text
    last = shown_in(page.html)
    ticked = {f"host-{host}": "on" for host in last.split()}
    sent = await ann.post(f"{at}/decide", shown=last, all="1", **ticked)
    assert sent.location == "/admin/instances"
    found = await blocked(world)
    assert (len(found), set(found.values())) == (2 * SHOWN + 9, {"mine.csv"})

    exported = await ann.get("/admin/blocks.csv")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert "\ns001.example,suspend,false,false,,false\n" in exported.html


async def test_a_subscription_is_fetched_at_once_and_its_changes_are_counted_for_admins(
    world: World,
) -> None:
    ann, badge = world.browser("ann"), "Block lists open: "
    sent = await ann.post("/admin/block-lists", url=URL, name="Friends")
    at = sent.location
    page = await ann.get(at)
    assert "The last attempt failed: The origin does not have it (404)." in page.text
    assert f"{badge}1" in page.text
    world.instance.block_lists[URL] = "a.example\nb.example\n"
    await ann.post(f"{at}/fetch")
    page = await ann.get("/")
    assert f"{badge}2" in page.text
    assert badge not in (await world.browser("mia").get("/")).text
    page = await ann.get("/admin/block-lists")
    assert "2 changes to decide on" in page.text

    page = await ann.get(at)
    await ann.post(f"{at}/decide", shown=shown_in(page.html), **{"host-a.example": "on"})
    page = await ann.get(at)
    assert badge not in page.text
    await ann.post(f"{at}/again")
    world.instance.block_lists[URL] = "b.example\n"
    await ann.post(f"{at}/fetch")
    page = await ann.get(at)
    assert "Block 1 server" in page.text
    assert "Unblock 1 server" in page.text
    await ann.post(f"{at}/automatic", automatic="on")
    assert await blocked(world) == {"b.example": "Friends"}
    assert "from the list Friends" in (await ann.get("/admin/instances")).text
    assert (await ann.post(f"{at}/remove")).location == "/admin/block-lists"
    assert (await ann.get(at)).status == 404
    assert await blocked(world) == {"b.example": "Friends"}

"""GET /api/v3/site, where PieFed looks for our admins."""

import json

import pytest

from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio


async def test_the_admins_are_named_by_their_ids(node: Node) -> None:
    answer = await node.get("/api/v3/site", accept="application/json")

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    site = json.loads(answer.content)
    assert [one["person"]["actor_id"] for one in site["admins"]] == [f"{ORIGIN}/u/ann"]
    assert site["admins"][0]["person"]["published"].endswith("Z")
    assert site["site_view"]["site"]["actor_id"] == f"{ORIGIN}/actor"
    assert "@" not in answer.text  # no address of anybody's

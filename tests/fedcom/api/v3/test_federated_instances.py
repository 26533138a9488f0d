from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from activitypub.nodeinfo import Software
from fedcom.context import Context
from fedcom.models.instance import instance
from fedcom.remote.peers import number_host, put_peer
from fedcom.site.instances import block_instance
from outbox.deliveries import peers
from tests.fedcom.api.conftest import App, Apps, Failed

pytestmark = pytest.mark.anyio


async def heard_of(apps: Apps, *hosts: str) -> None:
    def work(ctx: Context) -> None:
        for host in hosts:
            number_host(ctx.conn, host, ctx.now)

    await apps.world.instance.unit(work)


async def listed(app: App) -> Any:
    return (await app.get("/federated_instances"))["federated_instances"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_servers_are_listed_with_their_software_and_their_deliveries(apps: Apps) -> None:
    await heard_of(apps, "well.example", "away.example", "new.example")
    now = apps.world.instance.clock()

    def work(ctx: Context) -> None:
        put_peer(ctx.conn, "well.example", Software("lemmy", "0.19.13"), now)
        well = {"host": "well.example", "failures": 0, "last_success": now.timestamp()}
        later = now + timedelta(minutes=5)
        away = {
            "host": "away.example",
            "failures": 4,
            "last_success": (now - timedelta(days=1)).timestamp(),
            "last_failure": now.timestamp(),
            "resting_until": later.timestamp(),
        }
        for row in (well, away):
            ctx.conn.execute(insert(peers).values(row))

    await apps.world.instance.unit(work)
    found = await listed(apps())

    away, new, well = found["linked"]
    assert (found["allowed"], found["blocked"]) == ([], [])
    assert [one["domain"] for one in found["linked"]] == [
        "away.example",
        "new.example",
        "well.example",
    ]
    assert (well["software"], well["version"]) == ("lemmy", "0.19.13")
    assert {"published", "updated"} <= set(well)
    assert well["federation_state"]["fail_count"] == 0
    assert well["federation_state"]["instance_id"] == well["id"]
    assert "next_retry" not in well["federation_state"]
    state = away["federation_state"]
    assert state["fail_count"] == 4
    assert state["last_successful_published_time"] < state["last_retry"] < state["next_retry"]
    assert not {"federation_state", "software", "updated"} & set(new)


async def test_blocked_servers_are_listed_apart_and_for_everybody(apps: Apps) -> None:
    await heard_of(apps, "sub.spam.example", "good.example")
    ann = apps.world.people["ann"]
    await apps.world.instance.unit(lambda ctx: block_instance(ctx, "spam.example", "spam", ann))

    found = await listed(apps())

    assert [one["domain"] for one in found["linked"]] == ["good.example"]
    assert [one["domain"] for one in found["blocked"]] == ["spam.example", "sub.spam.example"]
    assert 'spam"' not in str(found)


async def test_the_lists_are_made_once_a_minute_and_anew_for_a_new_server(apps: Apps) -> None:
    def describe(version: str) -> Callable[[Context], None]:
        return lambda ctx: put_peer(ctx.conn, "peer.example", Software("lemmy", version), ctx.now)

    async def shown(app: App) -> list[str]:
        return [one.get("version", one["domain"]) for one in (await listed(app))["linked"]]

    await heard_of(apps, "peer.example")
    await apps.world.instance.unit(describe("0.19.1"))
    assert await shown(apps("bob")) == ["0.19.1"]

    await apps.world.instance.unit(describe("0.19.2"))
    for app in (apps(), apps("bob")):
        assert await shown(app) == ["0.19.1"]
    apps.world.instance.clock.advance(seconds=60)
    assert await shown(apps("bob")) == ["0.19.2"]

    await apps.world.instance.unit(describe("0.19.3"))
    await heard_of(apps, "zoo.example")
    assert await shown(apps("eve")) == ["0.19.3", "zoo.example"]


async def test_the_lists_are_compressed_for_who_takes_that_and_shown_on_a_private_site_to_members(
    apps: Apps,
) -> None:
    await heard_of(apps, "peer.example")
    http, path = apps("bob").http, "/api/v3/federated_instances"

    packed = await http.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await http.get(path, headers={"Accept-Encoding": "identity"})
    await apps("ann").put("/site", private_instance=True, federation_enabled=False)

    assert (packed.headers.get("content-encoding"), packed.json()) == ("gzip", plain.json())
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Authorization, Accept-Encoding"
    with pytest.raises(Failed, match="instance_is_private"):
        await apps().get("/federated_instances")


async def test_with_an_allow_list_only_those_on_it_are_linked(apps: Apps) -> None:
    await heard_of(apps, "other.example")
    await apps("ann").put("/site", allowed_instances=["peer.example"])

    found = await listed(apps())

    names = {kind: [one["domain"] for one in some] for kind, some in found.items()}
    assert names == {"linked": ["peer.example"], "allowed": ["peer.example"], "blocked": []}


async def test_a_server_that_does_not_federate_has_no_lists(apps: Apps) -> None:
    await heard_of(apps, "peer.example")
    await apps("ann").put("/site", federation_enabled=False)

    assert await apps().get("/federated_instances") == {}


async def test_a_member_blocks_a_server_by_its_number(apps: Apps) -> None:
    await heard_of(apps, "peer.example")
    (peer,) = (await listed(apps()))["linked"]
    bob = apps("bob")

    assert await bob.post("/site/block", instance_id=peer["id"], block=True) == {"blocked": True}
    mine = (await bob.get("/site"))["my_user"]["instance_blocks"]
    assert [one["instance"]["domain"] for one in mine] == ["peer.example"]
    assert await bob.post("/site/block", instance_id=peer["id"], block=False) == {"blocked": False}
    assert (await bob.get("/site"))["my_user"]["instance_blocks"] == []


async def test_neither_the_own_nor_an_unknown_server_can_be_blocked(apps: Apps) -> None:
    own = await apps.world.instance.read(
        lambda conn: conn.execute(instance.select().where(instance.c.host == "forum.example")).one()
    )

    with pytest.raises(Failed, match="cant_block_local_instance"):
        await apps("bob").post("/site/block", instance_id=own.id, block=True)
    with pytest.raises(Failed) as unknown:
        await apps("bob").post("/site/block", instance_id=9999, block=True)
    assert unknown.value.status == 404
    with pytest.raises(Failed, match="not_logged_in"):
        await apps().post("/site/block", instance_id=own.id, block=True)

import pytest
from sqlalchemy import select

from fedcom.errors import Invalid, NotFound
from fedcom.models.moderation import modlog
from fedcom.remote.peers import find_block
from fedcom.site.instances import block_instance, list_blocks, unblock_instance
from outbox.maintenance import report_peers
from outbox.publish import publish


def test_a_block_covers_subdomains_and_nothing_else(rig):
    rig(lambda ctx: block_instance(ctx, "https://Evil.example/", "spam"))

    def reason(host):
        block = rig(lambda ctx: find_block(ctx.conn, host))
        return block.reason if block else None

    assert reason("evil.example") == "spam"
    assert reason("a.b.evil.example") == "spam"
    assert reason("evil.example:8001") == "spam"
    assert reason("notevil.example") is None
    assert reason("example") is None
    assert reason("evil.example.org") is None


def test_blocks_are_listed_changed_and_taken_back(rig):
    admin = rig.member("ann", role="admin").person
    first = rig(lambda ctx: block_instance(ctx, "evil.example", "spam", admin))
    rig.clock.advance(days=1)
    again = rig(lambda ctx: block_instance(ctx, "evil.example", "much spam", admin))
    assert (again.reason, again.created_at) == ("much spam", first.created_at)
    rig(lambda ctx: block_instance(ctx, "bad.example", ""))
    blocks = rig(lambda ctx: list_blocks(ctx.conn))
    assert [block.host for block in blocks] == ["bad.example", "evil.example"]
    rig(lambda ctx: unblock_instance(ctx, "EVIL.example", admin))
    assert rig(lambda ctx: find_block(ctx.conn, "evil.example")) is None
    with pytest.raises(NotFound):
        rig(lambda ctx: unblock_instance(ctx, "evil.example"))
    rows = rig(lambda ctx: ctx.conn.execute(select(modlog).order_by(modlog.c.id)).all())
    assert [(row.kind, row.target_iri, row.reason, row.moderator_id) for row in rows] == [
        ("block_instance", "https://evil.example", "spam", admin.id),
        ("block_instance", "https://evil.example", "much spam", admin.id),
        ("block_instance", "https://bad.example", "", None),
        ("unblock_instance", "https://evil.example", "", admin.id),
    ]


@pytest.mark.parametrize("host", ["here.example", "HERE.example", "https://here.example/c/x"])
def test_the_own_host_cannot_be_blocked(rig, host):
    with pytest.raises(Invalid) as caught:
        rig(lambda ctx: block_instance(ctx, host, ""))
    assert caught.value.code == "own_host"


def test_a_reason_has_its_limits(rig):
    with pytest.raises(Invalid):
        rig(lambda ctx: block_instance(ctx, "evil.example", "x" * 501))
    assert rig(lambda ctx: list_blocks(ctx.conn)) == []


def test_deliveries_to_a_blocked_host_are_cancelled(rig):
    inboxes = ["https://bad.example/inbox", "https://also.bad.example/i", "https://good.example/i"]

    def wait(ctx):
        return publish(
            ctx.conn,
            activity_id="https://home.example/activities/create/1",
            actor="https://home.example/u/ann",
            body=b"{}",
            subject="https://home.example/post/1",
            inboxes=inboxes,
            now=ctx.now.timestamp(),
        )

    assert rig(wait) == 3
    rig(lambda ctx: block_instance(ctx, "bad.example", ""))

    waiting = rig(lambda ctx: [peer.host for peer in report_peers(ctx.conn) if peer.waiting])
    assert waiting == ["good.example"]

"""Allowed senders, and inboxes that no longer exist."""

from sqlalchemy import update

from activitypub.nodeinfo import Software
from fedcom.context import Context
from fedcom.federation.ports import BlockGate, PeerInboxes
from fedcom.models.actor import actor
from fedcom.remote.peers import put_peer
from fedcom.site.instances import block_instance
from tests.support.people import Home

KIM, LEA = "https://peer.example/u/kim", "https://peer.example/u/lea"


def inboxes(home: Home, suspects: list[str]) -> PeerInboxes:
    return PeerInboxes(suspects.append, home.origin, home.clock)


def test_the_gate_refuses_blocked_hosts_with_the_reason(home: Home) -> None:
    home(lambda ctx: block_instance(ctx, "peer.example", "spam"))

    def ask(host: str) -> str | None:
        return home(lambda ctx: BlockGate().refuses(ctx.conn, host))

    assert ask("peer.example") == "The server peer.example is blocked here."
    assert ask("sub.peer.example") == "The server peer.example is blocked here."
    assert ask("other.example") is None


def test_the_gate_knows_which_actors_are_stored(home: Home) -> None:
    home.person(KIM)

    assert home(lambda ctx: BlockGate().knows(ctx.conn, KIM))
    assert not home(lambda ctx: BlockGate().knows(ctx.conn, LEA))


def test_delivery_is_paced_only_for_software_with_limits(home: Home) -> None:
    def describe(ctx: Context) -> None:
        put_peer(ctx.conn, "a.example", Software("piefed", "1.7"), ctx.now)
        put_peer(ctx.conn, "b.example", Software("discourse", "3.5"), ctx.now)
        put_peer(ctx.conn, "c.example", Software("lemmy", "0.19"), ctx.now)

    home(describe)

    asked = ["a.example", "b.example", "c.example", "unknown.example"]
    paces = home(lambda ctx: inboxes(home, []).paces(ctx.conn, asked))

    assert set(paces) == {"a.example", "b.example"}
    assert paces["a.example"].memory == 90.0
    assert 60 / paces["b.example"].interval < 10


def test_a_lost_inbox_marks_its_one_actor_as_suspected_gone(home: Home) -> None:
    suspects: list[str] = []
    home.person(KIM)

    home(lambda ctx: inboxes(home, suspects).gone(ctx.conn, f"{KIM}/inbox"))
    home(lambda ctx: inboxes(home, suspects).gone(ctx.conn, "https://peer.example/inbox"))
    home(lambda ctx: inboxes(home, suspects).gone(ctx.conn, "https://lost.example/inbox"))

    assert suspects == [KIM, KIM]


def test_a_lost_shared_inbox_marks_no_actor(home: Home) -> None:
    suspects: list[str] = []
    for iri in (KIM, LEA):
        home.person(iri)

    home(lambda ctx: inboxes(home, suspects).gone(ctx.conn, "https://peer.example/inbox"))

    assert suspects == []


def test_a_deleted_actor_is_not_marked_again(home: Home) -> None:
    suspects: list[str] = []
    kim = home.person(KIM)
    home(
        lambda ctx: ctx.conn.execute(
            update(actor).where(actor.c.id == kim.id).values(deleted_at=ctx.now)
        )
    )

    home(lambda ctx: inboxes(home, suspects).gone(ctx.conn, f"{KIM}/inbox"))

    assert suspects == []

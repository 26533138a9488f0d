"""Whom we hear, and what becomes of inboxes that are no more."""

from sqlalchemy import update

from fedcom.federation.ports import Gate, Inboxes
from fedcom.models.actor import actor
from fedcom.site.instances import block_instance
from tests.support.people import Home

KIM, LEA = "https://peer.example/u/kim", "https://peer.example/u/lea"


def test_the_gate_refuses_blocked_hosts_and_says_why(home: Home) -> None:
    home(lambda ctx: block_instance(ctx, "peer.example", "spam"))

    def ask(host: str) -> str | None:
        return home(lambda ctx: Gate().refuses(ctx.conn, host))

    assert ask("peer.example") == "The instance peer.example is blocked here."
    assert ask("sub.peer.example") == "The instance peer.example is blocked here."
    assert ask("other.example") is None


def test_the_gate_knows_who_has_a_row(home: Home) -> None:
    home.person(KIM)

    assert home(lambda ctx: Gate().knows(ctx.conn, KIM))
    assert not home(lambda ctx: Gate().knows(ctx.conn, LEA))


def test_a_lost_inbox_puts_its_one_actor_under_suspicion(home: Home) -> None:
    suspects: list[str] = []
    home.person(KIM)

    home(lambda ctx: Inboxes(suspects.append).gone(ctx.conn, f"{KIM}/inbox"))
    home(lambda ctx: Inboxes(suspects.append).gone(ctx.conn, "https://peer.example/inbox"))
    home(lambda ctx: Inboxes(suspects.append).gone(ctx.conn, "https://lost.example/inbox"))

    assert suspects == [KIM, KIM]


def test_a_lost_shared_inbox_blames_nobody_in_particular(home: Home) -> None:
    suspects: list[str] = []
    for iri in (KIM, LEA):
        home.person(iri)

    home(lambda ctx: Inboxes(suspects.append).gone(ctx.conn, "https://peer.example/inbox"))

    assert suspects == []


def test_who_is_gone_already_is_not_suspected_again(home: Home) -> None:
    suspects: list[str] = []
    kim = home.person(KIM)
    home(
        lambda ctx: ctx.conn.execute(
            update(actor).where(actor.c.id == kim.id).values(deleted_at=ctx.now)
        )
    )

    home(lambda ctx: Inboxes(suspects.append).gone(ctx.conn, f"{KIM}/inbox"))

    assert suspects == []

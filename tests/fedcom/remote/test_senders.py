"""What one statement says of the sender of an activity."""

import pytest
from sqlalchemy import insert

from fedcom.context import Context
from fedcom.remote.senders import Sender, look_at_sender
from outbox.deliveries import peers
from tests.support.people import Home

pytestmark = pytest.mark.each_database

KIM, LEA = "https://kim.example/u/kim", "https://lea.example/u/lea"


def look(home: Home, iri: str) -> Sender:
    return home(lambda ctx: look_at_sender(ctx.conn, iri, ctx.now))


def test_a_sender_is_stale_a_day_after_it_was_read(home: Home) -> None:
    home.person(KIM)
    assert look(home, KIM) == Sender(is_failing=False, is_stale=False)

    home.clock.advance(days=1, seconds=1)
    assert look(home, KIM) == Sender(is_failing=False, is_stale=True)
    assert not look(home, home.bob.iri).is_stale


@pytest.mark.parametrize("state", [{"failures": 1}, {"failures": 0, "gone": True}])
def test_its_server_is_failing_until_deliveries_arrive(
    home: Home, state: dict[str, object]
) -> None:
    def fail(ctx: Context) -> None:
        ctx.conn.execute(insert(peers).values(host="kim.example", **state))

    home(fail)

    assert look(home, KIM) == Sender(is_failing=True, is_stale=False)
    assert look(home, LEA) == Sender(is_failing=False, is_stale=False)

"""Undone activities: remembered if the actor was entitled to undo them, and until sent again."""

from typing import Any

import pytest

from activitypub.authority import Evidence
from activitypub.document import Document
from fedcom.actions.record_deletion import RecordDeletion
from fedcom.context import Context
from fedcom.effects.tombstones import (
    AWAITED_FOR,
    find_undone,
    forget_undone,
    note_arrival,
    record_undone,
    refuse_deleted,
)
from fedcom.errors import Denied
from fedcom.models.moderation import tombstone
from inbox.ports import ReceivedActivity
from tests.fedcom.actions.receiving import receive
from tests.support.documents import activity, undo
from tests.support.people import Home

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
EVE = "https://evil.example/u/eve"
DOGS, RATS = "https://dogs.example/c/dogs", "https://rats.example/c/rats"
POST, LIKE = "https://kim.example/post/1", "https://kim.example/uid/3#activity/like/5"


def vote(
    evidence: Evidence = "signature",
    *,
    actor: str = KIM,
    via: str | None = None,
    signed_at: float | None = None,
    iri: str | None = LIKE,
) -> ReceivedActivity:
    document = Document(activity("Like", actor, POST, id=iri))
    return ReceivedActivity(document, actor, via=via, evidence=evidence, signed_at=signed_at)


def undone(home: Home, set_by: str = KIM, **known: Any) -> None:
    home(lambda ctx: record_undone(ctx, LIKE, set_by, **known))


def counts(home: Home, received: ReceivedActivity) -> bool:
    found = home(lambda ctx: find_undone(ctx, received))
    return found is None or not found.stops(received, home.clock())


def arrive(home: Home, received: ReceivedActivity) -> None:
    def note(ctx: Context) -> None:
        found = find_undone(ctx, received)
        assert found is not None
        note_arrival(ctx, received, found)

    home(note)


def test_a_tombstone_does_not_affect_other_hosts(home: Home) -> None:
    with pytest.raises(Denied) as caught:
        home.perform(RecordDeletion(iri=POST, actor_iri=EVE))
    assert caught.value.code == "not_the_owner"
    assert home.rows(tombstone) == []


def test_a_recorded_deletion_counts_for_its_own_host_only(home: Home) -> None:
    def record(ctx: Context) -> None:
        # As if the check had been forgotten: the row alone must not count.
        RecordDeletion(iri=POST, actor_iri=EVE).apply(ctx)

    home(record)

    home(lambda ctx: refuse_deleted(ctx, POST, KIM))


def test_a_deletion_keeps_out_what_comes_late_from_anybody_of_its_host(home: Home) -> None:
    receive(home, activity("Delete", KIM, POST))

    for owner in (KIM, KEN):
        with pytest.raises(Denied) as caught:
            home(lambda ctx, owner=owner: refuse_deleted(ctx, POST, owner))
        assert caught.value.code == "already_deleted"


def test_a_repeated_deletion_is_recorded_once(home: Home) -> None:
    for _ in range(2):
        receive(home, activity("Delete", KIM, POST))

    assert [row["iri"] for row in home.rows(tombstone)] == [POST]


def test_an_undone_deletion_leaves_no_tombstone(home: Home) -> None:
    gone = activity("Delete", KIM, POST)
    receive(home, gone)
    receive(home, undo(gone))

    home(lambda ctx: refuse_deleted(ctx, POST, KIM))


def test_an_activity_that_was_never_undone_counts(home: Home) -> None:
    undone(home)

    assert counts(home, vote(iri=f"{LIKE}/2"))
    assert counts(home, vote(iri=None))


@pytest.mark.parametrize("evidence", ["proof", "origin"])
def test_an_undone_activity_that_can_be_replayed_stays_undone(
    home: Home, evidence: Evidence
) -> None:
    undone(home)

    assert not counts(home, vote(evidence))


def test_an_activity_signed_after_its_undo_counts_under_the_same_id(home: Home) -> None:
    undone(home, signed_at=100.0)

    assert not counts(home, vote(signed_at=99.0))
    assert counts(home, vote(signed_at=100.0))  # HTTP dates have whole seconds
    assert counts(home, vote(signed_at=101.0))


def test_an_activity_overtaken_by_its_undo_does_not_count(
    home: Home,
) -> None:
    undone(home, awaited=True, signed_at=100.0)

    assert not counts(home, vote(signed_at=160.0))


def test_after_it_has_arrived_the_next_one_of_its_id_counts(home: Home) -> None:
    undone(home, awaited=True, signed_at=100.0)
    arrive(home, vote(signed_at=160.0))

    assert counts(home, vote(signed_at=161.0))


def test_a_strangers_copy_is_not_the_arrival(home: Home) -> None:
    undone(home, awaited=True)
    arrive(home, vote("proof"))

    assert not counts(home, vote())


def test_an_activity_that_arrives_after_a_day_is_a_new_one(home: Home) -> None:
    undone(home, awaited=True)
    home.clock.advance(seconds=AWAITED_FOR.total_seconds())

    assert counts(home, vote())
    assert not counts(home, vote("proof"))


def test_a_repeated_activity_removes_the_tombstone(home: Home) -> None:
    undone(home)
    home(lambda ctx: forget_undone(ctx, vote()))

    assert home.rows(tombstone) == []


def test_a_community_can_only_undo_its_own_announces(home: Home) -> None:
    """It vouches for votes on its posts, and could name the id of any other vote."""
    undone(home, DOGS, awaited=True)

    assert counts(home, vote())
    assert counts(home, vote("community", via=RATS))
    assert not counts(home, vote("community", via=DOGS))


def test_a_community_does_not_replace_what_the_actor_undid(home: Home) -> None:
    undone(home, KIM, signed_at=100.0)
    undone(home, DOGS)

    assert [row["actor_iri"] for row in home.rows(tombstone)] == [KIM]
    assert not counts(home, vote("proof"))


def test_an_undo_of_somebody_of_another_host_does_not_count(home: Home) -> None:
    undone(home, EVE)

    assert counts(home, vote("proof"))

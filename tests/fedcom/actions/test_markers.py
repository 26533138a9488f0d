"""What was taken back before it came: remembered, but only if it was theirs to take back."""

import pytest

from fedcom.actions.markers import Mark, is_undone, refuse_deleted
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.moderation import marker
from tests.fedcom.actions.hearing import hear
from tests.support.documents import activity, undo
from tests.support.people import Home

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
EVE = "https://evil.example/u/eve"
POST = "https://kim.example/post/1"


def test_nobody_forbids_what_is_on_another_host(home: Home) -> None:
    with pytest.raises(Denied) as caught:
        home.perform(Mark(iri=POST, kind="deleted", actor_iri=EVE))
    assert caught.value.code == "not_the_owner"
    assert home.rows(marker) == []


def test_a_marker_counts_for_its_own_host_only(home: Home) -> None:
    def mark(ctx: Context) -> None:
        # As if the check had been forgotten: the row alone must not count.
        Mark(iri=POST, kind="deleted", actor_iri=EVE).apply(ctx)

    home(mark)

    home(lambda ctx: refuse_deleted(ctx, POST, KIM))


def test_a_deletion_keeps_out_what_comes_late_from_anybody_of_its_host(home: Home) -> None:
    hear(home, activity("Delete", KIM, POST))

    for owner in (KIM, KEN):
        with pytest.raises(Denied) as caught:
            home(lambda ctx, owner=owner: refuse_deleted(ctx, POST, owner))
        assert caught.value.code == "already_deleted"


def test_said_twice_is_remembered_once(home: Home) -> None:
    for _ in range(2):
        hear(home, activity("Delete", KIM, POST))

    assert [row["iri"] for row in home.rows(marker)] == [POST]


def test_a_deletion_taken_back_is_forgotten(home: Home) -> None:
    gone = activity("Delete", KIM, POST)
    hear(home, gone)
    hear(home, undo(gone))

    home(lambda ctx: refuse_deleted(ctx, POST, KIM))


def test_a_vote_undone_before_it_came_does_not_count_and_one_without_a_name_does(
    home: Home,
) -> None:
    vote = activity("Like", KIM, POST)
    hear(home, undo(vote))

    assert home(lambda ctx: is_undone(ctx, vote["id"], KIM))
    assert not home(lambda ctx: is_undone(ctx, None, KIM))
    assert not home(lambda ctx: is_undone(ctx, f"{vote['id']}/2", KIM))

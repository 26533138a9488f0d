"""New keys: for which actors, and with which ids."""

import pytest

from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.keys import RotateKeys
from fedcom.errors import Invalid
from fedcom.models.actor import actor_key
from fedcom.queries.actors import find_actor
from tests.support.people import NO_KEY, Home, Sent

KIM = "https://kim.example/u/kim"


def test_remote_actors_get_no_keys(home: Home) -> None:
    kim = home.person(KIM)

    with pytest.raises(Invalid, match="not_local"):
        home.perform(RotateKeys(by=kim, key=NO_KEY))
    found = home(lambda ctx: find_actor(ctx.conn, KIM))
    assert found is not None
    assert found.public_key_pem == kim.public_key_pem


def test_a_deleted_actor_gets_no_new_keys(home: Home) -> None:
    home.perform(DeleteActor(by=home.bob))
    bob = home(lambda ctx: find_actor(ctx.conn, home.bob.iri))
    assert bob is not None

    with pytest.raises(Invalid, match="not_local"):
        home.perform(RotateKeys(by=bob, key=NO_KEY))


@pytest.mark.parametrize("path", ["u", "c"])
def test_new_keys_have_new_names_each_time_and_the_old_ones_are_retired(
    home: Home, path: str
) -> None:
    """A peer that has cached an old key finds an unknown id, and fetches the actor again."""
    whose = home.bob if path == "u" else home.cats
    home.follow(home.person(KIM), whose)
    shown = [home.perform(RotateKeys(by=whose, key=NO_KEY)).public_key_id for _ in range(2)]

    assert shown == [f"{whose.iri}#main-key-2", f"{whose.iri}#main-key-3"]
    rows = [row for row in home.rows(actor_key) if row["actor_id"] == whose.id]
    assert [row["key_id"] for row in rows if row["retired_at"] is None] == shown[1:]
    kind = "Person" if path == "u" else "Group"
    expected = Sent("https://kim.example/inbox", f"Update{{{kind}}}", f"{path}/{whose.name}")
    assert home.sent() == [expected, expected]

"""Entries of the modlog, as they are written."""

import pytest

from fedcom.actions.ban import Ban
from fedcom.actions.close import CloseCommunity
from fedcom.actions.remove import RemoveContent
from fedcom.models.moderation import modlog
from tests.support.people import Home


@pytest.fixture
def dialect() -> str:
    """It is the same on every database."""
    return "sqlite"


def test_an_entry_names_the_person_concerned_or_the_author(home: Home) -> None:
    post = home.post(by=home.bob)
    eve = home.member("eve")
    comment = home.comment(post, by=eve)
    home.perform(RemoveContent(by=home.ann, target=home.fresh(post)))
    home.perform(RemoveContent(by=home.ann, target=home.fresh(comment)))
    home.perform(Ban(by=home.ann, person=eve, community=home.cats))
    home.perform(CloseCommunity(by=home.ann, community=home.cats, reason=""))

    concerned = [row["person_id"] for row in home.rows(modlog)[-4:]]
    assert concerned == [home.bob.id, eve.id, eve.id, None]

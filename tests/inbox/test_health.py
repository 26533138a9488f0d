"""The number that shows whether the journal is being processed."""

from inbox.health import JournalHealth, measure_journal
from tests.inbox.peers import World, entry


def test_since_when_something_is_due(world: World) -> None:
    def measured() -> JournalHealth:
        with world.database.connect() as conn:
            return measure_journal(conn)

    assert measured() == JournalHealth(due_since=None)
    world.append(entry(1, received_at=5.0), entry(2, received_at=7.0))
    assert measured() == JournalHealth(due_since=5.0)

"""Conditions of visibility that no page shows by itself."""

import pytest
from sqlalchemy import select, update

from fedcom.models.actor import actor, community
from fedcom.queries.visibility import is_closed
from tests.support.people import Home

pytestmark = pytest.mark.each_database


def closed(home: Home) -> list[int]:
    wanted = select(actor.c.id).where(actor.c.kind == "Group", is_closed(actor.c.id))
    return home(lambda ctx: list(ctx.conn.scalars(wanted)))


def test_an_open_community_is_not_closed(home: Home) -> None:
    assert closed(home) == []


@pytest.mark.parametrize("column", [actor.c.deleted_at, community.c.removed_at])
def test_a_deleted_or_removed_community_is_closed(home: Home, column) -> None:
    id_ = column.table.c.id if column.table is actor else column.table.c.actor_id
    this = update(column.table).where(id_ == home.cats.id)
    home(lambda ctx: ctx.conn.execute(this.values({column.name: ctx.now})))

    assert closed(home) == [home.cats.id]


def test_it_is_looked_up_for_each_row() -> None:
    """PostgreSQL answers EXISTS by reading all communities if it expects many rows: the modlog of
    an instance that knew 2,000 took twice as long as one that knew 110.
    """
    assert "EXISTS" not in str(select(actor.c.id).where(is_closed(actor.c.id)))

"""People as authors, and the columns they share with communities."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, RowMapping

from fedcom.models.actor import ListedActor
from fedcom.models.base import columns_of, values_of


@dataclass(frozen=True, slots=True)
class ActorView(ListedActor):
    """A person or community in a list."""

    @property
    def slug(self) -> str:
        """Its name in our addresses: `name` if it is local, else the handle."""
        return self.name if self.local else self.handle

    @property
    def is_deleted(self) -> bool:
        """Whether it deleted itself, or its server reports that it is gone."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True)
class PersonView(ActorView):
    """A person as an author."""


def actor_columns(
    table: FromClause, prefix: str, *, title: ColumnElement[str] | None = None
) -> list[ColumnElement[Any]]:
    """The labelled columns of `table` (an alias of `actor`) that views are made of.

    `title` replaces the chosen title where not everyone may read that.
    """
    columns = columns_of(ActorView, table, prefix=prefix)
    if title is None:
        return columns
    label = f"{prefix}title"
    return [title.label(label) if column.key == label else column for column in columns]


def to_actor(row: RowMapping, prefix: str) -> ActorView:
    """The actor of a row of `actor_columns`."""
    return ActorView(*values_of(ActorView, prefix)(row))


def to_person(row: RowMapping, prefix: str) -> PersonView:
    """The person of a row of `actor_columns`."""
    return PersonView(*values_of(PersonView, prefix)(row))


def find_person_in(row: RowMapping, prefix: str) -> PersonView | None:
    """As `to_person`; None if the row holds no person."""
    return None if row[f"{prefix}id"] is None else to_person(row, prefix)

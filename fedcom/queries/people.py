"""The short names of people and communities, as they stand beside everything they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause

NOBODY = 0
"""The viewer's id of a guest: no actor ever has it, so one statement serves guests and members."""


@dataclass(frozen=True, slots=True)
class ActorRef:
    """As much of an actor as stands beside a post: enough to name it and to link to it."""

    id: int
    name: str
    host: str
    title: str
    local: bool
    domain: str | None

    @property
    def handle(self) -> str:
        """`name@domain`, without a leading sign."""
        return f"{self.name}@{self.domain or self.host}"

    @property
    def slug(self) -> str:
        """What our addresses call it: `name` when it is local, else the handle."""
        return self.name if self.local else self.handle

    @property
    def display_name(self) -> str:
        """What a reader sees first: the chosen title, else the name."""
        return self.title or self.name


NAME_WIDTH = 6


def name_columns(
    table: FromClause, *, title: ColumnElement[str] | None = None
) -> list[ColumnElement[Any]]:
    """The columns of `table` (an alias of `actor`) that `to_name` reads, in its order.

    `title` stands in the place of the chosen title, where not everybody may read that.
    """
    shown = table.c.title if title is None else title
    return [table.c.id, table.c.name, table.c.host, shown, table.c.local, table.c.domain]


def to_name(values: Sequence[Any]) -> ActorRef:
    """The `NAME_WIDTH` values that `name_columns` selected → the name."""
    return ActorRef(*values)

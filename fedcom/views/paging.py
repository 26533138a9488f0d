"""Pages of lists: some items, and where the list goes on.

Lists go on behind a key and an id (keyset): a page costs the same however far back it lies, and
nothing is shown twice because something new arrived above. A client that knows only the numbers of
pages needs an offset in the statement; the `Page` it is given is the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Integer, RowMapping, and_, bindparam, or_

from fedcom.db import BigId, UtcDateTime
from fedcom.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = 2**53
"""Ids stay below this, and so do the numbers a cursor may hold."""

_MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: after the row with this key and this id.

    `key` is what the list is sorted by: for lists by time the microseconds since 1970, for lists by
    id the id.
    """

    key: float
    row_id: int

    def __str__(self) -> str:
        return f"{self.key!r}_{self.row_id}"

    @classmethod
    def read(cls, text: str, *, whole: bool) -> "Cursor":
        """The cursor that `str()` wrote; `whole` says that its list has whole numbers as keys.

        Raises Invalid("cursor") for anything else.
        """
        key_text, _, id_text = text.partition("_")
        try:
            key = int(key_text) if whole else float(key_text)
            row_id = int(id_text)
        except ValueError:
            raise no_cursor() from None
        if not abs(key) < FAR or not 0 < row_id < FAR:  # no comparison holds for "nan"
            raise no_cursor()
        return cls(key, row_id)

    @classmethod
    def after(cls, key: float | datetime, row_id: int) -> "Cursor":
        """The cursor behind a row with this key."""
        if isinstance(key, datetime):
            return cls((key - EPOCH) // _MICROSECOND, row_id)
        return cls(key, row_id)

    @classmethod
    def of_id(cls, row_id: int) -> "Cursor | None":
        """The cursor behind this id in a list by id; None, the beginning, for 0."""
        return cls(row_id, row_id) if row_id else None

    def moment(self) -> datetime:
        """The key of a list by time. Raises Invalid("cursor") for one that no calendar has."""
        try:
            return EPOCH + timedelta(microseconds=self.key)
        except OverflowError:
            raise no_cursor() from None

    def values_for(self, key: ColumnElement[Any]) -> dict[str, Any]:
        """What `goes_on` of a list by this key is executed with. Raises as `moment` does."""
        is_time = isinstance(key.type, UtcDateTime)
        return {"key": self.moment() if is_time else self.key, "after_id": self.row_id}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list and where it goes on, None at its end."""

    items: tuple[T, ...] = ()
    next: Cursor | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is a page behind this one."""
        return self.next is not None


def to_page(
    rows: Sequence[RowMapping],
    limit: int,
    make: Callable[[RowMapping], T],
    key: str,
    row_id: str = "id",
) -> Page[T]:
    """The page out of `limit` rows and one more, if there is one, which is not shown.

    `key` and `row_id` are the columns that the list is sorted by.
    """
    items = tuple(make(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items)
    last = rows[limit - 1]
    return Page(items, Cursor.after(last[key], last[row_id]))


def goes_on(key: ColumnElement[Any], row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row stands behind the cursor, in a list by `key` and then by `row_id`,
    the largest first.
    """
    # A cursor may hold more than an integer of PostgreSQL does.
    at = bindparam("key", type_=BigId if isinstance(key.type, Integer) else key.type)
    # The first condition alone would do; it is there so that an index can bound the range.
    return and_(key <= at, or_(key < at, row_id < bindparam("after_id", type_=BigId)))


def comes_before(row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row stands behind the cursor of a list by id, the largest first; with
    `before` 0 every row does.
    """
    before = bindparam("before", type_=BigId)
    return or_(before == 0, row_id < before)


def before(after: Cursor | None) -> int:
    """What `comes_before` is executed with."""
    return 0 if after is None else after.row_id


def no_cursor() -> Invalid:
    """The error for what no page gave."""
    return Invalid("cursor", "The page cursor in this address is not valid.")

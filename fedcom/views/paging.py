"""Pages of lists: some items, and where the list continues.

Lists continue after a key and an id (keyset): a page costs the same however deep it is, and no item
is shown twice because a new one arrived above. A client that only knows page numbers needs an
offset in the statement; it gets the same `Page`.
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
"""Ids stay below this, and so do the numbers in a cursor."""

_MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list continues: after the row with this key and this id.

    `key` is the list's sort key: for lists by time the microseconds since 1970, for lists by id the
    id.
    """

    key: float
    row_id: int

    def __str__(self) -> str:
        return f"{self.key!r}_{self.row_id}"

    @classmethod
    def read(cls, text: str, *, whole: bool) -> "Cursor":
        """The cursor that `str()` wrote; `whole` says that the keys of the list are whole numbers.

        Raises Invalid("cursor") for anything else.
        """
        key_text, _, id_text = text.partition("_")
        try:
            key = int(key_text) if whole else float(key_text)
            row_id = int(id_text)
        except ValueError:
            raise no_cursor() from None
        if not abs(key) < FAR or not 0 < row_id < FAR:  # Every comparison with "nan" is false.
            raise no_cursor()
        return cls(key, row_id)

    @classmethod
    def after(cls, key: float | datetime, row_id: int) -> "Cursor":
        """The cursor after a row with this key."""
        if isinstance(key, datetime):
            return cls((key - EPOCH) // _MICROSECOND, row_id)
        return cls(key, row_id)

    @classmethod
    def of_id(cls, row_id: int) -> "Cursor | None":
        """The cursor after this id in a list by id; None, the beginning, for 0."""
        return cls(row_id, row_id) if row_id else None

    def moment(self) -> datetime:
        """The key of a list by time. Raises Invalid("cursor") for a time outside the calendar."""
        try:
            return EPOCH + timedelta(microseconds=self.key)
        except OverflowError:
            raise no_cursor() from None

    def values_for(self, key: ColumnElement[Any]) -> dict[str, Any]:
        """The parameters of `goes_on` for a list by this key. Raises as `moment` does."""
        is_time = isinstance(key.type, UtcDateTime)
        return {"key": self.moment() if is_time else self.key, "after_id": self.row_id}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list and where it continues, None at its end."""

    items: tuple[T, ...] = ()
    next: Cursor | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is another page after this one."""
        return self.next is not None


def to_page(
    rows: Sequence[RowMapping],
    limit: int,
    make: Callable[[RowMapping], T],
    key: str,
    row_id: str = "id",
) -> Page[T]:
    """The page of up to `limit` rows; one more row shows that there is a next page, and is dropped.

    `key` and `row_id` are the columns that the list is sorted by.
    """
    items = tuple(make(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items)
    last = rows[limit - 1]
    return Page(items, Cursor.after(last[key], last[row_id]))


def goes_on(key: ColumnElement[Any], row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor, in a list by `key` and then `row_id`, both
    descending.
    """
    # A cursor may hold more than an integer of PostgreSQL does.
    at = bindparam("key", type_=BigId if isinstance(key.type, Integer) else key.type)
    # The first condition alone would be enough; the second lets an index bound the range.
    return and_(key <= at, or_(key < at, row_id < bindparam("after_id", type_=BigId)))


def comes_before(row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor in a list by descending id; with `before` 0
    every row does.
    """
    before = bindparam("before", type_=BigId)
    return or_(before == 0, row_id < before)


def before(after: Cursor | None) -> int:
    """The parameters of `comes_before`."""
    return 0 if after is None else after.row_id


def no_cursor() -> Invalid:
    """The error for a cursor that is not from one of our pages."""
    return Invalid("cursor", "The page cursor in this address is not valid.")

"""Pages of lists: some items, and where the list continues.

Lists continue after a key and an id (keyset): a page costs the same however deep it is, and no item
is shown twice because a new one arrived above. Clients that only know page numbers start at a
`PageNumber` and get the same `Page`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    or_,
)

from fedcom.db import BigId, UtcDateTime
from fedcom.errors import Invalid
from fedcom.views.planning import constant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_ID = 2**53
"""Ids stay below this, and so do the numbers in a cursor."""

MAX_SKIPPED = 10_000
"""How many items a page number may skip: the database reads each of them again."""

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
            raise invalid_cursor() from None
        # Every comparison with "nan" is false.
        if not abs(key) < MAX_ID or not 0 < row_id < MAX_ID:
            raise invalid_cursor()
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
            raise invalid_cursor() from None


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Where a list continues for clients that count pages, from 1."""

    number: int

    def skips(self, limit: int) -> int:
        """How many items are on the pages before this one, at `limit` items each.

        Raises Invalid("page_too_deep") for more than `MAX_SKIPPED`.
        """
        skipped = (self.number - 1) * limit
        if skipped > MAX_SKIPPED:
            raise Invalid(
                "page_too_deep",
                "Page numbers only reach the first %(maximum)s entries. "
                "Use the page cursor to continue.",
                maximum=MAX_SKIPPED,
            )
        return skipped


Start = Cursor | PageNumber | None
"""Where a page of a list begins; None is its beginning."""


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


def is_first_page(start: Start) -> bool:
    """Whether a page that starts here is the beginning of its list."""
    return start is None or start == PageNumber(1)


def one_page(statement: Select[Any], rows: int = 0) -> Select[Any]:
    """The statement limited to the page that the parameters of `page_values` name.

    `rows` is `first_rows` of the page, for statements whose plan must know that they are few.
    """
    if rows:
        return statement.limit(constant(rows))
    return statement.limit(bindparam("count")).offset(bindparam("skip"))


def first_rows(start: Start, limit: int) -> int:
    """How many rows a page that skips none reads, one more than `limit`; 0 for one that does."""
    skips = isinstance(start, PageNumber) and not is_first_page(start)
    return 0 if skips else limit + 1


def page_values(
    start: Start, limit: int, key: ColumnElement[Any] | None = None
) -> dict[str, int | float | datetime]:
    """The parameters of `one_page`, and of `is_after_cursor` for a list by `key` or of `is_past`
    for a list by id (no key).

    One more row than `limit` is read, as `to_page` expects. Raises Invalid for a cursor or page
    number that no list has.
    """
    values: dict[str, int | float | datetime] = {"count": limit + 1, "skip": 0, "after_id": 0}
    if isinstance(start, PageNumber):
        values["skip"] = start.skips(limit)
    elif start is not None:
        values["after_id"] = start.row_id
        if key is not None:
            is_time = isinstance(key.type, UtcDateTime)
            values["key"] = start.moment() if is_time else start.key
    return values


def is_after_cursor(
    key: ColumnElement[Any], row_id: ColumnElement[int], *, ascending: bool = False
) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor, in a list by `key` and then `row_id`, both
    descending, or both ascending.
    """
    # A cursor may hold more than an integer of PostgreSQL does.
    at = bindparam("key", type_=BigId if isinstance(key.type, Integer) else key.type)
    after_id = bindparam("after_id", type_=BigId)
    if ascending:
        return and_(key >= at, or_(key > at, row_id > after_id))
    # The second condition alone would be enough; the first lets an index bound the range.
    return and_(key <= at, or_(key < at, row_id < after_id))


def is_past(row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row comes after the cursor in a list by descending id; without a cursor
    every row does.
    """
    after_id = bindparam("after_id", type_=BigId)
    return or_(after_id == 0, row_id < after_id)


def invalid_cursor() -> Invalid:
    """The error for a cursor that is not from one of our pages."""
    return Invalid("cursor", "The page cursor in this address is not valid.")

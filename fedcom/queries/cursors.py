"""Where a list of posts goes on: a key and an id, written into addresses and read from them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, bindparam, or_

from fedcom.db import BigId, UtcDateTime
from fedcom.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = 2**53
"""Ids stay below this, and so do the numbers a cursor may hold."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: after the post with this key and this id.

    `key` is what the list is sorted by; for lists by time the microseconds since 1970.
    """

    key: float
    post_id: int

    def __str__(self) -> str:
        return f"{self.key!r}_{self.post_id}"

    @classmethod
    def read(cls, text: str, *, whole: bool) -> "Cursor":
        """The cursor that `str()` wrote; `whole` says that its list has whole numbers as keys.

        Raises Invalid("cursor") for anything else.
        """
        key_text, _, id_text = text.partition("_")
        try:
            key = int(key_text) if whole else float(key_text)
            post_id = int(id_text)
        except ValueError:
            raise no_cursor() from None
        if not abs(key) < FAR or not 0 < post_id < FAR:  # no comparison holds for "nan"
            raise no_cursor()
        return cls(key, post_id)

    @classmethod
    def after(cls, key: float | datetime, post_id: int) -> "Cursor":
        """The cursor behind a row with this key."""
        if isinstance(key, datetime):
            return cls((key - EPOCH) // _MICROSECOND, post_id)
        return cls(key, post_id)

    def moment(self) -> datetime:
        """The key of a list by time. Raises Invalid("cursor") for one that no calendar has."""
        try:
            return EPOCH + timedelta(microseconds=self.key)
        except OverflowError:
            raise no_cursor() from None

    def values_for(self, key: ColumnElement[Any]) -> dict[str, Any]:
        """What `goes_on` of a list by this key is executed with. Raises as `moment` does."""
        is_time = isinstance(key.type, UtcDateTime)
        return {"key": self.moment() if is_time else self.key, "after_id": self.post_id}


def goes_on(key: ColumnElement[Any], row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a row stands behind the cursor, in a list by `key` and then by `row_id`,
    the largest first.
    """
    # A cursor may hold more than an integer of PostgreSQL does.
    at = bindparam("key", type_=BigId if isinstance(key.type, Integer) else key.type)
    # The first condition alone would do; it is there so that an index can bound the range.
    return and_(key <= at, or_(key < at, row_id < bindparam("after_id", type_=BigId)))


def no_cursor() -> Invalid:
    """The error for what no page gave."""
    return Invalid("cursor", "The page cursor in this address is not valid.")

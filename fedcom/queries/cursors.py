"""Where a list of posts goes on: a key and an id, written into addresses and read from them."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
        if not math.isfinite(key) or abs(key) >= FAR or not 0 < post_id < FAR:
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


def no_cursor() -> Invalid:
    """The error for what no page gave."""
    return Invalid("cursor", "This address does not say where the list goes on.")

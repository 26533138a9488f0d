"""Which signatures each peer takes: draft-cavage first, RFC 9421 when that is refused.

A 401 is answered by knocking once more with the other signature, at most once a day for each peer,
because a peer that means something else by its 401 gets every body twice (design of Fedcom; Fedify
and Mastodon 4.7 knock twice likewise). What helped is kept in memory: after a restart it costs one
request to learn it again.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from activitypub.signatures.request import Profile

KNOCK_EVERY = timedelta(days=1)

REMEMBERED = 10_000
"""Peers kept in mind; the longest unused is forgotten."""


@dataclass(slots=True)
class _Habit:
    profile: Profile = "cavage"
    knocked_at: datetime | None = None


class Habits:
    """What is known of each peer's taste in signatures. One per process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._habits: OrderedDict[str, _Habit] = OrderedDict()

    def first(self, host: str) -> Profile:
        """What to sign with."""
        habit = self._habits.get(host)
        return "cavage" if habit is None else habit.profile

    def second(self, host: str) -> Profile | None:
        """What to knock with after a 401; None when that was tried within a day."""
        habit = self._habits.setdefault(host, _Habit())
        self._habits.move_to_end(host)
        if len(self._habits) > REMEMBERED:
            self._habits.popitem(last=False)
        now = self._clock()
        if habit.knocked_at is not None and now - habit.knocked_at < KNOCK_EVERY:
            return None
        habit.knocked_at = now
        return "rfc9421" if habit.profile == "cavage" else "cavage"

    def took(self, host: str, profile: Profile) -> None:
        """The second knock was answered by something else than 401."""
        self._habits.setdefault(host, _Habit()).profile = profile

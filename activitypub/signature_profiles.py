"""Which signature scheme each peer accepts: draft-cavage first, RFC 9421 if that is refused.

After a 401 the request is sent once more with the other signature ("double knocking", as Fedify and
Mastodon 4.7 do it), at most once a day for each peer: a peer whose 401 means something else would
get every body twice. The scheme that worked is kept in memory; after a restart it takes one request
to learn it again.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from activitypub.signatures.request import Profile

RETRY_EVERY = timedelta(days=1)

REMEMBERED = 10_000
"""Peers remembered; the least recently used one is forgotten first."""


@dataclass(slots=True)
class _PeerProfile:
    profile: Profile = "cavage"
    retried_at: datetime | None = None


class SignatureProfiles:
    """The signature scheme of each peer, as far as we know it. One per process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._profiles: OrderedDict[str, _PeerProfile] = OrderedDict()

    def first(self, host: str) -> Profile:
        """The scheme to sign with."""
        known = self._profiles.get(host)
        return "cavage" if known is None else known.profile

    def second(self, host: str) -> Profile | None:
        """The scheme to try after a 401; None if it was tried within the last day."""
        known = self._profiles.setdefault(host, _PeerProfile())
        self._profiles.move_to_end(host)
        if len(self._profiles) > REMEMBERED:
            self._profiles.popitem(last=False)
        now = self._clock()
        if known.retried_at is not None and now - known.retried_at < RETRY_EVERY:
            return None
        known.retried_at = now
        return "rfc9421" if known.profile == "cavage" else "cavage"

    def took(self, host: str, profile: Profile) -> None:
        """The second attempt was not answered 401: use this scheme from now on."""
        self._profiles.setdefault(host, _PeerProfile()).profile = profile

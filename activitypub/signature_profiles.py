"""Which signature each peer accepts: by default draft-cavage, and RFC 9421 if that is refused.

After a 401 the request is sent once more with the other signature ("double knocking", as Fedify and
Mastodon 4.7 do it), at most once a day for each peer: a peer whose 401 means something else would
get every body twice. The scheme that worked is kept in memory; after a restart it takes one request
to learn it again.

These are RSA signatures. A POST is signed with Ed25519, which costs an eighth, if the peer's last
answer to a POST asked for that (`activitypub.signatures.accept`). Any other answer, or none, ends
it. And only a 2xx that asks for Ed25519 again counts as its acceptance, because a peer with other
software now might verify after it has answered. After everything else the request is sent once
more, with RSA, and Ed25519 is not used for a day; only after a temporary failure it is retried
later, as any other, and with RSA.
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
    requests_ed25519: bool = False
    refused_ed25519_at: datetime | None = None


class SignatureProfiles:
    """The signature scheme of each peer, as far as we know it. One per process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._profiles: OrderedDict[str, _PeerProfile] = OrderedDict()

    def first(self, host: str) -> Profile:
        """The scheme to sign with, if the key is RSA."""
        known = self._profiles.get(host)
        return "cavage" if known is None else known.profile

    def second(self, host: str) -> Profile | None:
        """The scheme to try after a 401; None if it was tried within the last day."""
        known = self._remember(host)
        if self._is_recent(known.retried_at):
            return None
        known.retried_at = self._clock()
        return "rfc9421" if known.profile == "cavage" else "cavage"

    def took(self, host: str, profile: Profile) -> None:
        """The second attempt was not answered 401: use this scheme from now on."""
        self._remember(host).profile = profile

    def takes_ed25519(self, host: str) -> bool:
        """Whether to sign with Ed25519, and RFC 9421."""
        known = self._profiles.get(host)
        if known is None or not known.requests_ed25519:
            return False
        self._profiles.move_to_end(host)
        return not self._is_recent(known.refused_ed25519_at)

    def answered(self, host: str, *, requests_ed25519: bool) -> None:
        """A POST was answered, or failed: whether the answer asked for Ed25519."""
        if requests_ed25519:
            self._remember(host).requests_ed25519 = True
        elif host in self._profiles:
            self._profiles[host].requests_ed25519 = False

    def refused_ed25519(self, host: str) -> None:
        """A POST signed with Ed25519 was not accepted: use RSA for a day."""
        self._remember(host).refused_ed25519_at = self._clock()

    def _remember(self, host: str) -> _PeerProfile:
        known = self._profiles.setdefault(host, _PeerProfile())
        self._profiles.move_to_end(host)
        if len(self._profiles) > REMEMBERED:
            self._profiles.popitem(last=False)
        return known

    def _is_recent(self, moment: datetime | None) -> bool:
        return moment is not None and self._clock() - moment < RETRY_EVERY

"""Classifies a peer's response to a delivery. Pure.

Every possible result is one of six kinds, and the kind alone decides what happens to the delivery
(`retry.py`) and to the health of the peer (`peers.py`).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from activitypub.errors import FetchFailed, ProtocolError, Unreachable

MAX_TEXT = 500
"""Characters of a response that are stored, for admins to read."""

DAY = 86_400.0


class AnswerKind(StrEnum):
    """The kinds of results."""

    DELIVERED = "delivered"
    """Accepted: 2xx."""
    BUSY = "busy"
    """Not now: 408, 425, 429, 5xx, or no response (timeout, refused connection, DNS, TLS)."""
    UNAUTHORIZED = "unauthorized"
    """401: a wrong clock, an outdated key in a cache, a peer that could not fetch our key. It may
    pass."""
    GONE = "gone"
    """404 or 410: there is no such inbox."""
    REJECTED = "rejected"
    """Never: other 4xx, redirects (a POST follows none), an address that must not be used."""
    OURS = "ours"
    """Our own fault; it says nothing about the peer."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """The result of one attempt.

    `status` is the HTTP status if there was one, `text` at most `MAX_TEXT` characters of the
    response or the error, `retry_after` the peer's Retry-After in seconds, at most a day.
    """

    kind: AnswerKind
    status: int | None = None
    text: str = ""
    retry_after: float | None = None


def from_status(status: int, text: str = "", retry_after: float | None = None) -> AttemptOutcome:
    """Classify an HTTP response. `retry_after` is in seconds from now."""
    return AttemptOutcome(_kind(status), status, text[:MAX_TEXT], _sane(retry_after))


def from_error(error: ProtocolError | OSError) -> AttemptOutcome:
    """Classify the error that there was instead of a response. `TimeoutError` is an `OSError`."""
    text = (str(error) or type(error).__name__)[:MAX_TEXT]
    status = error.status if isinstance(error, FetchFailed) else None
    if isinstance(error, Unreachable):
        return AttemptOutcome(AnswerKind.BUSY, status, text, _sane(error.retry_after))
    if isinstance(error, OSError):
        return AttemptOutcome(AnswerKind.BUSY, None, text)
    return AttemptOutcome(AnswerKind.REJECTED, status, text)


def _kind(status: int) -> AnswerKind:
    if 200 <= status < 300:
        return AnswerKind.DELIVERED
    if status >= 500 or status in (408, 425, 429):
        return AnswerKind.BUSY
    if status == 401:
        return AnswerKind.UNAUTHORIZED
    if status in (404, 410):
        return AnswerKind.GONE
    return AnswerKind.REJECTED


def _sane(seconds: float | None) -> float | None:
    if seconds is None or math.isnan(seconds) or seconds <= 0:
        return None
    return min(seconds, DAY)

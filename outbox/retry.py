"""When a delivery is tried again, if at all. Pure.

Quickly at first, because most failures are restarts of the peer; then more slowly, for a week in
all: Mastodon tries for about three days, Lemmy for seven.
"""

import random

from outbox.answers import AnswerKind, AttemptOutcome

DELAYS = (1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 21_600.0)
"""Seconds to wait after the first, second, … attempt; the last value repeats."""

JITTER = 0.2
"""Each delay is longer or shorter by up to this fraction, so that deliveries which failed at the
same time are not retried at the same time."""

WEEK = 7 * 86_400.0
"""Seconds after its publication when a delivery is given up."""

REFUSALS = 6
"""How many 401s are retried: for about 40 minutes (`DELAYS`), longer than peers cache keys."""


def next_try(
    outcome: AttemptOutcome,
    *,
    tries: int,
    refusals: int,
    age: float,
    rng: random.Random,
    memory: float = 0.0,
) -> float | None:
    """Seconds until the next attempt, or None for never.

    `tries` and `refusals` (401s) include the attempt with this `outcome`; `age` is the seconds
    since publication. A Retry-After (RFC 9110 §10.2.3) makes the wait longer, never shorter. So
    does the peer's `memory` in seconds (`ports.DeliveryPace`), whatever the response was: PieFed
    1.7 marks an id as seen before it checks the signature.
    """
    if outcome.kind in (AnswerKind.DELIVERED, AnswerKind.GONE, AnswerKind.REJECTED):
        return None
    if outcome.kind is AnswerKind.UNAUTHORIZED and refusals >= REFUSALS:
        return None
    if age >= WEEK:
        return None
    delay = DELAYS[min(tries, len(DELAYS)) - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    return max(delay, outcome.retry_after or 0.0, memory * rng.uniform(1 + JITTER / 2, 1 + JITTER))

"""When a delivery is tried again, or never. Pure.

Quick at first, because most faults are a restart of the peer; then slower, for a week in all:
Mastodon tries for about three days, Lemmy for seven.
"""

import random

from outbox.answers import AnswerKind, AttemptOutcome

DELAYS = (1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 21_600.0)
"""Seconds to wait after the first, second, … attempt; the last one repeats."""

JITTER = 0.2
"""Each delay is longer or shorter by up to this part, so that what failed together comes apart."""

WEEK = 7 * 86_400.0
"""Seconds after which a delivery is given up, counted from its publishing."""

REFUSALS = 6
"""How often a 401 is believed to pass (DELAYS: for about 40 minutes; peers cache keys shorter)."""


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

    `tries` and `refusals` (401s) include the attempt that had this `outcome`; `age` is the seconds
    since the delivery was published. A Retry-After (RFC 9110 §10.2.3) makes the wait longer, never
    shorter. So does the peer's `memory` in seconds (`ports.Pace`), whatever the answer was: PieFed
    1.7 marks an id before it checks the signature.
    """
    if outcome.kind in (AnswerKind.DELIVERED, AnswerKind.GONE, AnswerKind.REJECTED):
        return None
    if outcome.kind is AnswerKind.UNAUTHORIZED and refusals >= REFUSALS:
        return None
    if age >= WEEK:
        return None
    delay = DELAYS[min(tries, len(DELAYS)) - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    return max(delay, outcome.retry_after or 0.0, memory * rng.uniform(1 + JITTER / 2, 1 + JITTER))

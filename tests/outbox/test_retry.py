import random

import pytest
from hypothesis import given, strategies as st

from outbox.answers import DAY, AnswerKind, AttemptOutcome
from outbox.retry import DELAYS, JITTER, REFUSALS, WEEK, next_try

RNG = random.Random(7)
BUSY = AttemptOutcome(AnswerKind.BUSY, 503)


def _next(
    outcome: AttemptOutcome, *, tries: int = 1, refusals: int = 0, age: float = 0.0
) -> float | None:
    return next_try(outcome, tries=tries, refusals=refusals, age=age, rng=RNG)


@pytest.mark.parametrize(("tries", "about"), [(1, 1), (2, 5), (3, 30), (9, 21_600), (50, 21_600)])
def test_the_first_retries_come_quickly_and_the_later_ones_in_hours(
    tries: int, about: float
) -> None:
    delay = _next(BUSY, tries=tries)
    assert delay is not None
    assert about * (1 - JITTER) <= delay <= about * (1 + JITTER)


@pytest.mark.parametrize("kind", [AnswerKind.DELIVERED, AnswerKind.GONE, AnswerKind.REJECTED])
def test_a_final_answer_is_not_tried_again(kind: AnswerKind) -> None:
    assert _next(AttemptOutcome(kind)) is None


@pytest.mark.parametrize("kind", [AnswerKind.BUSY, AnswerKind.OURS, AnswerKind.UNAUTHORIZED])
def test_after_a_week_it_is_given_up(kind: AnswerKind) -> None:
    assert _next(AttemptOutcome(kind), age=WEEK - 1) is not None
    assert _next(AttemptOutcome(kind), age=WEEK) is None


def test_a_401_is_retried_a_few_times_however_often_the_peer_was_busy_before() -> None:
    refused = AttemptOutcome(AnswerKind.UNAUTHORIZED, 401)
    assert _next(refused, tries=20, refusals=1) is not None
    assert _next(refused, tries=REFUSALS, refusals=REFUSALS) is None
    assert _next(BUSY, tries=20, refusals=REFUSALS) is not None


def test_retry_after_makes_the_wait_longer_and_never_shorter() -> None:
    assert _next(AttemptOutcome(AnswerKind.BUSY, 503, retry_after=120.0)) == 120.0
    long = _next(AttemptOutcome(AnswerKind.BUSY, 503, retry_after=2.0), tries=9)
    assert long is not None
    assert long > 3600


def test_the_duplicate_window_of_a_peer_is_waited_out_after_every_response() -> None:
    for kind in (AnswerKind.BUSY, AnswerKind.UNAUTHORIZED):
        for tries in (1, 2, 3):
            delay = next_try(
                AttemptOutcome(kind), tries=tries, refusals=1, age=0.0, rng=RNG, memory=90.0
            )
            assert delay is not None
            assert 90.0 < delay < 120.0


def test_retries_are_spread_out() -> None:
    assert len({_next(BUSY, tries=5) for _ in range(20)}) == 20


@given(
    st.sampled_from([AnswerKind.BUSY, AnswerKind.OURS, AnswerKind.UNAUTHORIZED]),
    st.integers(1, 1000),
    st.one_of(st.none(), st.floats(0.1, DAY)),
    st.floats(0, 2 * WEEK),
)
def test_a_wait_is_positive_at_most_a_day_or_never(
    kind: AnswerKind, tries: int, retry_after: float | None, age: float
) -> None:
    delay = _next(AttemptOutcome(kind, 503, "", retry_after), tries=tries, age=age)
    assert (delay is None) == (age >= WEEK)
    if delay is not None:
        assert min(DELAYS) * (1 - JITTER) <= delay <= DAY
        assert delay >= (retry_after or 0.0)

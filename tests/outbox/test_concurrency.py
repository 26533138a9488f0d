import pytest

from outbox.concurrency import ConcurrencyLimiter, Slots


class Timer:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def limiter(timer: Timer) -> ConcurrencyLimiter:
    return ConcurrencyLimiter(Slots(healthy=4, suspect=2, total=10, slow_after=2.0), timer=timer)


def test_each_group_has_its_own_slots(limiter: ConcurrencyLimiter) -> None:
    limiter.note("bad", is_failing=True)
    limiter.enter(1, "good")
    limiter.enter(2, "bad")
    assert limiter.free() == (3, 1)
    assert len(limiter) == 2
    limiter.leave(2)
    assert limiter.free() == (3, 2)


def test_a_slow_attempt_frees_its_healthy_slot(limiter: ConcurrencyLimiter, timer: Timer) -> None:
    for number in range(4):
        limiter.enter(number, "hanging")
    assert limiter.free() == (0, 2)
    timer.seconds = 2.1
    assert limiter.free() == (4, 0)


def test_all_attempts_together_have_a_limit(limiter: ConcurrencyLimiter, timer: Timer) -> None:
    for number in range(9):
        limiter.enter(number, "hanging")
        timer.seconds += 2.1
    assert limiter.free() == (1, 0)
    limiter.enter(9, "hanging")
    assert limiter.free() == (0, 0)


def test_a_slow_host_is_suspect_until_it_is_fast_again(
    limiter: ConcurrencyLimiter, timer: Timer
) -> None:
    limiter.enter(1, "peer")
    timer.seconds = 3.0
    limiter.leave(1)
    assert limiter.is_suspect("peer")
    limiter.enter(2, "peer")
    limiter.leave(2)
    assert not limiter.is_suspect("peer")


def test_a_failing_host_is_suspect_until_it_recovers(limiter: ConcurrencyLimiter) -> None:
    limiter.note("peer", is_failing=True)
    assert limiter.is_suspect("peer")
    limiter.note("peer", is_failing=False)
    assert not limiter.is_suspect("peer")

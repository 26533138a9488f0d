import pytest

from outbox.lanes import Lanes, Seats


class Timer:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def lanes(timer: Timer) -> Lanes:
    return Lanes(Seats(healthy=4, suspect=2, total=10, slow_after=2.0), timer=timer)


def test_each_lane_has_its_own_seats(lanes: Lanes) -> None:
    lanes.note("bad", is_failing=True)
    lanes.enter(1, "good")
    lanes.enter(2, "bad")
    assert lanes.free() == (3, 1)
    assert len(lanes) == 2
    lanes.leave(2)
    assert lanes.free() == (3, 2)


def test_a_slow_attempt_frees_its_healthy_seat(lanes: Lanes, timer: Timer) -> None:
    for number in range(4):
        lanes.enter(number, "hanging")
    assert lanes.free() == (0, 2)
    timer.seconds = 2.1
    assert lanes.free() == (4, 0)


def test_all_attempts_together_have_a_limit(lanes: Lanes, timer: Timer) -> None:
    for number in range(9):
        lanes.enter(number, "hanging")
        timer.seconds += 2.1
    assert lanes.free() == (1, 0)
    lanes.enter(9, "hanging")
    assert lanes.free() == (0, 0)


def test_a_slow_host_is_suspect_until_it_is_quick_again(lanes: Lanes, timer: Timer) -> None:
    lanes.enter(1, "peer")
    timer.seconds = 3.0
    lanes.leave(1)
    assert lanes.is_suspect("peer")
    lanes.enter(2, "peer")
    lanes.leave(2)
    assert not lanes.is_suspect("peer")


def test_a_failing_host_is_suspect_until_it_is_found_well(lanes: Lanes) -> None:
    lanes.note("peer", is_failing=True)
    assert lanes.is_suspect("peer")
    lanes.note("peer", is_failing=False)
    assert not lanes.is_suspect("peer")

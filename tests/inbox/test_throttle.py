from inbox.throttle import REMEMBERED, BoundedCache, RateLimit


def test_the_oldest_entries_are_evicted() -> None:
    memory: BoundedCache[int] = BoundedCache(2)
    for number, name in enumerate(["a", "b", "a", "c"]):
        memory.put(name, number)
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (2, None, 3)
    memory.drop("a")
    memory.drop("never there")
    assert memory.find("a") is None


def test_an_allowance_is_used_up_and_comes_back_with_the_next_window() -> None:
    allowance = RateLimit(2, 60)
    assert [allowance.take("h", now) for now in (0, 1, 2)] == [True, True, False]
    assert allowance.wait("h", 20) == 40
    assert allowance.take("other", 2)
    assert allowance.take("h", 60)


def test_returned_allowance_can_be_used_again() -> None:
    allowance = RateLimit(1, 60)
    allowance.give_back("h", 0)
    assert allowance.take("h", 0)
    assert not allowance.take("h", 1)
    allowance.give_back("h", 2)
    assert allowance.take("h", 3)


def test_many_unknown_keys_use_bounded_memory() -> None:
    allowance = RateLimit(1, 60)
    for number in range(3 * REMEMBERED):
        allowance.take(str(number), 0)
    assert len(allowance._windows) == REMEMBERED

from outbox.schedule import Schedule


def test_hosts_come_up_in_the_order_of_their_times() -> None:
    schedule = Schedule()
    schedule.put("late", 9.0)
    schedule.put("early", 1.0)
    schedule.put("middle", 5.0)
    assert [schedule.pop(9.0) for _ in range(4)] == ["early", "middle", "late", None]


def test_a_host_is_not_given_out_before_its_time() -> None:
    schedule = Schedule()
    schedule.put("peer", 5.0)
    assert schedule.pop(4.9) is None
    assert schedule.next_time() == 5.0
    assert schedule.pop(5.0) == "peer"
    assert schedule.next_time() is None


def test_the_earliest_of_several_times_counts_and_only_once() -> None:
    schedule = Schedule()
    schedule.put("peer", 5.0)
    schedule.put("peer", 2.0)
    schedule.put("peer", 7.0)
    assert schedule.pop(9.0) == "peer"
    assert schedule.pop(9.0) is None


def test_a_host_may_be_put_back_after_it_was_given_out() -> None:
    schedule = Schedule()
    schedule.put("peer", 1.0)
    schedule.put("other", 2.0)
    assert schedule.pop(1.0) == "peer"
    schedule.put("peer", 8.0)
    assert schedule.pop(3.0) == "other"
    assert schedule.next_time() == 8.0

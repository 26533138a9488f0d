from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from fedcom.http.connections import ConnectionLimits, Connections, Wait


class Line:
    """A connection that can only be dropped."""

    def __init__(self) -> None:
        self.is_open = True

    def drop(self) -> None:
        self.is_open = False


def admitted(connections: Connections, wait: Wait | None, address: str = "192.0.2.1") -> Line:
    line = Line()
    assert connections.admit(line, address) is None
    connections.set_wait(line, None, wait)
    return line


def test_the_longest_waiting_connection_is_dropped_first() -> None:
    connections = Connections(ConnectionLimits(connections=3))
    first, second, third = (admitted(connections, Wait.HEAD) for _ in range(3))
    # The first one starts to wait again.
    connections.set_wait(first, Wait.HEAD, None)
    connections.set_wait(first, None, Wait.HEAD)

    admitted(connections, Wait.HEAD)

    assert (first.is_open, second.is_open, third.is_open) == (True, False, True)
    assert len(connections) == 3


def test_connections_reading_heads_are_dropped_before_bodies_and_responses() -> None:
    connections = Connections(ConnectionLimits(connections=3))
    answer = admitted(connections, Wait.ANSWER_READ)
    body = admitted(connections, Wait.BODY)
    head = admitted(connections, Wait.HEAD)

    order = []
    for _ in range(3):
        admitted(connections, None)
        order.append((head.is_open, body.is_open, answer.is_open))

    assert order == [(False, True, True), (False, False, True), (False, False, False)]


def test_a_connection_that_the_server_works_for_is_never_dropped() -> None:
    connections = Connections(ConnectionLimits(connections=1))
    working = admitted(connections, None)

    assert connections.admit(Line(), "192.0.2.2") == 503
    assert working.is_open
    connections.discard(working)
    assert connections.admit(Line(), "192.0.2.2") is None


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("192.0.2.1", "192.0.2.1", 429),
        ("192.0.2.1", "192.0.2.2", None),
        ("2001:db8::1", "2001:db8::2", 429),
        ("2001:db8::1", "2001:db8:0:1::1", None),
        ("127.0.0.1", "127.0.0.1", None),  # the proxy
        ("", "", None),  # a Unix socket, so a proxy too
    ],
)
def test_one_client_gets_only_so_many(first: str, second: str, status: int | None) -> None:
    proxies = (ip_network("127.0.0.1/32"),)
    connections = Connections(ConnectionLimits(per_client=1, trusted_proxies=proxies))
    line = admitted(connections, Wait.HEAD, first)

    assert connections.admit(Line(), second) == status
    connections.discard(line)
    assert connections.admit(Line(), first) is None


def test_one_body_too_many_ends_the_oldest() -> None:
    connections = Connections(ConnectionLimits(bodies=2))
    first, second, third = (admitted(connections, Wait.BODY) for _ in range(3))

    assert (first.is_open, second.is_open, third.is_open) == (False, True, True)


def test_a_dropped_connection_is_not_counted_again() -> None:
    connections = Connections(ConnectionLimits(connections=1))
    dropped = admitted(connections, Wait.HEAD)
    admitted(connections, None)
    connections.set_wait(dropped, Wait.HEAD, Wait.ANSWER_READ)

    assert connections.admit(Line(), "192.0.2.2") == 503
    connections.discard(dropped)
    assert len(connections) == 1


def test_a_flood_is_one_line_in_the_log() -> None:
    connections = Connections(ConnectionLimits(connections=1))
    with capture_logs() as lines:
        for _ in range(100):
            admitted(connections, Wait.HEAD)

    assert [line["event"] for line in lines] == ["too_many_connections"]


def test_the_limits_follow_from_the_number_of_connections() -> None:
    limits = ConnectionLimits.for_connections(1000, ())
    small = ConnectionLimits.for_connections(20, ())

    assert (limits.connections, limits.per_client, limits.bodies) == (1000, 100, 250)
    assert (small.connections, small.per_client, small.bodies) == (20, 20, 20)

"""Stored data about other servers, and which of them are blocked."""

import pytest
from sqlalchemy import insert

from activitypub.nodeinfo import Software
from fedcom.errors import Invalid
from fedcom.remote.peers import (
    blocked_among,
    find_block,
    find_peer,
    is_fresh,
    normalise_host,
    put_peer,
    skipped_among,
)
from fedcom.site.instances import block_instance
from outbox.deliveries import peers
from tests.support.people import Home

HOST = "peer.example"


def test_the_last_nodeinfo_of_a_peer_is_kept(home: Home) -> None:
    for software in (Software("lemmy", "0.19"), None, Software("mbin", "1")):
        home(lambda ctx, software=software: put_peer(ctx.conn, HOST, software, ctx.now))
        home.clock.advance(seconds=1)

    found = home(lambda ctx: find_peer(ctx.conn, HOST))
    assert found is not None
    assert (found.software, found.version, found.reached) == ("mbin", "1", True)


def test_a_failed_request_keeps_the_stored_peer(home: Home) -> None:
    home(lambda ctx: put_peer(ctx.conn, HOST, Software("lemmy", "0.19"), ctx.now))
    home(lambda ctx: put_peer(ctx.conn, HOST, None, ctx.now))

    found = home(lambda ctx: find_peer(ctx.conn, HOST))
    assert found is not None
    assert (found.software, found.reached) == ("lemmy", True)


@pytest.mark.parametrize(
    ("software", "hours", "fresh"),
    [
        (Software("lemmy", "1"), 71, True),
        (Software("lemmy", "1"), 73, False),
        (None, 0.9, True),
        (None, 1.1, False),
    ],
)
def test_a_peer_is_requested_again_after_days_and_a_failed_one_after_an_hour(
    home: Home, software: Software | None, hours: float, fresh: bool
) -> None:
    home(lambda ctx: put_peer(ctx.conn, HOST, software, ctx.now))
    home.clock.advance(hours=hours)

    found = home(lambda ctx: find_peer(ctx.conn, HOST))
    assert is_fresh(found, home.clock()) is fresh
    assert not is_fresh(None, home.clock())


@pytest.mark.parametrize(
    ("host", "blocked"),
    [
        ("evil.example", True),
        ("sub.evil.example", True),
        ("a.b.evil.example", True),
        ("evil.example:8443", True),
        ("notevil.example", False),
        ("evil.example.org", False),
        ("example", False),
    ],
)
def test_a_block_covers_a_host_and_what_is_below_it(home: Home, host: str, blocked: bool) -> None:
    home(lambda ctx: block_instance(ctx, "evil.example", "spam"))

    assert (home(lambda ctx: find_block(ctx.conn, host)) is not None) is blocked
    assert home(lambda ctx: blocked_among(ctx.conn, [host])) == ({host} if blocked else set())


def test_nothing_is_blocked_at_first(home: Home) -> None:
    assert home(lambda ctx: blocked_among(ctx.conn, [HOST])) == set()


def test_nothing_new_is_sent_to_hosts_that_are_blocked_or_gone(home: Home) -> None:
    home(lambda ctx: block_instance(ctx, "evil.example", "spam"))
    gone = insert(peers).values(host="gone.example", gone=True)
    home(lambda ctx: ctx.conn.execute(gone))
    hosts = [HOST, "sub.evil.example", "gone.example", "sub.gone.example"]

    assert home(lambda ctx: skipped_among(ctx.conn, hosts)) == {"sub.evil.example", "gone.example"}


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("peer.example", "peer.example"),
        (" Peer.Example. ", "peer.example"),
        ("https://peer.example/c/cats", "peer.example"),
        ("@ann@peer.example", "peer.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1:8001", "127.0.0.1:8001"),
        ("localhost:8001", "localhost:8001"),
        ("peer.example:443", "peer.example"),
    ],
)
def test_a_host_is_written_as_it_stands_in_ids(given, host):
    assert normalise_host(given) == host


@pytest.mark.parametrize(
    "given", ["", "   ", "example", "a b.example", "*.example", "peer_example", "a..b", "x" * 300]
)
def test_an_invalid_host_is_refused(given):
    with pytest.raises(Invalid) as caught:
        normalise_host(given)
    assert caught.value.code == "host_invalid"

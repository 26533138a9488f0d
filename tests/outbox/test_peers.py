import random

import pytest
from sqlalchemy import literal, select

from activitypub.iri import host_of
from outbox import claims, peers
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.deliveries import deliveries
from outbox.peers import FIRST_PAUSE, JITTER, LONGEST_PAUSE, MONTH, REST_AFTER, PeerHealth
from tests.outbox.world import World, inbox

RNG = random.Random(7)
BUSY = AttemptOutcome(AnswerKind.BUSY, 503, "overloaded")
TAKEN = AttemptOutcome(AnswerKind.DELIVERED, 202)
HOST = host_of(inbox(1))


def _after(
    peer: PeerHealth, outcome: AttemptOutcome, *, started_at: float, now: float | None = None
) -> PeerHealth:
    return peers.after(peer, outcome, started_at=started_at, now=now or started_at + 0.1, rng=RNG)


def _failing(times: int, *, since: float = 1000.0) -> PeerHealth:
    peer = PeerHealth(HOST)
    for number in range(times):
        peer = _after(peer, BUSY, started_at=since + 10_000 * number)
    return peer


def test_a_few_failures_are_no_reason_to_rest() -> None:
    peer = _failing(REST_AFTER - 1)
    assert peer.failures == REST_AFTER - 1
    assert not peer.is_probed
    assert peer.resting_until is None
    assert (peer.last_status, peer.last_answer) == (503, "overloaded")


def test_more_failures_make_it_rest_and_each_pause_is_longer() -> None:
    pauses = []
    for times in range(REST_AFTER, REST_AFTER + 12):
        peer = _failing(times)
        assert peer.resting_until is not None
        assert peer.last_failure is not None
        pauses.append(peer.resting_until - peer.last_failure)
    assert pauses[0] == pytest.approx(FIRST_PAUSE, rel=JITTER)
    assert pauses[3] == pytest.approx(8 * FIRST_PAUSE, rel=JITTER)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE, rel=JITTER)


@pytest.mark.parametrize(
    "outcome",
    [
        TAKEN,
        AttemptOutcome(AnswerKind.GONE, 410),
        AttemptOutcome(AnswerKind.REJECTED, 403),
        AttemptOutcome(AnswerKind.UNAUTHORIZED, 401),
    ],
)
def test_any_answer_but_busy_ends_the_rest(outcome: AttemptOutcome) -> None:
    peer = _after(_failing(9), outcome, started_at=1e6)
    assert peer.failures == 0
    assert peer.failing_since is None
    assert peer.resting_until is None
    assert peer.last_status == outcome.status
    assert (peer.last_success is not None) == (outcome is TAKEN)


@pytest.mark.parametrize(
    "outcome", [AttemptOutcome(AnswerKind.OURS), AttemptOutcome(AnswerKind.REJECTED)]
)
def test_an_attempt_that_never_reached_the_peer_does_not_count(outcome: AttemptOutcome) -> None:
    peer = _failing(4)
    assert _after(peer, outcome, started_at=1e6) is peer


def test_requests_cut_off_together_are_one_failure() -> None:
    peer = _after(PeerHealth(HOST), BUSY, started_at=100.0, now=101.0)
    for _ in range(5):
        peer = _after(peer, BUSY, started_at=100.5, now=101.2)
    assert peer.failures == 1
    assert peer.last_failure == 101.0


def test_retry_after_makes_the_whole_peer_rest() -> None:
    peer = _after(
        PeerHealth(HOST),
        AttemptOutcome(AnswerKind.BUSY, 429, "", 60.0),
        started_at=100.0,
        now=101.0,
    )
    assert peer.resting_until == 161.0
    assert not peer.is_probed


def test_an_earlier_success_does_not_end_retry_after() -> None:
    peer = _after(
        PeerHealth(HOST),
        AttemptOutcome(AnswerKind.BUSY, 429, "", 60.0),
        started_at=100.0,
        now=101.0,
    )
    peer = _after(peer, TAKEN, started_at=100.5, now=101.5)
    assert peer.resting_until == 161.0
    assert peer.failures == 1
    assert peer.last_success == 101.5


def test_a_shorter_retry_after_does_not_shorten_the_rest() -> None:
    peer = _after(
        PeerHealth(HOST),
        AttemptOutcome(AnswerKind.BUSY, 429, "", 60.0),
        started_at=100.0,
        now=101.0,
    )
    peer = _after(peer, AttemptOutcome(AnswerKind.BUSY, 429, "", 5.0), started_at=100.5, now=102.0)
    assert peer.resting_until == 161.0


def test_a_month_of_failures_means_gone_and_one_success_means_back() -> None:
    peer = _after(_failing(1, since=0.0), BUSY, started_at=MONTH)
    assert not _failing(5).gone
    assert peer.gone
    assert _after(peer, BUSY, started_at=MONTH + 10).gone
    assert not _after(peer, TAKEN, started_at=MONTH + 10).gone


def _store(world: World, *found: PeerHealth) -> None:
    with world.db.begin() as conn:
        bounds = claims.Bounds(4, 0, 60)  # creates the rows and claims nothing
        hosts = [peer.host for peer in found]
        claims.claim(conn, hosts, bounds=bounds, worker="w", now=0.0)
        peers.put(conn, found)


def test_health_is_stored_as_it_is(world: World) -> None:
    stored = [
        PeerHealth("a.example", 3, 1.0, 2.0, 3.0, 4.0, 503, "text", gone=True),
        PeerHealth("b.example", last_success=9.0, last_status=202),
        PeerHealth("c.example", last_success=9.0, last_status=200),
        PeerHealth("d.example", last_status=404, last_answer=""),
    ]
    _store(world, *stored)
    with world.db.begin() as conn:
        found = peers.lock(conn, ["d.example", "c.example", "b.example", "a.example", "e.example"])
    assert list(found.values()) == [*stored, PeerHealth("e.example")]


def test_the_health_of_all_peers_is_listed(world: World) -> None:
    stored = _failing(REST_AFTER), PeerHealth("well.example", last_success=9.0, last_status=202)
    _store(world, *stored)

    with world.db.begin() as conn:
        assert peers.list_attempts(conn) == {
            one.host: (one.failures, one.resting_until, one.last_success, one.last_failure)
            for one in stored
        }


def test_gone_hosts_are_listed(world: World) -> None:
    _store(world, PeerHealth("here.example"), PeerHealth("away.example", failures=50, gone=True))
    with world.db.connect() as conn:
        assert set(conn.scalars(peers.GONE_HOSTS)) == {"away.example"}


def test_a_host_is_failing_until_it_sends_something(world: World) -> None:
    _store(world, PeerHealth("here.example"), PeerHealth(HOST, failures=1, failing_since=1.0))
    with world.db.begin() as conn:

        def is_failing(host: str) -> bool:
            return conn.scalars(select(peers.is_failing(literal(host)))).one()

        assert not is_failing("here.example")
        assert not is_failing("unknown.example")
        assert is_failing(HOST)
        assert peers.mark_reachable(conn, HOST, world.now())
        assert not is_failing(HOST)


def test_a_host_that_sends_something_is_released_with_its_backlog(world: World) -> None:
    world.publish([inbox(1)])
    world.publish([inbox(2)])
    _store(world, PeerHealth(HOST, failures=9, failing_since=1.0, resting_until=1e12, gone=True))
    with world.db.begin() as conn:
        conn.execute(deliveries.update().values(due_at=1e11))
        assert peers.mark_reachable(conn, HOST, 77.0)
        assert peers.lock(conn, [HOST])[HOST] == PeerHealth(HOST)
        assert conn.execute(select(deliveries.c.due_at).order_by(deliveries.c.id)).all() == [
            (77.0,),
            (1e11,),
        ]


@pytest.mark.parametrize("peer", [None, PeerHealth(HOST, last_success=1.0, last_status=202)])
def test_requests_from_a_healthy_or_unknown_host_change_nothing(
    world: World, peer: PeerHealth | None
) -> None:
    if peer is not None:
        _store(world, peer)
    with world.db.begin() as conn:
        assert not peers.mark_reachable(conn, HOST, 77.0)

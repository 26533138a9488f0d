"""Which signature a peer is knocked with, first and second."""

from activitypub.signature_profiles import REMEMBERED, SignatureProfiles
from tests.support.clock import SettableClock


def test_an_unknown_peer_gets_draft_cavage_first(clock: SettableClock) -> None:
    assert SignatureProfiles(clock).first("peer.example") == "cavage"


def test_the_accepted_signature_is_used_first_from_then_on(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    assert profiles.second("peer.example") == "rfc9421"
    profiles.took("peer.example", "rfc9421")
    assert profiles.first("peer.example") == "rfc9421"
    assert profiles.first("other.example") == "cavage"


def test_a_peer_that_refuses_both_is_retried_once_a_day(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    assert profiles.second("peer.example") == "rfc9421"
    clock.advance(seconds=86_399)
    assert profiles.second("peer.example") is None
    clock.advance(seconds=2)
    assert profiles.second("peer.example") == "rfc9421"


def test_a_peer_that_returns_to_the_old_signature_is_handled(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    profiles.second("peer.example")
    profiles.took("peer.example", "rfc9421")
    clock.advance(seconds=90_000)
    assert profiles.second("peer.example") == "cavage"


def test_memory_is_bounded(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    profiles.second("first.example")
    profiles.took("first.example", "rfc9421")
    for number in range(REMEMBERED):
        profiles.second(f"{number}.example")
    assert profiles.first("first.example") == "cavage"


def test_ed25519_is_used_while_the_peer_asks_for_it(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    assert not profiles.takes_ed25519("peer.example")
    profiles.answered("peer.example", requests_ed25519=True)
    assert profiles.takes_ed25519("peer.example")
    assert not profiles.takes_ed25519("other.example")
    profiles.answered("peer.example", requests_ed25519=False)
    assert not profiles.takes_ed25519("peer.example")


def test_after_a_refusal_ed25519_is_not_used_for_a_day(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    profiles.refused_ed25519("peer.example")
    profiles.answered("peer.example", requests_ed25519=True)
    clock.advance(seconds=86_399)
    assert not profiles.takes_ed25519("peer.example")
    clock.advance(seconds=2)
    assert profiles.takes_ed25519("peer.example")


def test_nothing_is_remembered_of_a_peer_that_does_not_ask(clock: SettableClock) -> None:
    profiles = SignatureProfiles(clock)
    profiles.answered("asks.example", requests_ed25519=True)
    for number in range(REMEMBERED):
        profiles.answered(f"{number}.example", requests_ed25519=False)
    assert profiles.takes_ed25519("asks.example")
    for number in range(REMEMBERED):
        profiles.answered(f"{number}.example", requests_ed25519=True)
    assert not profiles.takes_ed25519("asks.example")

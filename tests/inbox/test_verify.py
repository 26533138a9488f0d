import asyncio
from datetime import timedelta

import pytest

from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    FetchRefused,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    SignatureInvalid,
    TooBig,
    Unreachable,
)
from activitypub.signatures.keys import PrivateKey, PublicKey
from activitypub.signatures.request import SignedRequest, key_id_of, sign
from inbox.errors import Later, Refused
from inbox.throttle import BoundedCache
from inbox.verify import (
    LOOKUPS_AT_ONCE_OF_ONE,
    LOOKUPS_PER_MINUTE,
    RELAYS_PER_MINUTE,
    KeyGone,
    Verdict,
    Verifier,
)
from tests.inbox.peers import (
    ANN,
    BOB,
    INBOX,
    OTHER_PUBLIC_PEM,
    OUR_HOST,
    Keyring,
    other_private_key,
    private_key,
    public_key,
)
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio

ANN_KEY = f"{ANN}#main-key"
SENDER, ANOTHER = "192.0.2.7", "192.0.2.8"


class VerifierSetup:
    """A verifier, and requests for it."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.keys = Keyring()
        self.keys.publish(ANN, BOB)
        self.verifier = Verifier(self.keys, hosts=frozenset({OUR_HOST}), clock=clock)

    def request(self, key: PrivateKey, *, broken: bool = False) -> SignedRequest:
        headers = sign("POST", INBOX, b"{}", key, self.clock())
        pairs = tuple((name.lower(), value) for name, value in headers.items())
        return SignedRequest("POST", "/other" if broken else "/inbox", pairs, b"{}")

    async def verify(
        self,
        key: PrivateKey | str = ANN_KEY,
        *,
        actor: str = ANN,
        sender: str = SENDER,
        broken: bool = False,
    ) -> Verdict:
        key = private_key(key) if isinstance(key, str) else key
        request = self.request(key, broken=broken)
        return await self.verifier.verify(request, key_id_of(request), actor=actor, sender=sender)

    async def answer(
        self, key: PrivateKey | str = ANN_KEY, *, sender: str = SENDER, broken: bool = False
    ) -> str:
        """ "ok", or the code of the refusal."""
        try:
            await self.verify(key, sender=sender, broken=broken)
        except (SignatureInvalid, Refused, Later) as error:
            return error.code
        return "ok"


@pytest.fixture
def verifier_setup(clock: SettableClock) -> VerifierSetup:
    return VerifierSetup(clock)


async def test_the_signer_is_the_owner_of_the_key(verifier_setup: VerifierSetup) -> None:
    now = verifier_setup.clock().timestamp()
    assert await verifier_setup.verify() == Verdict(ANN, authenticated=True, signed_at=now)
    assert await verifier_setup.verify(f"{BOB}#main-key") == Verdict(
        BOB, authenticated=False, signed_at=now
    )


async def test_a_stored_key_is_not_fetched_again(verifier_setup: VerifierSetup) -> None:
    for _ in range(3):
        await verifier_setup.verify()
    assert verifier_setup.keys.fetched == [ANN_KEY]
    assert verifier_setup.verifier.has_seen(ANN_KEY)


async def test_a_changed_key_is_fetched_once_more_and_the_old_one_stops_working(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    verifier_setup.keys.origin[ANN_KEY] = public_key(ANN, OTHER_PUBLIC_PEM)
    assert (await verifier_setup.verify(other_private_key(ANN_KEY))).authenticated
    assert verifier_setup.keys.fetched == [ANN_KEY, ANN_KEY]
    assert await verifier_setup.answer() == "signature_mismatch"


async def test_a_key_that_fits_neither_before_nor_after_is_refused(
    verifier_setup: VerifierSetup,
) -> None:
    verifier_setup.keys.stored[ANN_KEY] = public_key(ANN, OTHER_PUBLIC_PEM)
    assert await verifier_setup.answer(broken=True) == "signature_mismatch"
    assert verifier_setup.keys.fetched == [ANN_KEY]


async def test_a_thousand_forgeries_under_one_key_cause_few_fetches(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    for _ in range(1000):
        assert await verifier_setup.answer(broken=True) == "signature_mismatch"
    assert len(verifier_setup.keys.fetched) == 2
    assert await verifier_setup.answer() == "ok"


async def test_a_key_is_fetched_again_after_a_minute(verifier_setup: VerifierSetup) -> None:
    for _ in range(2):
        await verifier_setup.answer(broken=True)
    fetched = len(verifier_setup.keys.fetched)
    verifier_setup.clock.advance(seconds=61)
    await verifier_setup.answer(broken=True)
    assert len(verifier_setup.keys.fetched) == fetched + 1


async def test_a_wrong_time_or_digest_is_no_reason_to_fetch_a_key_again(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    request = verifier_setup.request(private_key(ANN_KEY))
    verifier_setup.clock.advance(hours=3)
    with pytest.raises(SignatureInvalid, match="signature_time"):
        await verifier_setup.verifier.verify(request, ANN_KEY, actor=ANN, sender=SENDER)
    assert verifier_setup.keys.fetched == [ANN_KEY]


async def test_a_thousand_unknown_keys_of_one_host_cause_few_fetches(
    verifier_setup: VerifierSetup,
) -> None:
    answers = [
        await verifier_setup.answer(f"https://peer.example/u/nobody{number}#main-key")
        for number in range(1000)
    ]
    assert len(verifier_setup.keys.fetched) == LOOKUPS_PER_MINUTE
    assert answers[0] == "key_not_usable"
    assert answers[-1] == "key_budget_spent"


async def test_a_thousand_unknown_keys_at_once_cause_few_fetches_and_few_at_a_time(
    verifier_setup: VerifierSetup,
) -> None:
    verifier_setup.keys.seconds = 0.001
    await asyncio.gather(
        *(
            verifier_setup.answer(f"https://peer.example/u/nobody{number}#main-key")
            for number in range(1000)
        )
    )
    assert len(verifier_setup.keys.fetched) == LOOKUPS_PER_MINUTE
    assert verifier_setup.keys.most == LOOKUPS_AT_ONCE_OF_ONE
    assert not len(verifier_setup.verifier._turns)


async def test_forgeries_under_many_real_keys_are_counted_too(
    verifier_setup: VerifierSetup,
) -> None:
    people = [f"https://peer.example/u/p{number}" for number in range(LOOKUPS_PER_MINUTE)]
    verifier_setup.keys.publish(*people)
    for person in people:
        await verifier_setup.answer(f"{person}#main-key", broken=True)
    assert len(verifier_setup.keys.fetched) == LOOKUPS_PER_MINUTE


async def test_many_valid_new_actors_of_one_host_are_all_accepted(
    verifier_setup: VerifierSetup,
) -> None:
    people = [f"https://peer.example/u/p{number}" for number in range(50)]
    verifier_setup.keys.publish(*people)
    verdicts = await asyncio.gather(
        *(verifier_setup.verify(f"{person}#main-key", actor=person) for person in people)
    )
    assert all(verdict.authenticated for verdict in verdicts)


async def test_unknown_keys_count_against_the_sender_not_the_named_host(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    carl, dora = "https://peer.example/u/carl", "https://peer.example/u/dora"
    verifier_setup.keys.publish(carl, dora)
    for number in range(LOOKUPS_PER_MINUTE):
        await verifier_setup.answer(f"https://peer.example/u/nobody{number}#main-key")

    assert await verifier_setup.answer() == "ok"  # a known key costs nothing
    assert await verifier_setup.answer(f"{carl}#main-key") == "key_budget_spent"
    assert (
        await verifier_setup.verify(f"{carl}#main-key", actor=carl, sender=ANOTHER)
    ).authenticated

    verifier_setup.clock.advance(seconds=60)
    assert (await verifier_setup.verify(f"{dora}#main-key", actor=dora)).authenticated


async def test_invented_keys_of_a_known_actor_count_against_the_sender(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    for number in range(LOOKUPS_PER_MINUTE + 5):
        await verifier_setup.answer(f"{ANN}/k{number}#k")
    assert len(verifier_setup.keys.fetched) == 1 + LOOKUPS_PER_MINUTE

    verifier_setup.keys.origin[ANN_KEY] = public_key(ANN, OTHER_PUBLIC_PEM)
    assert (await verifier_setup.verify(other_private_key(ANN_KEY), sender=ANOTHER)).authenticated


async def test_concurrent_requests_for_one_new_key_cause_few_fetches(
    verifier_setup: VerifierSetup,
) -> None:
    verifier_setup.keys.seconds = 0.01
    await asyncio.gather(*(verifier_setup.verify() for _ in range(100)))
    assert len(verifier_setup.keys.fetched) == LOOKUPS_AT_ONCE_OF_ONE


async def test_forgeries_do_not_refresh_a_key_when_their_sender_has_spent_its_lookups(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    for number in range(LOOKUPS_PER_MINUTE):
        await verifier_setup.answer(f"https://peer.example/u/nobody{number}#main-key")
    fetched = len(verifier_setup.keys.fetched)
    assert await verifier_setup.answer(broken=True) == "signature_mismatch"
    assert len(verifier_setup.keys.fetched) == fetched


FAILURES: list[tuple[FetchFailed | Malformed, type[Exception], str]] = [
    (Unreachable("timeout", "No answer."), Later, "key_unreachable"),
    (BudgetSpent("budget", "Enough."), Later, "key_unreachable"),
    (NotThere("not_there", "404"), Refused, "key_not_usable"),
    (FetchRefused("refused", "403"), Refused, "key_not_usable"),
    (TooBig("too_big", "Too big."), Refused, "key_not_usable"),
    (PrivateAddress("private", "Private."), Refused, "key_not_usable"),
    (Malformed("key_type", "No RSA."), Refused, "key_not_usable"),
    (Gone("gone", "410"), KeyGone, "key_gone"),
]


@pytest.mark.parametrize(
    ("error", "kind", "code"), FAILURES, ids=[type(row[0]).__name__ for row in FAILURES]
)
async def test_the_reason_for_a_missing_key_is_reported_and_cached(
    verifier_setup: VerifierSetup, error: Exception, kind: type[Exception], code: str
) -> None:
    verifier_setup.keys.origin[ANN_KEY] = error
    for _ in range(5):
        with pytest.raises(kind) as caught:
            await verifier_setup.verify()
        assert getattr(caught.value, "code", "") == code
    assert verifier_setup.keys.fetched == [ANN_KEY]
    verifier_setup.clock.advance(seconds=301)
    verifier_setup.keys.publish(ANN)
    assert await verifier_setup.answer() == "ok"


@pytest.mark.parametrize(
    ("wish", "wait"), [(None, 30.0), (1.0, 30.0), (120.0, 120.0), (86_400.0, 300.0)]
)
async def test_retry_after_of_a_key_server_is_respected(
    verifier_setup: VerifierSetup, wish: float | None, wait: float
) -> None:
    verifier_setup.keys.origin[ANN_KEY] = Unreachable("busy", "Busy.", retry_after=wish)
    with pytest.raises(Later) as caught:
        await verifier_setup.verify()
    assert caught.value.after == wait
    verifier_setup.keys.publish(ANN)
    verifier_setup.clock.advance(seconds=wait - 1)
    assert await verifier_setup.answer() == "key_unreachable"
    verifier_setup.clock.advance(seconds=1)
    assert await verifier_setup.answer() == "ok"


async def test_a_stored_key_that_is_too_weak_is_not_usable(verifier_setup: VerifierSetup) -> None:
    verifier_setup.keys.stored[ANN_KEY] = PublicKey(ANN_KEY, ANN, "no pem")
    assert await verifier_setup.answer() == "key_not_usable"


async def test_a_key_on_another_host_than_its_owner_proves_nothing(
    verifier_setup: VerifierSetup,
) -> None:
    verifier_setup.keys.stored[ANN_KEY] = PublicKey(
        ANN_KEY, "https://victim.example/u/v", public_key(ANN).pem
    )
    with pytest.raises(SignatureInvalid, match="key_on_other_host"):
        await verifier_setup.verify(actor="https://victim.example/u/v")


async def test_a_known_key_that_goes_is_found_gone_when_a_signature_does_not_fit(
    verifier_setup: VerifierSetup,
) -> None:
    await verifier_setup.verify()
    verifier_setup.keys.origin[ANN_KEY] = Gone("gone", "410")
    with pytest.raises(KeyGone):
        await verifier_setup.verify(broken=True)
    assert not verifier_setup.verifier.has_seen(ANN_KEY)


async def test_waiting_too_long_for_a_slot_is_answered_503(
    verifier_setup: VerifierSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender waits behind its own look-ups first, and behind those of others if all slots are
    taken.
    """
    monkeypatch.setattr("inbox.verify.TURN_SECONDS", 0.01)
    verifier_setup.keys.seconds = 60
    hanging = [
        asyncio.create_task(
            verifier_setup.answer(f"https://peer.example/u/n{number}#k", sender=sender)
        )
        for sender in (SENDER, ANOTHER)
        for number in range(LOOKUPS_AT_ONCE_OF_ONE)
    ]
    await asyncio.sleep(0)
    assert await verifier_setup.answer("https://peer.example/u/late#k") == "key_queue_full"
    assert (
        await verifier_setup.answer("https://peer.example/u/l#k", sender="192.0.2.9")
        == "key_queue_full"
    )
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert not len(verifier_setup.verifier._turns)


async def test_the_cache_of_unknown_actors_is_bounded(
    verifier_setup: VerifierSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier_setup.verifier._failures = BoundedCache(5)
    for number in range(20):
        await verifier_setup.answer(f"https://h{number}.example/u/a#main-key")
    assert len(verifier_setup.verifier._failures) == 5


async def test_relays_are_counted_for_each_payer(verifier_setup: VerifierSetup) -> None:
    for _ in range(RELAYS_PER_MINUTE):
        verifier_setup.verifier.take_relay("other.example")
    with pytest.raises(Later) as caught:
        verifier_setup.verifier.take_relay("other.example")
    assert caught.value.code == "relay_budget_spent"
    verifier_setup.verifier.take_relay("peer.example")
    verifier_setup.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    verifier_setup.verifier.take_relay("other.example")

import asyncio
from datetime import timedelta

import pytest

from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    Refused as FetchRefused,
    SignatureInvalid,
    TooBig,
    Unreachable,
)
from activitypub.signatures.keys import PrivateKey, PublicKey
from activitypub.signatures.request import SignedRequest, key_id_of, sign
from inbox.errors import Later, Refused
from inbox.throttle import Memory
from inbox.verify import KeyGone, Verdict, Verifier
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


class Door:
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
        known: bool = False,
        broken: bool = False,
    ) -> Verdict:
        key = private_key(key) if isinstance(key, str) else key
        request = self.request(key, broken=broken)
        return await self.verifier.verify(request, key_id_of(request), actor=actor, known=known)

    async def answer(self, key: PrivateKey | str = ANN_KEY, *, broken: bool = False) -> str:
        """ "ok", or the code of the refusal."""
        try:
            await self.verify(key, broken=broken)
        except (SignatureInvalid, Refused, Later) as error:
            return error.code
        return "ok"


@pytest.fixture
def door(clock: SettableClock) -> Door:
    return Door(clock)


async def test_the_signer_is_the_owner_of_the_key(door: Door) -> None:
    assert await door.verify() == Verdict(signer=ANN, authenticated=True)
    assert await door.verify(f"{BOB}#main-key") == Verdict(signer=BOB, authenticated=False)


async def test_a_stored_key_is_not_fetched_again(door: Door) -> None:
    for _ in range(3):
        await door.verify()
    assert door.keys.fetched == [ANN_KEY]
    assert door.verifier.has_seen(ANN_KEY)


async def test_a_changed_key_is_fetched_once_more_and_the_old_one_stops_working(
    door: Door,
) -> None:
    await door.verify()
    door.keys.origin[ANN_KEY] = public_key(ANN, OTHER_PUBLIC_PEM)
    assert (await door.verify(other_private_key(ANN_KEY))).authenticated
    assert door.keys.fetched == [ANN_KEY, ANN_KEY]
    assert await door.answer() == "signature_mismatch"


async def test_a_key_that_fits_neither_before_nor_after_is_refused(door: Door) -> None:
    door.keys.stored[ANN_KEY] = public_key(ANN, OTHER_PUBLIC_PEM)
    assert await door.answer(broken=True) == "signature_mismatch"
    assert door.keys.fetched == [ANN_KEY]


async def test_a_thousand_forgeries_under_one_key_cause_few_fetches(door: Door) -> None:
    await door.verify()
    for _ in range(1000):
        assert await door.answer(broken=True) == "signature_mismatch"
    assert len(door.keys.fetched) == 2
    assert await door.answer() == "ok"


async def test_a_key_is_asked_for_anew_when_a_minute_is_over(door: Door) -> None:
    for _ in range(2):
        await door.answer(broken=True)
    fetched = len(door.keys.fetched)
    door.clock.advance(seconds=61)
    await door.answer(broken=True)
    assert len(door.keys.fetched) == fetched + 1


async def test_a_wrong_time_or_digest_is_no_reason_to_fetch_a_key_again(door: Door) -> None:
    await door.verify()
    request = door.request(private_key(ANN_KEY))
    door.clock.advance(hours=3)
    with pytest.raises(SignatureInvalid, match="signature_time"):
        await door.verifier.verify(request, ANN_KEY, actor=ANN, known=False)
    assert door.keys.fetched == [ANN_KEY]


async def test_a_thousand_unknown_keys_of_one_host_cause_few_fetches(door: Door) -> None:
    answers = [
        await door.answer(f"https://peer.example/u/nobody{number}#main-key")
        for number in range(1000)
    ]
    assert len(door.keys.fetched) == 10
    assert answers[0] == "key_not_usable"
    assert answers[-1] == "key_budget_spent"


async def test_a_thousand_unknown_keys_at_once_cause_few_fetches_and_few_at_a_time(
    door: Door,
) -> None:
    door.keys.seconds = 0.001
    await asyncio.gather(
        *(door.answer(f"https://peer.example/u/nobody{number}#main-key") for number in range(1000))
    )
    assert len(door.keys.fetched) == 10
    assert door.keys.most == 4
    assert not door.verifier._turns._doors


async def test_forgeries_under_many_real_keys_are_counted_too(door: Door) -> None:
    people = [f"https://peer.example/u/p{number}" for number in range(50)]
    door.keys.publish(*people)
    for person in people:
        await door.answer(f"{person}#main-key", broken=True)
    assert len(door.keys.fetched) == 10


async def test_many_honest_newcomers_of_one_host_are_all_heard(door: Door) -> None:
    people = [f"https://peer.example/u/p{number}" for number in range(50)]
    door.keys.publish(*people)
    verdicts = await asyncio.gather(
        *(door.verify(f"{person}#main-key", actor=person) for person in people)
    )
    assert all(verdict.authenticated for verdict in verdicts)


async def test_a_flood_of_unknown_keys_does_not_silence_those_we_know(door: Door) -> None:
    await door.verify()
    carl = "https://peer.example/u/carl"
    door.keys.publish(carl)
    for number in range(20):
        await door.answer(f"https://peer.example/u/nobody{number}#main-key")
    assert await door.answer() == "ok"
    assert (await door.verify(f"{carl}#main-key", actor=carl, known=True)).authenticated
    assert await door.answer("https://peer.example/u/new#main-key") == "key_budget_spent"
    door.clock.advance(seconds=60)
    assert await door.answer("https://peer.example/u/new#main-key") == "key_not_usable"


async def test_one_new_key_asked_for_at_once_is_fetched_few_times(door: Door) -> None:
    door.keys.seconds = 0.01
    await asyncio.gather(*(door.verify() for _ in range(100)))
    assert len(door.keys.fetched) == 4


async def test_forgeries_do_not_refresh_a_key_when_its_host_was_asked_enough(
    door: Door,
) -> None:
    await door.verify()
    for number in range(20):
        await door.answer(f"https://peer.example/u/nobody{number}#main-key")
    fetched = len(door.keys.fetched)
    assert await door.answer(broken=True) == "signature_mismatch"
    assert len(door.keys.fetched) == fetched


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
async def test_why_a_key_was_not_to_be_had_is_told_and_remembered(
    door: Door, error: Exception, kind: type[Exception], code: str
) -> None:
    door.keys.origin[ANN_KEY] = error
    for _ in range(5):
        with pytest.raises(kind) as caught:
            await door.verify()
        assert getattr(caught.value, "code", "") == code
    assert door.keys.fetched == [ANN_KEY]
    door.clock.advance(seconds=301)
    door.keys.publish(ANN)
    assert await door.answer() == "ok"


@pytest.mark.parametrize(
    ("wish", "wait"), [(None, 30.0), (1.0, 30.0), (120.0, 120.0), (86_400.0, 300.0)]
)
async def test_an_origin_that_asks_for_time_is_given_some(
    door: Door, wish: float | None, wait: float
) -> None:
    door.keys.origin[ANN_KEY] = Unreachable("busy", "Busy.", retry_after=wish)
    with pytest.raises(Later) as caught:
        await door.verify()
    assert caught.value.after == wait
    door.keys.publish(ANN)
    door.clock.advance(seconds=wait - 1)
    assert await door.answer() == "key_unreachable"
    door.clock.advance(seconds=1)
    assert await door.answer() == "ok"


async def test_a_stored_key_that_is_too_weak_is_not_usable(door: Door) -> None:
    door.keys.stored[ANN_KEY] = PublicKey(ANN_KEY, ANN, "no pem")
    assert await door.answer() == "key_not_usable"


async def test_a_key_on_another_host_than_its_owner_proves_nothing(door: Door) -> None:
    door.keys.stored[ANN_KEY] = PublicKey(
        ANN_KEY, "https://victim.example/u/v", public_key(ANN).pem
    )
    with pytest.raises(SignatureInvalid, match="key_on_other_host"):
        await door.verify(actor="https://victim.example/u/v")


async def test_a_known_key_that_goes_is_found_gone_when_a_signature_does_not_fit(
    door: Door,
) -> None:
    await door.verify()
    door.keys.origin[ANN_KEY] = Gone("gone", "410")
    with pytest.raises(KeyGone):
        await door.verify(broken=True)
    assert not door.verifier.has_seen(ANN_KEY)


async def test_who_waits_too_long_for_a_turn_is_told_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.verify.TURN_SECONDS", 0.01)
    door.keys.seconds = 60
    hanging = [
        asyncio.create_task(door.answer(f"https://peer.example/u/n{number}#k"))
        for number in range(4)
    ]
    await asyncio.sleep(0.005)
    assert await door.answer("https://peer.example/u/late#k") == "key_queue_full"
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert not door.verifier._turns._doors
    assert not door.verifier._turns._visitors


async def test_memory_of_strangers_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.verifier._failures = Memory(5)
    for number in range(20):
        await door.answer(f"https://h{number}.example/u/a#main-key")
    assert len(door.verifier._failures) == 5


async def test_relays_are_counted_per_host_of_the_signer(door: Door) -> None:
    for _ in range(60):
        door.verifier.take_relay(BOB)
    with pytest.raises(Later) as caught:
        door.verifier.take_relay("https://other.example/u/carl")
    assert caught.value.code == "relay_budget_spent"
    door.verifier.take_relay(ANN)
    door.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    door.verifier.take_relay(BOB)

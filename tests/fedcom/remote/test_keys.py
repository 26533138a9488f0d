"""Local keys, encrypted; and peers' keys, from their rows or their origin."""

import json

import pytest

from activitypub.errors import FetchRefused, NotThere
from activitypub.fetch import Fetcher
from fedcom.db import Database
from fedcom.remote.keys import KeyCipher, KeyRing, PublicKeys, WrongSecret, make_key
from fedcom.site.instances import block_instance
from tests.support.clock import SettableClock
from tests.support.documents import document, pems, person
from tests.support.network import Network
from tests.support.people import Home

pytestmark = pytest.mark.anyio

KIM, LEA = "https://kim.example/u/kim", "https://lea.example/u/lea"
KEY = f"{KIM}#main-key"


@pytest.fixture
def dialect() -> str:
    """Keys are the same on every database."""
    return "sqlite"


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def keys(database: Database, network: Network, clock: SettableClock) -> PublicKeys:
    fetcher = Fetcher(user_agent="t", development=False, clock=clock, transport=network)
    return PublicKeys(database, fetcher, clock)


def test_an_encrypted_key_opens_with_the_same_secret_only() -> None:
    sealed = KeyCipher(b"one").encrypt("a pem")

    assert b"pem" not in sealed
    assert KeyCipher(b"one").decrypt(sealed) == "a pem"
    with pytest.raises(WrongSecret, match="a different secret"):
        KeyCipher(b"two").decrypt(sealed)


async def test_the_ring_gives_the_key_of_a_member_and_remembers_it(
    database: Database, clock: SettableClock
) -> None:
    cipher = KeyCipher(b"secret")
    new = await make_key(cipher)
    home = Home(database, clock, new)
    ring = KeyRing(database, cipher)

    first = await ring.keys(home.bob.iri)

    assert first.rsa.id == f"{home.bob.iri}#main-key"
    assert first.ed25519 is not None
    assert first.ed25519.id == f"{home.bob.iri}#proof-key"
    assert await ring.keys(home.bob.iri) is first
    with pytest.raises(LookupError):
        await ring.keys(KIM)


async def test_a_stored_key_is_not_fetched(home: Home, keys: PublicKeys, network: Network) -> None:
    home.person(KIM)

    found = await keys.find(KEY)

    assert (found.owner, found.pem) == (KIM, pems()[1])
    assert network.asked == []


async def test_an_unknown_key_is_fetched_once_and_its_owner_kept(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    network.put(person(KIM))

    assert keys.owner_document(KIM) is None
    for _ in range(2):
        assert (await keys.find(KEY)).owner == KIM
    assert network.fetched() == [KIM]
    owner = keys.owner_document(KIM)
    assert owner is not None
    assert owner.id == KIM

    await keys.find(KEY, fresh=True)
    assert network.fetched() == [KIM]


async def test_listeners_are_called_with_fetched_documents(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    seen = []

    async def listen(owner: object) -> None:
        seen.append(owner)

    keys.on_change = listen
    network.put(person(KIM))
    await keys.find(KEY)
    assert len(seen) == 1


async def test_a_key_with_an_address_of_its_own_leads_to_its_owner(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    key_id = f"{KIM}/main-key"
    listed = {"id": key_id, "owner": KIM, "publicKeyPem": pems()[1]}
    # GoToSocial serves a stub of the actor there.
    network.answer(key_id, json.dumps(document(KIM, "Person", publicKey=listed)).encode())
    network.put(person(KIM, publicKey=listed))

    assert (await keys.find(key_id)).owner == KIM
    assert network.fetched() == [key_id, KIM]


async def test_the_id_of_an_actor_can_be_used_as_its_key_id(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    network.put(person(KIM))

    fetched = await keys.find(KIM)
    network.fetched()
    home.person(KIM)
    stored = await keys.find(KIM)

    assert fetched == stored
    assert (stored.id, stored.owner, stored.pem) == (KIM, KIM, pems()[1])
    assert network.asked == []


async def test_a_key_without_an_owner_is_the_actors_that_shows_it(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    network.put(person(KIM, publicKey={"id": KEY, "publicKeyPem": pems()[1]}))

    assert (await keys.find(KEY)).owner == KIM


async def test_a_key_that_its_owner_does_not_list_is_none(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    network.put(person(KIM))

    with pytest.raises(FetchRefused) as caught:
        await keys.find(f"{KIM}#other")
    assert caught.value.code == "key_not_listed"


@pytest.mark.parametrize(
    "listed",
    [
        {"id": KEY, "owner": LEA, "publicKeyPem": "pem"},
        {"id": f"{LEA}#main-key", "owner": KIM, "publicKeyPem": "pem"},
    ],
)
async def test_keys_of_other_actors_are_not_accepted(
    home: Home, keys: PublicKeys, network: Network, listed: dict[str, str]
) -> None:
    network.put(person(KIM, publicKey=listed))

    with pytest.raises(FetchRefused):
        await keys.find(KEY)


async def test_a_key_without_an_owner_is_none(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    key_id = f"{KIM}/main-key"
    network.answer(key_id, json.dumps(document(key_id, "Note")).encode())

    with pytest.raises(FetchRefused):
        await keys.find(key_id)


async def test_keys_of_a_blocked_host_are_not_fetched(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    home(lambda ctx: block_instance(ctx, "kim.example", ""))

    with pytest.raises(FetchRefused) as caught:
        await keys.find(KEY)
    assert caught.value.code == "instance_blocked"
    assert network.asked == []


async def test_a_missing_key_is_reported_as_missing(
    home: Home, keys: PublicKeys, network: Network
) -> None:
    with pytest.raises(NotThere):
        await keys.find(KEY)

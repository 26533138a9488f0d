"""Replayed, altered and forged requests at the real inbox, by both schemes: status, reason,
effects.

One line for each of the seventeen cases that a server must get right. A refusal stores nothing,
sends nothing, and fetches nothing but the key documents that its case allows.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from activitypub.netguard import Guard
from activitypub.transport import PeerTransport
from fedcom.site.instances import block_instance
from inbox.journal import journal
from tests.support.documents import activity, document, pems, person, private_key
from tests.support.node import Node, changes
from tests.support.people import ORIGIN
from tests.support.signed_requests import SCHEMES, Request, Scheme, UnsignedRequest

pytestmark = pytest.mark.anyio

KIM = "https://kim.example/u/kim"
EVE = "https://evil.example/u/eve"
KIM_KEY = f"{KIM}#main-key"
BOTH = pytest.mark.parametrize("scheme", SCHEMES)
CAVAGE = pytest.mark.parametrize("scheme", ["cavage"])
RFC9421 = pytest.mark.parametrize("scheme", ["rfc9421"])


@pytest.fixture
def dialect() -> str:
    """The inbox uses the database little here; both databases are tested where it does."""
    return "sqlite"


@cache
def other_key(exponent: int = 65537, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key that no actor has published."""
    return rsa.generate_private_key(exponent, bits)


def pem_of(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def with_key(iri: str, pem: str, **more: Any) -> dict[str, Any]:
    """A person who lists this key."""
    key = {"id": f"{iri}#main-key", "owner": iri, "publicKeyPem": pem} | more
    return person(iri, publicKey=key)


@dataclass(frozen=True)
class Answered:
    """The result of a request."""

    status: int
    code: str | None
    problem: dict[str, Any]


class Door:
    """The inbox of `home.example`, where bob has a post that kim likes."""

    def __init__(self, node: Node, scheme: Scheme) -> None:
        self.node = node
        self.scheme = scheme
        self.post = node.home.post()
        node.network.put(person(KIM), person(EVE))
        node.home.sent()
        self.before = node.snapshot()

    def knock(self, actor: str = KIM, said: dict[str, Any] | None = None) -> UnsignedRequest:
        """A Like that would be accepted."""
        return UnsignedRequest(
            scheme=self.scheme,
            body=json.dumps(said or activity("Like", actor, self.post.iri)).encode(),
            key=private_key(actor).rsa,
            key_id=f"{actor}#main-key",
            now=self.node.instance.clock(),
        )

    async def send(self, request: Request | UnsignedRequest) -> Answered:
        if isinstance(request, UnsignedRequest):
            request = request.signed()
        answer = await self.node._send(request.to_httpx(ORIGIN))
        problem = json.loads(answer.content) if answer.status_code != 202 else {}
        return Answered(answer.status_code, problem.get("code"), problem)

    def rows(self) -> list[dict[str, Any]]:
        return self.node.home.rows(journal)

    async def changed(self) -> dict[str, str]:
        """The differences from before, once all stored requests have been processed."""
        await self.node.instance.inbox.drain()
        return changes(self.before, self.node.snapshot())

    async def expect(
        self,
        request: Request | UnsignedRequest,
        status: int,
        code: str,
        *,
        fetched: Iterable[str] = (),
    ) -> Answered:
        """It is refused with this, and nothing else happens."""
        kept = self.rows()
        self.node.network.fetched()
        answer = await self.send(request)
        assert (answer.status, answer.code) == (status, code), answer.problem
        assert sorted(set(self.node.network.fetched())) == sorted(fetched)
        assert self.rows() == kept
        assert await self.changed() == {}
        assert self.node.home.sent() == []
        assert self.node.network.fetched() == []
        return answer


@pytest.fixture
def door(node: Node, scheme: Scheme) -> Door:
    return Door(node, scheme)


@BOTH
async def test_a_valid_request_is_accepted_and_processed(door: Door) -> None:
    assert (await door.send(door.knock())).status == 202

    assert len(door.rows()) == 1
    assert door.node.network.fetched() == [KIM]
    assert set(await door.changed()) == {KIM, door.post.iri}


# 1. The components that must be covered.


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ("cavage", "(request-target)"),
        ("cavage", "host"),
        ("cavage", "date"),
        ("cavage", "digest"),
        ("rfc9421", "@method"),
        ("rfc9421", "@target-uri"),
        ("rfc9421", "content-digest"),
    ],
)
async def test_1_all_required_components_are_covered(door: Door, name: str) -> None:
    answer = await door.expect(door.knock().bent(drop=(name,)), 401, "signature_coverage")

    assert name in answer.problem["missing"]


@RFC9421
@pytest.mark.parametrize("name", ["created", "keyid"])
async def test_1_a_signature_has_a_time_and_a_key(door: Door, name: str) -> None:
    knock = door.knock().bent(parameters={name: None})

    await door.expect(knock, 400, "signature_incomplete")


# 2. The host is ours, exactly.


@BOTH
@pytest.mark.parametrize(
    "host",
    ["other.example", "home.example.evil.example", "evil-home.example", "home.example:8443", "x"],
)
async def test_2_a_request_for_another_host_is_refused(door: Door, host: str) -> None:
    answer = await door.expect(door.knock().bent(host=host), 401, "signature_host")

    assert (answer.problem["received"], answer.problem["computed"]) == (host, "home.example")


# 3. The time.


@BOTH
@pytest.mark.parametrize("minutes", [-66, 61, -60 * 24, 60 * 24])
async def test_3_a_clock_that_is_far_off_is_refused(door: Door, minutes: int) -> None:
    knock = door.knock()

    answer = await door.expect(
        knock.bent(now=knock.now + timedelta(minutes=minutes)), 401, "signature_time"
    )

    assert answer.problem["clock_offset"] == str(60 * minutes)


@BOTH
@pytest.mark.parametrize("minutes", [-64, 59])
async def test_3_a_clock_that_is_somewhat_off_is_not(door: Door, minutes: int) -> None:
    knock = door.knock()

    assert (await door.send(knock.bent(now=knock.now + timedelta(minutes=minutes)))).status == 202


@CAVAGE
async def test_3_an_invalid_date_is_refused(door: Door) -> None:
    knock = door.knock().bent(headers=(("date", "yesterday"),))

    await door.expect(knock, 400, "date_malformed")


# 4. The digest is that of the bytes; no header is there twice.


@BOTH
async def test_4_another_body_than_the_signed_one_is_refused(door: Door) -> None:
    honest = door.knock().signed()

    answer = await door.expect(honest.bent(body=honest.body + b" "), 401, "digest_mismatch")

    assert answer.problem["computed"] != answer.problem["received"]


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ("cavage", "digest"),
        ("cavage", "signature"),
        ("cavage", "host"),
        ("cavage", "date"),
        ("rfc9421", "content-digest"),
        ("rfc9421", "signature"),
        ("rfc9421", "signature-input"),
        ("rfc9421", "host"),
    ],
)
async def test_4_headers_that_come_twice_are_refused(door: Door, name: str) -> None:
    honest = door.knock().signed()

    twice = honest.with_more((name, honest.value(name)))

    assert (await door.expect(twice, 400, "header_duplicate")).problem["header"] == name


@pytest.mark.parametrize(
    ("scheme", "header", "more", "code"),
    [
        ("cavage", "signature", f',keyId="{EVE}#main-key"', "signature_duplicate"),
        ("cavage", "signature", ',KEYID="x"', "signature_duplicate"),
        ("rfc9421", "signature-input", f';keyid="{EVE}#main-key"', "structured_duplicate"),
    ],
)
async def test_4_parameters_that_come_twice_are_refused(
    door: Door, header: str, more: str, code: str
) -> None:
    honest = door.knock().signed()

    await door.expect(honest.with_value(header, honest.value(header) + more), 400, code)


# 5. Only SHA-256.


@BOTH
async def test_5_a_digest_by_another_algorithm_alone_is_refused(door: Door) -> None:
    knock = door.knock()
    hashed = base64.b64encode(hashlib.sha512(knock.body).digest()).decode()
    digest = f"SHA-512={hashed}" if door.scheme == "cavage" else f"sha-512=:{hashed}:"

    await door.expect(knock.bent(digest=digest), 401, "digest_algorithm")


# 6. The same request again.


@BOTH
async def test_6_a_replay_within_the_window_gets_the_same_response_without_effect(
    door: Door,
) -> None:
    request = door.knock().signed()
    assert (await door.send(request)).status == 202
    done = await door.changed()
    door.node.network.fetched()

    assert (await door.send(request)).status == 202

    assert len(door.rows()) == 1
    assert await door.changed() == done
    assert door.node.network.fetched() == []


@BOTH
async def test_6_a_replay_after_the_window_is_refused(door: Door) -> None:
    request = door.knock().signed()
    assert (await door.send(request)).status == 202
    await door.changed()
    door.before = door.node.snapshot()
    door.node.home.clock.advance(seconds=66 * 60)

    await door.expect(request, 401, "signature_time")


# 7. The same request elsewhere.


@BOTH
@pytest.mark.parametrize("path", ["/c/cats/inbox", "/u/bob/inbox"])
async def test_7_a_replay_to_another_inbox_is_refused(door: Door, path: str) -> None:
    stolen = door.knock().signed().bent(path=path)

    answer = await door.expect(stolen, 401, "signature_mismatch", fetched=[KIM])

    assert path in answer.problem["signing_string"]


@BOTH
async def test_7_a_replay_from_another_host_is_refused(door: Door) -> None:
    stolen = door.knock().bent(host="other.example").signed()
    await door.expect(stolen, 401, "signature_host")

    await door.expect(
        stolen.with_value("host", "home.example"), 401, "signature_mismatch", fetched=[KIM]
    )


# 8. The key decides how to verify, never the message.


@BOTH
async def test_8_a_public_key_is_no_secret_of_an_hmac(door: Door) -> None:
    name, quoted = ("algorithm", "hmac-sha256")
    if door.scheme == "rfc9421":
        name, quoted = ("alg", '"hmac-sha256"')
    knock = door.knock().bent(parameters={name: quoted})
    honest = knock.signed()
    made = base64.b64encode(hmac.digest(pems()[1].encode(), b"any text", "sha256")).decode()
    value = f"sig1=:{made}:"
    if door.scheme == "cavage":
        value = honest.value("signature").partition(",signature=")[0] + f',signature="{made}"'

    await door.expect(honest.with_value("signature", value), 401, "signature_algorithm")


@RFC9421
async def test_8_an_algorithm_must_be_that_of_the_key(door: Door) -> None:
    knock = door.knock().bent(parameters={"alg": '"ed25519"'})

    await door.expect(knock, 401, "signature_algorithm", fetched=[KIM])


@CAVAGE
async def test_8_an_ed25519_key_does_not_verify_draft_cavage(door: Door) -> None:
    multikey = {
        "id": f"{KIM}#ed25519-key",
        "type": "Multikey",
        "controller": KIM,
        "publicKeyMultibase": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQXJVgGpqCoq9N",
    }
    door.node.network.put(person(KIM, assertionMethod=[multikey]))
    knock = door.knock().bent(key_id=f"{KIM}#ed25519-key")

    await door.expect(knock, 401, "signature_algorithm", fetched=[KIM])


# 9. Keys that are too weak, or made to keep us busy.


def too_small() -> str:
    return pem_of(other_key(bits=1024).public_key())


def exponent_three() -> str:
    return pem_of(other_key(exponent=3).public_key())


def exponent_one() -> str:
    whole = "30820122300d06092a864886f70d01010105000382010f003082010a02820101"
    modulus = other_key().public_key().public_numbers().n.to_bytes(257)
    raw = bytes.fromhex(whole) + modulus + bytes.fromhex("0203000001")
    return f"-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(raw).decode()}-----END PUBLIC KEY-----"


def too_big() -> str:
    return pem_of(rsa.RSAPublicNumbers(65537, (1 << 8200) - 1).public_key())


@BOTH
@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (too_small, "key_too_small"),
        (exponent_three, "key_exponent"),
        (exponent_one, "key_unreadable"),
        (too_big, "key_too_big"),
        (lambda: "no key", "key_unreadable"),
    ],
    ids=["1024 bits", "exponent 3", "exponent 1", "8200 bits", "no key"],
)
async def test_9_bad_keys_are_refused(door: Door, pem: Callable[[], str], why: str) -> None:
    door.node.network.put(with_key(KIM, pem()))

    answer = await door.expect(door.knock(), 401, "key_not_usable", fetched=[KIM])

    assert answer.problem["fetch"] == why


# 10. Keys that change, are missing, or are gone.


@BOTH
async def test_10_a_changed_key_is_fetched_once_and_the_old_one_stops_working(door: Door) -> None:
    assert (await door.send(door.knock())).status == 202
    await door.changed()
    door.node.network.fetched()
    door.node.network.put(with_key(KIM, pem_of(other_key().public_key())))
    second = activity("Like", KIM, door.post.iri, id="https://kim.example/did/second")

    assert (await door.send(door.knock(said=second).bent(key=other_key()))).status == 202

    assert door.node.network.fetched() == [KIM]
    await door.changed()
    door.before = door.node.snapshot()
    door.node.home.sent()
    third = activity("Like", KIM, door.post.iri, id="https://kim.example/did/third")
    await door.expect(door.knock(said=third), 401, "signature_mismatch")


@BOTH
async def test_10_a_missing_key_is_not_fetched_again(door: Door) -> None:
    door.node.network.lose(KIM)

    answer = await door.expect(door.knock(), 401, "key_not_usable", fetched=[KIM])
    assert answer.problem["key_id"] == KIM_KEY
    await door.expect(door.knock(), 401, "key_not_usable")


@BOTH
async def test_10_an_unreachable_key_server_gives_a_temporary_error(door: Door) -> None:
    door.node.network.silent.add("kim.example")

    await door.expect(door.knock(), 503, "key_unreachable", fetched=[KIM])


@BOTH
async def test_10_a_forgery_causes_at_most_two_key_fetches(door: Door) -> None:
    forged = door.knock().bent(key=other_key())
    await door.expect(forged, 401, "signature_mismatch", fetched=[KIM])

    for _ in range(5):
        await door.expect(forged, 401, "signature_mismatch")


@BOTH
async def test_10_the_delete_of_an_unknown_gone_actor_is_ignored(door: Door) -> None:
    door.node.network.gone(KIM)
    goodbye = activity("Delete", KIM, KIM)

    assert (await door.send(door.knock(said=goodbye))).status == 202

    assert door.rows() == []
    assert door.node.network.fetched() == []
    assert await door.changed() == {}


@BOTH
async def test_10_an_actor_gone_with_its_key_is_checked_at_its_origin(door: Door) -> None:
    door.node.home.person(KIM)
    door.node.network.put(with_key(KIM, pem_of(other_key().public_key())))
    door.before = door.node.snapshot()
    door.node.network.gone(KIM)
    goodbye = activity("Delete", KIM, KIM)

    assert (await door.send(door.knock(said=goodbye).bent(key_id=f"{KIM}#new"))).status == 202

    assert [row["authenticated"] for row in door.rows()] == [False]
    assert await door.changed() == {KIM: "erased"}
    assert set(door.node.network.fetched()) == {KIM}


# 11. Other actors' keys.


@BOTH
async def test_11_a_key_that_claims_an_owner_elsewhere_is_refused(door: Door) -> None:
    door.node.network.put(with_key(EVE, pem_of(other_key().public_key()), owner=KIM))
    knock = door.knock().bent(key=other_key(), key_id=f"{EVE}#main-key")

    answer = await door.expect(knock, 401, "key_not_usable", fetched=[EVE])

    assert answer.problem["fetch"] == "key_not_listed"


@BOTH
async def test_11_a_key_that_claims_an_owner_on_its_host_is_refused(door: Door) -> None:
    eve = "https://kim.example/u/eve"
    door.node.network.put(with_key(eve, pem_of(other_key().public_key()), owner=KIM))
    knock = door.knock().bent(key=other_key(), key_id=f"{eve}#main-key")

    answer = await door.expect(knock, 401, "key_not_usable", fetched=[eve])

    assert answer.problem["fetch"] == "key_not_listed"


@BOTH
async def test_11_a_key_document_that_its_owner_does_not_point_back_to_is_refused(
    door: Door,
) -> None:
    key_id = "https://kim.example/uploads/key"
    pem = pem_of(other_key().public_key())
    door.node.network.put(document(key_id, "Key", owner=KIM, publicKeyPem=pem))
    knock = door.knock().bent(key=other_key(), key_id=key_id)

    await door.expect(knock, 401, "key_not_usable", fetched=[key_id, KIM])


@BOTH
async def test_11_another_actors_key_makes_a_relay_that_is_not_trusted(
    door: Door,
) -> None:
    knock = door.knock().bent(key=private_key(EVE).rsa, key_id=f"{EVE}#main-key")

    await door.expect(knock, 403, "relayed_without_proof", fetched=[EVE])


# 12. Keys at addresses to which nobody may connect.


@BOTH
@pytest.mark.parametrize(
    ("key_id", "code"),
    [
        ("https://127.0.0.1/u/kim#main-key", "iri_host"),
        ("https://10.0.0.1/u/kim#main-key", "iri_host"),
        ("https://[::1]/u/kim#main-key", "iri_host"),
        ("https://localhost/u/kim#main-key", "iri_host"),
        ("https://kim.example:8443/u/kim#main-key", "iri_port"),
        ("http://kim.example/u/kim#main-key", "iri_scheme"),
        ("https://kim@evil.example/u/kim#main-key", "iri_userinfo"),
        ("acct:kim@kim.example", "iri_scheme"),
    ],
)
async def test_12_a_key_id_that_is_no_public_address_is_refused(
    door: Door, key_id: str, code: str
) -> None:
    await door.expect(door.knock().bent(key_id=key_id), 400, code)


@BOTH
@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1"])
async def test_12_a_name_that_leads_to_a_private_address_is_not_connected_to(
    door: Door, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[str] = []

    async def resolve(_name: str, _port: int) -> list[str]:
        return [address]

    async def dial(address: str, *_: Any) -> Any:
        dialled.append(address)
        raise OSError

    transport = PeerTransport(guard=Guard(), resolve=resolve, dial=dial)
    monkeypatch.setattr(door.node.network, "handle_async_request", transport.handle_async_request)

    await door.expect(door.knock(), 401, "key_not_usable")
    assert dialled == []


# 13. Actors that are not accepted.


@BOTH
async def test_13_the_key_of_a_blocked_host_is_not_fetched(door: Door) -> None:
    door.node.home(lambda ctx: block_instance(ctx, "kim.example", "a note among admins"))

    answer = await door.expect(door.knock(), 403, "host_blocked")

    assert "note among admins" not in json.dumps(answer.problem)


@BOTH
async def test_13_a_blocked_host_does_not_speak_for_others(door: Door) -> None:
    door.node.home(lambda ctx: block_instance(ctx, "evil.example", ""))
    knock = door.knock().bent(key=private_key(EVE).rsa, key_id=f"{EVE}#main-key")

    await door.expect(knock, 403, "host_blocked")


# 14. A refusal has no effect at all: `Door.expect` checks it, here for unsigned requests.


@CAVAGE
async def test_14_a_request_without_signature_is_refused(door: Door) -> None:
    honest = door.knock().signed()
    bare = tuple((name, value) for name, value in honest.headers if name != "signature")

    await door.expect(honest.bent(headers=bare), 401, "signature_missing")


# 15. Only one signature.


@RFC9421
async def test_15_several_signatures_are_refused_although_each_is_good(door: Door) -> None:
    one = door.knock().signed()
    other = door.knock().bent(parameters={"tag": '"x"'}).signed()
    both = one
    for name in ("signature-input", "signature"):
        both = both.with_value(
            name, f"{one.value(name)}, {other.value(name).replace('sig1=', 'sig2=', 1)}"
        )

    await door.expect(both, 401, "signature_several")


# 16. Impossible times.


def timed(door: Door, created: str, expires: str) -> UnsignedRequest:
    said: dict[str, str | None] = {"created": created, "expires": expires}
    if door.scheme == "rfc9421":
        return door.knock().bent(parameters=said)
    return door.knock().bent(
        drop=("date",),
        also=("(created)", "(expires)"),
        parameters=said | {"algorithm": "hs2019"},
    )


@BOTH
@pytest.mark.parametrize(
    ("created", "expires", "status", "code"),
    [
        (0, -1, 401, "signature_expires"),
        (3_700, 4_000, 401, "signature_time"),
        (-600, -301, 401, "signature_time"),
        (-14 * 3600, 3600, 401, "signature_time"),
    ],
    ids=["expired before", "not yet", "expired", "too long ago"],
)
async def test_16_a_signature_must_be_valid_now(
    door: Door, created: float, expires: float, status: int, code: str
) -> None:
    now = int(door.node.instance.clock().timestamp())

    await door.expect(timed(door, str(now + created), str(now + expires)), status, code)


@BOTH
@pytest.mark.parametrize("word", ["soon", "1e9", "9" * 20, "1767268800.5", "+5"])
@pytest.mark.parametrize("created", [True, False], ids=["created", "expires"])
async def test_16_a_time_is_whole_seconds(door: Door, word: str, created: bool) -> None:
    now = str(int(door.node.instance.clock().timestamp()))
    knock = timed(door, word, now) if created else timed(door, now, word)
    # A bare word is a token to RFC 9421, so it can be read and is no time.
    is_read = door.scheme == "cavage" or word == "soon"

    await door.expect(knock, 400, "signature_time" if is_read else "structured_syntax")


@BOTH
async def test_16_a_current_time_is_accepted(door: Door) -> None:
    now = int(door.node.instance.clock().timestamp())

    assert (await door.send(timed(door, str(now), str(now + 60)))).status == 202


# 17. Never both schemes.


@CAVAGE
async def test_17_an_rfc_9421_request_is_not_verified_as_draft_cavage(door: Door) -> None:
    honest = door.knock().signed()
    said = f'sig1=("@method");created=1;keyid="{KIM_KEY}"'

    await door.expect(honest.with_more(("signature-input", said)), 400, "structured_syntax")


@pytest.mark.parametrize(
    ("scheme", "drop", "name", "form"),
    [
        ("cavage", "digest", "content-digest", "sha-256=:{}:"),
        ("rfc9421", "content-digest", "digest", "SHA-256={}"),
    ],
)
async def test_17_the_digest_of_one_scheme_does_not_help_the_other(
    door: Door, drop: str, name: str, form: str
) -> None:
    knock = door.knock()
    hashed = base64.b64encode(hashlib.sha256(knock.body).digest()).decode()

    bent = knock.bent(drop=(drop,), also=(name,), headers=((name, form.format(hashed)),))

    await door.expect(bent, 401, "signature_coverage")


@RFC9421
async def test_17_a_covered_date_counts_and_another_does_not(door: Door) -> None:
    stale = (("date", "Sat, 01 Jan 2000 00:00:00 GMT"),)

    await door.expect(door.knock().bent(also=("date",), headers=stale), 401, "signature_time")
    assert (await door.send(door.knock().bent(headers=stale))).status == 202

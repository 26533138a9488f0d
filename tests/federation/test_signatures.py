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
from activitypub.signatures.multikey import encode
from activitypub.transport import PeerTransport
from fedcom.site.instances import block_instance
from inbox.journal import journal
from tests.support.documents import activity, document, pems, person, private_key, proof_key
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


class SignedInbox:
    """The inbox of `home.example`, where bob has a post that kim likes."""

    def __init__(self, node: Node, scheme: Scheme) -> None:
        self.node = node
        self.scheme = scheme
        self.post = node.home.post()
        node.network.put(person(KIM), person(EVE))
        node.home.sent()
        self.before = node.snapshot()

    def request(self, actor: str = KIM, sent: dict[str, Any] | None = None) -> UnsignedRequest:
        """A Like that would be accepted."""
        return UnsignedRequest(
            scheme=self.scheme,
            body=json.dumps(sent or activity("Like", actor, self.post.iri)).encode(),
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
def inbox_under_test(node: Node, scheme: Scheme) -> SignedInbox:
    return SignedInbox(node, scheme)


@BOTH
async def test_a_valid_request_is_accepted_and_processed(inbox_under_test: SignedInbox) -> None:
    assert (await inbox_under_test.send(inbox_under_test.request())).status == 202

    assert len(inbox_under_test.rows()) == 1
    assert inbox_under_test.node.network.fetched() == [KIM]
    assert set(await inbox_under_test.changed()) == {KIM, inbox_under_test.post.iri}


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
async def test_1_all_required_components_are_covered(
    inbox_under_test: SignedInbox, name: str
) -> None:
    answer = await inbox_under_test.expect(
        inbox_under_test.request().bent(drop=(name,)), 401, "signature_coverage"
    )

    assert name in answer.problem["missing"]


@RFC9421
@pytest.mark.parametrize("name", ["created", "keyid"])
async def test_1_a_signature_has_a_time_and_a_key(inbox_under_test: SignedInbox, name: str) -> None:
    unsigned = inbox_under_test.request().bent(parameters={name: None})

    await inbox_under_test.expect(unsigned, 400, "signature_incomplete")


# 2. The host is ours, exactly.


@BOTH
@pytest.mark.parametrize(
    "host",
    ["other.example", "home.example.evil.example", "evil-home.example", "home.example:8443", "x"],
)
async def test_2_a_request_for_another_host_is_refused(
    inbox_under_test: SignedInbox, host: str
) -> None:
    answer = await inbox_under_test.expect(
        inbox_under_test.request().bent(host=host), 401, "signature_host"
    )

    assert (answer.problem["received"], answer.problem["computed"]) == (host, "home.example")


# 3. The time.


@BOTH
@pytest.mark.parametrize("minutes", [-66, 61, -60 * 24, 60 * 24])
async def test_3_a_clock_that_is_far_off_is_refused(
    inbox_under_test: SignedInbox, minutes: int
) -> None:
    unsigned = inbox_under_test.request()

    answer = await inbox_under_test.expect(
        unsigned.bent(now=unsigned.now + timedelta(minutes=minutes)), 401, "signature_time"
    )

    assert answer.problem["clock_offset"] == str(60 * minutes)


@BOTH
@pytest.mark.parametrize("minutes", [-64, 59])
async def test_3_a_clock_that_is_somewhat_off_is_not(
    inbox_under_test: SignedInbox, minutes: int
) -> None:
    unsigned = inbox_under_test.request()

    assert (
        await inbox_under_test.send(unsigned.bent(now=unsigned.now + timedelta(minutes=minutes)))
    ).status == 202


@CAVAGE
async def test_3_an_invalid_date_is_refused(inbox_under_test: SignedInbox) -> None:
    unsigned = inbox_under_test.request().bent(headers=(("date", "yesterday"),))

    await inbox_under_test.expect(unsigned, 400, "date_malformed")


# 4. The digest is that of the bytes; no header is there twice.


@BOTH
async def test_4_another_body_than_the_signed_one_is_refused(inbox_under_test: SignedInbox) -> None:
    honest = inbox_under_test.request().signed()

    answer = await inbox_under_test.expect(
        honest.bent(body=honest.body + b" "), 401, "digest_mismatch"
    )

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
async def test_4_headers_that_come_twice_are_refused(
    inbox_under_test: SignedInbox, name: str
) -> None:
    honest = inbox_under_test.request().signed()

    twice = honest.with_more((name, honest.value(name)))

    assert (await inbox_under_test.expect(twice, 400, "header_duplicate")).problem["header"] == name


@pytest.mark.parametrize(
    ("scheme", "header", "more", "code"),
    [
        ("cavage", "signature", f',keyId="{EVE}#main-key"', "signature_duplicate"),
        ("cavage", "signature", ',KEYID="x"', "signature_duplicate"),
        ("rfc9421", "signature-input", f';keyid="{EVE}#main-key"', "structured_duplicate"),
    ],
)
async def test_4_parameters_that_come_twice_are_refused(
    inbox_under_test: SignedInbox, header: str, more: str, code: str
) -> None:
    honest = inbox_under_test.request().signed()

    await inbox_under_test.expect(honest.with_value(header, honest.value(header) + more), 400, code)


# 5. Only SHA-256.


@BOTH
async def test_5_a_digest_by_another_algorithm_alone_is_refused(
    inbox_under_test: SignedInbox,
) -> None:
    unsigned = inbox_under_test.request()
    hashed = base64.b64encode(hashlib.sha512(unsigned.body).digest()).decode()
    digest = f"SHA-512={hashed}" if inbox_under_test.scheme == "cavage" else f"sha-512=:{hashed}:"

    await inbox_under_test.expect(unsigned.bent(digest=digest), 401, "digest_algorithm")


# 6. The same request again.


@BOTH
async def test_6_a_replay_within_the_window_gets_the_same_response_without_effect(
    inbox_under_test: SignedInbox,
) -> None:
    request = inbox_under_test.request().signed()
    assert (await inbox_under_test.send(request)).status == 202
    done = await inbox_under_test.changed()
    inbox_under_test.node.network.fetched()

    assert (await inbox_under_test.send(request)).status == 202

    assert len(inbox_under_test.rows()) == 1
    assert await inbox_under_test.changed() == done
    assert inbox_under_test.node.network.fetched() == []


@BOTH
async def test_6_a_replay_after_the_window_is_refused(inbox_under_test: SignedInbox) -> None:
    request = inbox_under_test.request().signed()
    assert (await inbox_under_test.send(request)).status == 202
    await inbox_under_test.changed()
    inbox_under_test.before = inbox_under_test.node.snapshot()
    inbox_under_test.node.home.clock.advance(seconds=66 * 60)

    await inbox_under_test.expect(request, 401, "signature_time")


# 7. The same request elsewhere.


@BOTH
@pytest.mark.parametrize("path", ["/c/cats/inbox", "/u/bob/inbox"])
async def test_7_a_replay_to_another_inbox_is_refused(
    inbox_under_test: SignedInbox, path: str
) -> None:
    stolen = inbox_under_test.request().signed().bent(path=path)

    answer = await inbox_under_test.expect(stolen, 401, "signature_mismatch", fetched=[KIM])

    assert path in answer.problem["signing_string"]


@BOTH
async def test_7_a_replay_from_another_host_is_refused(inbox_under_test: SignedInbox) -> None:
    stolen = inbox_under_test.request().bent(host="other.example").signed()
    await inbox_under_test.expect(stolen, 401, "signature_host")

    await inbox_under_test.expect(
        stolen.with_value("host", "home.example"), 401, "signature_mismatch", fetched=[KIM]
    )


# 8. The key decides how to verify, never the message.


@BOTH
async def test_8_a_public_key_is_no_secret_of_an_hmac(inbox_under_test: SignedInbox) -> None:
    name, quoted = ("algorithm", "hmac-sha256")
    if inbox_under_test.scheme == "rfc9421":
        name, quoted = ("alg", '"hmac-sha256"')
    unsigned = inbox_under_test.request().bent(parameters={name: quoted})
    honest = unsigned.signed()
    made = base64.b64encode(hmac.digest(pems()[1].encode(), b"any text", "sha256")).decode()
    value = f"sig1=:{made}:"
    if inbox_under_test.scheme == "cavage":
        value = honest.value("signature").partition(",signature=")[0] + f',signature="{made}"'

    await inbox_under_test.expect(honest.with_value("signature", value), 401, "signature_algorithm")


@RFC9421
async def test_8_an_algorithm_must_be_that_of_the_key(inbox_under_test: SignedInbox) -> None:
    unsigned = inbox_under_test.request().bent(parameters={"alg": '"ed25519"'})

    await inbox_under_test.expect(unsigned, 401, "signature_algorithm", fetched=[KIM])


@CAVAGE
async def test_8_an_ed25519_key_does_not_verify_draft_cavage(inbox_under_test: SignedInbox) -> None:
    multikey = {
        "id": f"{KIM}#ed25519-key",
        "type": "Multikey",
        "controller": KIM,
        "publicKeyMultibase": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQXJVgGpqCoq9N",
    }
    inbox_under_test.node.network.put(person(KIM, assertionMethod=[multikey]))
    unsigned = inbox_under_test.request().bent(key_id=f"{KIM}#ed25519-key")

    await inbox_under_test.expect(unsigned, 401, "signature_algorithm", fetched=[KIM])


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
async def test_9_bad_keys_are_refused(
    inbox_under_test: SignedInbox, pem: Callable[[], str], why: str
) -> None:
    inbox_under_test.node.network.put(with_key(KIM, pem()))

    answer = await inbox_under_test.expect(
        inbox_under_test.request(), 401, "key_not_usable", fetched=[KIM]
    )

    assert answer.problem["fetch"] == why


# 10. Keys that change, are missing, or are gone.


@BOTH
async def test_10_a_changed_key_is_fetched_once_and_the_old_one_stops_working(
    inbox_under_test: SignedInbox,
) -> None:
    assert (await inbox_under_test.send(inbox_under_test.request())).status == 202
    await inbox_under_test.changed()
    inbox_under_test.node.network.fetched()
    inbox_under_test.node.network.put(with_key(KIM, pem_of(other_key().public_key())))
    second = activity("Like", KIM, inbox_under_test.post.iri, id="https://kim.example/did/second")

    assert (
        await inbox_under_test.send(inbox_under_test.request(sent=second).bent(key=other_key()))
    ).status == 202

    assert inbox_under_test.node.network.fetched() == [KIM]
    await inbox_under_test.changed()
    inbox_under_test.before = inbox_under_test.node.snapshot()
    inbox_under_test.node.home.sent()
    third = activity("Like", KIM, inbox_under_test.post.iri, id="https://kim.example/did/third")
    await inbox_under_test.expect(inbox_under_test.request(sent=third), 401, "signature_mismatch")


@BOTH
async def test_10_a_missing_key_is_not_fetched_again(inbox_under_test: SignedInbox) -> None:
    inbox_under_test.node.network.lose(KIM)

    answer = await inbox_under_test.expect(
        inbox_under_test.request(), 401, "key_not_usable", fetched=[KIM]
    )
    assert answer.problem["key_id"] == KIM_KEY
    await inbox_under_test.expect(inbox_under_test.request(), 401, "key_not_usable")


@BOTH
async def test_10_an_unreachable_key_server_gives_a_temporary_error(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.network.silent.add("kim.example")

    await inbox_under_test.expect(inbox_under_test.request(), 503, "key_unreachable", fetched=[KIM])


@BOTH
async def test_10_a_forgery_causes_at_most_two_key_fetches(inbox_under_test: SignedInbox) -> None:
    forged = inbox_under_test.request().bent(key=other_key())
    await inbox_under_test.expect(forged, 401, "signature_mismatch", fetched=[KIM])

    for _ in range(5):
        await inbox_under_test.expect(forged, 401, "signature_mismatch")


@BOTH
async def test_10_the_delete_of_an_unknown_gone_actor_is_ignored(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.network.gone(KIM)
    goodbye = activity("Delete", KIM, KIM)

    assert (await inbox_under_test.send(inbox_under_test.request(sent=goodbye))).status == 202

    assert inbox_under_test.rows() == []
    assert inbox_under_test.node.network.fetched() == []
    assert await inbox_under_test.changed() == {}


@BOTH
async def test_10_an_actor_gone_with_its_key_is_checked_at_its_origin(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.home.person(KIM)
    inbox_under_test.node.network.put(with_key(KIM, pem_of(other_key().public_key())))
    inbox_under_test.before = inbox_under_test.node.snapshot()
    inbox_under_test.node.network.gone(KIM)
    goodbye = activity("Delete", KIM, KIM)

    assert (
        await inbox_under_test.send(
            inbox_under_test.request(sent=goodbye).bent(key_id=f"{KIM}#new")
        )
    ).status == 202

    assert [row["authenticated"] for row in inbox_under_test.rows()] == [False]
    assert await inbox_under_test.changed() == {KIM: "erased"}
    assert set(inbox_under_test.node.network.fetched()) == {KIM}


# 11. Other actors' keys.


@BOTH
async def test_11_a_key_that_claims_an_owner_elsewhere_is_refused(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.network.put(with_key(EVE, pem_of(other_key().public_key()), owner=KIM))
    unsigned = inbox_under_test.request().bent(key=other_key(), key_id=f"{EVE}#main-key")

    answer = await inbox_under_test.expect(unsigned, 401, "key_not_usable", fetched=[EVE])

    assert answer.problem["fetch"] == "key_not_listed"


@BOTH
async def test_11_a_key_that_claims_an_owner_on_its_host_is_refused(
    inbox_under_test: SignedInbox,
) -> None:
    eve = "https://kim.example/u/eve"
    inbox_under_test.node.network.put(with_key(eve, pem_of(other_key().public_key()), owner=KIM))
    unsigned = inbox_under_test.request().bent(key=other_key(), key_id=f"{eve}#main-key")

    answer = await inbox_under_test.expect(unsigned, 401, "key_not_usable", fetched=[eve])

    assert answer.problem["fetch"] == "key_not_listed"


@BOTH
async def test_11_a_key_document_that_its_owner_does_not_point_back_to_is_refused(
    inbox_under_test: SignedInbox,
) -> None:
    key_id = "https://kim.example/uploads/key"
    pem = pem_of(other_key().public_key())
    inbox_under_test.node.network.put(document(key_id, "Key", owner=KIM, publicKeyPem=pem))
    unsigned = inbox_under_test.request().bent(key=other_key(), key_id=key_id)

    await inbox_under_test.expect(unsigned, 401, "key_not_usable", fetched=[key_id, KIM])


@BOTH
async def test_11_another_actors_key_makes_a_relay_that_is_not_trusted(
    inbox_under_test: SignedInbox,
) -> None:
    unsigned = inbox_under_test.request().bent(key=private_key(EVE).rsa, key_id=f"{EVE}#main-key")

    await inbox_under_test.expect(unsigned, 403, "relayed_without_proof", fetched=[EVE])


def multikey(owner: str, **more: Any) -> dict[str, Any]:
    """Kim's Ed25519 key as a Multikey of `owner`."""
    public = encode(proof_key(KIM).ed25519.public_key())
    key_id = f"{owner}#ed25519-key"
    return {
        "id": key_id,
        "type": "Multikey",
        "controller": owner,
        "publicKeyMultibase": public,
    } | more


def signed_with_ed25519(inbox: SignedInbox, key_id: str = f"{KIM}#ed25519-key") -> UnsignedRequest:
    return inbox.request().bent(key=proof_key(KIM).ed25519, key_id=key_id)


@RFC9421
async def test_11_an_ed25519_key_in_the_assertion_methods_is_as_good_as_an_rsa_key(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.network.put(person(KIM, assertionMethod=[multikey(KIM)]))

    for _ in range(2):  # the second time from the actor's row
        assert (await inbox_under_test.send(signed_with_ed25519(inbox_under_test))).status == 202
        changed = await inbox_under_test.changed()

    assert inbox_under_test.node.network.fetched() == [KIM]
    assert set(changed) == {KIM, inbox_under_test.post.iri}


@RFC9421
@pytest.mark.parametrize(
    "listed",
    [
        {"authentication": [multikey(KIM)]},
        {"capabilityInvocation": [multikey(KIM)], "keyAgreement": [multikey(KIM)]},
        {"assertionMethod": [multikey(KIM)["id"]], "verificationMethod": [multikey(KIM)]},
        {"assertionMethod": [multikey(KIM, controller=EVE)]},
        {"assertionMethod": [multikey(KIM, controller="https://kim.example/u/eve")]},
        {"assertionMethod": [multikey(KIM, type="JsonWebKey")]},
        {"assertionMethod": [multikey(KIM, id=f"{KIM}#another")]},
        {"publicKey": [multikey(KIM)]},
    ],
    ids=[
        "to authenticate",
        "for other purposes",
        "by its id alone",
        "of another controller",
        "of a controller beside it",
        "of another type",
        "under another id",
        "as a PEM key",
    ],
)
async def test_11_an_ed25519_key_elsewhere_in_the_actor_is_refused(
    inbox_under_test: SignedInbox, listed: dict[str, Any]
) -> None:
    inbox_under_test.node.network.put(person(KIM, **listed))
    unsigned = signed_with_ed25519(inbox_under_test)

    answer = await inbox_under_test.expect(unsigned, 401, "key_not_usable", fetched=[KIM])

    assert answer.problem["fetch"] == "key_not_listed"


@RFC9421
async def test_11_an_ed25519_key_of_another_actor_does_not_speak_for_kim(
    inbox_under_test: SignedInbox,
) -> None:
    # Eve lists the key as hers, and kim's as well.
    keys = [multikey(EVE), multikey(KIM)]
    inbox_under_test.node.network.put(person(EVE, assertionMethod=keys))
    unsigned = signed_with_ed25519(inbox_under_test, f"{EVE}#ed25519-key")
    await inbox_under_test.expect(unsigned, 403, "relayed_without_proof", fetched=[EVE])

    unsigned = signed_with_ed25519(inbox_under_test)
    await inbox_under_test.expect(unsigned, 401, "key_not_usable", fetched=[KIM])


@RFC9421
async def test_11_an_ed25519_key_that_is_no_longer_listed_is_refused(
    inbox_under_test: SignedInbox,
) -> None:
    inbox_under_test.node.network.put(person(KIM, assertionMethod=[multikey(KIM)]))
    assert (await inbox_under_test.send(signed_with_ed25519(inbox_under_test))).status == 202
    inbox_under_test.node.network.put(person(KIM))
    update = activity("Update", KIM, person(KIM))
    update_request = inbox_under_test.request(sent=update)
    assert (await inbox_under_test.send(update_request)).status == 202
    await inbox_under_test.changed()

    answer = await inbox_under_test.send(signed_with_ed25519(inbox_under_test))

    assert (answer.status, answer.code) == (401, "key_not_usable")


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
    inbox_under_test: SignedInbox, key_id: str, code: str
) -> None:
    await inbox_under_test.expect(inbox_under_test.request().bent(key_id=key_id), 400, code)


@BOTH
@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1"])
async def test_12_a_name_that_leads_to_a_private_address_is_not_connected_to(
    inbox_under_test: SignedInbox, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[str] = []

    async def resolve(_name: str, _port: int) -> list[str]:
        return [address]

    async def dial(address: str, *_: Any) -> Any:
        dialled.append(address)
        raise OSError

    transport = PeerTransport(guard=Guard(), resolve=resolve, dial=dial)
    monkeypatch.setattr(
        inbox_under_test.node.network, "handle_async_request", transport.handle_async_request
    )

    await inbox_under_test.expect(inbox_under_test.request(), 401, "key_not_usable")
    assert dialled == []


# 13. Actors that are not accepted.


@BOTH
async def test_13_the_key_of_a_blocked_host_is_not_fetched(inbox_under_test: SignedInbox) -> None:
    inbox_under_test.node.home(
        lambda ctx: block_instance(ctx, "kim.example", "a note among admins")
    )

    answer = await inbox_under_test.expect(inbox_under_test.request(), 403, "host_blocked")

    assert "note among admins" not in json.dumps(answer.problem)


@BOTH
async def test_13_a_blocked_host_does_not_speak_for_others(inbox_under_test: SignedInbox) -> None:
    inbox_under_test.node.home(lambda ctx: block_instance(ctx, "evil.example", ""))
    unsigned = inbox_under_test.request().bent(key=private_key(EVE).rsa, key_id=f"{EVE}#main-key")

    await inbox_under_test.expect(unsigned, 403, "host_blocked")


# 14. A refusal has no effect at all: `SignedInbox.expect` checks it, here for unsigned requests.


@CAVAGE
async def test_14_a_request_without_signature_is_refused(inbox_under_test: SignedInbox) -> None:
    honest = inbox_under_test.request().signed()
    bare = tuple((name, value) for name, value in honest.headers if name != "signature")

    await inbox_under_test.expect(honest.bent(headers=bare), 401, "signature_missing")


# 15. Only one signature.


@RFC9421
async def test_15_several_signatures_are_refused_although_each_is_good(
    inbox_under_test: SignedInbox,
) -> None:
    one = inbox_under_test.request().signed()
    other = inbox_under_test.request().bent(parameters={"tag": '"x"'}).signed()
    both = one
    for name in ("signature-input", "signature"):
        both = both.with_value(
            name, f"{one.value(name)}, {other.value(name).replace('sig1=', 'sig2=', 1)}"
        )

    await inbox_under_test.expect(both, 401, "signature_several")


# 16. Impossible times.


def timed(inbox_under_test: SignedInbox, created: str, expires: str) -> UnsignedRequest:
    times: dict[str, str | None] = {"created": created, "expires": expires}
    if inbox_under_test.scheme == "rfc9421":
        return inbox_under_test.request().bent(parameters=times)
    return inbox_under_test.request().bent(
        drop=("date",),
        also=("(created)", "(expires)"),
        parameters=times | {"algorithm": "hs2019"},
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
    inbox_under_test: SignedInbox, created: float, expires: float, status: int, code: str
) -> None:
    now = int(inbox_under_test.node.instance.clock().timestamp())

    await inbox_under_test.expect(
        timed(inbox_under_test, str(now + created), str(now + expires)), status, code
    )


@BOTH
@pytest.mark.parametrize("value", ["soon", "1e9", "9" * 20, "1767268800.5", "+5"])
@pytest.mark.parametrize("created", [True, False], ids=["created", "expires"])
async def test_16_a_time_is_whole_seconds(
    inbox_under_test: SignedInbox, value: str, created: bool
) -> None:
    now = str(int(inbox_under_test.node.instance.clock().timestamp()))
    unsigned = (
        timed(inbox_under_test, value, now) if created else timed(inbox_under_test, now, value)
    )
    # A bare word is a token to RFC 9421, so it can be read and is no time.
    is_read = inbox_under_test.scheme == "cavage" or value == "soon"

    await inbox_under_test.expect(
        unsigned, 400, "signature_time" if is_read else "structured_syntax"
    )


@BOTH
async def test_16_a_current_time_is_accepted(inbox_under_test: SignedInbox) -> None:
    now = int(inbox_under_test.node.instance.clock().timestamp())

    assert (
        await inbox_under_test.send(timed(inbox_under_test, str(now), str(now + 60)))
    ).status == 202


# 17. Never both schemes.


@CAVAGE
async def test_17_an_rfc_9421_request_is_not_verified_as_draft_cavage(
    inbox_under_test: SignedInbox,
) -> None:
    honest = inbox_under_test.request().signed()
    signature_input = f'sig1=("@method");created=1;keyid="{KIM_KEY}"'

    await inbox_under_test.expect(
        honest.with_more(("signature-input", signature_input)), 400, "structured_syntax"
    )


@pytest.mark.parametrize(
    ("scheme", "drop", "name", "form"),
    [
        ("cavage", "digest", "content-digest", "sha-256=:{}:"),
        ("rfc9421", "content-digest", "digest", "SHA-256={}"),
    ],
)
async def test_17_the_digest_of_one_scheme_does_not_help_the_other(
    inbox_under_test: SignedInbox, drop: str, name: str, form: str
) -> None:
    unsigned = inbox_under_test.request()
    hashed = base64.b64encode(hashlib.sha256(unsigned.body).digest()).decode()

    bent = unsigned.bent(drop=(drop,), also=(name,), headers=((name, form.format(hashed)),))

    await inbox_under_test.expect(bent, 401, "signature_coverage")


@RFC9421
async def test_17_a_covered_date_counts_and_another_does_not(inbox_under_test: SignedInbox) -> None:
    stale = (("date", "Sat, 01 Jan 2000 00:00:00 GMT"),)

    await inbox_under_test.expect(
        inbox_under_test.request().bent(also=("date",), headers=stale), 401, "signature_time"
    )
    assert (
        await inbox_under_test.send(inbox_under_test.request().bent(headers=stale))
    ).status == 202

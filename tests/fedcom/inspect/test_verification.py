"""Each step of a verification, and that its verdict is what the inbox answers."""

import json
from datetime import timedelta
from typing import Any

import pytest

from activitypub.signatures import integrity
from activitypub.signatures.keys import (
    generate_ed25519_pem,
    load_proof_key,
    load_public,
)
from activitypub.signatures.multikey import encode
from activitypub.signatures.request import SignedRequest, sign
from activitypub.types import AS2
from fedcom.inspect.verification import CapturedCase, Verification, verify_capture
from tests.support.clock import SettableClock
from tests.support.documents import activity, pems, person, private_key
from tests.support.signed_requests import SCHEMES, Request, Scheme, UnsignedRequest

KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
HOSTS = frozenset({"home.example"})
LIKE = activity("Like", KIM, "https://home.example/post/1")
ED_PRIVATE, ED_PUBLIC = generate_ed25519_pem()
MULTIKEY = {
    "id": f"{KIM}#proof-key",
    "type": "Multikey",
    "controller": KIM,
    "publicKeyMultibase": encode(load_public(ED_PUBLIC)),
}
NOW = SettableClock()()


def unsigned_request(
    scheme: Scheme = "cavage", document: dict[str, Any] = LIKE, signer: str = KIM
) -> UnsignedRequest:
    body = json.dumps(document).encode()
    return UnsignedRequest(scheme, body, private_key(signer).rsa, f"{signer}#main-key", NOW)


def see(
    request: Request | UnsignedRequest,
    key: str | None = pems()[1],
    method: str = "POST",
    **how: Any,
) -> Verification:
    made = request.signed() if isinstance(request, UnsignedRequest) else request
    captured = SignedRequest(method, made.path, made.headers, made.body)
    case = {"hosts": HOSTS, "scheme": "https", "now": NOW, "key_text": key} | how
    return verify_capture(CapturedCase(captured, **case))


def step(seen: Verification, name: str) -> tuple[bool | None, str]:
    return next((shown.holds, shown.text) for shown in seen.shown if shown.name == name)


def verdict(seen: Verification) -> str:
    return "verified" if seen.problem is None else f"{seen.problem.status} {seen.problem.code}"


ACTOR = json.dumps(person(KIM, assertionMethod=[MULTIKEY]))
KEY_DOCUMENT = json.dumps(
    {"@context": AS2, "id": f"{KIM}#main-key", "owner": KIM, "publicKeyPem": pems()[1]}
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "key",
    [pems()[1], ACTOR, KEY_DOCUMENT, encode(load_public(pems()[1]))],
    ids=["PEM", "actor", "key document", "Multikey"],
)
def test_an_honest_request_is_verified_with_its_key_in_any_form(scheme: Scheme, key: str) -> None:
    seen = see(unsigned_request(scheme), key)

    assert (verdict(seen), seen.undecided) == ("verified", False)
    assert step(seen, "key") == (True, f"rsa of {KIM}")
    assert step(seen, "signature")[0] is not False
    assert step(seen, "actor") == (True, "is the signer")
    assert step(seen, "document") == (True, f"Like by {KIM}")
    assert [shown.name for shown in seen.shown if shown.holds is False] == []


@pytest.mark.parametrize(
    "key", [ACTOR, encode(load_public(ED_PUBLIC)), ED_PUBLIC], ids=["actor", "Multikey", "PEM"]
)
def test_a_request_that_we_sign_with_ed25519_is_shown_as_such(key: str) -> None:
    signing = load_proof_key(MULTIKEY["id"], ED_PRIVATE)
    body = json.dumps(LIKE).encode()
    headers = sign("POST", "https://home.example/inbox", body, signing, NOW, profile="rfc9421")
    lines = tuple((name.lower(), value) for name, value in headers.items())

    seen = see(Request("/inbox", lines, body), key)

    assert (verdict(seen), seen.undecided) == ("verified", False)
    assert step(seen, "scheme") == (None, "RFC 9421")
    assert step(seen, "key id") == (None, MULTIKEY["id"])
    assert step(seen, "algorithm") == (True, "received ed25519")
    assert step(seen, "key") == (True, f"ed25519 of {KIM}")
    assert step(seen, "signature") == (True, "made with this key")
    assert step(seen, "actor") == (True, "is the signer")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_the_key_its_address_is_shown(scheme: Scheme) -> None:
    seen = see(unsigned_request(scheme), None)

    assert (verdict(seen), seen.undecided) == ("verified", True)
    assert step(seen, "key") == (None, f"not given: fetch {KIM} and pass it with --key")
    text = next(shown.block for shown in seen.shown if shown.block)
    assert "home.example" in text
    assert ("(request-target): post /inbox" in text) is (scheme == "cavage")


def test_all_checks_are_shown_and_the_first_that_fails_is_the_verdict() -> None:
    honest = unsigned_request().bent(now=NOW - timedelta(hours=3), host="other.example").signed()
    seen = see(honest.bent(body=honest.body + b" "))

    failed = [shown.name for shown in seen.shown if shown.holds is False]
    assert failed == ["host", "time", "digest"]
    assert verdict(seen) == "401 signature_host"
    assert "clock_offset -10800" in step(seen, "time")[1]
    assert step(seen, "signature") == (True, "made with this key")


BAD_KEY = json.dumps(person(EVE))


PEM = pems()[1]
XA = {"also": ("x-a",), "headers": (("x-a", ""),)}
TEXT = (("content-type", "text/plain"),)
MOVED = unsigned_request().bent(path="/other").signed().bent(path="/inbox")
CHANGED = unsigned_request("rfc9421").bent(**XA).signed().with_value("x-a", "b")


@pytest.mark.parametrize(
    ("request_", "key", "name", "code"),
    [
        (unsigned_request().bent(drop=("digest",)), PEM, "headers", "401 signature_coverage"),
        (unsigned_request().bent(**XA), PEM, "", "verified"),
        (MOVED, PEM, "signature", "401 signature_mismatch"),
        (CHANGED, PEM, "signature", "401 signature_mismatch"),
        (unsigned_request(), BAD_KEY, "key", "401 key_not_usable"),
        (unsigned_request(), "no key", "key", "401 key_not_usable"),
        (unsigned_request(), "-----BEGIN NOTHING", "key", "401 key_not_usable"),
        (unsigned_request(), "{", "key", "401 key_not_usable"),
        (unsigned_request(), ED_PUBLIC, "signature", "401 signature_algorithm"),
        (unsigned_request().bent(key_id="http://kim.example/k"), PEM, "key id", "400 iri_scheme"),
        (
            unsigned_request().bent(key_id="https://home.example/k"),
            PEM,
            "claims",
            "403 actor_is_ours",
        ),
        (
            unsigned_request(document=LIKE | {"id": f"{EVE}/1"}),
            PEM,
            "claims",
            "403 id_on_other_host",
        ),
        (
            unsigned_request(document=LIKE | {"@context": []}),
            PEM,
            "document",
            "400 context_missing",
        ),
        (unsigned_request().bent(body=b"no"), PEM, "document", "400 json_invalid"),
        (unsigned_request().bent(headers=TEXT), PEM, "head", "415 content_type"),
        (
            unsigned_request(document=LIKE | {"id": None}, signer=EVE),
            PEM,
            "actor",
            "403 signer_is_not_actor",
        ),
    ],
)
def test_each_failure_has_its_step_and_its_answer(
    request_: Request | UnsignedRequest, key: str, name: str, code: str
) -> None:
    seen = see(request_, key)

    assert verdict(seen) == code
    assert not name or step(seen, name)[0] is False


def test_a_missing_covered_header_leaves_no_signing_string() -> None:
    bare = unsigned_request().bent(also=("x-a",), headers=(("x-a", ""),)).signed()
    seen = see(bare.bent(headers=tuple(pair for pair in bare.headers if pair[0] != "x-a")))

    assert verdict(seen) == "401 signature_header_absent"
    assert step(seen, "signing string")[0] is False


def test_a_signature_without_a_time_fails_in_both_ways() -> None:
    seen = see(unsigned_request().bent(drop=("date",)))

    assert verdict(seen) == "401 signature_coverage"
    assert step(seen, "time")[0] is False


def test_a_request_without_signature_has_nothing_to_verify() -> None:
    seen = see(Request("/inbox", (("content-type", "application/activity+json"),), b"{}"))

    assert [shown.name for shown in seen.shown if shown.holds is False] == ["document", "key id"]
    assert verdict(seen) == "400 context_missing"


def test_a_fetch_has_no_document() -> None:
    made = unsigned_request().bent(body=b"").signed()

    seen = see(made, method="GET")

    assert "document" not in [shown.name for shown in seen.shown]
    assert verdict(seen) == "401 signature_mismatch"  # it was signed as a POST


@pytest.mark.parametrize(
    ("document", "subject_text", "holds", "text"),
    [
        (LIKE, "403 relayed_without_proof", False, "integrity proof"),
        (LIKE | {"proof": {"type": "DataIntegrityProof"}}, "verified", None, "proof must be valid"),
        (
            LIKE | {"type": "Create", "object": {"id": f"{LIKE['actor']}/n/1", "type": "Note"}},
            "verified",
            None,
            "its origin is asked",
        ),
    ],
    ids=["nothing", "proof", "content"],
)
def test_for_a_relayed_activity_the_possible_proofs_are_shown(
    document: dict[str, Any], subject_text: str, holds: bool | None, text: str
) -> None:
    seen = see(unsigned_request(document=document, signer=EVE))

    assert verdict(seen) == subject_text
    assert step(seen, "actor")[0] is holds
    assert text in step(seen, "actor")[1]


def test_a_key_on_another_host_than_its_owner_is_refused() -> None:
    key = json.dumps(
        {"@context": AS2, "id": f"{EVE}#main-key", "owner": KIM, "publicKeyPem": pems()[1]}
    )

    assert verdict(see(unsigned_request(signer=EVE), key)) == "401 key_on_other_host"


def test_a_key_with_an_address_of_its_own_is_its_directorys() -> None:
    made = unsigned_request().bent(key_id=f"{KIM}/main-key")

    assert step(see(made), "key") == (True, f"rsa of {KIM}")


def test_a_multikey_document_will_do() -> None:
    multikey = MULTIKEY | {"@context": AS2}
    made = unsigned_request("rfc9421").bent(key_id=MULTIKEY["id"])

    assert step(see(made, json.dumps(multikey)), "key") == (True, f"ed25519 of {KIM}")


def test_proofs_are_shown() -> None:
    key = load_proof_key(MULTIKEY["id"], ED_PRIVATE)
    proven = integrity.sign(LIKE, key, NOW)

    good = see(unsigned_request(document=proven), ACTOR)
    bent = see(unsigned_request(document=proven | {"object": "https://home.example/post/2"}), ACTOR)
    other = see(
        unsigned_request(document=proven | {"proof": {"type": "DataIntegrityProof"}}), ACTOR
    )

    assert step(good, "proof") == (True, f"by {MULTIKEY['id']}")
    assert step(see(unsigned_request(document=proven), None), "proof")[0] is None
    assert step(see(unsigned_request(), ACTOR), "proof") == (None, "none")
    assert step(bent, "proof")[0] is False
    assert "proof_mismatch" in step(bent, "proof")[1]
    assert "proof_cryptosuite" in step(other, "proof")[1]
    assert verdict(bent) == "verified"  # the signer is the actor, so nobody asks for the proof


def test_development_permits_loopback() -> None:
    kim = "http://127.0.0.1:8001/u/kim"
    document = activity("Like", kim, "http://127.0.0.1:8000/post/1", id=f"{kim}/1")
    made = unsigned_request(document=document, signer=kim).bent(host="127.0.0.1:8000")
    here = frozenset({"127.0.0.1:8000"})

    assert verdict(see(made, hosts=here, scheme="http")) == "verified"
    assert verdict(see(made, hosts=here)) == "400 iri_scheme"

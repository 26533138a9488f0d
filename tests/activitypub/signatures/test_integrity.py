import hashlib
import json
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings, strategies as st

from activitypub.canonical import canonical
from activitypub.context import DATA_INTEGRITY, OBJECT_CONTEXT
from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.parse import parse
from activitypub.signatures.integrity import proof_of, sign, verify
from activitypub.signatures.keys import ProofKey, PublicKey
from activitypub.signatures.multikey import decode_base58, encode_base58
from activitypub.types import AS2
from activitypub.vocab.base import dump

NOW = datetime(2026, 11, 6, 8, 49, 37, 123456, tzinfo=UTC)
ANN = "https://peer.example/users/ann"
LIKE = {
    "id": f"{ANN}#likes/1",
    "type": "Like",
    "actor": ANN,
    "object": "https://fedcom.example/post/1",
}

# FEP-8b32: the document, the secret key in base58 and the proof that belong together.
ALICE = "https://server.example/users/alice"
DOCUMENT = {
    "@context": [AS2, "https://w3id.org/security/data-integrity/v2"],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": ALICE,
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": ALICE,
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
PROOF = {
    "@context": [AS2, "https://w3id.org/security/data-integrity/v2"],
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": f"{ALICE}#ed25519-key",
    "proofPurpose": "assertionMethod",
    "proofValue": "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHa"
    "JENCxUDe9SdL",
    "created": "2023-02-24T23:36:38Z",
}


def alices_key():
    # A secret key is two bytes of multicodec and 32 of seed.
    seed = decode_base58(SECRET)[2:]
    return ProofKey(f"{ALICE}#ed25519-key", ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def refused(document, key, kind=SignatureInvalid, **options):
    with pytest.raises(kind) as caught:
        verify(document, key, **({"now": NOW} | options))
    return caught.value


def test_the_published_proof_is_ours():
    made = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
    assert sign(DOCUMENT, alices_key(), made) == DOCUMENT | {"proof": PROOF}


def test_the_published_proof_verifies():
    key = PublicKey.from_multibase(f"{ALICE}#ed25519-key", ALICE, PUBLIC)
    proof = verify(DOCUMENT | {"proof": PROOF}, key, now=NOW)
    assert proof.verification_method == key.id
    assert proof.created == datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)


def test_a_signed_document_keeps_its_content_and_defines_its_proof(proof_key):
    signed = sign(LIKE, proof_key, NOW)
    assert {name: signed[name] for name in LIKE} == LIKE
    assert signed["@context"] == [AS2, DATA_INTEGRITY, *OBJECT_CONTEXT[1:]]
    assert signed["proof"].pop("proofValue").startswith("z")
    assert signed["proof"] == {
        "@context": signed["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": proof_key.id,
        "proofPurpose": "assertionMethod",
        "created": "2026-11-06T08:49:37Z",
    }
    assert "proof" not in LIKE


@pytest.mark.parametrize(
    ("context", "signed"),
    [
        (AS2, [AS2, DATA_INTEGRITY]),
        ([AS2, {"x": "as:x"}], [AS2, DATA_INTEGRITY, {"x": "as:x"}]),
        ([AS2, {"x": "as:x"}, DATA_INTEGRITY], [AS2, {"x": "as:x"}, DATA_INTEGRITY]),
    ],
)
def test_a_context_of_its_own_is_kept(proof_key, public_proof_key, context, signed):
    document = sign({"@context": context} | LIKE, proof_key, NOW)
    assert document["@context"] == signed
    verify(document, public_proof_key, now=NOW)


def test_a_document_that_cannot_be_proved_is_not_signed(proof_key):
    for name in ("proof", "signature"):
        with pytest.raises(ValueError, match="already has a proof"):
            sign(LIKE | {name: {}}, proof_key, NOW)
    for value in (2**53, -(2**53), float("inf"), float("nan"), NOW, {1: 2}, "\ud800"):
        with pytest.raises(ValueError):  # noqa: PT011 - each has its own message
            sign(LIKE | {"x": value}, proof_key, NOW)


def test_a_reserialized_document_still_verifies(proof_key, public_proof_key):
    sent = dump(sign(LIKE | {"content": "Caf\u00e9 \U0001f602", "n": 2**53 - 1}, proof_key, NOW))
    verify(parse(sent), public_proof_key, now=NOW)
    other = json.dumps(json.loads(sent), indent=3, sort_keys=True).encode()
    assert other != sent
    verify(parse(other), public_proof_key, now=NOW)


def test_a_legacy_signature_beside_the_proof_is_not_covered(proof_key, public_proof_key):
    legacy = {"signature": {"type": "RsaSignature2017", "signatureValue": "x"}}
    verify(sign(LIKE, proof_key, NOW) | legacy, public_proof_key, now=NOW)
    inside = sign(LIKE | {"object": LIKE}, proof_key, NOW)
    inside["object"] = LIKE | legacy
    assert refused(inside, public_proof_key).code == "proof_mismatch"


def test_a_proof_without_a_context_of_its_own_has_the_documents(proof_key, public_proof_key):
    # Fedify signs the document's @context with the proof and does not repeat it there.
    signed = sign(LIKE, proof_key, NOW)
    del signed["proof"]["@context"]
    verify(signed, public_proof_key, now=NOW)
    signed["@context"] = [*signed["@context"], "https://evil.example/context"]
    assert refused(signed, public_proof_key).code == "proof_mismatch"


def test_a_document_without_any_context_can_be_proved(proof_key, public_proof_key):
    config = {
        name: value for name, value in PROOF.items() if name not in ("@context", "proofValue")
    }
    config["verificationMethod"] = proof_key.id
    hashed = b"".join(hashlib.sha256(canonical(part)).digest() for part in (config, LIKE))
    value = encode_base58(proof_key.ed25519.sign(hashed))
    verify(LIKE | {"proof": config | {"proofValue": value}}, public_proof_key, now=NOW)


def test_contexts_may_be_added_behind_but_not_before_or_instead(proof_key, public_proof_key):
    signed = sign(LIKE, proof_key, NOW)
    own = signed["@context"]
    verify(signed | {"@context": [*own, "https://other.example/x"]}, public_proof_key, now=NOW)
    for context in (["https://other.example/x", *own], own[:-1], AS2, None):
        error = refused(signed | {"@context": context}, public_proof_key)
        assert (error.code, error.facts["check"]) == ("proof_context", "context")


def test_one_proof_of_several_counts_when_it_is_the_only_one_of_its_kind(
    proof_key, public_proof_key
):
    signed = sign(LIKE, proof_key, NOW)
    ours, other = signed["proof"], {"cryptosuite": "mldsa44-jcs-2024"}
    verify(signed | {"proof": [ours]}, public_proof_key, now=NOW)
    verify(signed | {"proof": [other, ours]}, public_proof_key, now=NOW)
    error = refused(signed | {"proof": [ours, ours]}, public_proof_key, Malformed)
    assert error.code == "proof_several"
    error = refused(
        signed | {"proof": [other, {"cryptosuite": "eddsa-rdfc-2022"}]}, public_proof_key
    )
    assert error.code == "proof_cryptosuite"
    assert error.facts["received"] == "mldsa44-jcs-2024 eddsa-rdfc-2022"
    assert refused(signed | {"proof": {}}, public_proof_key).facts["received"] == "None"


@pytest.mark.parametrize("nothing", [{}, {"proof": None}, {"proof": []}])
def test_no_proof_is_no_error_until_one_is_needed(public_proof_key, nothing):
    assert proof_of(LIKE | nothing) is None
    assert refused(LIKE | nothing, public_proof_key).code == "proof_missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "Ed25519Signature2020"}, "proof_malformed"),
        ({"type": None}, "proof_malformed"),
        ({"proofPurpose": "authentication"}, "proof_malformed"),
        ({"proofPurpose": None}, "proof_malformed"),
        ({"verificationMethod": None}, "proof_malformed"),
        ({"verificationMethod": ""}, "proof_malformed"),
        ({"verificationMethod": {"id": "x"}}, "proof_malformed"),
        ({"proofValue": None}, "proof_malformed"),
        ({"proofValue": "abc"}, "multibase_malformed"),
        ({"created": None}, "proof_malformed"),
        ({"created": "yesterday"}, "proof_malformed"),
        ({"created": 1603066400}, "proof_malformed"),
        ({"expires": "never"}, "proof_malformed"),
        ({"expires": None}, "proof_malformed"),
        ({"previousProof": "urn:x"}, "proof_malformed"),
        ({"domain": "fedcom.example"}, "proof_malformed"),
        ({"challenge": "x"}, "proof_malformed"),
    ],
)
def test_a_proof_with_unexpected_fields_is_malformed(proof_key, public_proof_key, change, code):
    signed = sign(LIKE, proof_key, NOW)
    signed["proof"] |= change
    assert refused(signed, public_proof_key, Malformed).code == code


@pytest.mark.parametrize("proof", ["x", 1, ["x"], [PROOF] * 11, {"x": 1, "cryptosuite": []}])
def test_a_value_that_is_not_a_proof_is_refused(public_proof_key, proof):
    error = refused(LIKE | {"proof": proof}, public_proof_key, ProtocolError)
    assert error.code in ("proof_malformed", "proof_cryptosuite")


@pytest.mark.parametrize(
    "change",
    [
        {"content": "x"},
        {"object": "https://fedcom.example/post/2"},
        {"type": "Dislike"},
        {"id": None},
    ],
)
def test_a_changed_document_is_refused_with_the_computed_hash(proof_key, public_proof_key, change):
    error = refused(sign(LIKE, proof_key, NOW) | change, public_proof_key)
    assert (error.code, error.facts["check"]) == ("proof_mismatch", "proof")
    assert error.facts["key_id"] == public_proof_key.id
    assert len(bytes.fromhex(error.facts["computed"])) == 64


@pytest.mark.parametrize("value", [b"", bytes(63), bytes(64), bytes(65)])
def test_another_value_is_refused(proof_key, public_proof_key, value):
    signed = sign(LIKE, proof_key, NOW)
    signed["proof"]["proofValue"] = encode_base58(value or b"\1")
    assert refused(signed, public_proof_key).code == "proof_mismatch"


@pytest.mark.parametrize("number", [2**53, -(2**53), {"deep": [2**53]}])
def test_numbers_that_have_no_canonical_form_are_refused(proof_key, public_proof_key, number):
    signed = sign(LIKE, proof_key, NOW) | {"n": number}
    assert refused(signed, public_proof_key).code == "proof_not_canonical"


def test_only_the_owner_can_prove_a_document(proof_key, public_proof_key):
    bob = "https://peer.example/users/bob"
    for change in ({"actor": bob}, {"actor": None}, {"attributedTo": bob}, {"actor": [ANN, bob]}):
        error = refused(sign(LIKE | change, proof_key, NOW), public_proof_key)
        assert (error.code, error.facts["check"]) == ("proof_owner", "owner")
    of_bob = PublicKey(public_proof_key.id, bob, public_proof_key.pem)
    assert refused(sign(LIKE, proof_key, NOW), of_bob).code == "proof_owner"
    note = {"id": f"{ANN}/1", "type": "Note", "attributedTo": ANN}
    verify(sign(note, proof_key, NOW), public_proof_key, now=NOW)


def test_the_key_must_be_the_one_that_is_named_and_of_the_right_kind(
    proof_key, public_proof_key, public_key
):
    signed = sign(LIKE, proof_key, NOW)
    other = PublicKey(f"{ANN}#other", ANN, public_proof_key.pem)
    assert refused(signed, other).code == "proof_key"
    rsa = PublicKey(public_proof_key.id, ANN, public_key.pem)
    error = refused(signed, rsa)
    assert (error.code, error.facts["received"]) == ("proof_key_type", "rsa")


@pytest.mark.parametrize(
    ("created", "options", "code"),
    [
        (0, {}, None),
        (3600, {}, None),
        (3602, {}, "proof_time"),
        (-86400 * 3650, {}, None),
        (-86400 - 3600, {"max_age": 86400.0}, None),
        (-86400 - 3602, {"max_age": 86400.0}, "proof_time"),
    ],
)
def test_a_proof_must_not_be_in_the_future_or_older_than_the_caller_accepts(
    proof_key, public_proof_key, created, options, code
):
    now = NOW.replace(microsecond=0)
    signed = sign(LIKE, proof_key, now + timedelta(seconds=created))
    if code is None:
        verify(signed, public_proof_key, now=now, **options)
    else:
        error = refused(signed, public_proof_key, now=now, **options)
        assert (error.code, error.facts["clock_offset"]) == (code, str(created))


@pytest.mark.parametrize(("seconds", "fine"), [(-300, True), (-301, False), (60, True)])
def test_a_proof_may_expire(proof_key, public_proof_key, seconds, fine):
    now = NOW.replace(microsecond=0)
    unsigned = {
        name: value for name, value in sign(LIKE, proof_key, now).items() if name != "proof"
    }
    config = sign(LIKE, proof_key, now)["proof"] | {
        "expires": (now + timedelta(seconds=seconds)).isoformat()
    }
    del config["proofValue"]
    hashed = b"".join(hashlib.sha256(canonical(part)).digest() for part in (config, unsigned))
    config["proofValue"] = encode_base58(proof_key.ed25519.sign(hashed))
    if fine:
        verify(unsigned | {"proof": config}, public_proof_key, now=now)
    else:
        error = refused(unsigned | {"proof": config}, public_proof_key, now=now)
        assert error.code == "proof_expired"


# An independent calculation from the text of FEP-8b32 and vc-di-eddsa. For ASCII keys and whole
# numbers canonical JSON is what the standard library writes with sorted keys.
def hashed_elsewhere(document):
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


POST = {
    "id": f"{ANN}/1/activity",
    "type": "Create",
    "actor": ANN,
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "object": {
        "id": f"{ANN}/1",
        "type": "Note",
        "attributedTo": ANN,
        "content": '\u00fc \n"\u2028',
    },
}


def test_an_independent_calculation_verifies_our_proofs(proof_key):
    received = json.loads(dump(sign(POST, proof_key, NOW)))
    proof = received.pop("proof")
    value = proof.pop("proofValue")
    assert proof["@context"] == received["@context"]
    raw = decode_base58(value)
    proof_key.ed25519.public_key().verify(raw, hashed_elsewhere(proof) + hashed_elsewhere(received))


def test_we_verify_proofs_of_an_independent_calculation(proof_key, public_proof_key):
    document = {"@context": AS2} | POST
    proof = {
        "@context": AS2,
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": proof_key.id,
        "proofPurpose": "assertionMethod",
        "created": "2026-11-06T08:49:37.5+01:00",
    }
    value = proof_key.ed25519.sign(hashed_elsewhere(proof) + hashed_elsewhere(document))
    proof["proofValue"] = encode_base58(value)
    sent = json.dumps(document | {"proof": proof}).encode()
    verify(parse(sent), public_proof_key, now=NOW)


# The suite's authors' own library, which canonicalizes with the rules of the language that RFC 8785
# took its own from.
RICH = POST | {
    "x": [1e30, 333333333.33333329, 0.000001, 1e-7, -0.0, 2**53 - 1, None, True, "</\u007f\u2028"],
    "\u20ac": {"\U0001f602": 1, "\ufb33": 2, "\u0080": 3, "\r": 4, "1": 5, "10": 6},
}


@pytest.fixture
def key_elsewhere(proof_key, public_proof_key):
    """The proving key as a Multikey with both its halves."""
    return {
        "type": "Multikey",
        "@context": "https://w3id.org/security/multikey/v1",
        "id": proof_key.id,
        "publicKeyMultibase": public_proof_key.multibase,
        # The multicodec of a secret key, then the key.
        "secretKeyMultibase": encode_base58(b"\x80\x26" + proof_key.ed25519.private_bytes_raw()),
    }


@pytest.mark.parametrize("document", [LIKE, POST, RICH], ids=["like", "post", "rich"])
def test_another_implementation_verifies_our_proofs(others, proof_key, key_elsewhere, document):
    received = json.loads(dump(sign(document, proof_key, NOW)))
    del key_elsewhere["secretKeyMultibase"]
    assert others.ask("verifyProof", document=received, key=key_elsewhere) is True
    for change in (
        {"actor": "https://peer.example/users/bob"},
        {"more": 1},
        {"proof": received["proof"] | {"created": "2026-11-06T08:49:38Z"}},
        {"proof": received["proof"] | {"proofValue": encode_base58(bytes([1] * 64))}},
    ):
        assert others.ask("verifyProof", document=received | change, key=key_elsewhere) is False


@pytest.mark.parametrize("document", [LIKE, POST, RICH], ids=["like", "post", "rich"])
def test_we_verify_proofs_of_another_implementation(
    others, proof_key, public_proof_key, key_elsewhere, document
):
    proved = others.ask(
        "prove",
        document={"@context": AS2} | document,
        proof={
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-jcs-2022",
            "verificationMethod": proof_key.id,
            "proofPurpose": "assertionMethod",
            "created": "2026-11-06T08:49:37Z",
        },
        key=key_elsewhere,
    )
    verify(parse(json.dumps(proved).encode()), public_proof_key, now=NOW)
    for change in (
        {"id": f"{ANN}/2"},
        {"more": 1},
        {"proof": proved["proof"] | {"created": "2026-11-06T08:49:38Z"}},
    ):
        assert refused(proved | change, public_proof_key).code == "proof_mismatch"


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# What `parse` refuses wherever it stands (`@graph` and its like) begins with this sign.
NAMES = TEXTS.filter(lambda name: not name.startswith("@"))
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abc\u00e9\U0001f602", max_size=4), JSON, max_size=5))
def test_a_proof_always_verifies_after_serialization(proof_key, public_proof_key, extra):
    sent = orjson.dumps(sign(LIKE | {"x": extra}, proof_key, NOW))
    verify(parse(sent), public_proof_key, now=NOW)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_single_changed_byte_of_a_proved_document_is_detected(
    proof_key, public_proof_key, data
):
    document = sign(LIKE | {"n": 12, "content": "Caf\u00e9"}, proof_key, NOW)
    sent = bytearray(dump(document))
    place = data.draw(st.integers(0, len(sent) - 1))
    sent[place] ^= data.draw(st.integers(1, 255))
    try:
        read = parse(bytes(sent))
    except Malformed:
        return
    # Nothing but what means the same may pass: 1.2e1 for 12 needs more than one byte.
    assert read != document
    refused(read, public_proof_key, ProtocolError)

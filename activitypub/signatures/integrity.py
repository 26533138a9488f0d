"""Integrity proofs (FEP-8b32, eddsa-jcs-2022): who wrote this document, no matter who sent it.

A proof covers every value in its document except itself and a legacy `signature` beside it, which
is never read here. It says nothing about when the document was sent or by whom: a proof is valid as
long as its document, and the caller limits how old a relayed one may be. The owner of the key has
been checked before (`authority.judge_key`); that this owner also owns the document is checked here,
so that no caller can forget it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from activitypub.canonical import canonical
from activitypub.context import proof_context
from activitypub.document import Document, to_datetime
from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.signatures.keys import ProofKey, PublicKey
from activitypub.signatures.multikey import decode_base58, encode_base58

CRYPTOSUITE = "eddsa-jcs-2022"

CLOCK_SKEW = 3600.0
"""Seconds that the author's clock may be ahead of ours."""

EXPIRES_SLACK = 300.0
"""Seconds that a proof still counts after its expiry."""

MAX_PROOFS = 10
"""Most proofs read in one document."""

_SIGNATURE_BYTES = 64

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IntegrityProof:
    """The one proof of a document that we can verify; nothing about it has been checked yet.

    `verification_method` is the id of the key, which the caller finds and passes to `verify`.
    `config` is the proof as received, without its value.
    """

    verification_method: str
    created: datetime
    expires: datetime | None
    value: bytes
    config: Json


def proof_of(document: Mapping[str, Any]) -> IntegrityProof | None:
    """The proof that `document` (parsed JSON) carries; None if it has none at all.

    In an array, the one made with eddsa-jcs-2022 counts. Raises
    `SignatureInvalid("proof_cryptosuite")` if all use another cryptosuite, `Malformed`
    (`proof_malformed`, `proof_several`, `multibase_malformed`) for one that cannot be parsed.
    """
    entries = document.get("proof")
    found: list[Any] = entries if isinstance(entries, list) else [entries]
    if entries in (None, []):
        return None
    if len(found) > MAX_PROOFS or not all(isinstance(entry, dict) for entry in found):
        raise _malformed(f"The proof is not an object, or there are more than {MAX_PROOFS} proofs.")
    ours = [entry for entry in found if entry.get("cryptosuite") == CRYPTOSUITE]
    if not ours:
        raise SignatureInvalid(
            "proof_cryptosuite",
            f"Only {CRYPTOSUITE} proofs are supported.",
            check="proof",
            computed=CRYPTOSUITE,
            received=" ".join(str(entry.get("cryptosuite"))[:80] for entry in found),
        )
    if len(ours) > 1:
        raise Malformed("proof_several", f"There is more than one {CRYPTOSUITE} proof.")
    return _read(ours[0])


def verify(
    document: Mapping[str, Any], key: PublicKey, *, now: datetime, max_age: float | None = None
) -> IntegrityProof:
    """Verify that the owner of `key` wrote exactly this document, and return the proof.

    `document` is parsed JSON with its proof; `key` is the one that the proof names. Its owner must
    be the owner of the document (`Document.owner`). `created` may be at most an hour ahead of
    `now`, and at most `max_age` seconds ago if that is given; `expires` is honoured, with five
    minutes of slack. Raises `Malformed` as `proof_of`, else `SignatureInvalid` with a `proof_`
    code; its `facts` name the `check`, the `key_id`, and where they apply `computed` (hex of the
    signed hashes of proof and document), `received` and `clock_offset`.
    """
    proof = proof_of(document)
    if proof is None:
        raise SignatureInvalid("proof_missing", "The document has no proof.", check="proof")
    try:
        _check_owner(document, proof, key)
        _check_time(proof, now.timestamp(), max_age)
        _check_value(document, proof, key)
    except ProtocolError as error:
        error.facts.setdefault("key_id", proof.verification_method)
        raise
    return proof


def sign(document: Mapping[str, Any], key: ProofKey, now: datetime) -> Json:
    """A copy of `document` with a proof by `key`, and with the @context that defines it.

    The document and the key must have the same owner. The result may be serialized with other
    spacing and another order of keys, but never with other values. Raises `ValueError` for a
    document that is signed already, and for values without a canonical form: whole numbers beyond
    2^53 - 1, infinities, anything that is not JSON.
    """
    if "proof" in document or "signature" in document:
        raise ValueError("the document already has a proof")
    unsigned = {"@context": None} | dict(document) | {"@context": proof_context(document)}
    config = {
        "@context": unsigned["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": key.id,
        "proofPurpose": "assertionMethod",
        "created": now.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
    }
    value = key.ed25519.sign(_hashes(config, unsigned))
    return unsigned | {"proof": config | {"proofValue": encode_base58(value)}}


def _read(proof: Json) -> IntegrityProof:
    method = proof.get("verificationMethod")
    created = to_datetime(proof.get("created"))
    expires = to_datetime(proof.get("expires"))
    value = proof.get("proofValue")
    if not isinstance(method, str) or not method or not isinstance(value, str):
        raise _malformed("The proof has no verificationMethod or no proofValue.")
    if created is None or (expires is None and "expires" in proof):
        raise _malformed("The proof's created or expires is not a valid time.")
    if proof.get("type") != "DataIntegrityProof":
        raise _malformed("The proof's type is not DataIntegrityProof.")
    if proof.get("proofPurpose") != "assertionMethod":
        raise _malformed("The proof's proofPurpose is not assertionMethod.")
    if not {"previousProof", "domain", "challenge"}.isdisjoint(proof):
        raise _malformed("Proofs with previousProof, domain or challenge are not supported.")
    config = {name: entry for name, entry in proof.items() if name != "proofValue"}
    return IntegrityProof(method, created, expires, decode_base58(value), config)


def _check_owner(document: Mapping[str, Any], proof: IntegrityProof, key: PublicKey) -> None:
    if proof.verification_method != key.id:
        raise SignatureInvalid(
            "proof_key",
            "The proof was made with a different key.",
            check="key",
            computed=key.id,
            received=proof.verification_method,
        )
    owner = Document(dict(document)).owner
    if owner is None or owner != key.owner:
        raise SignatureInvalid(
            "proof_owner",
            "The proof's key does not belong to the document's owner.",
            check="owner",
            computed=key.owner,
            received=str(owner),
        )


def _check_time(proof: IntegrityProof, now: float, max_age: float | None) -> None:
    created = proof.created.timestamp()
    too_old = max_age is not None and created < now - max_age - CLOCK_SKEW
    if created > now + CLOCK_SKEW or too_old:
        raise SignatureInvalid(
            "proof_time",
            "The proof is too old, or the clock of its creator is wrong.",
            check="time",
            computed=str(int(now)),
            received=str(int(created)),
            clock_offset=str(int(created - now)),
        )
    if proof.expires is not None and proof.expires.timestamp() < now - EXPIRES_SLACK:
        raise SignatureInvalid(
            "proof_expired",
            "The proof has expired.",
            check="expires",
            computed=str(int(now)),
            received=str(int(proof.expires.timestamp())),
        )


def _check_value(document: Mapping[str, Any], proof: IntegrityProof, key: PublicKey) -> None:
    public = key.loaded
    if not isinstance(public, ed25519.Ed25519PublicKey):
        raise SignatureInvalid(
            "proof_key_type",
            f"{CRYPTOSUITE} requires an Ed25519 key.",
            check="key",
            computed="ed25519",
            received=key.kind,
        )
    signed = _signed(document, proof)
    try:
        if len(proof.value) != _SIGNATURE_BYTES:
            raise InvalidSignature
        public.verify(proof.value, signed)
    except InvalidSignature as error:
        raise SignatureInvalid(
            "proof_mismatch",
            "The proof does not match the document and the key.",
            check="proof",
            computed=signed.hex(),
        ) from error


def _signed(document: Mapping[str, Any], proof: IntegrityProof) -> bytes:
    """The bytes that the proof must have signed.

    The @context is that of the proof (vc-di-eddsa §3.3.2), and the one of the document must begin
    with it: a server that forwards a document may add to it. Fedify signs the document's @context
    without repeating it in the proof. FEP-8b32: a legacy `signature` is added after the proof.
    """
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    unsigned.pop("signature", None)
    config, context = proof.config, document.get("@context")
    if "@context" not in config:
        config = config | ({} if context is None else {"@context": context})
    elif not _begins_with(context, config["@context"]):
        raise SignatureInvalid(
            "proof_context",
            "The document's @context does not begin with the proof's @context.",
            check="context",
        )
    else:
        unsigned["@context"] = config["@context"]
    try:
        return _hashes(config, unsigned)
    except ValueError as error:
        raise SignatureInvalid(
            "proof_not_canonical",
            f"The document cannot be canonicalized (RFC 8785): {error}.",
            check="proof",
        ) from error


def _begins_with(whole: Any, start: Any) -> bool:
    entries = whole if isinstance(whole, list) else [whole]
    first = start if isinstance(start, list) else [start]
    return entries[: len(first)] == first


def _hashes(config: Json, unsigned: Json) -> bytes:
    """SHA-256 of the canonical proof, then of the canonical document (vc-di-eddsa §3.3.4)."""
    return b"".join(hashlib.sha256(canonical(part)).digest() for part in (config, unsigned))


def _malformed(detail: str) -> Malformed:
    return Malformed("proof_malformed", detail)

"""RSA and Ed25519 keys: parsed once and cached; weak and oversized ones are refused.

Every peer signs requests with RSA (PKCS#1 v1.5 and SHA-256). Ed25519 proves documents (FEP-8b32),
and signs requests between servers that take it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from activitypub.errors import Malformed
from activitypub.signatures import multikey

MIN_BITS = 2048
MAX_BITS = 8192
"""Larger keys only cost CPU: verification takes quadratic time in the length."""

MAX_PEM = 4096
"""Characters; a key of MAX_BITS needs a third of that."""

_MIN_EXPONENT = 65537
_MAX_EXPONENT_BITS = 33
_OUR_BITS = 2048

# Points whose order divides 8, as y without the sign bit: with such a "key", signatures can be
# forged for messages that nobody signed. Canonical and not: 0, 1, two of order 8, p-1, p, p+1.
_WEAK_POINTS = frozenset(
    {
        bytes(32),
        bytes([1]) + bytes(31),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        *(bytes([low]) + b"\xff" * 30 + b"\x7f" for low in (0xEC, 0xED, 0xEE)),
    }
)

Kind = Literal["rsa", "ed25519"]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A peer's key: its id, the actor that owns it, and the PEM as received.

    `from_multibase` turns a Multikey into one, so that all keys are stored and compared as PEM.
    """

    id: str
    owner: str
    pem: str

    @classmethod
    def from_multibase(cls, key_id: str, owner: str, multibase: str) -> "PublicKey":
        """The key of a Multikey's `publicKeyMultibase`. Raises `Malformed`.

        The codes are those of `load_public`, and `multibase_malformed`.
        """
        return cls(key_id, owner, to_pem(_checked(multikey.decode(multibase))))

    @property
    def loaded(self) -> rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
        """The parsed key; parsing is cached by PEM. Raises `Malformed` with a `key_` code."""
        return load_public(self.pem)

    @property
    def kind(self) -> Kind:
        """The kind of signature it verifies. Raises `Malformed` with a `key_` code."""
        return "rsa" if isinstance(self.loaded, rsa.RSAPublicKey) else "ed25519"

    @property
    def rsa(self) -> rsa.RSAPublicKey:
        """The parsed RSA key. Raises `Malformed` with a `key_` code, `key_type` for another."""
        return load_rsa_public(self.pem)

    @property
    def multibase(self) -> str:
        """The key as a Multikey shows it (FEP-521a). Raises `Malformed` with a `key_` code."""
        return multikey.encode(self.loaded)


@dataclass(frozen=True)
class PrivateKey:
    """One of our keys for signing requests; peers look up its `id`."""

    id: str
    rsa: rsa.RSAPrivateKey

    @property
    def kind(self) -> Kind:
        """The kind of signature it makes."""
        return "rsa"


@dataclass(frozen=True)
class ProofKey:
    """One of our keys for proofs in documents, and for requests; `id` is that of its Multikey."""

    id: str
    ed25519: ed25519.Ed25519PrivateKey

    @property
    def kind(self) -> Kind:
        """The kind of signature it makes."""
        return "ed25519"


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys with which one of our actors signs requests; not all of them have the second one."""

    rsa: PrivateKey
    ed25519: ProofKey | None = None


def load_rsa_public(pem: str) -> rsa.RSAPublicKey:
    """The RSA key in a PEM. Raises `Malformed` as `load_public`, `key_type` for another key."""
    key = load_public(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise Malformed(
            "key_type", "The public key is not an RSA key.", received=type(key).__name__
        )
    return key


@lru_cache(maxsize=8192)
def load_public(pem: str) -> rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
    """The key in a PEM: RSA (SPKI or PKCS#1) or Ed25519.

    RSA keys have 2048 to 8192 bits and an exponent of at least 65537: exponents 1 and 3 make
    forgeries cheap, huge ones make verification slow. Ed25519 points of small order are refused.
    Raises `Malformed`: `key_unreadable`, `key_type`, `key_too_small`, `key_too_big`,
    `key_exponent`, `key_weak`.
    """
    if len(pem) > MAX_PEM:
        raise Malformed("key_too_big", f"A PEM key may have at most {MAX_PEM} characters.")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed("key_unreadable", "The public key is not a valid PEM.") from error
    return _checked(key)


def to_pem(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> str:
    """A public key as SPKI PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def load_private(key_id: str, pem: str) -> PrivateKey:
    """One of our own keys from its PKCS#8 PEM.

    The mathematical checks are skipped: they take 50 ms and protect against keys from strangers,
    but this one comes from our own database. Raises `ValueError` for anything but an RSA key.
    """
    key = serialization.load_pem_private_key(
        pem.encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - a wrong value in a file, not a type
    return PrivateKey(key_id, key)


def load_proof_key(key_id: str, pem: str) -> ProofKey:
    """One of our own Ed25519 keys from its PKCS#8 PEM. Raises `ValueError` for other keys."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004 - a wrong value in a file, not a type
    return ProofKey(key_id, key)


def generate_rsa_pem() -> tuple[str, str]:
    """A new 2048-bit key as (private PKCS#8 PEM, public SPKI PEM). Takes up to a second of CPU."""
    return _pems(rsa.generate_private_key(public_exponent=65537, key_size=_OUR_BITS))


def generate_ed25519_pem() -> tuple[str, str]:
    """A new Ed25519 key as (private PKCS#8 PEM, public SPKI PEM)."""
    return _pems(ed25519.Ed25519PrivateKey.generate())


def _pems(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> tuple[str, str]:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode(), to_pem(key.public_key())


def _checked(key: object) -> rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        _check_ed25519(key)
        return key
    raise Malformed(
        "key_type", "The public key is neither RSA nor Ed25519.", received=type(key).__name__
    )


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    if key.key_size < MIN_BITS:
        raise Malformed(
            "key_too_small", f"An RSA key needs at least {MIN_BITS} bits.", bits=str(key.key_size)
        )
    if key.key_size > MAX_BITS:
        raise Malformed(
            "key_too_big", f"An RSA key may have at most {MAX_BITS} bits.", bits=str(key.key_size)
        )
    exponent = key.public_numbers().e
    if exponent < _MIN_EXPONENT or exponent.bit_length() > _MAX_EXPONENT_BITS:
        raise Malformed(
            "key_exponent",
            "The RSA exponent is not acceptable; it should be 65537.",
            received=str(exponent)[:40],
        )


def _check_ed25519(key: ed25519.Ed25519PublicKey) -> None:
    raw = key.public_bytes_raw()
    if raw[:-1] + bytes([raw[-1] & 0x7F]) in _WEAK_POINTS:
        raise Malformed("key_weak", "The Ed25519 key is a small-order point.")

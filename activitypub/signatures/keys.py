"""RSA keys: parsed once and kept, weak and oversized ones refused.

RSA with PKCS#1 v1.5 and SHA-256 is the one thing that every peer signs and verifies with.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from activitypub.errors import Malformed

MIN_BITS = 2048
MAX_BITS = 8192
"""Larger keys only make us work: a verification costs with the square of the length."""

_MIN_EXPONENT = 65537
_MAX_EXPONENT_BITS = 33
_MAX_PEM = 4096
_OUR_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A peer's key: its id, the actor that owns it, and the PEM as it came."""

    id: str
    owner: str
    pem: str

    @property
    def rsa(self) -> rsa.RSAPublicKey:
        """The parsed key; parsing is cached by PEM. Raises `Malformed` with a `key_` code."""
        return load_rsa_public(self.pem)


@dataclass(frozen=True)
class PrivateKey:
    """A key of ours to sign with; `id` is what peers will look up."""

    id: str
    rsa: rsa.RSAPrivateKey


@lru_cache(maxsize=8192)
def load_rsa_public(pem: str) -> rsa.RSAPublicKey:
    """The RSA key in a PEM (SPKI or PKCS#1), 2048 to 8192 bits, exponent from 65537 up.

    Raises `Malformed`: `key_unreadable`, `key_type`, `key_too_small`, `key_too_big`,
    `key_exponent`. Exponents 1 and 3 make forgeries cheap, huge ones make verifying slow.
    """
    if len(pem) > _MAX_PEM:
        raise Malformed("key_too_big", f"A PEM may have {_MAX_PEM} characters.")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed(
            "key_unreadable", "The public key is not a PEM that we can read."
        ) from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise Malformed(
            "key_type", "The public key is not an RSA key.", received=type(key).__name__
        )
    if key.key_size < MIN_BITS:
        raise Malformed("key_too_small", f"{MIN_BITS} bits are the least.", bits=str(key.key_size))
    if key.key_size > MAX_BITS:
        raise Malformed("key_too_big", f"{MAX_BITS} bits are the most.", bits=str(key.key_size))
    exponent = key.public_numbers().e
    if exponent < _MIN_EXPONENT or exponent.bit_length() > _MAX_EXPONENT_BITS:
        raise Malformed(
            "key_exponent", "The exponent should be 65537.", received=str(exponent)[:40]
        )
    return key


def load_private(key_id: str, pem: str) -> PrivateKey:
    """One of our own keys from its PKCS#8 PEM.

    The mathematical checks are skipped (they cost 50 ms and guard against keys from strangers; this
    one comes from our own database). Raises `ValueError` when it is no RSA key.
    """
    key = serialization.load_pem_private_key(
        pem.encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - a wrong value in a file, not a type
    return PrivateKey(key_id, key)


def generate_rsa_pem() -> tuple[str, str]:
    """A new 2048-bit key as (private PKCS#8 PEM, public SPKI PEM). Takes up to a second of CPU."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_OUR_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()

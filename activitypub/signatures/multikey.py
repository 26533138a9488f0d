"""Multikey (FEP-521a): public keys as a line of text, and the base58 encoding of proofs.

The text is multibase (`z`, base58btc); keys begin with a multicodec that names their type. Decoding
is strict: each key has exactly one text. `keys` decides which keys are strong enough.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from activitypub.errors import Malformed

ED25519_PUB = b"\xed\x01"
"""Multicodec 0xed as a varint; 32 bytes of the key follow."""

RSA_PUB = b"\x85\x24"
"""Multicodec 0x1205 as a varint; the key as PKCS#1 DER follows."""

MAX_TEXT = 1536
"""Longest multibase text in characters: an RSA key of 8192 bits has about 1,430."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: value for value, character in enumerate(_ALPHABET)}

Key = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


def encode_base58(data: bytes) -> str:
    """`data` as multibase: `z` and base58 in Bitcoin's alphabet."""
    number, digits = int.from_bytes(data), ""
    while number:
        number, rest = divmod(number, 58)
        digits = _ALPHABET[rest] + digits
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def decode_base58(text: str) -> bytes:
    """The bytes in a multibase text. Raises `Malformed("multibase_malformed")`."""
    digits = text[1:]
    if not text.startswith("z") or len(text) > MAX_TEXT or not digits:
        raise _malformed("The value is not multibase (base58btc).", text)
    number = 0
    for character in digits:
        if character not in _DIGITS:
            raise _malformed("The value contains an invalid base58 digit.", text)
        number = number * 58 + _DIGITS[character]
    zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def encode(key: Key) -> str:
    """A public key as its `publicKeyMultibase`."""
    if isinstance(key, rsa.RSAPublicKey):
        return encode_base58(RSA_PUB + _pkcs1(key))
    return encode_base58(ED25519_PUB + key.public_bytes_raw())


def decode(text: str) -> Key:
    """The public key in a `publicKeyMultibase`.

    Raises `Malformed`: `multibase_malformed`, `key_type` for a codec that we do not support,
    `key_unreadable` for bytes that are not such a key.
    """
    data = decode_base58(text)
    codec, raw = data[:2], data[2:]
    if codec == ED25519_PUB:
        return _ed25519(raw)
    if codec == RSA_PUB:
        return _rsa(raw)
    raise Malformed("key_type", "The Multikey is neither Ed25519 nor RSA.", received=data[:4].hex())


def _ed25519(raw: bytes) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise Malformed("key_unreadable", "An Ed25519 key must have 32 bytes.") from error


def _rsa(raw: bytes) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed("key_unreadable", "The Multikey's RSA key is not valid DER.") from error
    # The loader accepts SPKI too, which would be a second text for the same key.
    if not isinstance(key, rsa.RSAPublicKey) or _pkcs1(key) != raw:
        raise Malformed("key_unreadable", "The Multikey's RSA key is not in PKCS#1 form.")
    return key


def _pkcs1(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)


def _malformed(detail: str, text: str) -> Malformed:
    return Malformed("multibase_malformed", detail, received=text[:80])

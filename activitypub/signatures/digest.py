"""Digest (RFC 3230) and Content-Digest (RFC 9530): does the body match the signed headers?"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from activitypub.errors import Malformed, SignatureInvalid
from activitypub.signatures.structured import Item, parse_dictionary, serialize

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def digest_header(body: bytes) -> str:
    """The value of `Digest` for `body`. PieFed compares the name `SHA-256` case-sensitively."""
    return f"SHA-256={_sha256(body)}"


def check_digest(header_values: Sequence[str], body: bytes) -> None:
    """Compare the SHA-256 in the `Digest` headers of a request with its raw body.

    The name of the algorithm is case-insensitive; algorithms other than SHA-256 are ignored. Raises
    `Malformed` for a repeated header or algorithm, `SignatureInvalid` with the code
    `digest_missing`, `digest_algorithm` or `digest_mismatch`.
    """
    if not header_values:
        raise SignatureInvalid("digest_missing", "The Digest header is missing.", check="digest")
    if len(header_values) > 1:
        raise Malformed(
            "header_duplicate", "The Digest header was sent more than once.", header="digest"
        )
    found = [
        value.strip()
        for name, _, value in (part.partition("=") for part in header_values[0].split(","))
        if name.strip().lower() == "sha-256"
    ]
    if not found:
        raise SignatureInvalid(
            "digest_algorithm",
            "The Digest header contains no SHA-256 digest.",
            check="digest",
            received=header_values[0],
        )
    if len(found) > 1:
        raise Malformed(
            "digest_duplicate",
            "The Digest header contains SHA-256 more than once.",
            header="digest",
        )
    computed = _sha256(body)
    if not hmac.compare_digest(_decoded(found[0]), base64.b64decode(computed)):
        raise SignatureInvalid(
            "digest_mismatch",
            "The digest does not match the body.",
            check="digest",
            computed=f"SHA-256={computed}",
            received=f"SHA-256={found[0]}",
        )


def content_digest_header(body: bytes) -> str:
    """The value of `Content-Digest` for `body`: `sha-256=:…:`."""
    return f"sha-256={serialize(Item(hashlib.sha256(body).digest()))}"


def check_content_digest(header_values: Sequence[str], body: bytes) -> None:
    """Compare the `Content-Digest` headers of a request with its raw body (RFC 9530).

    SHA-256 is required (as by Mastodon 4.6); SHA-512 is compared too if it is there; others are
    ignored. Raises `Malformed` for a repeated header or one that is not a dictionary of byte
    sequences, `SignatureInvalid` with the code `digest_missing`,
    `digest_algorithm` or `digest_mismatch`.
    """
    if not header_values:
        raise SignatureInvalid(
            "digest_missing", "The Content-Digest header is missing.", check="digest"
        )
    if len(header_values) > 1:
        raise Malformed(
            "header_duplicate",
            "The Content-Digest header was sent more than once.",
            header="content-digest",
        )
    found = parse_dictionary(header_values[0])
    if "sha-256" not in found:
        raise SignatureInvalid(
            "digest_algorithm",
            "The Content-Digest header contains no sha-256 digest.",
            check="digest",
            received=header_values[0],
        )
    for name in found.keys() & _HASHES.keys():
        member, computed = found[name], _HASHES[name](body).digest()
        if not isinstance(member, Item) or not isinstance(member.value, bytes):
            raise Malformed("digest_malformed", f"{name} is not a byte sequence.", header=name)
        if not hmac.compare_digest(member.value, computed):
            raise SignatureInvalid(
                "digest_mismatch",
                "The digest does not match the body.",
                check="digest",
                computed=f"{name}={serialize(Item(computed))}",
                received=f"{name}={serialize(Item(member.value))}",
            )


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""

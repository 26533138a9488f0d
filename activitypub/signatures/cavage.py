"""draft-cavage-http-signatures-12, as the fediverse uses it: RSA PKCS#1 v1.5 with SHA-256.

Only the signature itself: its header, the signing string, the cryptography. `request` decides what
a signature must cover, when it is too old, and which host it must name.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from activitypub.errors import Malformed, SignatureInvalid

REQUEST_TARGET = "(request-target)"
CREATED = "(created)"
EXPIRES = "(expires)"

ALGORITHMS = frozenset({"rsa-sha256", "hs2019"})
"""Names on the wire; every peer means RSA-PKCS1v15-SHA256 by both, and by no name at all."""

_MAX_HEADER = 8192
_PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"\\]*)"|([A-Za-z0-9.+_-]+))\s*(,|$)')
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class CavageParameters:
    """The parameters of a Signature header.

    `headers` are lower-case names in the order in which they were signed; `created` and `expires`
    are epoch seconds, as the digits that were sent.
    """

    key_id: str
    algorithm: str | None
    headers: tuple[str, ...]
    signature: bytes
    created: str | None
    expires: str | None


def parse_signature_header(value: str) -> CavageParameters:
    """Read `keyId="…",algorithm="…",headers="…",signature="…"`, numbers quoted or not.

    Without `headers`, `date` alone is covered, the default of older drafts (Appendix C.1). Raises
    `Malformed`: `signature_syntax`, `signature_duplicate`, `signature_incomplete`,
    `signature_time`, `signature_base64`.
    """
    found = _parameters(value)
    if not found.get("keyid") or not found.get("signature"):
        raise Malformed(
            "signature_incomplete", "The Signature header has no keyId or no signature."
        )
    headers = tuple(found.get("headers", "date").lower().split())
    if len(set(headers)) != len(headers):
        raise Malformed("signature_duplicate", "The Signature header lists the same header twice.")
    if not headers or not all(_is_coverable(name) for name in headers):
        raise Malformed(
            "signature_syntax", "The Signature header lists no headers, or an invalid header name."
        )
    for name in ("created", "expires"):
        if name in found and not _SECONDS.fullmatch(found[name]):
            raise Malformed(
                "signature_time",
                f"{name} in the Signature header is not an integer number of seconds.",
            )
    return CavageParameters(
        key_id=found["keyid"],
        algorithm=found.get("algorithm"),
        headers=headers,
        signature=_base64(found["signature"]),
        created=found.get("created"),
        expires=found.get("expires"),
    )


def signing_string(
    covered: Sequence[str],
    *,
    method: str,
    target: str,
    headers: Mapping[str, str],
    parameters: CavageParameters | None = None,
) -> str:
    """The signed lines (§2.3), joined with line feeds.

    `target` is path and query, `headers` maps lower-case names to values, `parameters` give
    `(created)` and `(expires)`. Raises `SignatureInvalid("signature_header_absent")` if a covered
    header is missing.
    """
    special = {
        REQUEST_TARGET: f"{method.lower()} {target}",
        CREATED: parameters.created if parameters else None,
        EXPIRES: parameters.expires if parameters else None,
    }
    lines = []
    for name in covered:
        value = special[name] if name in special else headers.get(name)
        if value is None:
            raise SignatureInvalid(
                "signature_header_absent",
                f"The signature covers {name}, which is missing from the request.",
                check="headers",
                received=name,
            )
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """The signature of a signing string, in base64."""
    raw = key.sign(text.encode("latin-1"), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def verify(text: str, signature: bytes, key: rsa.RSAPublicKey) -> bool:
    """Whether `key` made `signature` for exactly this signing string.

    Header values are the received bytes as latin-1 text; other characters were never on the wire,
    so no signature can cover them.
    """
    try:
        key.verify(signature, text.encode("latin-1"), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, UnicodeEncodeError):
        return False
    return True


def _parameters(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position, ended = 0, False
    while not ended:
        match = _PARAMETER.match(value, position) if len(value) <= _MAX_HEADER else None
        if match is None:
            raise Malformed("signature_syntax", "The Signature header cannot be parsed.")
        name, quoted, token, separator = match.groups()
        # Names in lower case: keyId and keyid in one header would be two keys to choose from.
        if name.lower() in found:
            raise Malformed(
                "signature_duplicate", f"The Signature header contains {name} more than once."
            )
        found[name.lower()] = token if quoted is None else quoted
        position, ended = match.end(), separator == ""
    return found


def _is_coverable(name: str) -> bool:
    return name in (REQUEST_TARGET, CREATED, EXPIRES) or bool(_HEADER_NAME.fullmatch(name))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("signature_base64", "The signature is not valid base64.") from error

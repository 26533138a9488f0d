"""Ids of which only equality matters, as short digests: many are stored, and most are long."""

import hashlib
from base64 import urlsafe_b64encode

BYTES = 16
"""Half of a SHA-256: nobody can find a second id with the same one."""


def digest_of(iri: str) -> str:
    """`sha256:` and 22 characters of base64url, equal for equal ids."""
    digest = hashlib.sha256(iri.encode()).digest()[:BYTES]
    return "sha256:" + urlsafe_b64encode(digest).rstrip(b"=").decode()

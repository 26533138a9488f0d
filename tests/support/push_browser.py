"""A browser as its push service sees it: keys of its own, and messages that only it can read.

Decrypted by the RFCs alone, not by the library that encrypts them.
"""

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.listeners import Asked


class PushBrowser:
    """A browser that is subscribed at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public = self._key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self._auth = bytes(range(16))

    @property
    def subscription(self) -> dict[str, str]:
        """The fields in which our script sends it."""
        keys = {"p256dh": _encode(self._public), "auth": _encode(self._auth)}
        return {"endpoint": self.endpoint, **keys}

    def read(self, body: bytes) -> dict[str, Any]:
        """The message in a request: one record of aes128gcm (RFC 8188 §2, RFC 8291 §3.4)."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        theirs, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        assert len(body) <= 4096  # RFC 8030 §7.2: what every push service takes
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        secret = self._key.exchange(ec.ECDH(), sender)
        about = b"WebPush: info\0" + self._public + theirs
        material = HKDF(SHA256(), 32, self._auth, about).derive(secret)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(material)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(material)
        plain = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert plain[-1:] == b"\2"  # the last record
        found: dict[str, Any] = json.loads(plain[:-1])
        return found


def claims_of(asked: Asked) -> tuple[dict[str, Any], str]:
    """What the sender says of itself, and its public key, which has signed that (RFC 8292 §3)."""
    scheme, _, rest = asked.headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    point = base64.urlsafe_b64decode(given["k"] + "=" * (-len(given["k"]) % 4))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    unchecked = {"verify_exp": False, "verify_aud": False}
    return jwt.decode(given["t"], key, algorithms=["ES256"], options=unchecked), given["k"]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

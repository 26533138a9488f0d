"""Signatures under what we give out and want to know again when it comes back."""

import base64
import hmac


class HmacSigner:
    """Signs short texts with the instance's secret, for one purpose each."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: that of the instance; a key for nothing else is made of it."""
        self._key = hmac.digest(secret, b"stamps", "sha256")

    def sign(self, purpose: str, text: str) -> str:
        """The signature, which fits into an address. One made for another purpose is another."""
        key = hmac.digest(self._key, purpose.encode(), "sha256")
        digest = hmac.digest(key, text.encode(errors="replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()

    def is_ours(self, purpose: str, text: str, signature: str) -> bool:
        """Whether we signed this."""
        ours = self.sign(purpose, text).encode()
        return hmac.compare_digest(ours, signature.encode(errors="replace"))

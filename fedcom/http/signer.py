"""Signed values: texts that we give out and recognize when they come back."""

import base64
import hmac

_BETWEEN = "."


class HmacSigner:
    """Signs with the instance's secret, for one purpose each.

    A signed value is its parts and a signature, joined by dots. It can be bound to a text that is
    not in it, such as the hash of a password: once that changes, the value is no longer valid.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret`: the instance's; the key made from it is used for nothing else."""
        self._key = hmac.digest(secret, b"stamps", "sha256")

    def sign(self, purpose: str, *parts: str, bound_to: str = "") -> str:
        """The signed value with these parts, of which none has a dot; it fits into an address."""
        return _BETWEEN.join([*parts, self._signature(purpose, parts, bound_to)])

    def verify(self, purpose: str, value: str, bound_to: str = "") -> bool:
        """Whether we signed this value for this purpose, bound to this text."""
        *parts, signature = value.split(_BETWEEN)
        ours = self._signature(purpose, tuple(parts), bound_to)
        return hmac.compare_digest(ours.encode(), signature.encode(errors="replace"))

    def _signature(self, purpose: str, parts: tuple[str, ...], bound_to: str) -> str:
        key = hmac.digest(self._key, purpose.encode(), "sha256")
        text = " ".join([*parts, bound_to] if bound_to else parts)
        digest = hmac.digest(key, text.encode(errors="replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()


def parts_of(value: str, count: int) -> tuple[str, ...]:
    """The `count` parts of a signed value, whether or not it is valid; "" for each without one."""
    parts = value.split(_BETWEEN)
    return tuple(parts[:-1]) if len(parts) == count + 1 else ("",) * count

"""Signed requests that can be changed in every way before and after they are signed.

Signing strings are built here from the text of draft-cavage-12 and RFC 9421, not by our own code.
"""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

Scheme = Literal["cavage", "rfc9421"]
SCHEMES: tuple[Scheme, ...] = ("cavage", "rfc9421")

Headers = tuple[tuple[str, str], ...]

_COVERED = {
    "cavage": ("(request-target)", "host", "date", "digest"),
    "rfc9421": ("@method", "@target-uri", "content-digest"),
}
_ALGORITHMS = {"cavage": "rsa-sha256", "rfc9421": "rsa-v1_5-sha256"}


@dataclass(frozen=True)
class UnsignedRequest:
    """A POST to an inbox before it is signed: its fields determine what gets signed.

    An Ed25519 key is for RFC 9421 only. `drop` and `also` change the covered components,
    `parameters` those of the signature itself (None removes one); `created` and `expires` are epoch
    seconds or any other text.
    """

    scheme: Scheme
    body: bytes
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    key_id: str
    now: datetime
    host: str = "home.example"
    path: str = "/inbox"
    digest: str | None = None
    drop: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    parameters: dict[str, str | None] = field(default_factory=dict)
    headers: Headers = ()

    def bent(self, **changes: Any) -> "UnsignedRequest":
        """The same with changes."""
        return replace(self, **changes)

    @property
    def covered(self) -> tuple[str, ...]:
        """The covered components, in order."""
        return tuple(name for name in (*_COVERED[self.scheme], *self.also) if name not in self.drop)

    def signed(self) -> "Request":
        """The request, correctly signed over its covered components."""
        plain = {
            "host": self.host,
            "date": format_datetime(self.now.astimezone(UTC), usegmt=True),
            "content-type": "application/activity+json",
        }
        hashed = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
        if self.scheme == "cavage":
            plain["digest"] = self.digest or f"SHA-256={hashed}"
        else:
            plain["content-digest"] = self.digest or f"sha-256=:{hashed}:"
        plain |= dict(self.headers)
        made = self._cavage(plain) if self.scheme == "cavage" else self._rfc9421(plain)
        return Request(self.path, (*plain.items(), *made), self.body)

    def _sign(self, text: str) -> str:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return base64.b64encode(self.key.sign(text.encode())).decode()
        raw = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode()

    @property
    def _algorithm(self) -> str:
        is_rsa = isinstance(self.key, rsa.RSAPrivateKey)
        return _ALGORITHMS[self.scheme] if is_rsa else "ed25519"

    def _parameters(self, **usual: str | None) -> dict[str, str]:
        parameters = usual | self.parameters
        return {name: value for name, value in parameters.items() if value is not None}

    def _cavage(self, plain: dict[str, str]) -> Headers:
        parameters = self._parameters(
            keyId=self.key_id,
            algorithm=self._algorithm,
            headers=" ".join(self.covered),
        )
        values = plain | {
            "(request-target)": f"post {self.path}",
            "(created)": parameters.get("created", ""),
            "(expires)": parameters.get("expires", ""),
        }
        text = "\n".join(f"{name}: {values[name]}" for name in self.covered)
        written = ",".join(f'{name}="{value}"' for name, value in parameters.items())
        return (("signature", f'{written},signature="{self._sign(text)}"'),)

    def _rfc9421(self, plain: dict[str, str]) -> Headers:
        parameters = self._parameters(
            created=str(int(self.now.timestamp())),
            keyid=f'"{self.key_id}"',
            alg=f'"{self._algorithm}"',
        )
        values = plain | {
            "@method": "POST",
            "@target-uri": f"https://{self.host}{self.path}",
        }
        inside = " ".join(f'"{name}"' for name in self.covered)
        line = f"({inside})" + "".join(f";{name}={value}" for name, value in parameters.items())
        lines = [f'"{name}": {values[name]}' for name in self.covered]
        text = "\n".join([*lines, f'"@signature-params": {line}'])
        return (
            ("signature-input", f"sig1={line}"),
            ("signature", f"sig1=:{self._sign(text)}:"),
        )


@dataclass(frozen=True)
class Request:
    """A signed request, to be changed in transit."""

    path: str
    headers: Headers
    body: bytes

    def bent(self, **changes: Any) -> "Request":
        """The same with changes."""
        return replace(self, **changes)

    def value(self, name: str) -> str:
        """The first value of a header."""
        return next(value for key, value in self.headers if key == name)

    def with_more(self, *headers: tuple[str, str]) -> "Request":
        """With more headers after the others, repeated ones too."""
        return replace(self, headers=(*self.headers, *headers))

    def with_value(self, name: str, value: str) -> "Request":
        """With another value of a header."""
        return replace(
            self, headers=tuple((key, value if key == name else old) for key, old in self.headers)
        )

    def to_httpx(self, origin: str) -> httpx.Request:
        """The bytes of the request."""
        return httpx.Request(
            "POST", f"{origin}{self.path}", headers=list(self.headers), content=self.body
        )

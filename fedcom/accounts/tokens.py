"""The JSON Web Tokens of apps (RFC 7519), signed with HS256 (RFC 7518, section 3.2).

Lemmy's clients read the claims: Voyager shows `iss`, the bare host, as the name of the server
(Lemmy 0.19, `crates/utils`, the claims of a login). A token is worth nothing by itself: it belongs
to a session (`sessions`), which is found by its hash. `jti` is random, so that nobody who has the
secret, such as a thief of the database, can make a token that belongs to one.
"""

import secrets
from datetime import datetime

import jwt

_ALGORITHM = "HS256"

MAX_TOKEN = 2_000
"""Characters. Ours have some 250; longer ones are not even read."""


def make_secret() -> str:
    """A new secret for signing: 384 random bits, more than the 256 that HS256 requires."""
    return secrets.token_urlsafe(48)


def make_token(secret: str, host: str, account_id: int, now: datetime) -> str:
    """A token for this account on the server `host`. No two are alike."""
    claims = {
        "iss": host,
        "sub": str(account_id),
        "iat": int(now.timestamp()),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def is_genuine(token: str, secret: str, host: str, account_id: int) -> bool:
    """Whether the token was signed with this secret, on this server, for this account.

    The signature is compared in constant time. How long the token is valid is up to its session.
    """
    if len(token) > MAX_TOKEN or not token.isascii():
        return False
    try:
        jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            issuer=host,
            subject=str(account_id),
            options={"require": ["iss", "sub", "iat", "jti"], "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        return False
    return True

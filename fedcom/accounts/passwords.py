"""Passwords: which are accepted, and their argon2id hashes.

`hash_password`, `check_password` and `stronger_hash` take some 30 ms of CPU and 19 MiB: call them
in a thread, never in a transaction.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fedcom.errors import Invalid

MIN_PASSWORD = 10
"""Characters. Lemmy 0.19 has the same, Mastodon 8; OWASP asks for 8 with a second factor and 15
without. Throttled guessing (`sign_in`) makes up for part of that for members without one.
"""

MAX_PASSWORD = 256

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# The hash of a password that nobody knows, so that an unknown name costs the same work as a known
# one.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$"
    "9D+e7ow7WcRoHr5XLGsaUQ$"
    "0FolUvQMTcqs2EpWVOivvOZ2lXH8HjND9Yyo8IK+9rI"
)

# The most common leaked passwords that are long enough, without digits at the end.
_COMMON = frozenset(
    {
        "",
        "password",
        "passwort",
        "passw0rd",
        "passwordpassword",
        "qwertyuiop",
        "qwertyuiopasdfghjkl",
        "qwertzuiop",
        "azertyuiop",
        "asdfghjkl",
        "letmein",
        "iloveyou",
        "administrator",
        "changeme",
        "abcdefghij",
        "unbelievable",
        "football",
        "baseball",
        "sunshine",
        "princess",
        "superman",
        "trustnoone",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
    }
)


def check_new_password(password: str, name: str = "") -> str:
    """`password`, if a member called `name` may choose it.

    Raises Invalid: `password_too_short`, `password_too_long` or `password_common`.
    """
    if len(password) < MIN_PASSWORD:
        raise Invalid(
            "password_too_short",
            "The password must have at least %(minimum)s characters.",
            minimum=MIN_PASSWORD,
        )
    if len(password) > MAX_PASSWORD:
        raise Invalid(
            "password_too_long",
            "The password may have at most %(maximum)s characters.",
            maximum=MAX_PASSWORD,
        )
    if _is_common(password.lower(), name.lower()):
        raise Invalid("password_common", "That password is too common.")
    return password


def hash_password(password: str) -> str:
    """The argon2id hash to store, with its salt and parameters. Slow: see the module."""
    return _HASHER.hash(_to_bytes(password))


def check_password(stored: str | None, password: str) -> bool:
    """Whether `stored` is a hash of `password`. Slow: see the module.

    The same work is done for None (no such account), so that the time does not tell who has one.
    """
    candidate = _to_bytes(password[: MAX_PASSWORD + 1])
    try:
        _HASHER.verify(_NOBODY if stored is None else stored, candidate)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and len(password) <= MAX_PASSWORD


def stronger_hash(stored: str | None, password: str) -> str | None:
    """A new hash of `password` if `stored`, a hash of it, was made with other parameters than
    today's; else None. Slow: see the module.
    """
    if stored is None or not _HASHER.check_needs_rehash(stored):
        return None
    return hash_password(password)


def _to_bytes(password: str) -> bytes:
    # NFKC, so that an ä typed on one machine is the ä typed on another (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")


def _is_common(password: str, name: str) -> bool:
    if len(set(password)) < 4:
        return True
    bare = password.rstrip("0123456789!.?")
    return bare in _COMMON or password in _COMMON or (name != "" and bare in {name, name * 2})

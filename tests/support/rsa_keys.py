"""RSA keys for tests: a few are generated and then reused in turn. Generating one takes longer than
most tests.
"""

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

DIFFERENT = 24
"""More than any test needs at once."""

OUR_BITS = 2048


def keys_made_once(patch: pytest.MonkeyPatch) -> None:
    """Limit this process to `DIFFERENT` keys of the usual size."""
    make: Any = rsa.generate_private_key

    def all_keys() -> Iterator[rsa.RSAPrivateKey]:
        made = []
        for _ in range(DIFFERENT):
            made.append(make(public_exponent=65537, key_size=OUR_BITS))
            yield made[-1]
        yield from itertools.cycle(made)

    keys, turn = all_keys(), threading.Lock()

    def next_key(public_exponent: int, key_size: int, *more: Any) -> rsa.RSAPrivateKey:
        if (public_exponent, key_size) != (65537, OUR_BITS):
            key: rsa.RSAPrivateKey = make(public_exponent, key_size, *more)
            return key
        with turn:
            return next(keys)

    patch.setattr(rsa, "generate_private_key", next_key)

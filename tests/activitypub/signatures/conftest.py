"""One key of each kind for all signature tests: making an RSA key takes up to a second. And others'
implementations, in a Node that takes a moment to start.
"""

from collections.abc import Iterator

import pytest

from activitypub.signatures.keys import (
    PrivateKey,
    ProofKey,
    PublicKey,
    generate_ed25519_pem,
    generate_rsa_pem,
    load_private,
    load_proof_key,
)
from tests.support import javascript

ANN = "https://peer.example/users/ann"


@pytest.fixture(scope="session")
def rsa_pems() -> tuple[str, str]:
    """(private PEM, public PEM)."""
    return generate_rsa_pem()


@pytest.fixture(scope="session")
def private_key(rsa_pems: tuple[str, str]) -> PrivateKey:
    """Ann's key to sign with."""
    return load_private(f"{ANN}#main-key", rsa_pems[0])


@pytest.fixture(scope="session")
def public_key(rsa_pems: tuple[str, str]) -> PublicKey:
    """Ann's key as others see it."""
    return PublicKey(f"{ANN}#main-key", ANN, rsa_pems[1])


@pytest.fixture(scope="session")
def ed25519_pems() -> tuple[str, str]:
    """(private PEM, public PEM)."""
    return generate_ed25519_pem()


@pytest.fixture(scope="session")
def proof_key(ed25519_pems: tuple[str, str]) -> ProofKey:
    """Ann's key to prove documents with."""
    return load_proof_key(f"{ANN}#ed25519-key", ed25519_pems[0])


@pytest.fixture(scope="session")
def public_proof_key(ed25519_pems: tuple[str, str]) -> PublicKey:
    """Ann's proving key as others see it."""
    return PublicKey(f"{ANN}#ed25519-key", ANN, ed25519_pems[1])


@pytest.fixture(scope="session")
def others() -> Iterator[javascript.Program]:
    """What others sign and verify with: `tests/npm/signatures.mjs`."""
    with javascript.running("signatures.mjs") as program:
        yield program

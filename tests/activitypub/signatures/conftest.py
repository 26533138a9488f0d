"""One RSA key for all signature tests: making one takes up to a second."""

import pytest

from activitypub.signatures.keys import PrivateKey, PublicKey, generate_rsa_pem, load_private

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

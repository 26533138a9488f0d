"""What an Accept-Signature asks for."""

import pytest

from activitypub.signatures.accept import REQUESTED, requests_ed25519

COVERED = '("@method" "@target-uri" "content-digest")'


def test_what_we_ask_for_is_what_we_are_asked_for() -> None:
    assert f'sig1={COVERED};created;alg="ed25519"' == REQUESTED
    assert requests_ed25519(REQUESTED)


@pytest.mark.parametrize(
    "header",
    [
        f'any={COVERED};alg="ed25519"',
        f'sig1={COVERED};alg="ed25519";created',
        'sig1=("content-digest" "@method");created;alg="ed25519"',
        f'rsa={COVERED};created;alg="rsa-v1_5-sha256", {REQUESTED}',
    ],
)
def test_other_headers_that_ask_for_it(header: str) -> None:
    assert requests_ed25519(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sig1",
        '"ed25519"',
        "sig1=();created",
        f"sig1={COVERED};created",
        f"sig1={COVERED};created;alg=ed25519",
        f'sig1={COVERED};created;alg="rsa-v1_5-sha256"',
        f'sig1={COVERED};created;alg="ed25519";nonce="a"',
        f'sig1={COVERED};created;alg="ed25519";tag="a"',
        f'sig1={COVERED};created;alg="ed25519";keyid="a"',
        f'sig1={COVERED};created;alg="ed25519";expires',
        f'sig1={COVERED};created=1;alg="ed25519"',
        'sig1=("@method" "@authority");created;alg="ed25519"',
        'sig1=("@method";req);created;alg="ed25519"',
        'sig1=(:bWV0aG9k:);created;alg="ed25519"',
        'sig1="@method";created;alg="ed25519"',
        f"{REQUESTED}, {REQUESTED}",
        f"{REQUESTED}, sig2={'x' * 9000}",
        f"{REQUESTED}\x00",
    ],
)
def test_headers_that_do_not_ask_for_it(header: str) -> None:
    assert not requests_ed25519(header)

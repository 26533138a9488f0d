import base64
import json
from datetime import UTC, datetime

import jwt
import pytest

from fedcom.accounts.tokens import MAX_TOKEN, is_genuine, make_secret, make_token

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = "s" * 64
HOST = "here.example"
CLAIMS = {"iss": HOST, "sub": "7", "iat": 1_767_323_045, "jti": "x"}


def is_ours(token):
    return is_genuine(token, SECRET, HOST, 7)


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed(claims, algorithm="HS256", secret=SECRET):
    return jwt.encode(claims, secret, algorithm=algorithm)


def test_a_token_says_what_the_apps_read():
    token = make_token(SECRET, HOST, 7, NOW)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {name: claims[name] for name in ("iss", "sub", "iat")} == {
        "iss": HOST,
        "sub": "7",
        "iat": 1_767_323_045,
    }
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert is_ours(token)


def test_two_tokens_of_one_second_differ():
    assert make_token(SECRET, HOST, 7, NOW) != make_token(SECRET, HOST, 7, NOW)


def test_each_secret_is_another_and_long_enough():
    assert make_secret() != make_secret()
    assert len(make_secret()) >= 64


def test_the_claims_of_the_other_tests_would_be_accepted():
    assert is_ours(signed(CLAIMS))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(CLAIMS, secret="t" * 64), id="forged with another secret"),
        pytest.param(signed(CLAIMS | {"iss": "there.example"}), id="of another instance"),
        pytest.param(signed(CLAIMS | {"sub": "8"}), id="of another account"),
        pytest.param(signed(CLAIMS, "HS512"), id="with another algorithm"),
        pytest.param(jwt.encode(CLAIMS, None, algorithm="none"), id="without a signature"),
        pytest.param(
            f"{part({'alg': 'none'})}.{part(CLAIMS)}.{signed(CLAIMS).rpartition('.')[2]}",
            id="with alg=none and a signature",
        ),
        *(
            pytest.param(signed({k: v for k, v in CLAIMS.items() if k != name}), id=f"no {name}")
            for name in CLAIMS
        ),
        *("", ".", "..", "a.b.c", "\0", "\ud800", "ä.ö.ü", "x" * 100_000),
        pytest.param(f"{signed(CLAIMS | {'x': 'x' * MAX_TOKEN})}", id="far too long"),
    ],
)
def test_a_token_that_was_not_signed_here_for_this_account_is_not_genuine(token):
    assert not is_ours(token)


def test_a_token_that_was_tampered_with_is_not_genuine():
    header, claims, signature = signed(CLAIMS).split(".")
    assert not is_ours(f"{header}.{part(CLAIMS | {'jti': 'y'})}.{signature}")
    assert not is_ours(f"{header}.{claims}.{signature[::-1]}")
    assert not is_ours(f"{header}.{claims}.")

import pytest

from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    FetchRefused,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    ProtocolError,
    SignatureInvalid,
    TooBig,
    Unauthentic,
    Unreachable,
)


def test_an_error_has_a_code_a_message_and_facts():
    error = SignatureInvalid("digest_mismatch", "The body was changed.", computed="a", received="b")
    assert (error.code, error.detail) == ("digest_mismatch", "The body was changed.")
    assert error.facts == {"computed": "a", "received": "b"}
    assert str(error) == "digest_mismatch: The body was changed."


@pytest.mark.parametrize("kind", [Malformed, SignatureInvalid, Unauthentic, FetchFailed])
def test_all_federation_errors_have_one_base_class(kind):
    assert isinstance(kind("code", "Detail."), ProtocolError)


@pytest.mark.parametrize(
    "kind", [Gone, NotThere, FetchRefused, TooBig, PrivateAddress, Unreachable, BudgetSpent]
)
def test_a_failed_fetch_knows_its_url_and_status(kind):
    error = kind("code", "Detail.", url="https://peer.example/x", status=410, received="y")
    assert isinstance(error, FetchFailed)
    assert (error.url, error.status, error.facts) == (
        "https://peer.example/x",
        410,
        {"received": "y"},
    )


def test_a_temporary_error_may_have_a_retry_time():
    assert Unreachable("busy", "Busy.", retry_after=120.0).retry_after == 120.0
    assert Unreachable("busy", "Busy.").retry_after is None

import pytest

from fedcom.http.signer import HmacSigner, parts_of

SIGNER = HmacSigner(b"secret")


def test_a_signed_value_verifies() -> None:
    value = SIGNER.sign("feeds", "7", "x", bound_to="salt")

    assert parts_of(value, 2) == ("7", "x")
    assert SIGNER.verify("feeds", value, "salt")


def test_values_given_out_by_earlier_versions_stay_valid() -> None:
    """Addresses of private feeds are kept in feed readers."""
    value = "7.a691JttNMHinWoT6T8bTgQo-"

    assert SIGNER.sign("private feeds", "7", bound_to="salt") == value
    assert SIGNER.verify("private feeds", value, "salt")


def test_another_purpose_part_binding_or_secret_is_another_value() -> None:
    value = SIGNER.sign("feeds", "7", bound_to="salt")
    signature = value.removeprefix("7.")

    assert not SIGNER.verify("mail", value, "salt")
    assert not SIGNER.verify("feeds", value, "pepper")
    assert not SIGNER.verify("feeds", value)
    assert not SIGNER.verify("feeds", f"8.{signature}", "salt")
    assert not SIGNER.verify("feeds", f"7.8.{signature}", "salt")
    assert not HmacSigner(b"other").verify("feeds", value, "salt")


@pytest.mark.parametrize("value", ["", ".", "7", "7.", "7.x", "7.\u00fc", "7.\ud800", "." * 10_000])
def test_a_guess_is_not_valid(value: str) -> None:
    assert not SIGNER.verify("feeds", value, "salt")


@pytest.mark.parametrize("value", ["", "7", "7.8.signature", "a.b.c.d"])
def test_a_value_with_other_parts_has_none(value: str) -> None:
    assert parts_of(value, 1) == ("",)

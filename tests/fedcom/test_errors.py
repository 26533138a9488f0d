"""Errors: several at once."""

import pytest

from fedcom.errors import Checks, Conflict, Invalid


def test_checks_raise_the_first_error_with_all_others() -> None:
    checks = Checks()
    with checks:
        raise Conflict("first")
    with checks:
        inner = Checks()
        with inner:
            raise Invalid("second")
        with inner:
            raise Invalid("third")
        inner.finish()
    assert checks.have_failed
    with pytest.raises(Conflict) as caught:
        checks.finish()
    assert (caught.value.code, [one.code for one in caught.value.others]) == (
        "first",
        ["second", "third"],
    )


def test_checks_that_succeed_raise_nothing_and_other_errors_pass() -> None:
    checks = Checks()
    with checks:
        pass
    assert not checks.have_failed
    checks.finish()
    with pytest.raises(ZeroDivisionError), checks:
        _ = 1 / 0

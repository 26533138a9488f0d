import pytest

from fedcom.errors import Denied
from fedcom.http.csrf import check_token, make_token
from fedcom.http.identity import Credentials

TOKEN = "a session token"
COOKIE = Credentials(TOKEN, from_cookie=True)


def test_a_form_of_the_session_is_taken() -> None:
    check_token(make_token(TOKEN), COOKIE)


@pytest.mark.parametrize("given", ["", "x", "☃", "A" * 43])
def test_with_a_cookie_any_other_token_is_refused(given: str) -> None:
    with pytest.raises(Denied, match="form_expired"):
        check_token(given, COOKIE)


@pytest.mark.parametrize("credentials", [Credentials(TOKEN), Credentials()])
def test_a_bearer_token_and_a_guest_need_none(credentials: Credentials) -> None:
    check_token("", credentials)


def test_a_form_of_another_session_is_refused() -> None:
    with pytest.raises(Denied, match="form_expired"):
        check_token(make_token("another session token"), COOKIE)


def test_two_tokens_of_a_session_look_different() -> None:
    assert make_token(TOKEN) != make_token(TOKEN)

import pytest

from activitypub.errors import Malformed
from activitypub.iri import (
    PUBLIC,
    check_iri,
    host_of,
    is_public,
    origin_of,
    same_host,
    same_origin,
    usable_iri,
    without_fragment,
)


@pytest.mark.parametrize(
    "iri",
    [
        "https://peer.example/users/ann",
        "https://peer.example",
        "https://Peer.Example/users/ann",
        "https://peer.example:443/users/ann",
        "https://peer.example/?author=0#main-key",
        "https://peer.example/post/https%3A%2F%2Fx#activity/announce/1",
        "https://xn--mnchen-3ya.example/@ann",
        "https://peer.example/@j\u00fcrgen",
        "https://peer.example/" + "x" * 2027,
    ],
)
def test_an_ordinary_iri_is_returned_unchanged(iri):
    assert check_iri(iri) == iri


@pytest.mark.parametrize(
    ("iri", "code"),
    [
        (None, "iri_not_text"),
        (["https://peer.example/"], "iri_not_text"),
        ("https://peer.example/" + "x" * 2028, "iri_too_long"),
        ("http://peer.example/", "iri_scheme"),
        ("HTTPS://peer.example/", "iri_scheme"),
        ("ftp://peer.example/", "iri_scheme"),
        ("javascript:alert(1)", "iri_scheme"),
        ("//peer.example/", "iri_scheme"),
        ("acct:ann@peer.example", "iri_scheme"),
        ("", "iri_scheme"),
        ("https:///users/ann", "iri_host"),
        ("https://ann@peer.example/", "iri_userinfo"),
        ("https://peer.example@evil.example/", "iri_userinfo"),
        ("https://a.example\\@b.example/", "iri_characters"),
        ("https://a.example\t.b.example/", "iri_characters"),
        ("https://a.example/\n", "iri_characters"),
        (" https://a.example/", "iri_characters"),
        ("https://a.example/\u00a0", "iri_characters"),
        ("https://a.example/\u202e", "iri_characters"),
        ('https://a.example/"><script>', "iri_characters"),
        ("https://a.example/\x00", "iri_characters"),
        ("https://peer.example:8443/", "iri_port"),
        ("https://peer.example:80/", "iri_port"),
        ("https://peer.example:99999/", "iri_port"),
        ("https://peer.example:/", "iri_host"),
        ("https://peer.example:0443/", "iri_host"),
        ("https://localhost/", "iri_host"),
        ("https://127.0.0.1/", "iri_host"),
        ("https://127.1/", "iri_host"),
        ("https://0x7f.1/", "iri_host"),
        ("https://peer.0x7f/", "iri_host"),
        ("https://[::ffff:127.0.0.1]/", "iri_host"),
        ("https://2130706433/", "iri_host"),
        ("https://peer..example/", "iri_host"),
        ("https://peer.example./", "iri_host"),
        ("https://-peer.example/", "iri_host"),
        ("https://pe%65r.example/", "iri_host"),
        ("https://\u24d4xample.com/", "iri_host"),
        ("https://peer\u3002example/", "iri_host"),
        ("https://" + "a." * 130 + "example/", "iri_host"),
    ],
)
def test_an_ambiguous_iri_is_refused(iri, code):
    with pytest.raises(Malformed) as caught:
        check_iri(iri)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "iri",
    [
        "http://localhost:8000/u/ann",
        "http://127.0.0.1:8001/u/ann",
        "http://[::1]:8001/u/ann",
        "http://lemmy-alpha:8541/u/ann",
        "https://peer.example/",
    ],
)
def test_development_lets_loopback_http_and_ports_pass(iri):
    assert check_iri(iri, development=True) == iri


@pytest.mark.parametrize(
    ("iri", "code"),
    [
        ("http://ann@localhost/", "iri_userinfo"),
        ("http://local..host/", "iri_host"),
        ("http://[::zz]/", "iri_host"),
        ("http://[1:2]/", "iri_host"),
        ("http://localhost\\/", "iri_characters"),
    ],
)
def test_development_does_not_excuse_a_broken_iri(iri, code):
    with pytest.raises(Malformed) as caught:
        check_iri(iri, development=True)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("iri", "host", "origin"),
    [
        ("https://Peer.Example/x", "peer.example", "https://peer.example"),
        ("https://peer.example:443/x", "peer.example", "https://peer.example"),
        ("http://127.0.0.1:8001/x", "127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://peer.example:80", "peer.example", "http://peer.example"),
        ("https://peer.example:80", "peer.example:80", "https://peer.example:80"),
        ("https://evil.example#@peer.example/", "evil.example", "https://evil.example"),
        ("https://evil.example?.peer.example/", "evil.example", "https://evil.example"),
    ],
)
def test_host_and_origin_ignore_case_and_the_default_port(iri, host, origin):
    assert host_of(iri) == host
    assert origin_of(iri) == origin


def test_a_host_is_never_guessed():
    with pytest.raises(Malformed):
        host_of("peer.example")


@pytest.mark.parametrize(
    ("one", "other", "origin", "host"),
    [
        ("https://a.example/x", "https://A.example:443/y", True, True),
        ("https://a.example/x", "http://a.example/x", False, True),
        ("https://a.example/x", "https://b.example/x", False, False),
        ("https://a.example/x", "https://a.example:8443/x", False, False),
        ("https://a.example/x", "https://x.a.example/x", False, False),
        ("https://a.example/x", "https://a.example.evil.example/x", False, False),
        ("https://a.example/x", None, False, False),
        (None, None, False, False),
        ("a.example", "a.example", False, False),
    ],
)
def test_only_equivalent_valid_iris_are_equal(one, other, origin, host):
    assert same_origin(one, other) is origin
    assert same_host(one, other) is host


def test_three_spellings_mean_public():
    assert [is_public(value) for value in (PUBLIC, "as:Public", "Public")] == [True] * 3


@pytest.mark.parametrize("value", ["public", "https://a.example/Public", None, 1, [PUBLIC]])
def test_nothing_else_means_public(value):
    assert is_public(value) is False


def test_the_fragment_is_cut_off():
    assert without_fragment("https://a.example/u#main-key") == "https://a.example/u"
    assert without_fragment("https://a.example/?author=0") == "https://a.example/?author=0"


@pytest.mark.parametrize("iri", ["https://peer.example/1", "http://127.0.0.1:8001/1"])
def test_a_usable_iri_is_one_that_development_accepts(iri):
    assert usable_iri(iri) == iri


@pytest.mark.parametrize("value", [None, "", "peer.example/1", "https://a b.example/", "data:,x"])
def test_an_iri_that_cannot_be_used_is_left_out(value):
    assert usable_iri(value) is None

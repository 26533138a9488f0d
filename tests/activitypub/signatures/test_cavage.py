import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from activitypub.errors import Malformed, SignatureInvalid
from activitypub.signatures.cavage import (
    CavageParameters,
    parse_signature_header,
    sign,
    signing_string,
    verify,
)

# draft-cavage-http-signatures-12, Appendix C: the request, the key "Test" (1024 bits, so it is
# built here from its numbers and not loaded), and the signatures. The draft warns that they may be
# wrong: that of C.3 was made without the lines of its `(created)` and `(expires)`.
MODULUS = int(
    "c2144346c37df21a2872f76a438d94219740b7eab3c98fe0af7d20bcfaadbc871035eb5405354775df0b824d"
    "472ad10776aac05eff6845c9cd83089260d21d4befcfba67850c47b10e7297dd504f477f79bf86cf85511e39"
    "b8125e0cad474851c3f1b1ca0fa92ff053c67c94e8b5cfb6c63270a188bed61aa9d5f21e91ac6cc9",
    16,
)
HEADERS = {
    "host": "example.com",
    "date": "Sun, 05 Jan 2014 21:31:40 GMT",
    "content-type": "application/json",
    "digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "content-length": "18",
}
C1 = (
    "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q"
    "25WqS+lavg7T8hc0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5WozsbM="
)
C2 = (
    "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8"
    "VfEdKFYRqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="
)
C3 = (
    "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv"
    "120V01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
)


def string_of(covered):
    return signing_string(
        covered.split(), method="POST", target="/foo?param=value&pet=dog", headers=HEADERS
    )


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (
            f'keyId="Test",algorithm="rsa-sha256",signature="{C1}"',
            "date: Sun, 05 Jan 2014 21:31:40 GMT",
        ),
        (
            'keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date", '
            f'signature="{C2}"',
            "(request-target): post /foo?param=value&pet=dog\nhost: example.com\n"
            "date: Sun, 05 Jan 2014 21:31:40 GMT",
        ),
    ],
)
def test_the_published_vectors_hold(header, text):
    key = rsa.RSAPublicNumbers(65537, MODULUS).public_key()
    parameters = parse_signature_header(header)
    built = string_of(" ".join(parameters.headers))
    assert built == text
    assert verify(built, parameters.signature, key)
    assert not verify(built + " ", parameters.signature, key)
    flipped = bytes([parameters.signature[0] ^ 1]) + parameters.signature[1:]
    assert not verify(built, flipped, key)


def test_the_published_vector_of_all_headers_holds_without_its_times():
    key = rsa.RSAPublicNumbers(65537, MODULUS).public_key()
    parameters = parse_signature_header(
        'keyId="Test",algorithm="rsa-sha256", created=1402170695, expires=1402170699, '
        'headers="(request-target) (created) (expires) host date content-type digest '
        f'content-length",signature="{C3}"'
    )
    lines = signing_string(
        parameters.headers,
        method="POST",
        target="/foo?param=value&pet=dog",
        headers=HEADERS,
        parameters=parameters,
    ).split("\n")
    assert lines[1:3] == ["(created): 1402170695", "(expires): 1402170699"]
    assert not verify("\n".join(lines), parameters.signature, key)
    assert verify("\n".join([lines[0], *lines[3:]]), parameters.signature, key)


def test_a_header_is_read_in_any_order_with_numbers_quoted_or_not():
    read = parse_signature_header(
        'signature="AAAA", Created="1402170695" ,expires=1402170699,algorithm="hs2019",'
        'headers="Host  (created) (expires)",keyId="https://a.example/?author=0#main-key",x="1,2"'
    )
    assert read == CavageParameters(
        key_id="https://a.example/?author=0#main-key",
        algorithm="hs2019",
        headers=("host", "(created)", "(expires)"),
        signature=b"\0\0\0",
        created="1402170695",
        expires="1402170699",
    )


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "signature_syntax"),
        ("Signature", "signature_syntax"),
        ('keyId="k",signature="AAAA",', "signature_syntax"),
        ('keyId="k" signature="AAAA"', "signature_syntax"),
        ('keyId="k",signature="AAAA', "signature_syntax"),
        ('keyId="k\\"",signature="AAAA"', "signature_syntax"),
        ('keyId="k",signature="AAAA",headers=""', "signature_syntax"),
        ('keyId="k",signature="AAAA",headers="date (other)"', "signature_syntax"),
        ('keyId="k",signature="AAAA",headers="date\thost:"', "signature_syntax"),
        ('keyId="k",signature="' + "A" * 9000 + '"', "signature_syntax"),
        ('keyId="k",keyId="k",signature="AAAA"', "signature_duplicate"),
        ('keyId="k",keyid="l",signature="AAAA"', "signature_duplicate"),
        ('keyId="k",signature="AAAA",signature="AAAA"', "signature_duplicate"),
        ('keyId="k",signature="AAAA",headers="date Date"', "signature_duplicate"),
        ('keyId="k"', "signature_incomplete"),
        ('signature="AAAA"', "signature_incomplete"),
        ('keyId="",signature="AAAA"', "signature_incomplete"),
        ('keyId="k",signature="AAAA",created="soon"', "signature_time"),
        ('keyId="k",signature="AAAA",created=1402170695.5', "signature_time"),
        ('keyId="k",signature="AAAA",expires=-1', "signature_time"),
        ('keyId="k",signature="AAAA",expires=99999999999999', "signature_time"),
        ('keyId="k",signature="AA A="', "signature_base64"),
        ('keyId="k",signature="A"', "signature_base64"),
        ('keyId="k",signature="\u00fc"', "signature_base64"),
    ],
)
def test_a_header_that_can_be_read_two_ways_is_refused(header, code):
    with pytest.raises(Malformed) as caught:
        parse_signature_header(header)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["x-missing", "(created)", "(expires)"])
def test_a_covered_header_must_be_there(name):
    with pytest.raises(SignatureInvalid) as caught:
        string_of(f"date {name}")
    assert caught.value.code == "signature_header_absent"
    assert caught.value.facts["received"] == name


def test_a_signed_text_can_be_verified(private_key, public_key):
    text = string_of("(request-target) host date digest")
    assert verify(text, base64.b64decode(sign(text, private_key.rsa)), public_key.rsa)


def test_a_signature_of_non_ascii_text_never_verifies(public_key):
    assert not verify("date: \u20ac", b"x" * 256, public_key.rsa)

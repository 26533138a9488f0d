import base64
import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from activitypub.errors import Malformed, SignatureInvalid
from activitypub.signatures.keys import PublicKey
from activitypub.signatures.rfc9421 import (
    Rfc9421Parameters,
    parameters_of,
    parse_signatures,
    sign,
    signature_base,
    verify,
)
from activitypub.signatures.structured import Item, serialize

# RFC 9421: the public keys of Appendix B.1, the requests and signatures of §4.3 and Appendix B.
RSA = (
    "MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrwWEBnez6d0UDKDwGbc6nxfEXAy5mb"
    "hgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV"
    "0a75jfZgkne/YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0PuKxI4T+HIaFpv8+rdV6e"
    "UgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQPSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ10wIDAQAB"
)
RSA_PSS = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6d"
    "pG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO"
    "7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU"
    "4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDO"
    "kFV6+U9nV5oyc6XI2wIDAQAB"
)
P256 = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+"
    "hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ=="
)
ED25519 = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
SECRET = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
KEYS = {
    "test-key-rsa-pss": RSA_PSS,
    "test-key-ecc-p256": P256,
    "test-key-ed25519": ED25519,
    "test-key-rsa": RSA,
}
DIGEST = (
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJw"
    "ew==:"
)
REQUEST = {
    '"@method"': "POST",
    '"@authority"': "example.com",
    '"@path"': "/foo",
    '"@query"': "?param=Value&Pet=dog",
    '"@query-param";name="Pet"': "dog",
    '"date"': "Tue, 20 Apr 2021 02:07:55 GMT",
    '"content-type"': "application/json",
    '"content-digest"': DIGEST,
    '"content-length"': "18",
}
RESPONSE = {
    '"@status"': "200",
    '"content-type"': "application/json",
    '"content-digest"': "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdX"
    "ymyU0rjJuahq4l5aGgfLQ==:",
    '"content-length"': "23",
}
PROXIED = REQUEST | {
    '"@authority"': "origin.host.internal.example",
    '"forwarded"': "for=192.0.2.123;host=example.com;proto=https",
}
TTRP = REQUEST | {
    '"@authority"': "service.internal.example",
    '"client-cert"': ":"
    "MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhd"
    "GUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgN"
    "VBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC"
    "8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0"
    "ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY"
    "29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5X"
    "armPk0wmuydBVoU4hBVZ1yhk=:",
}
TRANSFORM = {
    '"@method"': "GET",
    '"@path"': "/demo",
    '"@authority"': "example.org",
    '"accept"': "application/json, */*",
}
SIG_B21 = (
    '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
    "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Ud"
    "x7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsP"
    "LMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v"
    "6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
)
SIG_B22 = (
    '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473'
    ';keyid="test-key-rsa-pss";tag="header-example"',
    "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7K"
    "T8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqw"
    "ZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFs"
    "URIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
)
SIG_B23 = (
    '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" '
    '"content-length");created=1618884473;keyid="test-key-rsa-pss"',
    "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p"
    "2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2"
    "HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF6"
    "1ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
)
SIG_B24 = (
    '("@status" "content-type" "content-digest" "content-length");created=1618884473'
    ';keyid="test-key-ecc-p256"',
    "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==",
)
SIG_B25 = (
    '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
)
SIG_B26 = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473'
    ';keyid="test-key-ed25519"',
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
)
CLIENT = (
    '("@method" "@authority" "@path" "content-digest" "content-type" "content-length")'
    ';created=1618884475;keyid="test-key-ecc-p256"',
    "X5spyd6CFnAG5QnDyHfqoSNICd+BUP4LYMz2Q0JXlb//4Ijpzp+kve2w4NIyqeAuM7jTDX+sNalzA8ESSaHD3A==",
)
PROXY = (
    '("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded")'
    ';created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540',
    "S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdk"
    "DcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv"
    "0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs"
    "/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==",
)
SIG_TTRP = (
    '("@path" "@query" "@method" "@authority" "client-cert");created=1618884473'
    ';keyid="test-key-ecc-p256"',
    "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==",
)
SIG_TRANSFORM = (
    '("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"',
    "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==",
)
VECTORS = {
    "B.2.1": (SIG_B21, REQUEST),
    "B.2.2": (SIG_B22, REQUEST),
    "B.2.3": (SIG_B23, REQUEST),
    "B.2.4": (SIG_B24, RESPONSE),
    "B.2.5": (SIG_B25, REQUEST),
    "B.2.6": (SIG_B26, REQUEST),
    "4.3": (PROXY, PROXIED),
    "B.3": (SIG_TTRP, TTRP),
    "B.4": (SIG_TRANSFORM, TRANSFORM),
}


def holds(key_id, base, signature):
    """Whether the signature is that key's, by the algorithm that the RFC names for it."""
    data = base.encode()
    if key_id == "test-shared-secret":
        return hmac.compare_digest(hmac.digest(SECRET, data, "sha256"), signature)
    public = load_der_public_key(base64.b64decode(KEYS[key_id]))
    try:
        if key_id == "test-key-ecc-p256":
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA512()), salt_length=64)
            public.verify(signature, data, pss, hashes.SHA512())
    except InvalidSignature:
        return False
    return True


def published(key_id):
    """One of the RFC's keys as ours read keys, when they can."""
    kind = "RSA PUBLIC KEY" if key_id == "test-key-rsa" else "PUBLIC KEY"
    return PublicKey(key_id, "o", f"-----BEGIN {kind}-----\n{KEYS[key_id]}\n-----END {kind}-----\n")


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_vectors_hold(name):
    (line, signature), values = VECTORS[name]
    (parameters,) = parse_signatures(f"x={line}", f"x=:{signature}:").values()
    assert parameters.line == line
    base = signature_base(parameters, values)
    if parameters.key_id in ("test-key-rsa", "test-key-ed25519"):
        key = published(parameters.key_id)
        assert verify(base, parameters.signature, key)
        assert not verify(base + " ", parameters.signature, key)
        assert not verify(base, parameters.signature[:-1] + b"\0", key)
    else:
        assert holds(parameters.key_id, base, parameters.signature)
        assert not holds(parameters.key_id, base + " ", parameters.signature)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        (
            "B.2.1",
            '"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss"'
            ';nonce="b3k2pp5k7z-50gnwp.yemd"',
        ),
        (
            "B.2.2",
            '"@authority": example.com\n'
            f'"content-digest": {DIGEST}\n'
            '"@query-param";name="Pet": dog\n'
            '"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet")'
            ';created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
        ),
        (
            "B.2.6",
            '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
            '"@method": POST\n'
            '"@path": /foo\n'
            '"@authority": example.com\n'
            '"content-type": application/json\n'
            '"content-length": 18\n'
            '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" '
            '"content-length");created=1618884473;keyid="test-key-ed25519"',
        ),
    ],
)
def test_the_published_bases_are_ours(name, base):
    (line, signature), values = VECTORS[name]
    (parameters,) = parse_signatures(f"x={line}", f"x=:{signature}:").values()
    assert signature_base(parameters, values) == base


def test_two_signatures_of_one_message_are_distinguished():
    found = parse_signatures(
        f"sig1={CLIENT[0]}, proxy_sig={PROXY[0]}", f"sig1=:{CLIENT[1]}:,proxy_sig=:{PROXY[1]}:"
    )
    assert list(found) == ["sig1", "proxy_sig"]
    assert found["proxy_sig"].line == PROXY[0]
    assert found["proxy_sig"].algorithm == "rsa-v1_5-sha256"
    assert (found["proxy_sig"].created, found["proxy_sig"].expires) == (1618884480, 1618884540)
    assert found["sig1"].expires is None
    client = signature_base(found["sig1"], REQUEST)
    assert holds("test-key-ecc-p256", client, found["sig1"].signature)


def test_our_signature_has_its_parameters_and_verifies(
    private_key, proof_key, public_key, public_proof_key
):
    pairs = ((private_key, public_key), (proof_key, public_proof_key))
    for private, public in pairs:
        parameters = parameters_of(['"@method"'], private, created=1703066400)
        base = signature_base(parameters, {'"@method"': "GET"})
        signature = sign(base, private)
        (read,) = parse_signatures(f"sig1={parameters.line}", f"sig1={signature}").values()
        assert signature_base(read, {'"@method"': "GET"}) == base
        assert verify(base, read.signature, public)
        others = [other for _, other in pairs if other is not public]
        assert not any(verify(base, read.signature, other) for other in others)


def test_a_signature_of_non_ascii_text_never_verifies(public_key):
    assert not verify('"x": \u20ac', b"x" * 256, public_key)


def test_spaces_between_covered_components_are_not_signed():
    loose, exact = '( "@method"   "date" );  created=1', '("@method" "date");created=1'
    (read,) = parse_signatures(f"x={loose}", "x=:AAAA:").values()
    assert read == Rfc9421Parameters(('"@method"', '"date"'), exact, b"\0\0\0", None, None, 1, None)


@pytest.mark.parametrize(
    ("described", "signature", "code"),
    [
        ('a=("x")', "b=:AAAA:", "signature_labels"),
        ('a=("x")', "a=:AAAA:, b=:AAAA:", "signature_labels"),
        ('a=("x"), b=("x")', "a=:AAAA:", "signature_labels"),
        ("a=1", "a=:AAAA:", "signature_syntax"),
        ("a", "a=:AAAA:", "signature_syntax"),
        ('a=("x")', 'a=("x")', "signature_syntax"),
        ('a=("x")', 'a="AAAA"', "signature_syntax"),
        ('a=("x")', "a", "signature_syntax"),
        ('a=("X")', "a=:AAAA:", "signature_syntax"),
        ("a=(x)", "a=:AAAA:", "signature_syntax"),
        ("a=(:AAAA:)", "a=:AAAA:", "signature_syntax"),
        ('a=("@signature-params")', "a=:AAAA:", "signature_syntax"),
        ('a=("x" "y" "x")', "a=:AAAA:", "signature_duplicate"),
        ('a=("x";a;b=1 "x";b=1;a)', "a=:AAAA:", "signature_duplicate"),
        ('a=("x");keyid=x', "a=:AAAA:", "signature_syntax"),
        ('a=("x");alg=ed25519', "a=:AAAA:", "signature_syntax"),
        ('a=("x");created="1"', "a=:AAAA:", "signature_time"),
        ('a=("x");created', "a=:AAAA:", "signature_time"),
        ('a=("x");expires=?1', "a=:AAAA:", "signature_time"),
        ('a=("x");created=1.5', "a=:AAAA:", "structured_syntax"),
        ('a=("x");created=1;created=2', "a=:AAAA:", "structured_duplicate"),
        ('a=("x"), a=("x")', "a=:AAAA:", "structured_duplicate"),
        ('a=("x")', 'keyId="k",signature="AAAA"', "structured_syntax"),
    ],
)
def test_ambiguous_fields_are_refused(described, signature, code):
    with pytest.raises(Malformed) as caught:
        parse_signatures(described, signature)
    assert caught.value.code == code


@pytest.mark.parametrize("component", ['"x-missing"', '"@query-param";name="x"', '"date";sf'])
def test_a_covered_component_must_be_there(component):
    (parameters,) = parse_signatures(f"a=({component})", "a=:AAAA:").values()
    with pytest.raises(SignatureInvalid) as caught:
        signature_base(parameters, {'"date"': "x"})
    assert caught.value.code == "signature_header_absent"
    assert caught.value.facts["received"] == component


def test_a_signature_is_written_between_colons(proof_key):
    raw = proof_key.ed25519.sign(b"x")
    assert sign("x", proof_key) == serialize(Item(raw)) == f":{base64.b64encode(raw).decode()}:"

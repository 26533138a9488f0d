import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from activitypub.errors import Malformed
from activitypub.signatures import multikey
from activitypub.signatures.keys import (
    PublicKey,
    load_private,
    load_proof_key,
    load_rsa_public,
    to_pem,
)

SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1
PEM = serialization.Encoding.PEM


def pem_of(modulus, exponent, form=SPKI):
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(PEM, form).decode()


def wrapped(der):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n"


def test_a_generated_key_pair_can_be_loaded_and_matches(rsa_pems):
    private = load_private("https://a.example/u#main-key", rsa_pems[0])
    assert private.id == "https://a.example/u#main-key"
    public = PublicKey("k", "o", rsa_pems[1])
    assert public.rsa.public_numbers() == private.rsa.public_key().public_numbers()
    assert public.rsa.key_size == 2048


def test_a_pem_is_parsed_once(public_key):
    assert public_key.rsa is PublicKey("other", "other", public_key.pem).rsa


@pytest.mark.parametrize("form", [SPKI, PKCS1])
def test_both_pem_forms_on_the_wire_are_read(form, public_key):
    pem = public_key.rsa.public_bytes(PEM, form).decode()
    assert load_rsa_public(pem).key_size == 2048
    assert load_rsa_public(pem.strip().replace("\n", "\r\n")).key_size == 2048


@pytest.mark.parametrize(
    ("pem", "code"),
    [
        ("", "key_unreadable"),
        ("not a key \u00fc", "key_unreadable"),
        (wrapped(b"\x30\x00"), "key_unreadable"),
        ("x" * 5000, "key_too_big"),
        (pem_of(2**1023 + 1, 65537), "key_too_small"),
        (pem_of(2**2046 + 1, 65537), "key_too_small"),
        (pem_of(2**8192 + 1, 65537), "key_too_big"),
        (pem_of(2**2047 + 1, 3), "key_exponent"),
        (pem_of(2**2047 + 1, 257), "key_exponent"),
        (pem_of(2**2047 + 1, 2**64 + 1), "key_exponent"),
    ],
)
def test_weak_huge_and_broken_keys_are_refused(pem, code):
    with pytest.raises(Malformed) as caught:
        _ = PublicKey("k", "o", pem).rsa
    assert caught.value.code == code


def test_a_key_that_is_not_rsa_is_refused():
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(PEM, SPKI).decode()
    with pytest.raises(Malformed) as caught:
        load_rsa_public(pem)
    assert caught.value.code == "key_type"
    private = key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    with pytest.raises(ValueError, match="not an RSA key"):
        load_private("k", private)


def test_keys_of_the_allowed_sizes_pass():
    assert load_rsa_public(pem_of(2**2047 + 1, 65537)).key_size == 2048
    assert load_rsa_public(pem_of(2**8191 + 1, 65537)).key_size == 8192


def test_a_private_key_does_not_print_its_secret(private_key, proof_key, ed25519_pems):
    assert "PRIVATE" not in repr(private_key)
    secret = ed25519_pems[0].splitlines()[1]
    assert secret not in repr(proof_key)
    assert "PRIVATE" not in repr(proof_key)


def test_a_generated_ed25519_key_pair_can_be_loaded_and_matches(ed25519_pems):
    private = load_proof_key("https://a.example/u#ed25519-key", ed25519_pems[0])
    public = PublicKey("k", "o", ed25519_pems[1])
    assert private.id == "https://a.example/u#ed25519-key"
    assert public.loaded == private.ed25519.public_key()
    assert to_pem(public.loaded) == public.pem


def test_a_key_has_an_algorithm(private_key, public_key, proof_key, public_proof_key):
    assert (private_key.kind, public_key.kind) == ("rsa", "rsa")
    assert (proof_key.kind, public_proof_key.kind) == ("ed25519", "ed25519")
    with pytest.raises(Malformed) as caught:
        _ = public_proof_key.rsa
    assert caught.value.code == "key_type"


def test_a_multikey_and_a_pem_of_one_key_are_the_same(public_key, public_proof_key):
    for key in (public_key, public_proof_key):
        read = PublicKey.from_multibase(key.id, key.owner, key.multibase)
        assert read == key
    assert public_proof_key.multibase.startswith("z6Mk")


def test_a_key_of_another_algorithm_is_not_a_proof_key(rsa_pems):
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        load_proof_key("k", rsa_pems[0])


def test_curves_that_nobody_signs_with_are_refused():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(PEM, SPKI).decode()
    with pytest.raises(Malformed) as caught:
        _ = PublicKey("k", "o", pem).loaded
    assert caught.value.code == "key_type"


def test_a_weak_rsa_key_is_weak_as_a_multikey_too():
    text = multikey.encode(rsa.RSAPublicNumbers(3, 2**2047 + 1).public_key())
    with pytest.raises(Malformed) as caught:
        PublicKey.from_multibase("k", "o", text)
    assert caught.value.code == "key_exponent"


# The points whose order divides 8 have five y; two of them have a second encoding, y + p.
PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME
ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
SMALL = [0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8, PRIME, PRIME + 1]


def doubled(x, y):
    """A point of the curve (RFC 8032 §5.1) added to itself."""
    k = D * x * x * y * y % PRIME
    return (
        2 * x * y * pow(1 + k, -1, PRIME) % PRIME,
        (y * y + x * x) * pow(1 - k, -1, PRIME) % PRIME,
    )


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("y", SMALL)
def test_points_of_small_order_are_refused_as_keys(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert x * x % PRIME == square
    assert doubled(*doubled(*doubled(x, y % PRIME))) == (0, 1)

    raw = bytearray(y.to_bytes(32, "little"))
    raw[31] |= sign
    with pytest.raises(Malformed) as caught:
        PublicKey.from_multibase(
            "k", "o", multikey.encode_base58(multikey.ED25519_PUB + bytes(raw))
        )
    assert caught.value.code == "key_weak"


def test_for_a_point_of_small_order_anybody_can_sign():
    neutral = bytes([1]) + bytes(31)
    weak = ed25519.Ed25519PublicKey.from_public_bytes(neutral)
    weak.verify(neutral + bytes(32), b"what nobody said")  # does not raise: hence the refusal

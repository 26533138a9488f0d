import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from activitypub.errors import Malformed
from activitypub.signatures.keys import PublicKey, load_private, load_rsa_public

SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1
PEM = serialization.Encoding.PEM


def pem_of(modulus, exponent, form=SPKI):
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(PEM, form).decode()


def wrapped(der):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n"


def test_a_made_key_can_be_loaded_and_fits_its_other_half(rsa_pems):
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


def test_a_private_key_does_not_print_its_secret(private_key):
    assert "PRIVATE" not in repr(private_key)

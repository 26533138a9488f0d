import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings, strategies as st

from activitypub.errors import Malformed
from activitypub.signatures.multikey import (
    ED25519_PUB,
    RSA_PUB,
    decode,
    decode_base58,
    encode,
    encode_base58,
)

# FEP-521a: the raw keys, and how they are written.
ED25519 = "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6"
ED25519_TEXT = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
RSA_MODULUS = int(
    "b1b5fcd8d4d5e88ca5c4287b31f578865caf6a78826a3b8ff7b1b23aa4af4e6a0474139f945bd9d3a911ffd0fa72db"
    "78e4593a86c91f9da836186ebd3402d51f6a3844247ab5088b46929c311b43604fed84499f06f0f39bf55590e2187f"
    "1bbe229ba8f49fd2e570cd0e3733c76bfede80e1e7e0881e4538ea1bc5782be9512f8bf132526e05f4923564fe6e1e"
    "21bf7087adebb660fa533fca06d0a8e66991e1312d70b64a61da8ca77c028cdf939601e2cffe2855759b1d479f0847"
    "bcac59d7d62427a431d4e3dfd2697428b9dd6309a7b1167db99fe01af1ff1b739566fb949e47089d1dae84aef1214e"
    "f7f5773e86a0d3e9da246f9bec09d60c705891183d",
    16,
)
RSA_TEXT = (
    "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZsuVNjq8HCuW1w24nh"
    "BFGkRE4cd2Uf2tfrB3N7h4mnyPp1BF3ZttHTYv3DLUPi1zMdkULiow3M1GfXkoC6DoxDUm1jmN6GBj22SjVsr6dxezRVQ"
    "c7aj9TxE7JLbMH1wh5X3kA58H3DFW8rnYMakFGbca5CB2Jf6CnGQZmL7o5uJAdTwXfy2iiiyPxXEGerMhHwhjTA1mKYob"
    "yk2CpeEcmvynADfNZ5MBvcCS7m3XkFCMNUYBS9NQ3fze6vMSUPsNa6GVYmKx2x6JrdEjCk3qRMMmyjnjCMfR4pXbRMZa3"
    "i"
)


def test_the_published_ed25519_key_reads_and_writes():
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(ED25519))
    assert encode(key) == ED25519_TEXT
    assert decode(ED25519_TEXT) == key


def test_the_published_rsa_key_reads_and_writes():
    key = rsa.RSAPublicNumbers(65537, RSA_MODULUS).public_key()
    assert encode(key) == RSA_TEXT
    assert decode(RSA_TEXT) == key


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "z"),
        (b"\0", "z1"),
        (b"\0\0\1", "z112"),
        (b"Hello World!", "z2NEpo7TZRRrLZSi2U"),
        (bytes.fromhex("0000287fb4cd"), "z11233QC4"),
    ],
)
def test_base58_uses_the_bitcoin_alphabet(data, text):
    assert encode_base58(data) == text
    if data:
        assert decode_base58(text) == data


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=80))
def test_base58_has_one_text_for_each_value(data):
    assert decode_base58(encode_base58(data)) == data


def spki(key):
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "multibase_malformed"),
        ("z", "multibase_malformed"),
        (ED25519_TEXT[1:], "multibase_malformed"),
        ("u" + ED25519_TEXT[1:], "multibase_malformed"),
        (ED25519_TEXT + " ", "multibase_malformed"),
        (ED25519_TEXT[:-1] + "0", "multibase_malformed"),
        (ED25519_TEXT[:-1] + "l", "multibase_malformed"),
        ("z" + "2" * 1536, "multibase_malformed"),
        (encode_base58(bytes.fromhex("e701") + bytes(33)), "key_type"),  # secp256k1
        (encode_base58(b"\xed"), "key_type"),
        (encode_base58(b"\xed\x81\x00" + bytes.fromhex(ED25519)), "key_type"),  # varint too long
        ("z1" + ED25519_TEXT[1:], "key_type"),
        (encode_base58(ED25519_PUB + bytes.fromhex(ED25519)[:-1]), "key_unreadable"),
        (encode_base58(ED25519_PUB + bytes.fromhex(ED25519) + b"\0"), "key_unreadable"),
        (encode_base58(RSA_PUB + b"\x30\x00"), "key_unreadable"),
        (encode_base58(RSA_PUB + decode_base58(RSA_TEXT)[2:] + b"\0"), "key_unreadable"),
        (encode_base58(RSA_PUB + spki(decode(RSA_TEXT))), "key_unreadable"),
        (encode_base58(RSA_PUB + spki(decode(ED25519_TEXT))), "key_unreadable"),
    ],
)
def test_a_malformed_multikey_is_refused(text, code):
    with pytest.raises(Malformed) as caught:
        decode(text)
    assert caught.value.code == code

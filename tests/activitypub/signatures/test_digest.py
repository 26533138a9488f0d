import pytest

from activitypub.errors import Malformed, SignatureInvalid
from activitypub.signatures.digest import (
    check_content_digest,
    check_digest,
    content_digest_header,
    digest_header,
)

BODY = b'{"hello": "world"}'
SHA = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="  # draft-cavage-12, Appendix C


def test_the_digest_is_the_published_one():
    assert digest_header(BODY) == f"SHA-256={SHA}"


@pytest.mark.parametrize(
    "value",
    [f"SHA-256={SHA}", f"sha-256={SHA}", f"Sha-256 = {SHA} ", f"SHA-512=abc==, SHA-256={SHA}"],
)
def test_the_right_digest_is_read_in_any_case(value):
    check_digest([value], BODY)


@pytest.mark.parametrize(
    ("values", "kind", "code"),
    [
        ([], SignatureInvalid, "digest_missing"),
        ([f"SHA-256={SHA}"] * 2, Malformed, "header_duplicate"),
        ([f"SHA-256={SHA},sha-256={SHA}"], Malformed, "digest_duplicate"),
        ([f"SHA-512={SHA}"], SignatureInvalid, "digest_algorithm"),
        ([SHA], SignatureInvalid, "digest_algorithm"),
        ([""], SignatureInvalid, "digest_algorithm"),
        (["SHA-256="], SignatureInvalid, "digest_mismatch"),
        (["SHA-256=%%%"], SignatureInvalid, "digest_mismatch"),
        (["SHA-256=\u00fc"], SignatureInvalid, "digest_mismatch"),
        ([f"SHA-256=Y{SHA[1:]}"], SignatureInvalid, "digest_mismatch"),
        ([f"SHA-256={SHA[:-2]}"], SignatureInvalid, "digest_mismatch"),
    ],
)
def test_any_other_digest_is_refused(values, kind, code):
    with pytest.raises(kind) as caught:
        check_digest(values, BODY)
    assert caught.value.code == code


def test_a_wrong_digest_is_reported_with_the_computed_one():
    with pytest.raises(SignatureInvalid) as caught:
        check_digest([f"SHA-256={SHA}"], BODY + b" ")
    facts = caught.value.facts
    assert facts["check"] == "digest"
    assert facts["received"] == f"SHA-256={SHA}"
    assert facts["computed"] == digest_header(BODY + b" ")


# RFC 9421, Appendix B.2, and RFC 9530: the digests of the same body.
SHA_512 = "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew=="
BOTH = f"sha-256=:{SHA}:, sha-512=:{SHA_512}:"


def test_the_content_digest_is_the_published_one():
    assert content_digest_header(BODY) == f"sha-256=:{SHA}:"


@pytest.mark.parametrize(
    "value",
    [f"sha-256=:{SHA}:", BOTH, f"md5=:AAAA:, x=1, sha-256=:{SHA}:;x=1", f"sha-256=:{SHA}:,a=(1)"],
)
def test_the_right_content_digest_is_read(value):
    check_content_digest([value], BODY)


@pytest.mark.parametrize(
    ("values", "kind", "code"),
    [
        ([], SignatureInvalid, "digest_missing"),
        ([f"sha-256=:{SHA}:"] * 2, Malformed, "header_duplicate"),
        ([f"sha-256=:{SHA}:, sha-256=:{SHA}:"], Malformed, "structured_duplicate"),
        ([f"SHA-256=:{SHA}:"], Malformed, "structured_syntax"),
        ([f"SHA-256={SHA}"], Malformed, "structured_syntax"),
        ([""], Malformed, "structured_syntax"),
        ([f"sha-512=:{SHA_512}:"], SignatureInvalid, "digest_algorithm"),
        (["sha-256"], Malformed, "digest_malformed"),
        ([f'sha-256="{SHA}"'], Malformed, "digest_malformed"),
        ([f"sha-256=(:{SHA}:)"], Malformed, "digest_malformed"),
        ([f"sha-256=:{SHA}:, sha-512=1"], Malformed, "digest_malformed"),
        (["sha-256=::"], SignatureInvalid, "digest_mismatch"),
        ([f"sha-256=:Y{SHA[1:]}:"], SignatureInvalid, "digest_mismatch"),
        ([BOTH.replace(":WZ", ":ZZ")], SignatureInvalid, "digest_mismatch"),
        ([BOTH.replace(":X4", ":Y4")], SignatureInvalid, "digest_mismatch"),
    ],
)
def test_any_other_content_digest_is_refused(values, kind, code):
    with pytest.raises(kind) as caught:
        check_content_digest(values, BODY)
    assert caught.value.code == code


def test_a_wrong_content_digest_is_reported_with_the_computed_one():
    with pytest.raises(SignatureInvalid) as caught:
        check_content_digest([f"sha-256=:{SHA}:"], BODY + b" ")
    facts = caught.value.facts
    assert facts["check"] == "digest"
    assert facts["received"] == f"sha-256=:{SHA}:"
    assert facts["computed"] == content_digest_header(BODY + b" ")

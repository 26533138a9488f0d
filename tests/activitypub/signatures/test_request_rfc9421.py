import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import http_message_signatures
import http_message_signatures.algorithms as theirs
import httpx
import pytest
from hypothesis import given, settings, strategies as st

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.signatures import rfc9421
from activitypub.signatures.digest import content_digest_header, digest_header
from activitypub.signatures.keys import PrivateKey, PublicKey
from activitypub.signatures.request import SignedRequest, examine, key_id_of, sign

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
SECOND = int(NOW.timestamp())
HOSTS = frozenset({"fedcom.example"})
INBOX = "https://fedcom.example/c/cats/inbox"
BODY = b'{"type":"Like"}'
FULL = '"@method" "@target-uri" "content-digest"'
GET = '"@method" "@target-uri"'


def sent(headers, *, method="POST", target="/c/cats/inbox", body=BODY):
    """What arrives when `headers` are sent."""
    pairs = tuple((name.lower(), value) for name, value in headers.items())
    return SignedRequest(method, target, pairs, body)


@pytest.fixture
def signed(private_key):
    """Build a request as peers with other conventions do."""

    def build(
        covered=FULL,
        *,
        parameters=None,
        method="POST",
        target="/c/cats/inbox",
        origin="https://fedcom.example",
        body=BODY,
        key=private_key,
        values=None,
        **headers,
    ):
        fields = {
            "host": "fedcom.example",
            "date": format_datetime(NOW, usegmt=True),
            "content-digest": content_digest_header(body),
            "content-type": "application/activity+json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        known = {f'"{name}"': value for name, value in fields.items()} | {
            '"@method"': method,
            '"@target-uri"': f"{origin}{target}",
            '"@authority"': origin.partition("://")[2],
            '"@scheme"': origin.partition("://")[0],
            '"@request-target"': target,
            '"@path"': target.partition("?")[0],
            '"@query"': f"?{target.partition('?')[2]}",
        }
        if parameters is None:
            parameters = f';created={SECOND};keyid="{key.id}"'
        described = f"sig1=({covered}){parameters}"
        (read,) = rfc9421.parse_signatures(described, "sig1=:AAAA:").values()
        signature = rfc9421.sign(rfc9421.signature_base(read, known | (values or {})), key)
        fields |= {"signature-input": described, "signature": f"sig1={signature}"}
        return sent(fields, method=method, target=target, body=body)

    return build


def check(request, key, *, now=NOW, hosts=HOSTS, **options):
    examine(request, hosts=hosts, now=now, **options).check(key)


def refused(request, key, kind=SignatureInvalid, **changes):
    with pytest.raises(kind) as caught:
        check(request, key, **changes)
    return caught.value


def by(key, **parameters):
    """The parameters of a signature, as text."""
    given = {"created": SECOND, "keyid": f'"{key.id}"'} | parameters
    return "".join(f";{name}={value}" for name, value in given.items() if value is not None)


def test_our_signature_has_the_form_mastodon_and_fedify_accept(private_key, public_key):
    headers = sign("POST", INBOX, BODY, private_key, NOW, profile="rfc9421")
    assert headers["Host"] == "fedcom.example"
    assert headers["Date"] == "Fri, 06 Nov 2026 08:49:37 GMT"
    assert headers["Content-Digest"] == content_digest_header(BODY)
    assert headers["Content-Type"] == "application/activity+json"
    assert headers["Signature-Input"] == (
        f'sig1=({FULL});created={SECOND};keyid="{private_key.id}";alg="rsa-v1_5-sha256"'
    )
    assert headers["Signature"].startswith("sig1=:")
    assert "Digest" not in headers
    check(sent(headers), public_key)


def test_a_get_signs_method_and_target_only(private_key, public_key):
    url = "https://fedcom.example/c/cats?page=2#x"
    headers = sign("GET", url, None, private_key, NOW, profile="rfc9421")
    assert set(headers) == {"Host", "Date", "Signature-Input", "Signature"}
    assert headers["Signature-Input"].startswith(f"sig1=({GET});created=")
    check(sent(headers, method="GET", target="/c/cats?page=2", body=b""), public_key)
    other = sent(headers, method="GET", target="/c/cats", body=b"")
    assert refused(other, public_key).code == "signature_mismatch"


def test_an_ed25519_key_signs_requests_too_but_not_by_cavage(proof_key, public_proof_key):
    headers = sign("POST", INBOX, BODY, proof_key, NOW, profile="rfc9421")
    assert headers["Signature-Input"].endswith(';alg="ed25519"')
    check(sent(headers), public_proof_key)
    with pytest.raises(ValueError, match="RSA"):
        sign("POST", INBOX, BODY, proof_key, NOW)


def test_cavage_is_not_verified_with_another_key_than_rsa(private_key, public_proof_key):
    request = sent(sign("POST", INBOX, BODY, private_key, NOW))
    error = refused(request, public_proof_key)
    assert (error.code, error.facts["received"]) == ("signature_algorithm", "ed25519")


@pytest.mark.parametrize(
    "variant",
    [
        {"covered": '"@method" "@target-uri" "@authority" "host" "date" "content-digest"'},
        {"covered": '"content-digest" "content-type" "@target-uri" "@method"'},
        {"covered": f'{FULL} "@scheme" "@request-target" "@path" "@query"'},
        {"covered": f"  {FULL}   "},
        {"target": "/c/cats/inbox?x=%20y&z"},
        {"target": "/c/cats/inbox?", "covered": f'{FULL} "@query"'},
        {"host": "Fedcom.Example"},
        {"host": "fedcom.example:443"},
        {"method": "GET", "covered": GET, "body": b""},
        {"method": "GET", "covered": f'{GET} "date" "accept"', "accept": "*/*", "body": b""},
        {"content_digest": f"{content_digest_header(BODY)}, md5=:AAAA:, x=1"},
        {"digest": digest_header(b"ignored")},
    ],
)
def test_signature_variants_of_peers_verify(signed, public_key, variant):
    check(signed(**variant), public_key)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"alg": '"rsa-v1_5-sha256"'},
        {"nonce": '"x"', "tag": '"activitypub"'},
        {"expires": SECOND + 60},
        {"other": "token", "flag": "?1"},
    ],
)
def test_the_parameters_of_a_signature_are_covered(signed, public_key, parameters):
    request = signed(parameters=by(public_key, **parameters))
    check(request, public_key)
    headers = dict(request.headers)
    more = sent(headers | {"signature-input": headers["signature-input"] + ';nonce2="y"'})
    assert refused(more, public_key).code == "signature_mismatch"


def test_in_development_our_address_is_http_with_a_port(signed, public_key):
    hosts = frozenset({"127.0.0.1:8001"})
    origin = "http://127.0.0.1:8001"
    for host in ("127.0.0.1:8001", "127.0.0.1"):
        request = signed(f'{FULL} "@authority"', origin=origin, host=host)
        check(request, public_key, hosts=hosts, scheme="http")
        assert refused(request, public_key, hosts=hosts).code == "signature_mismatch"


def test_our_origin_is_verified_and_not_the_host_header(signed, public_key):
    # Case 7: a recipient of a POST by Ann forwards it to us.
    stolen = signed(origin="https://evil.example", host="evil.example")
    assert refused(stolen, public_key).code == "signature_host"
    rewritten = sent(dict(stolen.headers) | {"host": "fedcom.example"})
    error = refused(rewritten, public_key)
    assert error.code == "signature_mismatch"
    assert f'"@target-uri": {INBOX}\n' in error.facts["signing_string"]
    # A target that is no path must not become a part of the host.
    other = signed(origin="https://fedcom.example", target=".evil.example/inbox")
    assert refused(other, public_key, Malformed).code == "target_malformed"


def test_with_two_hosts_of_ours_the_requested_one_counts(signed, public_key):
    hosts = HOSTS | {"other.example"}
    check(signed(origin="https://other.example", host="other.example"), public_key, hosts=hosts)
    crossed = signed(origin="https://other.example")
    assert refused(crossed, public_key, hosts=hosts).code == "signature_mismatch"


# Case 1.
@pytest.mark.parametrize("dropped", ['"@method"', '"@target-uri"', '"content-digest"'])
def test_every_required_component_must_be_covered(signed, public_key, dropped):
    covered = " ".join(name for name in FULL.split() if name != dropped)
    error = refused(signed(covered), public_key)
    assert error.code == "signature_coverage"
    assert error.facts["missing"] == dropped
    assert error.facts["received"] == covered
    assert error.facts["key_id"] == public_key.id


@pytest.mark.parametrize(
    "covered",
    [
        "",
        '"@method" "@authority" "@path" "@query" "@scheme" "content-digest"',
        '"@method" "@request-target" "host" "content-digest"',
        '"@method" "@target-uri" "digest"',
        '"@method";x "@target-uri" "content-digest"',
        '"@method" "@target-uri" "content-digest";sf',
    ],
)
def test_no_other_component_replaces_a_required_one(signed, public_key, covered):
    values = {'"@method";x': "POST", '"content-digest";sf': content_digest_header(BODY)}
    request = signed(covered, digest=digest_header(BODY), values=values)
    assert refused(request, public_key).code == "signature_coverage"


def test_a_get_with_a_body_must_cover_its_digest(signed, public_key):
    request = signed(GET, method="GET", body=BODY)
    assert refused(request, public_key).code == "signature_coverage"


@pytest.mark.parametrize(
    "component",
    ['"x-missing"', '"date";sf', '"date";bs', '"@method";req', '"@query-param";name="x"'],
)
def test_components_that_we_do_not_compute_are_refused(signed, public_key, component):
    request = signed(f"{FULL} {component}", values={component: "x"})
    error = refused(request, public_key)
    assert (error.code, error.facts["received"]) == ("signature_header_absent", component)


# Case 4.
@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest", "host", "date"])
def test_a_repeated_header_is_malformed(signed, public_key, name):
    request = signed()
    value = dict(request.headers)[name]
    twice = SignedRequest("POST", request.target, (*request.headers, (name, value)), BODY)
    error = refused(twice, public_key, Malformed)
    assert (error.code, error.facts["header"]) == ("header_duplicate", name)
    with pytest.raises(Malformed):
        key_id_of(twice)


@pytest.mark.parametrize("name", ["host", "date", "content-digest"])
def test_a_covered_header_must_have_arrived(signed, public_key, name):
    headers = dict(signed(f'{FULL} "date" "host"').headers)
    del headers[name]
    assert refused(sent(headers), public_key).code in (
        "signature_header_absent",
        "digest_missing",
    )


@pytest.mark.parametrize(
    ("parameters", "kind", "code"),
    [
        ({"created": None}, Malformed, "signature_incomplete"),
        ({"keyid": None}, Malformed, "signature_incomplete"),
        ({"keyid": '""'}, Malformed, "signature_incomplete"),
        # Case 16.
        ({"expires": SECOND - 1}, SignatureInvalid, "signature_expires"),
        ({"created": SECOND + 3601}, SignatureInvalid, "signature_time"),
        ({"created": -1}, SignatureInvalid, "signature_time"),
        # Case 8.
        ({"alg": '"hmac-sha256"'}, SignatureInvalid, "signature_algorithm"),
        ({"alg": '"rsa-pss-sha512"'}, SignatureInvalid, "signature_algorithm"),
        ({"alg": '"ed25519"'}, SignatureInvalid, "signature_algorithm"),
        ({"alg": '"RSA-V1_5-SHA256"'}, SignatureInvalid, "signature_algorithm"),
        ({"alg": '""'}, SignatureInvalid, "signature_algorithm"),
    ],
)
def test_a_signature_with_wrong_parameters_is_refused(signed, public_key, parameters, kind, code):
    request = signed(parameters=by(public_key, **parameters))
    assert refused(request, public_key, kind).code == code


def test_the_algorithm_is_that_of_the_key_and_not_of_the_message(
    signed, public_key, public_proof_key
):
    request = signed(parameters=by(public_key, alg='"rsa-v1_5-sha256"'))
    error = refused(request, public_proof_key)
    assert error.code == "signature_algorithm"
    assert (error.facts["computed"], error.facts["received"]) == ("ed25519", "rsa-v1_5-sha256")
    assert refused(signed(), public_proof_key).code == "signature_mismatch"


# Case 3, with the window that draft-cavage has.
@pytest.mark.parametrize(
    ("created", "expires", "code"),
    [
        (0, None, None),
        (3600, None, None),
        (3601, None, "signature_time"),
        (-3900, None, None),
        (-3901, None, "signature_time"),
        (-600, -300, None),
        (-600, -301, "signature_time"),
        (-43_500, 86_400, None),
        (-43_501, 86_400, "signature_time"),
    ],
)
def test_created_and_expires_bound_the_life_of_a_signature(
    signed, public_key, created, expires, code
):
    ends = None if expires is None else SECOND + expires
    request = signed(parameters=by(public_key, created=SECOND + created, expires=ends))
    if code is None:
        check(request, public_key)
    else:
        error = refused(request, public_key)
        assert (error.code, error.facts["clock_offset"]) == (code, str(created))


def test_a_fresh_created_does_not_excuse_an_old_date(signed, public_key):
    old = format_datetime(NOW - timedelta(days=1), usegmt=True)
    check(signed(date=old), public_key)  # nobody vouched for that one
    assert refused(signed(f'{FULL} "date"', date=old), public_key).code == "signature_time"
    broken = signed(f'{FULL} "date"', date="yesterday")
    assert refused(broken, public_key, Malformed).code == "date_malformed"


# Case 5.
@pytest.mark.parametrize(
    ("digest", "kind", "code"),
    [
        ("sha-512=:AAAA:", SignatureInvalid, "digest_algorithm"),
        (digest_header(BODY), Malformed, "structured_syntax"),
        (content_digest_header(b"other"), SignatureInvalid, "digest_mismatch"),
        (f"{content_digest_header(BODY)}, sha-512=:AAAA:", SignatureInvalid, "digest_mismatch"),
    ],
)
def test_the_digest_must_be_right(signed, public_key, digest, kind, code):
    error = refused(signed(content_digest=digest), public_key, kind)
    assert error.code == code
    assert error.facts["key_id"] == public_key.id


# Case 15: of several signatures none is picked.
def test_several_signatures_are_refused(signed, public_key):
    headers = dict(signed().headers)
    twice = headers | {
        name: f"{headers[name]}, {headers[name].replace('sig1', 'sig2', 1)}"
        for name in ("signature", "signature-input")
    }
    error = refused(sent(twice), public_key)
    assert (error.code, error.facts["received"]) == ("signature_several", "sig1 sig2")


# Case 17: what one scheme covers does not help the other.
def test_with_both_schemes_in_one_request_only_rfc_9421_counts(signed, private_key, public_key):
    cavage = {name.lower(): v for name, v in sign("POST", INBOX, BODY, private_key, NOW).items()}
    modern = dict(signed().headers)
    check(sent(cavage), public_key)
    check(sent(modern), public_key)
    # The header Signature can only be of one kind; the other then never counts.
    mixed = cavage | {"signature-input": modern["signature-input"]}
    assert refused(sent(mixed), public_key, Malformed).code == "structured_syntax"
    for empty in ("", "x"):
        error = refused(sent(cavage | {"signature-input": empty}), public_key, Malformed)
        assert error.code.startswith(("structured", "signature"))
    assert refused(sent(modern | {"signature-input": ""}), public_key, Malformed)
    del modern["signature-input"]
    assert refused(sent(modern), public_key, Malformed).code == "signature_syntax"
    # What draft-cavage would have covered is not covered.
    uncovered = dict(signed(GET).headers) | {"digest": cavage["digest"]}
    assert refused(sent(uncovered), public_key).code == "signature_coverage"
    both = SignedRequest(
        "POST",
        "/c/cats/inbox",
        (*signed().headers, ("signature", cavage["signature"])),
        BODY,
    )
    assert refused(both, public_key, Malformed).code == "header_duplicate"


def test_a_request_with_an_input_but_no_signature_is_not_signed(signed, public_key):
    headers = dict(signed().headers)
    del headers["signature"]
    assert refused(sent(headers), public_key).code == "signature_missing"


def test_the_key_id_is_read_before_verification(signed, private_key):
    assert key_id_of(signed(GET)) == private_key.id


@pytest.mark.parametrize(
    "change",
    [
        {"target": "/u/ann/inbox"},
        {"target": "/c/cats/inbox/"},
        {"target": "/c/cats/inbox?x"},
        {"method": "PUT"},
        {"content-type": "application/json"},
    ],
)
def test_a_replay_elsewhere_or_a_changed_head_is_refused(signed, public_key, change):
    request = signed(f'{FULL} "content-type"')
    place = {"method": change.pop("method", "POST"), "target": change.pop("target", request.target)}
    error = refused(sent(dict(request.headers) | change, **place), public_key)
    assert (error.code, error.facts["check"]) == ("signature_mismatch", "signature")
    assert error.facts["signing_string"].startswith(f'"@method": {place["method"]}\n')


def test_an_invalid_key_id_is_malformed(signed):
    key = PublicKey("k", "o", "no pem")
    assert refused(signed(), key, Malformed).code == "key_unreadable"


PATHS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters='#\\<>"'), max_size=30
)


@settings(max_examples=80, deadline=None)
@given(
    body=st.one_of(st.none(), st.binary(max_size=200)),
    path=PATHS,
    query=st.one_of(st.none(), PATHS),
    shift=st.integers(-3900, 3600),
    origin=st.sampled_from(["https://fedcom.example", "http://127.0.0.1:8001"]),
    profile=st.sampled_from(["cavage", "rfc9421"]),
    modern_key=st.booleans(),
)
def test_a_signed_request_always_verifies(
    private_key, public_key, proof_key, public_proof_key, modern_key, profile, **drawn
):
    scheme, _, host = drawn["origin"].partition("://")
    tail = "" if drawn["query"] is None else f"?{drawn['query']}"
    url = httpx.URL(f"{drawn['origin']}/{drawn['path'].replace('?', '')}{tail}")
    body = drawn["body"]
    method = "GET" if body is None else "POST"
    uses_ed25519 = modern_key and profile == "rfc9421"
    private, public = (proof_key, public_proof_key) if uses_ed25519 else (private_key, public_key)
    moment = NOW + timedelta(seconds=drawn["shift"])
    headers = sign(method, str(url), body, private, moment, profile=profile)
    request = sent(headers, method=method, target=url.raw_path.decode(), body=body or b"")
    assert request.profile == profile
    assert key_id_of(request) == private.id
    check(request, public, hosts=frozenset({host}), scheme=scheme)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), profile=st.sampled_from(["cavage", "rfc9421"]))
def test_any_single_changed_byte_of_the_covered_components_is_detected(
    private_key, public_key, profile, data
):
    target = "/c/cats/inbox?a=1"
    url = f"https://fedcom.example{target}"
    headers = sign("POST", url, BODY, private_key, NOW, profile=profile)
    # What is covered: all that cavage sends but its signature, and that of RFC 9421 with its input.
    covered = (
        ["Digest", "Host", "Date", "Content-Type"]
        if profile == "cavage"
        else ["Content-Digest", "Signature-Input", "Signature"]
    )
    parts = {name: headers[name].encode() for name in covered}
    parts |= {"method": b"POST", "target": target.encode(), "body": BODY}
    name = data.draw(st.sampled_from(sorted(parts)))
    changed = bytearray(parts[name])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    parts[name] = bytes(changed)
    method = parts["method"].decode("latin-1")
    request = sent(
        headers | {name: parts[name].decode("latin-1") for name in covered},
        method=method,
        target=parts["target"].decode("latin-1"),
        body=parts["body"],
    )
    if method != "POST" and method.upper() == "POST":
        check(request, public_key)  # both schemes write the method in one case
    else:
        refused(request, public_key, ProtocolError)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["host", "date", "content-digest", "signature", "x"]), st.text(max_size=60)
    ),
    st.text(max_size=40),
    st.text(max_size=20),
)
def test_no_header_makes_verifying_fail_in_another_way(public_key, headers, parameters, target):
    covered = f'sig1=({FULL} "x");created={SECOND};keyid="k"{parameters}'
    request = sent(
        {"signature-input": covered, "signature": "sig1=:AAAA:"} | headers, target=target
    )
    with pytest.raises(ProtocolError):
        check(request, public_key, hosts=frozenset({headers.get("host", "").strip().lower()}))


class Resolver(http_message_signatures.HTTPSignatureKeyResolver):
    """Both halves of one key, as the other implementation asks for them."""

    def __init__(self, private, public):
        self.private = private.rsa if isinstance(private, PrivateKey) else private.ed25519
        self.public = public.loaded

    def resolve_private_key(self, key_id):
        return self.private

    def resolve_public_key(self, key_id):
        return self.public


@pytest.fixture(params=["rsa", "ed25519"])
def other(request, private_key, public_key, proof_key, public_proof_key):
    """A key, and the other implementation's signer and verifier for it."""
    rsa = request.param == "rsa"
    private, public = (private_key, public_key) if rsa else (proof_key, public_proof_key)
    arguments = {
        "signature_algorithm": theirs.RSA_V1_5_SHA256 if rsa else theirs.ED25519,
        "key_resolver": Resolver(private, public),
    }
    return SimpleNamespace(
        private=private,
        public=public,
        signer=http_message_signatures.HTTPMessageSigner(**arguments),
        verifier=http_message_signatures.HTTPMessageVerifier(**arguments),
    )


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [("POST", INBOX, BODY), ("GET", "https://fedcom.example/c/cats?page=2&x=%20", None)],
)
def test_another_implementation_verifies_our_signatures(other, method, url, body):
    now = datetime.now(UTC)
    headers = sign(method, url, body, other.private, now, profile="rfc9421")
    message = SimpleNamespace(method=method, url=url, headers=headers)
    (result,) = other.verifier.verify(message, max_age=timedelta(minutes=5))
    assert result.parameters["keyid"] == other.private.id
    assert '"@target-uri"' in result.covered_components
    message.url = url.replace("cats", "dogs")
    with pytest.raises(http_message_signatures.InvalidSignature):
        other.verifier.verify(message, max_age=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [("POST", "/c/cats/inbox", BODY), ("GET", "/c/cats?page=2&x=%20", b"")],
)
def test_we_verify_signatures_of_another_implementation(other, method, target, body):
    headers = {"Host": "fedcom.example", "Date": format_datetime(NOW, usegmt=True)}
    covered = ["@method", "@target-uri", "@authority", "host", "date"]
    message = SimpleNamespace(
        method=method, url=f"https://fedcom.example{target}", headers=dict(headers)
    )
    other.signer.sign(
        message,
        key_id=other.private.id,
        created=NOW,
        expires=NOW + timedelta(minutes=1),
        nonce="x",
        tag="y",
        covered_component_ids=covered,
        body=body or None,
    )
    request = sent(message.headers, method=method, target=target, body=body)
    check(request, other.public)
    changed = sent(message.headers, method=method, target=f"{target}x", body=body)
    assert refused(changed, other.public).code == "signature_mismatch"


def test_the_signature_of_a_signature_is_plain_base64(private_key):
    headers = sign("POST", INBOX, BODY, private_key, NOW, profile="rfc9421")
    raw = headers["Signature"].removeprefix("sig1=:").removesuffix(":")
    assert len(base64.b64decode(raw, validate=True)) == 256

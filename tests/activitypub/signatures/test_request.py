import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given, settings, strategies as st

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.signatures import cavage
from activitypub.signatures.digest import digest_header
from activitypub.signatures.keys import generate_rsa_pem, load_rsa_public
from activitypub.signatures.request import SignedRequest, examine, key_id_of, sign
from activitypub.vocab.base import dump
from tests.support import javascript

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
HOSTS = frozenset({"fedcom.example"})
INBOX = "https://fedcom.example/c/cats/inbox"
BODY = b'{"type":"Like"}'
FULL = "(request-target) host date digest content-type"


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
        algorithm="hs2019",
        target="/c/cats/inbox",
        signed_target=None,
        method="POST",
        body=BODY,
        extra="",
        times=None,
        **headers,
    ):
        values = {
            "host": "fedcom.example",
            "date": format_datetime(NOW, usegmt=True),
            "digest": digest_header(body),
            "content-type": "application/activity+json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        signed_host = values.pop("signed-host", values["host"])
        times = times or {}
        text = cavage.signing_string(
            covered.split(),
            method=method,
            target=signed_target or target,
            headers=values | {"host": signed_host},
            parameters=cavage.CavageParameters(
                "", None, (), b"", times.get("created"), times.get("expires")
            ),
        )
        algorithm = f',algorithm="{algorithm}"' if algorithm else ""
        values["signature"] = (
            f'keyId="{private_key.id}"{algorithm},headers="{covered}"'
            + "".join(f",{name}={value}" for name, value in times.items())
            + f',signature="{cavage.sign(text, private_key.rsa)}"{extra}'
        )
        return sent(values, method=method, target=target, body=body)

    return build


def check(request, key, *, now=NOW, hosts=HOSTS):
    examine(request, hosts=hosts, now=now).check(key)


def refused(request, key, kind=SignatureInvalid, **changes):
    with pytest.raises(kind) as caught:
        check(request, key, **changes)
    return caught.value


def test_our_signature_has_the_form_every_peer_accepts(private_key, public_key):
    headers = sign("POST", INBOX, BODY, private_key, NOW)
    assert headers["Host"] == "fedcom.example"
    assert headers["Date"] == "Fri, 06 Nov 2026 08:49:37 GMT"
    assert headers["Digest"] == digest_header(BODY)
    assert headers["Content-Type"] == "application/activity+json"
    assert headers["Signature"].startswith(
        f'keyId="{private_key.id}",algorithm="rsa-sha256",headers="{FULL}",signature="'
    )
    check(sent(headers), public_key)


def test_a_get_signs_target_host_and_date_only(private_key, public_key):
    headers = sign("GET", "https://fedcom.example/c/cats?page=2#x", None, private_key, NOW)
    assert set(headers) == {"Host", "Date", "Signature"}
    assert 'headers="(request-target) host date"' in headers["Signature"]
    request = sent(headers, method="GET", target="/c/cats?page=2", body=b"")
    check(request, public_key)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://fedcom.example", "fedcom.example", "/"),
        ("https://fedcom.example?a=b", "fedcom.example", "/?a=b"),
        ("https://fedcom.example:443/x", "fedcom.example", "/x"),
        ("http://127.0.0.1:8001/x?y=%20z", "127.0.0.1:8001", "/x?y=%20z"),
        ("https://fedcom.example/j\u00fcrgen", "fedcom.example", "/j%C3%BCrgen"),
    ],
)
def test_host_and_target_are_signed_as_they_are_sent(private_key, public_key, url, host, target):
    headers = sign("GET", url, None, private_key, NOW)
    assert headers["Host"] == host
    check(sent(headers, method="GET", target=target, body=b""), public_key, hosts={host})


def test_the_query_can_be_left_out_for_peers_that_drop_it(private_key, public_key):
    url = "https://fedcom.example/x?page=2"
    with_query = sign("GET", url, None, private_key, NOW)
    without = sign("GET", url, None, private_key, NOW, cover_query=False)
    check(sent(without, method="GET", target="/x", body=b""), public_key)
    refused(sent(with_query, method="GET", target="/x", body=b""), public_key)


@pytest.mark.parametrize(
    "options",
    [
        {"algorithm": "rsa-sha256"},
        {"algorithm": "RSA-SHA256"},
        {"algorithm": "hs2019"},
        {"algorithm": None},
        {"covered": "host date digest content-type (request-target)"},
        {"covered": "(request-target) content-length date digest host", "content_length": "15"},
        {"covered": "digest host (request-target) date"},
        {"digest": digest_header(BODY).replace("SHA", "sha")},
        {"target": "/c/cats/inbox?x=1"},
        {"target": "/c/cats/inbox?x=1", "signed_target": "/c/cats/inbox"},
        {"host": "Fedcom.Example", "covered": FULL},
        {"host": "fedcom.example:443"},
        {"host": "fedcom.example:443", "signed_host": "fedcom.example"},
        {"date": "Fri, 06 Nov 2026 08:49:37 +0000"},
        {"date": "Fri, 06 Nov 2026 08:49:37 -0000"},
        {"extra": ',opaque="x"'},
        {
            "method": "GET",
            "body": b"",
            "covered": "(request-target) host date accept",
            "accept": "*",
        },
        {"method": "GET", "body": b"", "covered": "date host (request-target)"},
        {
            "covered": "host date digest (request-target) (created) (expires)",
            "times": {"created": str(int(NOW.timestamp())), "expires": "1794000000"},
        },
        {
            "covered": "host digest (request-target) (created)",
            "algorithm": None,
            "times": {"created": str(int(NOW.timestamp()))},
        },
    ],
)
def test_signature_variants_of_peers_verify(signed, public_key, options):
    check(signed(**options), public_key)


def test_numbers_in_quotes_verify_too(signed, public_key):
    request = signed(
        "host digest (request-target) (created)", times={"created": str(int(NOW.timestamp()))}
    )
    headers = dict(request.headers)
    created = f"created={int(NOW.timestamp())}"
    quoted = headers["signature"].replace(created, f'created="{int(NOW.timestamp())}"')
    assert quoted != headers["signature"]
    check(sent(headers | {"signature": quoted}), public_key)


def test_our_host_with_a_port_is_known_without_it(signed, public_key):
    hosts = frozenset({"127.0.0.1:8001"})
    for options in (
        {"host": "127.0.0.1:8001"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8001", "signed_host": "127.0.0.1"},
    ):
        check(signed(**options), public_key, hosts=hosts)


def test_repeated_headers_that_are_covered_are_joined(signed, public_key):
    request = signed(f"{FULL} accept", accept="a, b")
    pairs = tuple(pair for pair in request.headers if pair[0] != "accept")
    twice = SignedRequest("POST", request.target, (*pairs, ("accept", "a"), ("accept", " b")), BODY)
    check(twice, public_key)


# Each row drops one header from what is covered (Takahe had no required set).
@pytest.mark.parametrize("dropped", ["(request-target)", "host", "date", "digest"])
def test_every_required_header_must_be_covered(signed, public_key, dropped):
    covered = " ".join(name for name in FULL.split() if name != dropped)
    error = refused(signed(covered), public_key)
    assert error.code == "signature_coverage"
    assert error.facts["missing"] == dropped
    assert error.facts["received"] == covered
    assert error.facts["key_id"] == public_key.id


def test_a_get_with_a_body_must_cover_its_digest(signed, public_key):
    request = signed("(request-target) host date", method="GET", body=BODY)
    assert refused(request, public_key).code == "signature_coverage"


def test_without_a_list_of_headers_too_little_is_covered(signed, public_key):
    headers = dict(signed("date").headers)
    headers["signature"] = headers["signature"].replace('headers="date",', "")
    assert refused(sent(headers), public_key).code == "signature_coverage"


@pytest.mark.parametrize("name", ["signature", "digest", "host", "date"])
def test_a_repeated_header_is_malformed(signed, public_key, name):
    request = signed()
    value = dict(request.headers)[name]
    twice = SignedRequest("POST", request.target, (*request.headers, (name, value)), BODY)
    error = refused(twice, public_key, Malformed)
    assert (error.code, error.facts["header"]) == ("header_duplicate", name)
    with pytest.raises(Malformed):
        key_id_of(twice)


@pytest.mark.parametrize("name", ["host", "date", "digest", "content-type"])
def test_a_covered_header_must_have_arrived(signed, public_key, name):
    headers = dict(signed().headers)
    del headers[name]
    error = refused(sent(headers), public_key)
    assert error.code in ("signature_header_absent", "digest_missing")


@pytest.mark.parametrize(
    ("covered", "name"),
    [
        ("(request-target) host digest (created)", "created"),
        ("(request-target) host digest date (expires)", "expires"),
    ],
)
def test_a_covered_time_must_be_given(signed, public_key, covered, name):
    headers = dict(signed(covered, times={name: "1794000000"}).headers)
    headers["signature"] = headers["signature"].replace(f",{name}=1794000000", "")
    error = refused(sent(headers), public_key)
    assert (error.code, error.facts["received"]) == ("signature_header_absent", f"({name})")


@pytest.mark.parametrize(
    "change",
    [
        {"target": "/u/ann/inbox"},
        {"target": "/c/cats/inbox/"},
        {"method": "PUT"},
        {"content-type": "application/json"},
        {"date": format_datetime(NOW + timedelta(seconds=1), usegmt=True)},
    ],
)
def test_a_replay_elsewhere_or_a_changed_head_is_refused(signed, public_key, change):
    request = signed()
    place = {"method": change.pop("method", "POST"), "target": change.pop("target", request.target)}
    error = refused(sent(dict(request.headers) | change, **place), public_key)
    assert error.code == "signature_mismatch"
    assert error.facts["check"] == "signature"
    assert error.facts["key_id"] == public_key.id
    assert error.facts["signing_string"].startswith(f"(request-target): {place['method'].lower()}")


@pytest.mark.parametrize("bit", [0, 7, 1000, 2047])
def test_one_flipped_bit_of_the_signature_is_refused(signed, public_key, bit):
    headers = dict(signed().headers)
    head, _, rest = headers["signature"].partition('signature="')
    raw = bytearray(base64.b64decode(rest.removesuffix('"')))
    raw[bit // 8] ^= 1 << (bit % 8)
    headers["signature"] = f'{head}signature="{base64.b64encode(raw).decode()}"'
    assert refused(sent(headers), public_key).code == "signature_mismatch"


def test_one_flipped_bit_of_the_body_is_refused(signed, public_key):
    headers = dict(signed().headers)
    body = bytes([BODY[0] ^ 1]) + BODY[1:]
    error = refused(sent(headers, body=body), public_key)
    assert error.code == "digest_mismatch"
    assert error.facts["computed"] == digest_header(body)
    assert error.facts["key_id"] == public_key.id
    fitting = headers | {"digest": digest_header(body)}
    assert refused(sent(fitting, body=body), public_key).code == "signature_mismatch"


def test_another_key_is_refused(signed, public_key):
    _, pem = generate_rsa_pem()
    assert load_rsa_public(pem) != public_key.rsa
    other = type(public_key)(public_key.id, public_key.owner, pem)
    assert refused(signed(), other).code == "signature_mismatch"


@pytest.mark.parametrize(
    "host", ["evil.example", "fedcom.example:8443", "fedcom.example.", "", "x:y"]
)
def test_a_request_for_another_host_is_refused(signed, public_key, host):
    error = refused(signed(host=host), public_key)
    assert error.code == "signature_host"
    assert error.facts["computed"] == "fedcom.example"


@pytest.mark.parametrize(
    ("algorithm", "covered"),
    [
        ("hmac-sha256", FULL),
        ("rsa-sha512", FULL),
        ("ed25519", FULL),
        ("", FULL),
        ("rsa-sha256", "(request-target) host digest (created)"),
        ("rsa-sha256", "(request-target) host digest date (expires)"),
    ],
)
def test_an_algorithm_that_means_something_else_is_refused(signed, public_key, algorithm, covered):
    request = signed(
        covered, algorithm=algorithm, times={"created": "1794000000", "expires": "1794000000"}
    )
    if not algorithm:
        headers = dict(request.headers)
        headers["signature"] = f'algorithm="",{headers["signature"]}'
        request = sent(headers)
    error = refused(request, public_key)
    assert (error.code, error.facts["check"]) == ("signature_algorithm", "algorithm")


@pytest.mark.parametrize(
    ("offset", "fine"),
    [
        (0, True),
        (3600, True),
        (3601, False),
        (-3900, True),
        (-3901, False),
        (86400, False),
        (-86400, False),
    ],
)
def test_a_date_counts_from_65_minutes_ago_to_one_hour_ahead(signed, public_key, offset, fine):
    request = signed(date=format_datetime(NOW + timedelta(seconds=offset), usegmt=True))
    if fine:
        check(request, public_key)
    else:
        error = refused(request, public_key)
        assert (error.code, error.facts["clock_offset"]) == ("signature_time", str(offset))


CREATED = "(request-target) host digest (created)"
EXPIRES = f"{CREATED} (expires)"


@pytest.mark.parametrize(
    ("covered", "created", "expires", "code"),
    [
        (CREATED, 0, None, None),
        (CREATED, 3600, None, None),
        (CREATED, 3601, None, "signature_time"),
        (CREATED, -3900, None, None),
        (CREATED, -3901, None, "signature_time"),
        # an expires that is not covered could have been written by anybody
        (CREATED, -3901, 999, "signature_time"),
        (EXPIRES, -600, -300, None),
        (EXPIRES, -600, -301, "signature_time"),
        (EXPIRES, -43_500, 86_400, None),
        (EXPIRES, -43_501, 86_400, "signature_time"),
        (EXPIRES, 0, -1, "signature_expires"),
    ],
)
def test_created_and_expires_bound_the_life_of_a_signature(
    signed, public_key, covered, created, expires, code
):
    base = int(NOW.timestamp())
    times = {"created": str(base + created)}
    if expires is not None:
        times["expires"] = str(base + expires)
    request = signed(covered, times=times)
    if code is None:
        check(request, public_key)
    else:
        assert refused(request, public_key).code == code


def test_a_fresh_created_does_not_excuse_an_old_date(signed, public_key):
    old = format_datetime(NOW - timedelta(days=1), usegmt=True)
    request = signed(f"{CREATED} date", date=old, times={"created": str(int(NOW.timestamp()))})
    assert refused(request, public_key).code == "signature_time"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "2026-11-06T08:49:37Z", "Fri, 99 Nov 2026 1:2:3"]
)
def test_an_invalid_date_is_malformed(signed, public_key, date):
    assert refused(signed(date=date), public_key, Malformed).code == "date_malformed"


def test_an_unsigned_request_is_reported_as_unsigned():
    with pytest.raises(SignatureInvalid) as caught:
        key_id_of(sent({"host": "fedcom.example"}))
    assert caught.value.code == "signature_missing"


def test_the_key_id_is_read_before_verification(signed, private_key):
    assert key_id_of(signed()) == private_key.id


@settings(max_examples=40, deadline=None)
@given(
    body=st.binary(max_size=200),
    path=st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='#\\<>"')),
    shift=st.integers(-3900, 3600),
)
def test_a_signed_request_always_verifies(private_key, public_key, body, path, shift):
    request = httpx.Request("POST", f"https://fedcom.example/{path}")
    headers = sign("POST", str(request.url), body, private_key, NOW + timedelta(seconds=shift))
    check(sent(headers, target=request.url.raw_path.decode(), body=body), public_key)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["host", "date", "digest", "signature", "x"]), st.text(max_size=60)
    ),
    st.text(max_size=20),
    st.binary(max_size=20),
)
def test_no_header_makes_verifying_fail_in_another_way(public_key, headers, target, body):
    covered = 'keyId="k",headers="(request-target) host date digest x",signature="AAAA"'
    request = sent({"signature": covered} | headers, target=target, body=body)
    with pytest.raises(ProtocolError):
        check(request, public_key, hosts=frozenset({headers.get("host", "").strip().lower()}))


# What Misskey's library does with ours and we with its; what it signs by itself is Misskey's set.
TARGET = "/c/cats/inbox?page=2&x=%20"
CREATE = dump({"type": "Create", "summary": "Caf\u00e9 \U0001f602"})


def encoded(body):
    return None if body is None else base64.b64encode(body).decode()


@pytest.fixture
def accepted(others, rsa_pems):
    """Whether the other implementation takes `headers` for ours; what must be covered it knows."""

    def ask(headers, body, *, target=TARGET, key=rsa_pems[1]):
        covered = ["(request-target)", "host", "date", *(["digest"] if body is not None else [])]
        return others.ask(
            "verifyRequest",
            request={
                "method": "GET" if body is None else "POST",
                "url": target,
                "headers": headers,
            },
            body=encoded(body),
            publicKeyPem=key,
            covered=covered,
            now=NOW.isoformat(),
        )

    return ask


@pytest.mark.parametrize("body", [CREATE, b"", None], ids=["body", "empty", "none"])
@pytest.mark.parametrize("cover_query", [True, False], ids=["query", "no-query"])
def test_another_implementation_verifies_our_signatures(accepted, private_key, body, cover_query):
    url = f"https://fedcom.example{TARGET}"
    method = "GET" if body is None else "POST"
    headers = sign(method, url, body, private_key, NOW, cover_query=cover_query)
    # Given an address for the target, it drops the query, as some peers do.
    target, other = (TARGET, url) if cover_query else (url, TARGET)
    assert accepted(headers, body, target=target) is True
    assert accepted(headers, body, target=other) is False
    assert accepted(headers, body, target=target.replace("cats", "dogs")) is False
    assert accepted(headers, body, target=target, key=generate_rsa_pem()[1]) is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "other.example"),
        ("Date", format_datetime(NOW - timedelta(minutes=1), usegmt=True)),
        ("Digest", digest_header(b"other")),
        ("Content-Type", "application/json"),
    ],
)
def test_another_implementation_refuses_our_requests_if_they_were_changed(
    accepted, private_key, name, value
):
    headers = sign("POST", f"https://fedcom.example{TARGET}", CREATE, private_key, NOW)
    assert accepted(headers, CREATE) is True
    assert name in headers
    assert accepted(headers | {name: value}, CREATE) is False


def test_another_implementation_refuses_another_body(accepted, private_key):
    headers = sign("POST", f"https://fedcom.example{TARGET}", CREATE, private_key, NOW)
    assert accepted(headers, CREATE + b" ") is False
    # A digest that fits, but that nobody signed.
    forged = headers | {"Digest": digest_header(CREATE + b" ")}
    assert accepted(forged, CREATE + b" ") is False
    without = sign("GET", f"https://fedcom.example{TARGET}", None, private_key, NOW)
    with pytest.raises(javascript.Refusal, match="digest"):
        accepted(without | {"Digest": digest_header(CREATE)}, CREATE)


@pytest.fixture
def signed_elsewhere(others, private_key, rsa_pems):
    """The headers of a request that the other implementation has signed."""

    def ask(body, *, url=TARGET, covered=("(request-target)", "date", "host", "digest")):
        request = {
            "method": "GET" if body is None else "POST",
            "url": url,
            "headers": {
                "Date": format_datetime(NOW, usegmt=True),
                "Host": "fedcom.example",
                "Accept": "application/activity+json",
            },
        }
        return others.ask(
            "signRequest",
            request=request,
            body=encoded(body),
            keyId=private_key.id,
            privateKeyPem=rsa_pems[0],
            covered=covered,
        )

    return ask


@pytest.mark.parametrize("body", [CREATE, b""], ids=["body", "empty"])
@pytest.mark.parametrize("url", [TARGET, f"https://fedcom.example{TARGET}"], ids=["query", "path"])
def test_we_verify_signatures_of_another_implementation(signed_elsewhere, public_key, body, url):
    request = sent(signed_elsewhere(body, url=url), target=TARGET, body=body)
    assert key_id_of(request) == public_key.id
    check(request, public_key)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target": "/c/dogs/inbox?page=2&x=%20"}, "signature_mismatch"),
        ({"target": f"{TARGET}&y"}, "signature_mismatch"),
        ({"method": "PUT"}, "signature_mismatch"),
        ({"body": CREATE + b" "}, "digest_mismatch"),
        ({"Date": format_datetime(NOW - timedelta(minutes=1), usegmt=True)}, "signature_mismatch"),
        ({"Host": "other.example"}, "signature_host"),
        ({"body": b"other", "Digest": digest_header(b"other")}, "signature_mismatch"),
    ],
)
def test_we_refuse_requests_of_another_implementation_if_they_were_changed(
    signed_elsewhere, public_key, changes, code
):
    arrived = {"target": TARGET, "body": CREATE}
    headers = signed_elsewhere(CREATE)
    check(sent(headers, **arrived), public_key)
    headers |= {name: changes[name] for name in changes.keys() & headers.keys()}
    arrived |= {name: changes[name] for name in changes.keys() - headers.keys()}
    assert refused(sent(headers, **arrived), public_key).code == code


def test_we_verify_a_get_of_another_implementation_unless_it_was_changed(
    signed_elsewhere, public_key
):
    headers = signed_elsewhere(None, covered=["(request-target)", "date", "host", "accept"])
    arrived = {"method": "GET", "target": TARGET, "body": b""}
    check(sent(headers, **arrived), public_key)
    changed = sent(headers | {"Accept": "text/html"}, **arrived)
    assert refused(changed, public_key).code == "signature_mismatch"


def test_a_body_that_another_implementation_does_not_cover_is_refused(signed_elsewhere, public_key):
    headers = signed_elsewhere(CREATE, covered=["(request-target)", "date", "host"])
    request = sent(headers, target=TARGET, body=CREATE)
    assert refused(request, public_key).code == "signature_coverage"

import gzip
import time
import tracemalloc
import zlib
from datetime import UTC, datetime

import httpx
import pytest

from activitypub.answers import (
    LD_JSON,
    Received,
    find_alternate,
    is_activity_type,
    opening,
    retry_after,
    to_failure,
    unpack,
)
from activitypub.errors import FetchRefused, Gone, NotThere, TooBig, Unreachable

NOW = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
AP = "application/activity+json"


@pytest.mark.parametrize(
    "content_type",
    [
        AP,
        f"{AP}; charset=utf-8",
        "Application/Activity+JSON ;charset=UTF-8",
        f'{AP};profile="x"',
        LD_JSON,
        "application/ld+json",
        "application/ld+json; charset=utf-8",
        "application/ld+json;profile=https://www.w3.org/ns/activitystreams",
        'APPLICATION/LD+JSON ; Profile = "https://www.w3.org/ns/activitystreams"; charset=utf-8',
        'application/ld+json; charset="utf-8"; profile="https://a.example https://www.w3.org/ns/activitystreams"',
    ],
)
def test_these_types_are_activitypub(content_type: str) -> None:
    assert is_activity_type(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/json",
        "image/png",
        'application/ld+json; profile=""',
        'application/ld+json; profile="https://a.example"',
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams#"',
        'application/ld+json; profile=x; y="; profile=https://www.w3.org/ns/activitystreams"',
        "application/activity+json-x",
        f"text/plain; {AP}",
        f"text/plain, {AP}",
        f"{AP}, text/plain",
    ],
)
def test_these_types_are_not(content_type: str) -> None:
    assert not is_activity_type(content_type)


RAW_DEFLATE = zlib.compressobj(wbits=-15)
PACKED = b"hello " * 100


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", PACKED),
        ("identity", PACKED),
        ("gzip", gzip.compress(PACKED, mtime=0)),
        (" GZip ", gzip.compress(PACKED, mtime=0)),
        ("x-gzip", gzip.compress(PACKED, mtime=0)),
        ("deflate", zlib.compress(PACKED)),
        ("deflate", RAW_DEFLATE.compress(PACKED) + RAW_DEFLATE.flush()),
    ],
)
def test_known_encodings_are_unpacked(encoding: str, body: bytes) -> None:
    assert unpack(body, encoding, len(PACKED)) == PACKED


def test_an_empty_body_needs_no_unpacking() -> None:
    assert unpack(b"", "gzip", 10) == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip at all"),
        ("gzip", gzip.compress(PACKED, mtime=0)[:-9]),
        ("deflate", b"\xff\xff"),
        ("br", PACKED),
        ("zstd", PACKED),
        ("gzip, gzip", gzip.compress(gzip.compress(PACKED, mtime=0), mtime=0)),
    ],
)
def test_unknown_doubled_and_broken_encodings_are_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(FetchRefused) as error:
        unpack(body, encoding, 10_000)
    assert error.value.code == "content_encoding"


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    tracemalloc.start()
    with pytest.raises(TooBig):
        unpack(bomb, "gzip", 1024 * 1024)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 06 Nov 2026 08:51:37 GMT", 120.0),
        ("Friday, 06-Nov-26 08:51:37 GMT", 120.0),
        ("Fri, 06 Nov 2026 08:51:37", 120.0),
        ("Fri, 06 Nov 2026 08:00:00 GMT", 0.0),
        ("-5", None),
        ("1e9", None),
        ("inf", None),
        ("99999999999999999999", None),
        ("soon", None),
        ("", None),
        ("Fri, 99 Nov 2026 08:51:37 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotThere),
        (410, Gone),
        (408, Unreachable),
        (425, Unreachable),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
        (526, Unreachable),
        (400, FetchRefused),
        (401, FetchRefused),
        (403, FetchRefused),
        (406, FetchRefused),
        (202, FetchRefused),
        (204, FetchRefused),
        (300, FetchRefused),
        (304, FetchRefused),
    ],
)
def test_every_status_is_one_kind_of_failure(status: int, kind: type[Exception]) -> None:
    received = Received(status, httpx.Headers({"Retry-After": "30"}), b"why")
    failure = to_failure("https://peer.example/1", received, NOW)
    assert type(failure) is kind
    assert failure.status == status
    assert failure.url == "https://peer.example/1"
    if isinstance(failure, Unreachable):
        assert failure.retry_after == 30.0
    if isinstance(failure, Unreachable | FetchRefused):
        assert failure.facts["answer"] == "why"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"  Not\x00 found\r\n\x1b[31m", "Not  found [31m"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("a\u202eb\u0085c".encode(), "a b c"),
        (b"x" * 10_000, "x" * 500),
    ],
)
def test_the_opening_of_an_answer_is_short_and_printable(body: bytes, text: str) -> None:
    assert opening(body) == text


LINK = f'<link rel="alternate" type="{AP}" href="/note/1">'
NOTE = "https://peer.example/note/1"


@pytest.mark.parametrize(
    "page",
    [
        f"<html><head>{LINK}</head>",
        f"<LINK href=/note/1 TYPE='{AP}' REL=Alternate>",
        f"<link\n  rel='me alternate'\n  href='/note/1'\n type='{AP}' />",
        f'<link rel="alternate" type="application/rss+xml" href="/feed">{LINK}',
        f'<link rel="alternate" type="{AP}" >{LINK}',
        "<link rel=alternate href=/note/1 type='application/ld+json; profile=&quot;"
        "https://www.w3.org/ns/activitystreams&quot;'>",
    ],
)
def test_a_page_names_its_document_in_its_head(page: str) -> None:
    received = Received(200, httpx.Headers({"content-type": "Text/HTML; charset=x"}), page.encode())
    assert find_alternate(received, "https://peer.example/@ann/1") == NOTE


@pytest.mark.parametrize(
    "link",
    [
        f'</note/1>; rel="alternate"; type="{AP}"',
        f"</a.css>; rel=preload; as=style, <https://peer.example/note/1>; rel=alternate; type={AP}",
    ],
)
def test_a_page_names_its_document_in_a_link_header(link: str) -> None:
    received = Received(200, httpx.Headers({"link": link, "content-type": "text/html"}), b"")
    assert find_alternate(received, "https://peer.example/@ann/1") == NOTE


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ({"content-type": "text/html"}, ""),
        ({"content-type": "text/plain"}, LINK),
        ({}, LINK),
        ({"content-type": "text/html"}, f"<head></head>{LINK}"),
        ({"content-type": "text/html"}, f"<body class=x><p>{LINK}"),
        ({"content-type": "text/html"}, '<link rel="alternate" type="text/html" href="/x">'),
        ({"content-type": "text/html"}, f'<link rel="stylesheet" type="{AP}" href="/x">'),
        ({"content-type": "text/html"}, f'<link rel="alternate" type="{AP}" href="http://[">'),
        ({"content-type": "text/html", "link": f"<http://[>; rel=alternate; type={AP}"}, ""),
    ],
)
def test_a_page_that_names_no_document(headers: dict[str, str], page: str) -> None:
    received = Received(200, httpx.Headers(headers), page.encode())
    assert find_alternate(received, "https://peer.example/@ann/1") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "<link ",
        "<link a=",
        "<link rel=alternate ",
        "<",
        '<link "',
        "<link a='",
        "<body",
        "<link\t",
        f"<link {'a' * 1990}>",
    ],
    ids=lambda pattern: pattern[:9],
)
def test_a_hostile_page_of_a_megabyte_takes_no_time(pattern: str) -> None:
    page = (pattern * (1024 * 1024 // len(pattern))).encode()
    received = Received(200, httpx.Headers({"content-type": "text/html"}), page)
    began = time.process_time()
    assert find_alternate(received, "https://peer.example/") is None
    assert time.process_time() - began < 0.3


@pytest.mark.parametrize("pattern", ["<a>; ", "<", "; a=", ";  ", '; a="'])
def test_a_hostile_link_header_takes_no_time(pattern: str) -> None:
    link = pattern * (32 * 1024 // len(pattern))
    received = Received(200, httpx.Headers({"link": link}), b"")
    began = time.process_time()
    assert find_alternate(received, "https://peer.example/") is None
    assert is_activity_type(link) is False
    assert time.process_time() - began < 0.3

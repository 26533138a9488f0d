"""Hostile input costs linear time: each shape is doubled three times, and may cost at most `MOST`
times as much for each doubling.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.datastructures import Headers

from activitypub.answers import Received, find_alternate, is_activity_type, opening, retry_after
from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.iri import check_iri
from activitypub.parse import parse
from activitypub.signatures.cavage import parse_signature_header
from activitypub.signatures.digest import check_content_digest, check_digest
from activitypub.signatures.rfc9421 import parse_signatures
from activitypub.webfinger import parse_handle
from fedcom.errors import FedcomError
from fedcom.http.accepting import preferred, weights
from fedcom.rules import limits
from fedcom.rules.links import normal_link
from fedcom.rules.names import check_name
from fedcom.site.block_list_file import read_block_list
from fedcom.text.difference import difference, readable
from fedcom.text.excerpts import excerpt, mark
from fedcom.text.hashtags import find_hashtags, with_hashtag_links
from fedcom.text.html import excerpt_of, sanitize, to_text
from fedcom.text.mentions import ParsedMarkdown, linked_addresses
from fedcom.text.page_head import read_head
from fedcom.text.pictures import move_markdown_pictures, move_pictures
from fedcom.text.plain import clean_title
from fedcom.text.search_terms import parse_terms
from fedcom.text.titles import title_of
from fedcom.views.paging import Cursor
from fedcom.web.html.feed_documents import Entry, Feed, to_atom, to_rss
from fedcom.web.html.i18n import choose
from tests.hostile.shapes import HTML, JSON, LINES, MARKDOWN, PAGES
from tests.support.complexity import cost_ratio

MOST = 2.5
TIMES, MOST_IN_ALL = 8, MOST**3
"""Doubled three times, because one doubling is hard to tell from the noise of a busy machine."""

LINE = 4_000
"""The initial length of a header or a field, in characters."""

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = httpx.Headers({"content-type": "text/html"})


class Case(NamedTuple):
    """A function, and its input for a length in characters, initially `length`."""

    work: Callable[[Any], object]
    make: Callable[[int], Any]
    length: int


def refusing(work: Callable[[Any], object]) -> Callable[[Any], None]:
    """`work` that may refuse its input."""

    def tried(given: Any) -> None:
        with suppress(ProtocolError, FedcomError):
            work(given)

    return tried


def render(source: str) -> str:
    move_markdown_pictures(source, str.upper)
    return ParsedMarkdown(source).to_html()


def read_html(html: str) -> None:
    clean = sanitize(html)
    to_text(clean)
    excerpt_of(html)
    title_of(html, 200)
    linked_addresses(clean)
    move_pictures(clean, str.upper)
    find_hashtags(clean)
    with_hashtag_links(clean, str.upper)


def read_page(page: str) -> None:
    body = page.encode()
    read_head(body, "text/html", "https://peer.example/")
    find_alternate(Received(200, PAGE, body), "https://peer.example/")
    opening(body)


@refusing
def read_document(inner: str) -> None:
    document = Document(parse(f'{{"type":"Create","object":{inner}}}'.encode()))
    _ = document.shape, document.subject_id, document.owner, document.addressed


READERS: dict[str, Callable[[str], object]] = {
    "Signature": parse_signature_header,
    "Signature-Input": lambda text: parse_signatures(text, text),
    "Digest": lambda text: check_digest([text], b""),
    "Content-Digest": lambda text: check_content_digest([text], b""),
    "Accept": lambda text: weights(Headers(raw=[(b"accept", text.encode())])),
    "Accept-Language": lambda text: (preferred(text), choose(text)),
    "Content-Type": is_activity_type,
    "Link": lambda text: find_alternate(
        Received(200, httpx.Headers({"link": text.encode()}), b""), "https://a/"
    ),
    "Retry-After": lambda text: retry_after(text, NOW),
    "a handle": parse_handle,
    "an IRI": lambda text: check_iri(f"https://peer.example/{text}", development=True),
    "a host": lambda text: check_iri(f"https://{text}", development=True),
    "a list of servers": lambda text: read_block_list(f"a.example\n{text}\n{text}", "b.example"),
    "a cursor": lambda text: Cursor.read(text, whole=False),
    "a query": parse_terms,
    "a found text": lambda text: (
        excerpt(text, parse_terms("a b*").wanted),
        mark(text, parse_terms("a").wanted),
    ),
    "a title": limits.check_title,
    "a display name": limits.check_display_name,
    "a name": check_name,
    "an image description": limits.check_alt,
    "a content warning": limits.check_content_warning,
    "a body": limits.check_body,
    "a link": limits.check_url,
    "a link to compare": lambda text: normal_link(f"https://a.example/?{text}"),
    "a foreign title": clean_title,
}

CHANCE = random.Random(3)


def words_of_names(names: int) -> Callable[[int], str]:
    """A text with this number of characters, made of this number of different words."""
    return lambda length: " ".join(str(CHANCE.randrange(names)) for _ in range(length // 3))


def two_versions(text: Callable[[int], str]) -> Callable[[int], tuple[str, str]]:
    return lambda length: (text(length), text(length))


def compare(versions: tuple[str, str]) -> None:
    difference(*map(readable, versions))


def as_feed(write: Callable[[Feed], bytes]) -> Callable[[str], object]:
    def made(html: str) -> bytes:
        entry = Entry("a", "b", html, html, "c", "d", NOW, NOW)
        return write(Feed("a", "b", "c", "d", (entry,) * 3, NOW))

    return made


def cases() -> Iterator[tuple[str, Case]]:
    for name, shape in MARKDOWN.items():
        yield f"Markdown: {name}", Case(render, shape, 1_500)
    for name, shape in HTML.items():
        # Of many tags at most `MAX_TAGS` are parsed; a text with few is parsed up to `MAX_HTML`.
        length = 2_250 if shape(1_000).count("<") > 10 else 20_000
        yield f"HTML: {name}", Case(read_html, shape, length)
    for name, shape in PAGES.items():
        yield f"page: {name}", Case(read_page, shape, 20_000)
    for name, shape in JSON.items():
        yield f"JSON: {name}", Case(read_document, shape, 20_000)
    for names in (2, 40, 10_000):
        text = words_of_names(names)
        yield f"versions of {names} words", Case(compare, two_versions(text), 4_000)
    for write in (to_rss, to_atom):
        for unit in ("&", "\0", "]]>"):
            shape = partial(str.__mul__, unit)
            yield f"{write.__name__}: {unit!r}", Case(as_feed(write), shape, 20_000)


CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_doubled_input_costs_at_most_two_and_a_half_times_as_much(name):
    case = CASES[name]
    small, large = case.make(case.length), case.make(TIMES * case.length)
    assert cost_ratio(case.work, small, large, TIMES, MOST_IN_ALL) <= MOST_IN_ALL


@pytest.mark.parametrize("reader", READERS)
def test_a_line_twice_as_long_costs_at_most_two_and_a_half_times_as_much(reader):
    work = refusing(READERS[reader])
    grown = {
        name: cost_ratio(work, shape(LINE), shape(TIMES * LINE), TIMES, MOST_IN_ALL)
        for name, shape in LINES.items()
    }
    assert {name: times for name, times in grown.items() if times > MOST_IN_ALL} == {}

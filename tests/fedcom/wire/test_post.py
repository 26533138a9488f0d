"""Posts, sent and received."""

from typing import Any

import pytest

from activitypub.document import Document
from fedcom.rules.limits import MAX_TITLE
from fedcom.wire.post import read_post
from tests.support.documents import note, page
from tests.support.people import Home

KIM, CATS = "https://kim.example/u/kim", "https://home.example/c/cats"


@pytest.fixture
def dialect() -> str:
    """Translation asks no database."""
    return "sqlite"


def read(**more: Any) -> Any:
    return read_post(Document(page("https://kim.example/post/1", KIM, CATS, **more)))


def test_a_page_keeps_its_title_and_text() -> None:
    found = read(
        name="Cats",
        content="<p>Sleep.</p>",
        source={"content": "Sleep.", "mediaType": "text/markdown"},
        sensitive=True,
        language={"identifier": "de", "name": "Deutsch"},
        updated="2026-01-01T11:30:00Z",
    )

    assert (found.iri, found.wire_type) == ("https://kim.example/post/1", "Page")
    assert (found.title, found.body.source, found.body.html) == ("Cats", "Sleep.", "<p>Sleep.</p>")
    assert (found.nsfw, found.language) == (True, "de")
    assert found.published.hour == 11
    assert found.updated.minute == 30


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("<p>First line</p><p>Second</p>", "First line"),
        ("<p>First<br>Second</p>", "First"),
        ("", "Untitled"),
        ("<p> </p>", "Untitled"),
        ("<p>" + "x" * 500 + "</p>", None),
    ],
)
def test_a_note_has_its_first_line_for_a_title(content: str, title: str | None) -> None:
    found = read_post(Document(note("https://kim.example/1", KIM, content=content)))

    assert title is None or found.title == title
    assert 0 < len(found.title) <= MAX_TITLE


MENTION = '<p><a href="https://home.example/c/cats" class="u-url mention">@cats</a></p>'
CAT = {"type": "Image", "url": "https://kim.example/1.png", "name": "A cat in a box"}


@pytest.mark.parametrize(
    ("more", "title"),
    [
        ({}, "Untitled"),
        ({"type": "Question", "oneOf": [{"name": "Cats"}, {"name": "Dogs"}]}, "Cats / Dogs"),
        ({"attachment": [CAT]}, "A cat in a box"),
        ({"attachment": [CAT], "summary": "Teeth", "sensitive": True}, "Teeth"),
    ],
)
def test_without_text_the_choices_or_the_picture_make_the_title(
    more: dict[str, Any], title: str
) -> None:
    document = note("https://kim.example/1", KIM, content=MENTION) | more

    assert read_post(Document(document)).title == title


def test_the_mention_of_the_community_at_the_end_is_no_part_of_the_title(home: Home) -> None:
    document = Document(note("https://kim.example/1", KIM, content=f"<p>Sleep</p>{MENTION}"))
    ended = Document(note("https://kim.example/1", KIM, content="<p>They sleep @cats</p>"))

    assert read_post(document, home.cats).title == "Sleep"
    assert read_post(ended, home.cats).title == "They sleep"


def test_a_title_is_one_clean_line() -> None:
    assert read(name="A\u202eB\nC\x07").title == "AB C"


@pytest.mark.parametrize(
    ("attachment", "url"),
    [
        ([{"type": "Link", "href": "https://a.example/x"}], "https://a.example/x"),
        ({"type": "Link", "href": "https://a.example/x"}, "https://a.example/x"),
        ([{"type": "Image", "url": "https://a.example/cat.png"}], "https://a.example/cat.png"),
        (
            [
                {"type": "Link", "href": "javascript:alert(1)"},
                {"type": "Link", "href": "https://a.example/x"},
            ],
            "https://a.example/x",
        ),
        ([{"type": "Link", "href": "data:text/html,x"}], None),
        ([{"type": "Link", "href": 7}], None),
        ([], None),
        ("https://a.example/x", None),
        # The links that a member here may use.
        (
            [{"type": "Link", "href": "https://b\u00fccher.example/\u00fc"}],
            "https://b\u00fccher.example/\u00fc",
        ),
        ([{"type": "Link", "href": "HTTP://a_b.example"}], "HTTP://a_b.example"),
        ([{"type": "Link", "href": "https://a.example/{x}"}], "https://a.example/{x}"),
        ([{"type": "Link", "href": "https://ann@a.example/"}], None),
    ],
)
def test_a_post_points_to_its_first_attachment(attachment: Any, url: str | None) -> None:
    assert read(attachment=attachment, url="https://kim.example/page").url == url


def test_texts_are_cut_and_sanitized() -> None:
    found = read(content="<p onclick=x>" + "a" * 500_000 + "</p><script>x</script>")

    assert len(found.body.html) < 110_000
    assert "script" not in found.body.html
    assert "onclick" not in found.body.html


def test_no_field_of_a_post_is_kept_beyond_its_limit() -> None:
    """Mastodon GHSA-gg8q-rcg7-p79g: a permitted megabyte can be all in one field."""
    long = "x" * 1_000_000
    url = f"https://kim.example/{long}"
    fields: list[dict[str, Any]] = [
        {"name": long},
        {"content": f"<p>{long}</p>"},
        {"content": "<p>x" * 250_000},
        {"content": None, "contentMap": {"en": long}},
        {"source": {"content": long, "mediaType": "text/markdown"}},
        {"summary": long, "sensitive": True},
        {"language": {"identifier": long, "name": long}},
        {"context": url},
        {"url": url},
        {"attachment": [{"type": "Link", "href": url}]},
        {"attachment": [{"type": "Image", "url": url, "name": "x"}]},
        {"attachment": [{"type": "Image", "url": "https://kim.example/x.png", "name": long}]},
        {"attachment": [{"type": "Image", "url": f"https://a.example/{n}"} for n in range(20_000)]},
        {"tag": [{"type": "Mention", "href": f"https://a.example/{n}"} for n in range(20_000)]},
        {"published": long, "updated": long},
    ]
    for more in fields:
        assert len(repr(read(**more))) < 250_000, list(more)


ELSEWHERE = "https://elsewhere.example/story"
OWN = "https://kim.example/post/1/title"


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ({"url": ELSEWHERE}, ELSEWHERE),
        ({"url": OWN}, None),
        ({"url": ELSEWHERE, "type": "Note"}, None),
        ({"url": ELSEWHERE, "type": "Article"}, None),
        ({"source": ELSEWHERE}, ELSEWHERE),
        ({"source": ELSEWHERE, "url": OWN}, ELSEWHERE),
        ({"source": "not an address"}, None),
        ({"source": "not an address", "url": ELSEWHERE}, ELSEWHERE),
        ({"url": ELSEWHERE, "attachment": [{"type": "Link", "href": OWN}]}, OWN),
        ({"url": OWN, "type": "Video"}, OWN),
        ({"type": "Audio"}, "https://kim.example/post/1"),
        ({"url": OWN, "type": "Video", "attachment": [{"url": ELSEWHERE}]}, ELSEWHERE),
    ],
)
def test_a_post_has_the_link_its_peer_intends(more: dict[str, Any], link: str | None) -> None:
    assert read(**more).url == link


@pytest.mark.parametrize(
    ("content", "kind", "html"),
    [
        ("*so* <b>x</b>", "text/markdown", "<p><em>so</em> &lt;b&gt;x&lt;/b&gt;</p>"),
        ("a <b>\nc", "text/plain", "<p>a &lt;b&gt;<br>c</p>"),
        ("<p>x<script>y</script></p>", "text/html", "<p>x</p>"),
        ("<p>x</p>", None, "<p>x</p>"),
        ("", "text/markdown", ""),
        ("", "text/plain", ""),
    ],
)
def test_plain_text_is_converted_to_html(content: str, kind: str | None, html: str) -> None:
    assert read(content=content, mediaType=kind).body.html == html


def test_a_title_is_taken_from_markdown_without_its_marks() -> None:
    found = read(name=None, content="# Cats *sleep*\n\nA lot.", mediaType="text/markdown")

    assert found.title == "Cats sleep"

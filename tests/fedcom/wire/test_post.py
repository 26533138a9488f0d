"""Posts as they come and go."""

from typing import Any

import pytest

from activitypub.reading import Document
from fedcom.rules.limits import MAX_TITLE
from fedcom.wire.post import read_post
from tests.support.documents import note, page

KIM, CATS = "https://kim.example/u/kim", "https://home.example/c/cats"


def read(**more: Any) -> Any:
    return read_post(Document(page("https://kim.example/post/1", KIM, CATS, **more)))


def test_a_page_keeps_its_words() -> None:
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
    ],
)
def test_a_post_points_to_its_first_attachment(attachment: Any, url: str | None) -> None:
    assert read(attachment=attachment, url="https://kim.example/page").url == url


def test_words_are_cut_to_size_and_made_safe() -> None:
    found = read(content="<p onclick=x>" + "a" * 200_000 + "</p><script>x</script>")

    assert len(found.body.html) < 110_000
    assert "script" not in found.body.html
    assert "onclick" not in found.body.html

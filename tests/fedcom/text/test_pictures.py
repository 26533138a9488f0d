"""The addresses of pictures in texts are replaced, and nothing that only looks like one."""

import pytest

from fedcom.text.html import sanitize
from fedcom.text.pictures import move_markdown_pictures, move_pictures


def moved(html: str) -> str:
    return move_pictures(html, lambda url: f"/m?{url}")


def test_the_address_of_a_picture_is_moved_and_stays_escaped() -> None:
    html = sanitize('<p>a <img alt="x > y" src="https://peer.example/?a=1&amp;b=2"></p>')

    assert 'src="/m?https://peer.example/?a=1&amp;b=2"' in moved(html)
    assert 'alt="x &gt; y"' in moved(html) or 'alt="x > y"' in moved(html)


@pytest.mark.parametrize(
    "html",
    [
        "<p>no picture</p>",
        '<p>&lt;img src=&quot;https://peer.example/x&quot;&gt; <img alt="x"></p>',
        '<a title="&lt;img src=&quot;https://peer.example/&quot;" href="https://peer.example/">x</a>',
        '<p title="<img src=" lang="https://peer.example/">x</p>',
    ],
)
def test_other_elements_are_left_unchanged(html: str) -> None:
    assert moved(html) == html


def test_an_address_that_breaks_out_does_not() -> None:
    html = '<img src="https://peer.example/x">'

    assert move_pictures(html, lambda _: '"><script>') == '<img src="&quot;&gt;&lt;script&gt;">'


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("a ![b](https://p.example/x.png) c", "a ![b](<https://p.example/x.png>) c"),
        ("![](<https://p.example/x>)", "![](<<https://p.example/x>>)"),
        ('![b](HTTP://p.example/x_(1) "title")', '![b](<HTTP://p.example/x_(1)> "title")'),
        ("![b](https://p.example/?a=1&amp;b=2)", "![b](<https://p.example/?a=1&b=2>)"),
        ("[![b](https://p.example/x)](https://p.example/)", None),
        ("[b](https://p.example/x) ![b](/x) ![b] (https://p.example/x)", ""),
    ],
)
def test_the_addresses_of_pictures_in_markdown_are_moved(
    markdown: str, expected: str | None
) -> None:
    """None: the picture and not the link around it; "": nothing."""
    moved = move_markdown_pictures(markdown, lambda url: f"<{url}>")

    if expected is None:
        expected = "[![b](<https://p.example/x>)](https://p.example/)"
    assert moved == (expected or markdown)

"""The addresses of pictures in texts are replaced, and nothing that only looks like one."""

import pytest

from fedcom.text.html import sanitize
from fedcom.text.pictures import move_pictures


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

"""Hashtags are found and linked in prose, not in code, links or numbers."""

import pytest

from fedcom.text.hashtags import MAX_HASHTAGS, MOST_LINKED, find_hashtags, with_hashtag_links
from fedcom.text.markdown import render


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("About #cats and #Cats, not #dogs.", ("cats", "dogs")),
        ("(#cats)/#2024 #1st, and #2 of #2024", ("cats", "1st")),
        ("`#code` and [#link](https://x.example) and https://x.example/#part", ()),
        ("R&#35;D it's a#b C# ##x", ()),
        ("```\n#include\n```\n#çay #قطط #बिल्ली", ("çay", "قطط", "बिल्ली")),
        (" ".join(f"#tag{number}" for number in range(99)), ...),
    ],
)
def test_a_hashtag_is_a_word_in_prose(source: str, found: tuple[str, ...]) -> None:
    html = render(source)

    if found is ...:
        assert len(find_hashtags(html)) == MAX_HASHTAGS
    else:
        assert find_hashtags(html) == found


def test_each_is_linked_where_it_stands_and_nothing_else_changes() -> None:
    html = '<p title="#x">#cats &amp; it&#39;s <code>#c</code></p>'

    linked = with_hashtag_links(html, lambda word: f"https://home.example/?a=1&q={word}")

    link = '<a href="https://home.example/?a=1&amp;q=cats" class="mention hashtag" rel="tag">'
    assert linked == (
        f'<p title="#x">{link}#<span>cats</span></a> &amp; it&#39;s <code>#c</code></p>'
    )


def test_a_text_of_nothing_but_hashtags_stays_within_the_limits_of_peers() -> None:
    """A link is thirty times as long as `#a`, and peers accept a megabyte."""
    linked = with_hashtag_links("<p>" + "#a " * 15_000 + "</p>", lambda word: f"/search?q={word}")

    assert linked.count("<a ") == MOST_LINKED
    assert linked.endswith("#a #a </p>")

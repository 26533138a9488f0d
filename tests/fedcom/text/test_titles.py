"""Titles for untitled posts: the first line with text, complete."""

import pytest

from fedcom.text.titles import title_of, title_of_names

H_CARD = (
    '<span class="h-card" translate="no"><a href="https://here.example/c/cats" '
    'class="u-url mention">@<span>{}</span></a></span>'
)
CATS = H_CARD.format("cats")
QUOTE = '<p class="quote-inline">RE: <a href="https://m.example/1">https://m.example/1</a></p>'
NAMES = {"cats", "cats@here.example"}


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("<p>Hello world</p><p>More</p>", "Hello world"),
        ("<p>Hello<br>More</p>", "Hello"),
        (f"<p>{CATS} Hello</p>", "Hello"),
        (f"<p>{H_CARD.format('cats@here.example')} Hello</p>", "Hello"),
        (f"<p>{CATS} {H_CARD.format('dogs')}, hello</p>", "hello"),
        (f"<p>{CATS}</p><p>Hello</p>", "Hello"),
        (f"<p>{CATS}</p>", ""),
        ("!cats@here.example: Hello", "Hello"),
        ("<p>cats@here.example wrote</p>", "cats@here.example wrote"),
        ("<p>@ noon we meet</p>", "@ noon we meet"),
        ("<p>a\u202eb &amp; c\u200b</p>", "ab & c"),
        ("", ""),
        ("<p>#cats #dogs</p><p>They sleep</p>", "They sleep"),
        ("<p>:3</p><p>#cats</p>", "#cats"),
        ("<p>Look at my #cats</p><p>More</p>", "Look at my #cats"),
        ("<p>:3</p><p>They sleep</p>", "They sleep"),
        ("<p>1/3</p><p>They sleep</p>", "They sleep"),
        ("<p>+1</p>", "+1"),
        ("<blockquote><p>They bark</p></blockquote><p>They sleep</p>", "They sleep"),
        (
            "<blockquote><blockquote>They purr</blockquote>They bark</blockquote>They sleep",
            "They sleep",
        ),
        ("<blockquote><p>They bark</p></blockquote>", "They bark"),
        # The text after the mention is kept unchanged.
        (f"<p>{CATS} :blobcat: happy</p>", ":blobcat: happy"),
        (f"<p>{CATS} :) hello</p>", ":) hello"),
        (f"<p>{CATS} !important</p>", "!important"),
        (f"<p>{CATS} ! hello</p>", "! hello"),
        (f"<p>{CATS} ...and then</p>", "...and then"),
        (f"<p>{CATS} [OC] my cat</p>", "[OC] my cat"),
        (f"<p>{CATS} \U0001f408 purrs</p>", "\U0001f408 purrs"),
        # The separator after the mention is dropped.
        (f"<p>{CATS}, look</p>", "look"),
        (f"<p>{CATS}: look at this</p>", "look at this"),
        (f"<p>{CATS} - an item</p>", "an item"),
        (f"<p>{CATS} — hm</p>", "hm"),
        # The community's mention at the end; a person's belongs to the text.
        (f"<p>A title at last {CATS}</p>", "A title at last"),
        (f"<p>Found by {H_CARD.format('kim')}</p>", "Found by @kim"),
        (f"<p>Found by {CATS} {H_CARD.format('kim')}</p>", "Found by @kim"),
        (f"<p>Found by {H_CARD.format('kim')} {CATS}</p>", "Found by @kim"),
        # Words take precedence over signs and quotes.
        (f"<p>{CATS} \U0001f408</p>", "\U0001f408"),
        (f"<p>{CATS} \U0001f408</p><p>It purrs</p>", "It purrs"),
        (f"<p>!</p><p>{CATS}</p><p>Look</p>", "Look"),
        (f"{QUOTE}<p>{CATS} My view on it</p>", "My view on it"),
        (f"{QUOTE}<p>{CATS}</p>", "RE: https://m.example/1"),
        (f"{QUOTE}<p>{CATS} \U0001f408</p>", "\U0001f408"),
        (f"<p>{CATS} RE: the meeting</p>", "RE: the meeting"),
        (
            f'<p>{CATS} <a href="https://n.example/">https://n.example/</a></p>',
            "https://n.example/",
        ),
        (f"<p>{CATS} #cats #dogs</p>", "#cats #dogs"),
    ],
)
def test_a_title_is_made_of_the_beginning(given: str, title: str) -> None:
    assert title_of(given, 200, NAMES) == title


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("<p>one two three four</p>", "one two three…"),
        ("<p>One. Two! Three four five</p>", "One. Two!"),
        ("<p>... one two three</p>", "... one two th…"),
    ],
)
def test_a_long_line_is_cut_behind_a_sentence_or_between_words(given: str, title: str) -> None:
    assert title_of(given, 15) == title


def test_the_choices_of_a_poll_make_a_title() -> None:
    assert title_of_names(["Cats", "", "Dogs"], 200) == "Cats / Dogs"

"""Fragments are rendered once for each key, from their key alone, and take limited memory."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, NamedTuple

import pytest
from jinja2 import DictLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from fedcom.web.html import i18n
from fedcom.web.html.escaping import EscapingEnvironment
from fedcom.web.html.fragments import Fragments
from fedcom.web.html.render import fragments as used

TEMPLATES = {"line": "<p>{{ text }}: {{ number }}</p>", "stray": "{{ text }}{{ member }}"}


class Line(NamedTuple):
    text: str
    number: int = 0


class Rendered:
    """Fragments, and what was rendered for them."""

    def __init__(self, **limits: int) -> None:
        pages = EscapingEnvironment(
            loader=DictLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
        )
        self.values: list[Any] = []

        def render(template: str, values: dict[str, Any]) -> str:
            self.values.append(values)
            return pages.get_template(template).render(values)

        self.fragments = Fragments(render, **limits)

    def get(self, *values: Any, template: str = "line") -> Markup:
        return self.fragments.get(template, Line._fields, Line(*values))


def test_equal_values_are_rendered_once() -> None:
    rendered = Rendered()
    pages = [rendered.get("cats", 3) for _ in range(3)]
    assert pages == [Markup("<p>cats: 3</p>")] * 3
    assert rendered.values == [{"text": "cats", "number": 3}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("<b>",), (Markup("<b>"),)),
        (("", True), ("", 1)),
        (("", 1), ("", 1.0)),
        (("", 0), ("", False)),
        (("cats", 1), ("cats", 2)),
    ],
    ids=repr,
)
def test_what_is_rendered_differently_is_not_shared(one: Any, other: Any) -> None:
    """Most of these values are equal."""
    rendered = Rendered()
    pages = [rendered.get(*values) for values in (one, other, one, other)]
    assert pages[:2] == pages[2:]
    assert pages[0] != pages[1]
    assert pages == [Rendered().get(*values) for values in (one, other, one, other)]
    assert len(rendered.values) == 2


def test_each_language_has_its_own() -> None:
    rendered = Rendered()

    def read(language: str) -> None:
        i18n.speak(language)
        rendered.get("cats")

    for language in ("en", "de", "en", "de"):
        copy_context().run(read, language)
    assert len(rendered.values) == 2


def test_a_template_gets_nothing_but_its_values() -> None:
    with pytest.raises(UndefinedError, match="member"):
        Rendered().get("cats", template="stray")


def test_the_least_recently_used_are_dropped_beyond_the_maximum_of_bytes() -> None:
    rendered = Rendered(max_bytes=100_000)
    kept = "first" * 1000
    for number in range(1000):
        rendered.get("x" * 5000, number)
        rendered.get(kept)
        assert rendered.fragments.size <= 100_000
    assert [values["number"] for values in rendered.values].count(999) == 1
    assert sum(values["text"] == kept for values in rendered.values) == 1
    assert 5 < len(rendered.fragments) < 20
    rendered.fragments.clear()
    assert (len(rendered.fragments), rendered.fragments.size) == (0, 0)


def test_one_that_is_larger_than_the_maximum_is_not_kept() -> None:
    rendered = Rendered(max_bytes=10_000)
    assert len(rendered.get("x" * 20_000)) > 20_000
    assert (len(rendered.fragments), rendered.fragments.size) == (0, 0)


def test_texts_are_counted_with_the_bytes_that_they_take() -> None:
    """A character outside of Latin takes two bytes or four."""
    sizes = []
    for letter in ("x", "я", "😀"):
        rendered = Rendered()
        rendered.get(letter * 10_000)
        sizes.append(rendered.fragments.size)
    assert sizes[1] > 40_000
    assert sizes[2] > 80_000


def test_threads_share_them() -> None:
    rendered = Rendered(max_bytes=50_000)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: rendered.get("x" * 1000, n % 40), range(4000)))
    assert found == [Markup(f"<p>{'x' * 1000}: {n % 40}</p>") for n in range(4000)]
    assert rendered.fragments.size <= 50_000
    # The size is still that of the entries, which are alike.
    alone = Rendered()
    alone.get("x" * 1000, 11)
    assert abs(rendered.fragments.size / len(rendered.fragments) - alone.fragments.size) < 2


def test_those_of_the_pages_are_limited() -> None:
    assert used.max_bytes == 16_000_000

"""Values in templates are escaped exactly as MarkupSafe escapes them."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, strategies
from jinja2 import Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from fedcom.web.html.escaping import EscapingEnvironment, to_text


class _Text(str):
    """A text of another type."""

    __slots__ = ()


@dataclass
class _Speaking:
    """An object whose text has mark-up."""

    def __str__(self) -> str:
        return "<b>&</b>"


@dataclass
class _WithHtml:
    """An object that brings its own HTML."""

    def __html__(self) -> str:
        return "<i>safe</i>"


VALUES: tuple[Any, ...] = (
    *("", "plain", "ä ☃ \0", "&", "<b>", "a > b", "it's", 'say "x"', "&amp;", "</script>"),
    *(Markup("<b>kept</b>"), Markup(""), _Text("<b>"), _Text("plain")),
    *(0, -7, 10**20, 1.5, True, False, None, ["<b>"], {"<": "'"}, _Speaking(), _WithHtml()),
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_kind_of_value_reads_as_with_markupsafe(value: object) -> None:
    assert str(to_text(value)) == str(escape(value))


@given(strategies.text())
def test_each_text_reads_as_with_markupsafe(text: str) -> None:
    assert to_text(text) == str(escape(text))


TEMPLATE = (
    "{% macro box(x) %}<p title='{{ x }}'>{{ x }}</p>{% endmacro %}"
    "{{ v }} {{ v|upper }} {{ v ~ '<' }} {{ box(v) }} {{ [v, v]|join('<') }}"
    "{{ '<' if v else '>' }}"
    "{% set kept %}{{ v }}{% endset %}{{ kept }}{% filter upper %}{{ v }}{% endfilter %}"
    "{% autoescape false %}{{ v }}{% endautoescape %}{{ v|safe }}{{ v|e }}"
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_templates_read_as_with_jinjas_own_compiler(value: object) -> None:
    usual, ours = (
        kind(autoescape=True, extensions=["jinja2.ext.i18n"]).from_string(TEMPLATE)
        for kind in (Environment, EscapingEnvironment)
    )
    assert ours.render(v=value) == usual.render(v=value)


def test_what_is_not_there_is_still_an_error() -> None:
    environment = EscapingEnvironment(autoescape=True, undefined=StrictUndefined)
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing }}").render()


def test_escaping_that_is_decided_at_run_time_stays_jinjas() -> None:
    text = "{% autoescape wanted %}{{ v }}{% endautoescape %}"
    template = EscapingEnvironment(autoescape=True).from_string(text)
    assert [template.render(v="<", wanted=one) for one in (True, False)] == ["&lt;", "<"]

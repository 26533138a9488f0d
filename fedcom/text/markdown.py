"""Markdown to safe HTML: what members write, as pages show it and as it goes to other servers.

CommonMark with tables, strikethrough, sub- and superscript (`H~2~O`, `x^2^`), bare URLs as links,
footnotes and Lemmy's spoilers (`::: spoiler Title` … `:::`). HTML in the source is text. The result
has been through `fedcom.text.html.sanitize`, so that no bug of the renderer can become a hole.

Rendering costs about a millisecond for a kilobyte: render when written, not when read.
"""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

from fedcom.text.html import escape_text, sanitize

MAX_SOURCE = 60_000
"""Longest source in characters that is rendered; what is longer is shown as it was typed."""

MAX_BRACKETS = 10_000
"""Most `[` in one source: unclosed ones cost the parser the square of their number."""

_URL_REST = re.compile(r"://[^\s<>\"`\\]+")
# GFM 6.9: what may stand in a URL but belongs to the sentence when it stands at its end.
_SENTENCE_END = "?!.,:;*_~'\"[]"


def render(source: str) -> str:
    """`source` (Markdown) as safe HTML; "" when there are no words in it. Never raises."""
    tokens = parse(source)
    return sanitize(escape_text(source)) if tokens is None else render_tokens(tokens)


def parse(source: str) -> list[Token] | None:
    """The block tokens of `source`, or None when it is more than the parser may be given."""
    if len(source) > MAX_SOURCE or source.count("[") > MAX_BRACKETS:
        return None
    return _PARSER.parse(source)


def render_tokens(tokens: Sequence[Token]) -> str:
    """Tokens of `parse` as safe HTML."""
    return sanitize(str(_PARSER.renderer.render(tokens, _PARSER.options, {}))).strip()


def _link_bare_url(state: StateInline, silent: bool) -> bool:
    """Inline rule at a colon: `https://peer.example/x` becomes a link (GFM 6.9, linear in time)."""
    if silent or state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    scheme = _scheme_before(state.pending)
    match = _URL_REST.match(state.src, state.pos)
    if not scheme or match is None:
        return False
    rest = _without_sentence_end(match.group())
    href = state.md.normalizeLink(scheme + rest)
    if len(rest) <= len("://") or not state.md.validateLink(href):
        return False
    state.pending = state.pending[: -len(scheme)]
    _push_link(state, href, state.md.normalizeLinkText(scheme + rest))
    state.pos += len(rest)
    return True


def _scheme_before(pending: str) -> str:
    tail = pending[-6:]
    for scheme in ("https", "http"):
        if tail.lower().endswith(scheme):
            before = pending[: -len(scheme)][-1:]
            return "" if before.isalnum() else pending[-len(scheme) :]
    return ""


def _without_sentence_end(url: str) -> str:
    opened, closed = url.count("("), url.count(")")
    end = len(url)
    while end:
        if url[end - 1] == ")" and closed > opened:
            closed -= 1
        elif url[end - 1] not in _SENTENCE_END:
            break
        end -= 1
    return url[:end]


def _push_link(state: StateInline, href: str, text: str) -> None:
    state.push("link_open", "a", 1).attrs = {"href": href}
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)


def _spoiler(_renderer: object, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    if tokens[index].nesting < 0:
        return "</details>\n"
    title = tokens[index].info.strip().removeprefix("spoiler").strip() or "Spoiler"
    return f"<details><summary>{escapeHtml(title)}</summary>\n"


def _footnote_number(_renderer: object, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    return f"<sup>[{tokens[index].meta['id'] + 1}]</sup>"


def _nothing(_renderer: object, *_rest: Any) -> str:
    return ""


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.inline.ruler.push("bare_url", _link_bare_url)
    parser.use(container_plugin, "spoiler", render=_spoiler)
    parser.use(sub_plugin).use(superscript_plugin)
    parser.use(footnote_plugin, inline=False)
    # Anchors need ids, and ids of two comments on one page would be the same: numbers only.
    parser.add_render_rule("footnote_ref", _footnote_number)
    parser.add_render_rule("footnote_anchor", _nothing)
    parser.add_render_rule("footnote_block_open", lambda *_: "<hr>\n<ol>\n")
    parser.add_render_rule("footnote_block_close", lambda *_: "</ol>\n")
    parser.add_render_rule("footnote_open", lambda *_: "<li>")
    return parser


_PARSER = _make_parser()

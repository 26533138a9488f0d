"""Markdown to safe HTML: members' texts, for our pages and for other servers.

CommonMark with tables, strikethrough, sub- and superscript (`H~2~O`, `x^2^`), bare URLs as links,
footnotes and Lemmy's spoilers (`::: spoiler Title` … `:::`). HTML in the source is text. The result
passes through `fedcom.text.html.sanitize`, so that no bug of the renderer can become a hole.

Rendering costs about a millisecond per kilobyte: render when written, not when read.
"""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref
from mdit_py_plugins.subscript import sub_plugin
from mdit_py_plugins.superscript import superscript_plugin

from fedcom.text.html import clean_html, escape_text, sanitize

UNTITLED = "<summary>Spoiler</summary>"
"""The heading of a spoiler without a title."""

MAX_SOURCE = 60_000
"""The longest source in characters that is rendered; longer ones are shown as typed."""

MAX_BRACKETS = 10_000
"""The maximum of `[` in one source: unclosed ones cost the parser the square of their number."""

MAX_FOOTNOTE_LABEL = 100
"""The longest name of a footnote in characters; with a longer one it is no footnote."""

MAX_LINES = 10_000
"""The maximum of lines in one source: each is checked for each of the twenty blocks it may be in.
"""

MAX_BLOCK_TOKENS = 25_000
"""The maximum of block tokens in one source; a list item takes five. With more of them the HTML has
more tags than `fedcom.text.html` accepts.
"""

MAX_CELLS = 5_000
"""The maximum of cells in all tables of one source. The parser fills up every row to the width of
its table, so that a short text can stand for very many.
"""

MAX_ADDRESSES = 400_000
"""The maximum of characters in all addresses and titles of links and pictures. One reference
definition can be used again and again.
"""

_FOOTNOTE = re.compile(rf"\[\^[^\] \n]{{1,{MAX_FOOTNOTE_LABEL}}}\]")
_URL_REST = re.compile(r"://[^\s<>\"`\\]+")
# GFM 6.9: characters that may be in a URL but belong to the sentence at its end.
_SENTENCE_END = "?!.,:;*_~'\"[]"


def render(source: str) -> str:
    """`source` (Markdown) as safe HTML; "" if it contains no text. Never raises."""
    tokens = parse(source)
    return as_typed(source) if tokens is None else render_tokens(tokens)


def parse(source: str) -> list[Token] | None:
    """The block tokens of `source`, or None if it exceeds the parser's limits."""
    if (
        len(source) > MAX_SOURCE
        or source.count("\n") > MAX_LINES
        or source.count("[") > MAX_BRACKETS
    ):
        return None
    try:
        tokens = _PARSER.parse(source)
    except _TooComplex:
        return None
    return tokens if _length_of_addresses(tokens) <= MAX_ADDRESSES else None


def as_typed(source: str) -> str:
    """`source` as safe HTML that shows it as typed: for texts that are not parsed."""
    return sanitize(escape_text(source))


def render_tokens(tokens: Sequence[Token], otherwise: Sequence[Token] | None = None) -> str:
    """The tokens of `parse` as safe HTML; those of `otherwise` if the first exceed the limits."""
    html = _render(tokens)
    shown = clean_html(html)
    if shown is None:
        shown = sanitize(html if otherwise is None else _render(otherwise))
    return shown.strip()


def _render(tokens: Sequence[Token]) -> str:
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))


class _TooComplex(Exception):
    """The source exceeds a limit while it is parsed."""


def _length_of_addresses(tokens: Sequence[Token]) -> int:
    return sum(
        len(str(value))
        for token in tokens
        for child in token.children or ()
        for value in child.attrs.values()
    )


def _count_tokens(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    """Block rule that never matches, and stops the parser at a text with too many blocks."""
    if len(state.tokens) > MAX_BLOCK_TOKENS:
        raise _TooComplex
    return False


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The parser's own rule for tables, as long as they stay within `MAX_CELLS`."""
    if silent or not table(state, start, end, True):
        return table(state, start, end, silent)
    header = state.src[state.bMarks[start] : state.eMarks[start]].strip().strip("|")
    if (header.count("|") + 1) * (_end_of_stretch(state, start) - start) > MAX_CELLS:
        raise _TooComplex
    before = len(state.tokens)
    table(state, start, end, False)
    made = sum(token.type == "td_open" for token in state.tokens[before:])
    state.env["cells"] = state.env.get("cells", 0) + made
    if state.env["cells"] > MAX_CELLS:
        raise _TooComplex
    return True


def _end_of_stretch(state: StateBlock, line: int) -> int:
    """The next empty line, which ends a table if nothing else does; each line is read once."""
    known: int = state.env.get("end_of_stretch", 0)
    if line < known:
        return known
    while line < state.lineMax and not state.isEmpty(line):
        line += 1
    state.env["end_of_stretch"] = line
    return line


def _bounded_footnote(state: StateInline, silent: bool) -> bool:
    """The plugin's own rule, which looks for the end of a name through the whole text."""
    if _FOOTNOTE.match(state.src, state.pos) is None:
        return False
    return footnote_ref(state, silent)


def _link_bare_url(state: StateInline, silent: bool) -> bool:
    """Inline rule at a colon: `https://peer.example/x` becomes a link (GFM 6.9, linear in time)."""
    if silent or state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    # The scheme first: looking for the end of a URL at each "://" costs the square of their number.
    scheme = _scheme_before(state.pending[-6:])
    match = _URL_REST.match(state.src, state.pos) if scheme else None
    if match is None:
        return False
    rest = _without_sentence_end(match.group())
    href = state.md.normalizeLink(scheme + rest)
    if len(rest) <= len("://") or not state.md.validateLink(href):
        return False
    state.pending = state.pending[: -len(scheme)]
    _push_link(state, href, state.md.normalizeLinkText(scheme + rest))
    state.pos += len(rest)
    return True


def _scheme_before(text: str) -> str:
    """The scheme in the last characters before a colon, as written; "" for none."""
    for scheme in ("https", "http"):
        before, found = text[: -len(scheme)], text[-len(scheme) :]
        if found.lower() == scheme:
            return "" if before[-1:].isalnum() else found
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
    title = tokens[index].info.strip().removeprefix("spoiler").strip()
    summary = f"<summary>{escapeHtml(title)}</summary>" if title else UNTITLED
    return f"<details>{summary}\n"


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
    parser.block.ruler.before("table", "count_tokens", _count_tokens)
    parser.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.at("footnote_ref", _bounded_footnote)
    # Anchors need ids, and the ids of two comments on one page would clash: numbers only.
    parser.add_render_rule("footnote_ref", _footnote_number)
    parser.add_render_rule("footnote_anchor", _nothing)
    parser.add_render_rule("footnote_block_open", lambda *_: "<hr>\n<ol>\n")
    parser.add_render_rule("footnote_block_close", lambda *_: "</ol>\n")
    parser.add_render_rule("footnote_open", lambda *_: "<li>")
    return parser


_PARSER = _make_parser()

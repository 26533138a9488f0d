"""The sanitizer: turns hostile HTML into HTML that our pages may contain.

Everything shown as HTML has passed through `sanitize`, including our own Markdown renderer's
output. The parser is nh3 (html5ever and ammonia); the limits here keep it from work that grows with
the square of the input, and input that it fails on is shown as plain text instead.
"""

import html as entities
import re
from html.entities import html5 as named_characters

import nh3

from fedcom.text.plain import cut

MAX_HTML = 400_000
"""The longest HTML that is parsed, in characters; five times our longest post with its mark-up."""

MAX_TAGS = 10_000
"""The maximum of `<` in one text."""

MAX_DEPTH = 500
"""The deepest nesting of tags: nesting costs the parser the square of its depth."""

MAX_ATTRIBUTES = 8_000
"""The longest attributes of one tag, in characters; a longer tag loses all of them. Each attribute
is compared with those before it.
"""

MAX_AMPERSANDS = 20_000
"""The maximum of `&` in one text. From the first thousand on they are written as numeric references
for the parser: bare ones and names cost it the square of their number.
"""

MAX_CLEAN = 2 * MAX_HTML
"""The longest result in characters; some input becomes longer when it is written out."""

MAX_PLAIN = 100_000
"""The longest text in characters that is kept of HTML that was not parsed."""

_TAGS = frozenset(
    "p br hr div span a strong em b i u s del ins sub sup code kbd pre blockquote "  # noqa: SIM905 - a line for each word would fill a page
    "ul ol li dl dt dd h1 h2 h3 h4 h5 h6 table caption thead tbody tfoot tr th td "
    "details summary img ruby rt rp".split()
)
# Their content is no prose either, so it is removed with the tag.
_DROPPED_WHOLE = frozenset(
    "script style title noscript noembed noframes template iframe object svg math "  # noqa: SIM905 - as above
    "textarea select".split()
)
# Passed by the cleaner only to become links.
_MEDIA = frozenset({"audio", "video", "source"})
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    **{tag: {"src"} for tag in _MEDIA},
    "ol": {"start"},
    **{tag: {"align"} for tag in ("td", "th")},
}
_SIDES = frozenset({"left", "center", "right"})
# Mastodon's mark-up: mentions, hashtags and the hidden parts of a long link.
_CLASSES = {"a": {"mention", "hashtag"}, "span": {"invisible", "ellipsis"}}
_IMAGES = {"img": {"loading": "lazy", "referrerpolicy": "no-referrer"}}

# The beginning and end of mark-up for the parser (HTML 13.2.5.6 to 13.2.5.55). Possessive, so that
# each character is read once.
_MARKUP = re.compile(
    r"""<(?P<end>/?)(?P<name>[A-Za-z][^\t\n\f\r />]*+)
        (?P<attributes>(?:
            [\t\n\f\r /]*+ (?:=[^\t\n\f\r />=]*+ | [^\t\n\f\r />=]++)
            (?:[\t\n\f\r ]*+ = [\t\n\f\r ]*+
                (?:"[^"]*+" | '[^']*+' | [^\t\n\f\r "'>][^\t\n\f\r >]*+ | (?=>))
              | (?![\t\n\f\r ]*+=)
            )
        )*+) [\t\n\f\r /]*+>
      | <!(?=--)(?s:.*?)--!?>
      | <(?:!(?!--) | \? | /(?![A-Za-z]))[^>]*+>
      | (?P<endless><(?:[A-Za-z!?] | /(?!\Z)))
      | (?P<sign><)""",
    re.VERBOSE,
)
# HTML 13.2.4.3: open formatting elements are reopened in every block, and identical ones at most
# three times. Without attributes they are all identical; with them, 2,000 elements and 2,000
# paragraphs would make four million. None of these has an attribute worth keeping.
_FORMATTING = frozenset("b big code em font i nobr s small strike strong tt u".split())  # noqa: SIM905 - as above
# The columns of Markdown's tables: a style from some renderers, `align` from others. Our pages
# allow no styles, so the style is rewritten.
_CELLS = frozenset({"td", "th"})
_ALIGNED = re.compile(r"\btext-align:\s?(left|center|right)\b", re.IGNORECASE)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905 - as above
# Elements that end where the next of the same kind begins.
_UNCLOSED = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "option"})
_MANY_AMPERSANDS = 1_000
_AMPERSAND = re.compile(r"&(?:(#[0-9]{1,7}|#[Xx][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?")
# Overrides reverse the letters of a word, and no honest text needs them. Controls are not
# characters in HTML, lone surrogates not in Unicode.
_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\udfff]")

_BREAK = re.compile(
    r"<(?:br|hr|/p|/div|/li|/h[1-6]|/pre|/blockquote|/tr|/summary|/dt|/dd)\b[^>]*>",
    re.IGNORECASE,
)
_BLOCK_END = re.compile(
    r"</(?:p|div|li|h[1-6]|pre|blockquote|td|th|summary|dt|dd)>"
    r'|<(?:hr|[ou]l|p|pre)(?: [a-z]+="[^"]*")*>'
)
_CODE = re.compile(r"<pre[ >][^<]*(?:<(?!/pre>)[^<]*)*")
# Also the full stop, exclamation and question mark of Chinese, and the signs of Arabic.
_SENTENCE_ENDS = frozenset(".!?…:;,\u3002\uff01\uff1f\u061f\u060c\u061b")
# In the form that the cleaner writes: it leaves no `"` and no `<` in an attribute.
_SOURCED = re.compile(
    r'<(?P<link>/?a)(?=[ >])|<(?P<tag>img|audio|video|source)(?: [a-z-]+="[^"]*+")*+>'
    r"|</(?:audio|video)>"
)
_SOURCE = re.compile(r' src="([^"]*)"')
_ALT = re.compile(r' alt="([^"]*)"')


def sanitize(html: str) -> str:
    """`html` reduced to the tags and attributes that may be shown; never raises.

    Links keep only absolute http, https and mailto targets and get `rel="nofollow noopener
    noreferrer"`; images only https, others become a link or their description; films and sounds
    become links. Input that is too long, too deep or breaks the parser is returned as escaped plain
    text (a sanitizer that raises took Mastodon down: GHSA-qrgq-9fx2-vf2r).
    """
    clean = clean_html(html)
    return _as_plain(html) if clean is None else clean


def clean_html(html: str) -> str | None:
    """As `sanitize`; None for input that is too long, too deep or breaks the parser."""
    if _is_too_much(html):
        return None
    harmless = _without_bombs(_NEVER.sub("", html))
    if harmless is None:
        return None
    try:
        clean = _CLEANER.clean(harmless)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic of the Rust parser is not an Exception
        return None
    shown = _with_sources(clean)
    return shown if len(shown) <= MAX_CLEAN else None


def to_text(html: str) -> str:
    """`html` as plain text: one line for each block or line break, entities resolved; not HTML.

    Escape it again before it is shown. Lines are stripped, empty ones left out.
    """
    lines = (line.strip() for line in _strip_tags(sanitize(html)).splitlines())
    return "\n".join(line for line in lines if line)


def escape_text(text: str) -> str:
    """Plain text as HTML that looks the same: escaped, one paragraph, with line breaks."""
    return "<p>" + "<br>".join(entities.escape(text).splitlines()) + "</p>"


def _is_too_much(html: str) -> bool:
    return len(html) > MAX_HTML or html.count("<") > MAX_TAGS or html.count("&") > MAX_AMPERSANDS


def _as_plain(html: str) -> str:
    lines = (line.strip() for line in _strip_tags(_NEVER.sub("", html[:MAX_HTML])).splitlines())
    return escape_text(cut("\n".join(line for line in lines if line), MAX_PLAIN))


def _strip_tags(html: str) -> str:
    broken = _BREAK.sub("\n", html[: html.rfind(">") + 1]) + html[html.rfind(">") + 1 :]
    before, *pieces = broken.split("<")
    # A "<" without a ">" is the end of cut-off mark-up.
    return entities.unescape(before + "".join(piece.partition(">")[2] for piece in pieces))


def _without_bombs(html: str) -> str | None:
    """`html` rewritten so that the parser takes linear time and finds the same in it; None if it is
    too deep for that.
    """
    pieces: list[str] = []
    inside: list[str] = []
    position = 0
    for found in _MARKUP.finditer(html):
        pieces.append(html[position : found.start()])
        position = found.end()
        if found["name"]:
            pieces.append(_harmless(found))
            _note_depth(inside, found["name"].lower(), is_end=bool(found["end"]))
            if len(inside) > MAX_DEPTH:
                return None
        elif found["sign"]:
            pieces.append("&lt;")
        elif found["endless"]:
            # The parser, too, ignores mark-up without an end.
            position = len(html)
            break
    written = "".join(pieces) + html[position:]
    if written.count("&") > _MANY_AMPERSANDS:
        written = _AMPERSAND.sub(_in_numbers, written)
    return written


def _harmless(tag: re.Match[str]) -> str:
    name, attributes = tag["name"].lower(), tag["attributes"]
    if name in _FORMATTING or len(attributes) > MAX_ATTRIBUTES:
        return f"<{tag['end']}{tag['name']}>"
    side = _ALIGNED.search(attributes) if name in _CELLS and not tag["end"] else None
    # The first of two attributes with the same name counts.
    return f'<{name} align="{side[1]}"{attributes}>' if side else tag[0]


def _note_depth(inside: list[str], name: str, *, is_end: bool) -> None:
    """Update the names of the open tags: never fewer than the parser has open.

    An end tag that is out of order closes none here, because the parser may ignore it.
    """
    is_last = bool(inside) and inside[-1] == name
    if is_end:
        if is_last:
            inside.pop()
    elif name not in _VOID and not (is_last and name in _UNCLOSED):
        inside.append(name)


def _in_numbers(ampersand: re.Match[str]) -> str:
    """A character reference, or an ampersand that begins none, as numeric references."""
    name = ampersand[1] or ""
    if name.startswith("#"):
        return ampersand[0]
    known = named_characters.get(f"{name};")
    if known is None:
        return f"&#38;{ampersand[0][1:]}"
    return "".join(f"&#{ord(character)};" for character in known)


def _with_sources(clean: str) -> str:
    """`clean` with a link in place of each film and sound (its first source), and of each picture
    without TLS, which our pages must not load; a picture without an address is replaced by its
    description.
    """
    is_linked = has_source = False

    def show(found: re.Match[str]) -> str:
        nonlocal is_linked, has_source
        if found["link"]:
            is_linked = found["link"] == "a"
            return found[0]
        tag, address = found["tag"], _attribute(_SOURCE, found[0])
        if tag in _MEDIA:
            if tag == "source" and has_source:
                return ""
            has_source = bool(address)
        elif address.startswith("https://"):
            return found[0]
        text = _as_written(_attribute(_ALT, found[0])) or _as_written(address)
        if not address or is_linked:
            return text
        link = f'<a href="{address}" rel="nofollow noopener noreferrer">{text}</a>'
        # A film is followed by its fallback for browsers that cannot show it.
        return f"{link} " if tag in _MEDIA else link

    return _SOURCED.sub(show, clean)


def _attribute(pattern: re.Pattern[str], tag: str) -> str:
    found = pattern.search(tag)
    return found[1] if found else ""


def _as_written(attribute: str) -> str:
    """The value of an attribute as text, in the form that the cleaner writes."""
    text = entities.escape(entities.unescape(attribute), quote=False)
    return text.replace("\xa0", "&nbsp;")


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "align":
        side = value.strip().lower()
        return side if side in _SIDES else None
    if name != "src":
        return value
    # In lower case as far as `_with_sources` reads.
    scheme, colon, rest = value.partition("://")
    return f"{scheme.lower()}://{rest}" if colon and scheme.lower() in ("https", "http") else None


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS | _MEDIA),
    clean_content_tags=set(_DROPPED_WHOLE),
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    strip_comments=True,
    link_rel="nofollow noopener noreferrer",
    set_tag_attribute_values=_IMAGES,
    url_schemes={"http", "https", "mailto"},
    allowed_classes=_CLASSES,
    url_relative="deny",
)


def excerpt_of(html: str, limit: int = 280) -> str:
    """The beginning of a text, which may be cut off anywhere, as `one_line`."""
    return cut(one_line(sanitize(html), limit), limit)


def one_line(clean: str, limit: int) -> str:
    """At least `limit` characters of a sanitized text, as plain text on one line.

    Headings, items, cells and lines of code end without a full stop, so a dot separates them from
    what follows.
    """
    broken = _CODE.sub(lambda code: code[0].replace("\n", "<p></p>"), clean)
    pieces: list[str] = []
    length = 0
    for block in _BLOCK_END.split(broken):
        words = " ".join(_strip_tags(block).split())
        if words:
            pieces += (words, " " if words[-1] in _SENTENCE_ENDS else " · ")
            length += len(words)
        if length > limit:
            break
    return "".join(pieces[:-1])

"""A text in both its forms: the Markdown source and the safe HTML that is shown."""

import html as entities
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import host_of
from fedcom.text.html import escape_text, sanitize
from fedcom.text.mentions import Mention, ParsedMarkdown, linked_mentions
from fedcom.text.prose import pieces
from fedcom.text.slurs import has_slur, without_slurs

# Characters kept of a peer's text; ours are shorter (fedcom.rules.limits). HTML has its own limit:
# with escapes, a text of ours that is full of "<" is longer than this.
LONGEST = 100_000

# A link or an image in Markdown, or a link definition, whose address has no scheme.
_RELATIVE = re.compile(
    r"""(?: \]\( | ^[ ]{0,3}\[[^\]\n^]{1,200}\]: )
    [ \t]* <? (?! [ \t<] | [a-z][a-z0-9+.-]*: )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Body:
    """Markdown source (empty if a peer sent none) and the HTML that pages may show."""

    source: str
    html: str
    # For a text that was just written: its mentions are not resolved yet.
    parsed: ParsedMarkdown | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of_markdown(cls, source: str) -> "Body":
        """Render a member's Markdown: slow, so endpoints `offload` it."""
        source = source.strip().replace("\r\n", "\n")
        parsed = ParsedMarkdown(source)
        return cls(source, parsed.to_html(), parsed)

    @classmethod
    def of_document(cls, document: Document) -> "Body":
        """Accept a peer's text: rendered by our own rules from its Markdown `source` (Lemmy,
        PieFed, Mbin, NodeBB), else its `content`, sanitized.

        `content` is used too if the source cannot be rendered, or contains a relative address,
        which only the peer can resolve (NodeBB's uploads).
        """
        source = (document.source_markdown or "")[:LONGEST]
        content = document.content or ""
        is_html = document.media_type not in ("text/markdown", "text/plain")
        if source.strip() and not (is_html and content and _RELATIVE.search(source)):
            parsed = ParsedMarkdown(source)
            if parsed.is_rendered or not (is_html and content):
                links = _links(document, content if is_html else "", parsed.mentions)
                return cls(source, parsed.to_html(links))
        html = sanitize(content) if is_html else escape_text(content[:LONGEST])
        return cls(source, html if content else "")

    def without_slurs(self, pattern: str) -> "Body":
        """The text with *removed* in place of what the admins' filter matches (Lemmy 0.19 does the
        same with texts of other servers).
        """
        if not has_slur(pattern, self.source) and not has_slur(pattern, self.html):
            return self
        shown = (
            piece if piece.startswith("<") else _cleared(pattern, piece)
            for piece, _ in pieces(self.html)
        )
        return Body(without_slurs(pattern, self.source), "".join(shown))


def _cleared(pattern: str, text: str) -> str:
    return entities.escape(without_slurs(pattern, entities.unescape(text)), quote=False)


def _links(document: Document, html: str, mentions: Iterable[Mention]) -> dict[Mention, str]:
    """The targets of the mentions in a peer's text: from its tags, else from the links on the same
    words in its HTML (tags leave out the author, and everyone in a private message).

    A name without a host is on the author's host. A tag may have either form.
    """
    home = _host_of(document.owner)
    named = {}
    for tag in document.mentions:
        name, _, host = (tag.name or "").lstrip("@!").partition("@")
        named[name.lower(), host.lower() or _host_of(tag.href)] = tag.href
    keys = {mention: (mention.name.lower(), mention.host or home) for mention in mentions}
    links = {mention: named[key] for mention, key in keys.items() if key in named}
    if len(links) < len(keys):
        links = linked_mentions(sanitize(html)) | links
    return links


def _host_of(iri: str | None) -> str:
    try:
        return host_of(iri or "")
    except Malformed:
        return ""


EMPTY = Body("", "")

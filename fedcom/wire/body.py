"""A text in both its forms: the Markdown it was written in and the safe HTML that is shown."""

from dataclasses import dataclass, field

from activitypub.reading import Document
from fedcom.text.html import escape_text, sanitize
from fedcom.text.markdown import render
from fedcom.text.mentions import ParsedMarkdown

# Characters kept of a peer's text; ours are shorter (fedcom.rules.limits). HTML has its own limit:
# written out, a text of ours that is full of "<" is longer than this.
LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Body:
    """Markdown source (empty when a peer gave none) and the HTML that pages may show."""

    source: str
    html: str
    # Of a text that was just written: whom it names is not known yet.
    parsed: ParsedMarkdown | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of_markdown(cls, source: str) -> "Body":
        """Render what a member wrote: slow, so that endpoints `offload` it."""
        source = source.strip().replace("\r\n", "\n")
        parsed = ParsedMarkdown(source)
        return cls(source, parsed.to_html(), parsed)

    @classmethod
    def of_document(cls, document: Document) -> "Body":
        """Take a peer's `content` (made safe here) and its Markdown `source` where it has one.

        The HTML is theirs, not rendered anew: their dialect of Markdown is not ours. Only where
        there is none (PeerTube's `content` is Markdown, others' plain text) it is made here.
        """
        content, source = document.content or "", document.source_markdown or ""
        if document.media_type == "text/markdown":
            html = render(content[:LONGEST]) if content else ""
        elif document.media_type == "text/plain":
            html = escape_text(content[:LONGEST]) if content else ""
        else:
            html = sanitize(content)
        return cls(source[:LONGEST], html)


EMPTY = Body("", "")

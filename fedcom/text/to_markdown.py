"""HTML of peers that send no Markdown (Mastodon, Misskey, Discourse) → Markdown, for apps."""

from functools import lru_cache

from markdownify import ATX, MarkdownConverter

KEPT = 2_000
"""The texts whose Markdown is kept: a thread is read often, and a text takes about 0.3 ms."""

_converter = MarkdownConverter(heading_style=ATX, bullets="-", newline_style="BACKSLASH")


@lru_cache(maxsize=KEPT)
def to_markdown(html: str) -> str:
    """The Markdown of HTML that was sanitized before it was stored."""
    return _converter.convert(html).strip() if html else ""

"""Texts as Markdown, which is what apps show and edit."""

from fedcom.text.to_markdown import to_markdown

_BEGIN, _END = "::: spoiler ", "\n:::"


def markdown(source: str, html: str, warning: str = "") -> str:
    """The Markdown of a text: its source, else made of its HTML.

    Lemmy has no content warnings; the text is folded in a spoiler that names it.
    """
    text = source or to_markdown(html)
    return f"{_BEGIN}{warning}\n{text}{_END}" if warning and text else text


def without_warning(text: str, warning: str) -> str:
    """The text that an app sends back after an edit, without the spoiler that `markdown` made."""
    begin = f"{_BEGIN}{warning}\n"
    if not warning or not (text.startswith(begin) and text.rstrip().endswith(_END)):
        return text
    return text.rstrip().removeprefix(begin).removesuffix(_END)

"""An HTML reader that accepts only the mark-up of our pages, and rejects everything else."""

from html.parser import HTMLParser

TAGS = {
    *("p", "br", "hr", "div", "span", "a", "strong", "em", "b", "i", "u", "s", "del", "ins"),
    *("sub", "sup", "code", "kbd", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "details", "summary", "img", "ruby", "rt", "rp"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title", "lang", "rel", "class"},
    "img": {"src", "alt", "title", "lang", "loading", "referrerpolicy"},
    "ol": {"start", "lang"},
    "span": {"class", "lang"},
}


class StrictReader(HTMLParser):
    """Raises AssertionError for anything that `sanitize` must not let through."""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, {"lang"}), (tag, name)
            if name == "href":
                assert value.startswith(("https://", "http://", "mailto:")), value
            if name == "src":
                assert value.startswith("https://"), value
            if name == "class":
                assert value in {"", "mention", "hashtag", "invisible", "ellipsis"}, value
        if tag == "a":
            assert dict(attrs)["rel"] == "nofollow noopener noreferrer"

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def read_strictly(html: str) -> None:
    """Raise AssertionError if `html` contains forbidden mark-up, or ends within a tag."""
    reader = StrictReader()
    reader.feed(html)
    assert reader.rawdata == ""

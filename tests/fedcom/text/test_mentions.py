import pytest

from fedcom.text.mentions import (
    MAX_MENTIONS,
    Mention,
    ParsedMarkdown,
    linked_addresses,
    linked_mentions,
    unlinked_mentions,
)

ANN = Mention("@", "ann", "peer.example")
CATS = Mention("!", "cats", "peer.example")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("hi @ann@peer.example!", [ANN]),
        ("!cats@peer.example and @ann@peer.example.", [CATS, ANN]),
        ("@ann@Peer.Example @ann@peer.example", [ANN]),
        ("(@ann@peer.example), **@ann@peer.example**", [ANN]),
        ("@bob", [Mention("@", "bob", None)]),
        ("@some_long_name", [Mention("@", "some_long_name", None)]),
        ("@a.b-c@peer.example", [Mention("@", "a.b-c", "peer.example")]),
        ("@k@127.0.0.1:8001", [Mention("@", "k", "127.0.0.1:8001")]),
        ("@k@localhost:8001", [Mention("@", "k", "localhost:8001")]),
        ("@k@bücher.example", [Mention("@", "k", "bücher.example")]),
        ("> quoted @ann@peer.example", [ANN]),
        ("|a|\n|-|\n|@ann@peer.example|", [ANN]),
        ("`@ann@peer.example`", []),
        ("```\n@ann@peer.example\n```", []),
        ("    @ann@peer.example", []),
        ("[@ann@peer.example](https://x.example)", []),
        ("https://peer.example/@ann/1", []),
        ("mail ann@peer.example", []),
        ("wow!cats", []),
        ("a @ b ! c", []),
        ("hello!", []),
        ("", []),
    ],
)
def test_mentions_are_found_in_prose(source, found):
    assert list(ParsedMarkdown(source).mentions) == found


def test_only_so_many_mentions_are_found():
    source = " ".join(f"@u{number}@peer.example" for number in range(MAX_MENTIONS + 10))
    assert len(ParsedMarkdown(source).mentions) == MAX_MENTIONS


def test_a_resolved_mention_becomes_a_link_and_others_stay_text():
    text = ParsedMarkdown(
        "@ann@peer.example, `@ann@peer.example` and @bob@peer.example **@ann@Peer.example**"
    )
    html = text.to_html({ANN: "https://peer.example/users/1"})
    link = (
        '<a href="https://peer.example/users/1" class="mention" rel="nofollow noopener noreferrer">'
    )
    assert html == (
        f"<p>{link}@ann@peer.example</a>, <code>@ann@peer.example</code> and @bob@peer.example "
        f"<strong>{link}@ann@Peer.example</a></strong></p>"
    )


def test_a_hostile_target_is_no_link():
    text = ParsedMarkdown("@ann@peer.example")
    assert "javascript" not in text.to_html({ANN: "javascript:x"})


def test_without_anything_resolved_it_is_the_plain_rendering():
    text = ParsedMarkdown("*@ann@peer.example*")
    assert text.to_html() == text.to_html({}) == "<p><em>@ann@peer.example</em></p>"


def test_a_text_can_be_rendered_again_with_other_links():
    text = ParsedMarkdown("> @ann@peer.example")
    first = text.to_html({ANN: "https://one.example/"})
    assert "https://one.example/" in first
    assert "https://two.example/" in text.to_html({ANN: "https://two.example/"})
    assert text.to_html({ANN: "https://one.example/"}) == first
    assert "<a" not in text.to_html()


def test_the_addresses_of_mentions_are_read_from_the_html():
    text = ParsedMarkdown(
        "@ann@peer.example !cats@peer.example @ann@peer.example [x](https://other.example/)"
    )
    links = {ANN: "https://here.example/?a=1&b=2", CATS: "https://here.example/c/cats"}
    assert linked_addresses(text.to_html(links)) == tuple(links.values())
    assert linked_addresses(text.to_html()) == ()


def test_an_unparsed_text_has_no_mentions_and_is_shown_as_typed():
    text = ParsedMarkdown("@ann@peer.example " + "[" * 20_000)
    assert text.mentions == ()
    assert text.to_html({ANN: "https://peer.example/"}).startswith("<p>@ann@peer.example [[")


def test_a_mention_reads_as_it_was_written():
    assert str(CATS) == "!cats@peer.example"
    assert str(Mention("@", "bob", None)) == "@bob"


@pytest.mark.parametrize(
    ("source", "links", "named"),
    [
        (
            "@ann@peer.example, @ben@peer.example",
            {ANN: "https://x.example"},
            ("@ben@peer.example",),
        ),
        ("*@ann@peer.example* !cats@peer.example", {}, (str(ANN), str(CATS))),
        ("`@ann@peer.example` [@ann@peer.example](https://x.example) @bob", {}, ()),
        ("```\n@ann@peer.example\n```", {}, ()),
        ("a &lt; b @ann@peer.example", {}, (str(ANN),)),
        ("nobody", {}, ()),
    ],
)
def test_mentions_without_a_link_can_be_read_from_the_html(
    source: str, links: dict[Mention, str], named: tuple[str, ...]
) -> None:
    assert unlinked_mentions(ParsedMarkdown(source).to_html(links)) == named


def test_the_mentions_that_html_links_are_read_with_where_they_lead():
    html = (
        '<p><a href="https://a.example/u/bob?x=1&amp;y=2" rel="nofollow">@<span>bob</span></a> and '
        '<a href="https://b.example/c/cats">!cats@b.example</a>, '
        '<a href="https://c.example/">not @kim alone</a> and @lea</p>'
    )
    assert linked_mentions(html) == {
        Mention("@", "bob", None): "https://a.example/u/bob?x=1&y=2",
        Mention("!", "cats", "b.example"): "https://b.example/c/cats",
    }


def test_a_text_with_more_mentions_than_can_be_linked_is_shown_whole_without_links():
    parsed = ParsedMarkdown("@bob " * 10_000)
    html = parsed.to_html({Mention("@", "bob", None): "https://a.example/u/bob"})
    assert html == parsed.to_html()
    assert html.count("@bob") == 10_000

import time

import pytest

from fedcom.text.mentions import MAX_MENTIONS, Mention, find_mentions, render_with_mentions

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
    assert list(find_mentions(source)) == found


def test_only_so_many_mentions_are_found():
    source = " ".join(f"@u{number}@peer.example" for number in range(MAX_MENTIONS + 10))
    assert len(find_mentions(source)) == MAX_MENTIONS


def test_a_resolved_mention_becomes_a_link_and_others_stay_text():
    html = render_with_mentions(
        "@ann@peer.example, `@ann@peer.example` and @bob@peer.example **@ann@Peer.example**",
        {ANN: "https://peer.example/users/1"},
    )
    link = (
        '<a href="https://peer.example/users/1" class="mention" rel="nofollow noopener noreferrer">'
    )
    assert html == (
        f"<p>{link}@ann@peer.example</a>, <code>@ann@peer.example</code> and @bob@peer.example "
        f"<strong>{link}@ann@Peer.example</a></strong></p>"
    )


def test_a_hostile_target_is_no_link():
    assert "javascript" not in render_with_mentions("@ann@peer.example", {ANN: "javascript:x"})


def test_without_anything_resolved_it_is_the_plain_rendering():
    assert render_with_mentions("*@ann@peer.example*", {}) == "<p><em>@ann@peer.example</em></p>"


def test_a_mention_reads_as_it_was_written():
    assert str(CATS) == "!cats@peer.example"
    assert str(Mention("@", "bob", None)) == "@bob"


@pytest.mark.parametrize(
    "source", ["@" * 50_000, "@a" * 25_000, "@a." * 16_000, "@a@b." * 10_000, "@a@" + "b-" * 24_000]
)
def test_hostile_mentions_cost_little(source):
    started = time.process_time()
    find_mentions(source)
    assert time.process_time() - started < 2

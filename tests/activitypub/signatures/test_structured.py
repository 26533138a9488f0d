import http_sf
import pytest
from hypothesis import given, settings, strategies as st

from activitypub.errors import Malformed
from activitypub.signatures.structured import (
    InnerList,
    Item,
    Token,
    parse_dictionary,
    serialize,
)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=1", {"a": Item(1)}),
        ("a=-999999999999999", {"a": Item(-999999999999999)}),
        ("  a=?0 ", {"a": Item(False)}),
        ("a", {"a": Item(True)}),
        ("a;x;y=2, b", {"a": Item(True, {"x": True, "y": 2}), "b": Item(True)}),
        (r'a="say \"\\\""', {"a": Item('say "\\"')}),
        ('a=""', {"a": Item("")}),
        ("a=::", {"a": Item(b"")}),
        ("a=:AAE=:", {"a": Item(b"\0\1")}),
        ("a=text/html;q=*x", {"a": Item(Token("text/html"), {"q": Token("*x")})}),
        ("*a.b-c_1=1", {"*a.b-c_1": Item(1)}),
        ("a=()", {"a": InnerList(())}),
        (
            'a=(  "x";sf  "y" );  created=1,\t b=2',
            {"a": InnerList((Item("x", {"sf": True}), Item("y")), {"created": 1}), "b": Item(2)},
        ),
    ],
)
def test_the_field_values_of_signatures_are_parsed(text, read):
    assert parse_dictionary(text) == read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "structured_syntax"),
        ("A=1", "structured_syntax"),
        ("a=", "structured_syntax"),
        ("a=1,", "structured_syntax"),
        ("a=1 b=2", "structured_syntax"),
        ("a=1;", "structured_syntax"),
        ("a=1;X", "structured_syntax"),
        ("a=1 ;x", "structured_syntax"),
        ("a=1.5", "structured_syntax"),
        ("a=1234567890123456", "structured_syntax"),
        ("a=@1618884473", "structured_syntax"),
        ('a=%"x"', "structured_syntax"),
        ("a=?2", "structured_syntax"),
        ('a="x', "structured_syntax"),
        (r'a="\n"', "structured_syntax"),
        ('a="\u00fc"', "structured_syntax"),
        ('a="\t"', "structured_syntax"),
        ('a=("x""y")', "structured_syntax"),
        ('a=("x"', "structured_syntax"),
        ('a=("x" ("y"))', "structured_syntax"),
        ('a=("x",  "y")', "structured_syntax"),
        ("a=:AA", "structured_syntax"),
        ("a=:A A=:", "structured_syntax"),
        ("a=:AAA:", "structured_base64"),
        ("a=:=AAA:", "structured_base64"),
        ("a=:AAF=:", "structured_base64"),
        ("a=1, a=2", "structured_duplicate"),
        ("a=1;x=1;x=2", "structured_duplicate"),
        ("a=" + '"' + "x" * 8192 + '"', "structured_too_long"),
    ],
)
def test_ambiguous_values_are_refused(text, code):
    with pytest.raises(Malformed) as caught:
        parse_dictionary(text)
    assert caught.value.code == code


def test_a_syntax_error_has_its_position():
    with pytest.raises(Malformed) as caught:
        parse_dictionary("a=1;x=$, b=2")
    assert caught.value.facts == {"position": "6", "received": "$, b=2"}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('a=( "x";sf   "y" );  created=1', '("x";sf "y");created=1'),
        (r'a="say \"\\\""', r'"say \"\\\""'),
        ("a=:AAE=:;b=?0;c=?1;d=-0012;e=t/x", ":AAE=:;b=?0;c;d=-12;e=t/x"),
    ],
)
def test_a_parsed_value_has_one_serialization(text, canonical):
    assert serialize(parse_dictionary(text)["a"]) == canonical


def test_a_string_that_no_header_can_carry_is_not_written():
    with pytest.raises(ValueError, match="ASCII"):
        serialize(Item("j\u00fcrgen"))


KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,8}", fullmatch=True)
BARE = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    st.binary(max_size=20),
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.from_regex(r"[A-Za-z*][A-Za-z0-9:/!-]{0,8}", fullmatch=True).map(Token),
)
PARAMETERS = st.dictionaries(KEYS, BARE, max_size=4)
ITEMS = st.builds(Item, BARE, PARAMETERS)
LISTS = st.builds(InnerList, st.lists(ITEMS, max_size=4).map(tuple), PARAMETERS)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, st.one_of(ITEMS, LISTS), min_size=1, max_size=4))
def test_serialized_values_parse_back_and_another_implementation_agrees(members):
    text = ", ".join(f"{key}={serialize(member)}" for key, member in members.items())
    assert parse_dictionary(text) == members
    assert http_sf.ser(http_sf.parse(text.encode(), tltype="dictionary")) == ", ".join(
        # The whole member may be shortened to its key when it is true, and then means the same.
        key + serialize(member).removeprefix("?1")
        if serialize(member).startswith("?1")
        else f"{key}={serialize(member)}"
        for key, member in members.items()
    )


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('abc=();,:"\\ \t?01A@.$*-'), max_size=30))
def test_nothing_is_parsed_that_another_implementation_refuses(text):
    try:
        read = parse_dictionary(text)
    except Malformed:
        return
    other = http_sf.parse(text.encode(), tltype="dictionary")
    assert list(other) == list(read)

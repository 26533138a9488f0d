import pytest
from hypothesis import given, strategies as st

from activitypub.errors import Malformed
from activitypub.parse import MAX_BYTES, MAX_DEPTH, parse


def nested(levels):
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b"{} {}", "json_invalid"),
        (b"{'a':1}", "json_invalid"),
        (b'{"a":"\x00"}', "json_invalid"),
        (b'{"a":"line\nbreak"}', "json_invalid"),
        (b"[]", "json_not_object"),
        (b'"text"', "json_not_object"),
        (b"null", "json_not_object"),
        (b"\xff{}", "json_encoding"),
        (b'{"a":"\xed\xa0\x80"}', "json_encoding"),
        ('{"a":1}'.encode("utf-16"), "json_encoding"),
        (b"\xef\xbb\xbf{}", "json_invalid"),
        (b"[" * 100_000, "json_too_deep"),
        (b'{"a":' * 100_000, "json_too_deep"),
        (nested(MAX_DEPTH + 1), "json_too_deep"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "json_too_deep"),
        (b'{"a":' + b"9" * 5000 + b"}", "json_number"),
        (b'{"a":9007199254740993}', "json_number"),
        (b'{"a":-9007199254740993}', "json_number"),
        (b'{"a":NaN}', "json_number"),
        (b'{"a":Infinity}', "json_number"),
        (b'{"a":-Infinity}', "json_number"),
        (b'{"a":1e999}', "json_number"),
        (b'{"a":[{"b":-1e999}]}', "json_number"),
        (b'{"id":"x","id":"y"}', "json_duplicate_key"),
        (b'{"id":"x","\\u0069d":"y"}', "json_duplicate_key"),
        (b'{"object":{"actor":1,"actor":2}}', "json_duplicate_key"),
        (b'{"a":"\\ud800"}', "json_surrogate"),
        (b'{"a":["\\udfff\\ud83d"]}', "json_surrogate"),
        (b'{"\\ud800":1}', "json_surrogate"),
        (b'{"a":"\\uDBFF and \\\\uDC00"}', "json_surrogate"),
        (b'{"a\\u0000":1}', "json_nul_in_key"),
        (b'{"@graph":[]}', "json_ld_keyword"),
        (b'{"object":{"@included":{}}}', "json_ld_keyword"),
        (b'{"@context":[{"x":{"@reverse":"y"}}]}', "json_ld_keyword"),
        (b'{"a":"' + b"x" * MAX_BYTES + b'"}', "json_too_big"),
    ],
)
def test_harmful_json_is_refused_by_the_parser(body, code):
    with pytest.raises(Malformed) as caught:
        parse(body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a":[1,-2.5,true,null,"\xc3\xbc"]}\n', {"a": [1, -2.5, True, None, "\u00fc"]}),
        (b'{"a":9007199254740992,"b":1e300}', {"a": 2**53, "b": 1e300}),
        (b'{"a":"x\\u0000y","b":["\\u0000"]}', {"a": "xy", "b": [""]}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_unambiguous_json_is_read(body, value):
    assert parse(body) == value


def test_the_limits_themselves_are_allowed():
    assert parse(nested(MAX_DEPTH))
    assert parse(b'{"a":"' + b"x" * (MAX_BYTES - 8) + b'"}')


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_no_bytes_make_the_parser_fail_in_another_way(body):
    try:
        value = parse(body)
    except Malformed as error:
        value = {"refused": error.code}
    assert isinstance(value, dict)

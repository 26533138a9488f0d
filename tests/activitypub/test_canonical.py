import pytest
import rfc8785
from hypothesis import given, strategies as st

from activitypub.canonical import canonical
from activitypub.parse import parse

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\0\b\t\n\f\r\x1f\x7f\x80", "\u2028\u2029", "</script>", '"\\/', "\U0001f602", "\ufb33"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5),
)


# RFC 8785, the test files of its authors: what is read, and the one way to write it.
@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            '{"x": [56, {"d": true, "10": null, "1": [ ]}]}',
            '{"x":[56,{"1":[],"10":null,"d":true}]}',
        ),
        (
            '{"peach": "a", "p\u00e9ch\u00e9": "b", "p\u00eache": "c", "sin": "d"}',
            '{"peach":"a","p\u00e9ch\u00e9":"b","p\u00eache":"c","sin":"d"}',
        ),
        (
            '{"1": {"f": {"f": "hi","F": 5} ,"\\n": 56.0}, "10": { }, "": "empty", "a": { },'
            ' "111": [ {"e": "yes","E": "no" } ], "A": { }}',
            '{"":"empty","1":{"\\n":56,"f":{"F":5,"f":"hi"}},"10":{},'
            '"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
        ),
        ('{"Unnormalized": "A\\u030a"}', '{"Unnormalized":"A\u030a"}'),
        (
            '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
            ' "string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
            ' "literals": [null, true, false]}',
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
        ),
        (
            '{"\\u20ac": 1, "\\r": 2, "\\u000a": 3, "1": 4, "\\u0080": "\\u007f",'
            ' "\\ud83d\\ude02": 6, "\\u00f6": 7, "\\ufb33": 8, "</script>": 9}',
            '{"\\n":3,"\\r":2,"1":4,"</script>":9,"\u0080":"\u007f","\u00f6":7,"\u20ac":1,'
            '"\U0001f602":6,"\ufb33":8}',
        ),
    ],
)
def test_canonical_json_is_the_published_one(text, written):
    assert canonical(parse(text.encode())).decode() == written


@given(VALUES)
def test_each_value_is_written_as_the_library_writes_it(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("depth", [200, 300])
def test_nested_lists_are_written_however_deep_they_are(depth):
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    assert canonical(value) == b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), float("inf"), float("nan"), "\ud800", {"\ud800": 1}, {1: 2}, b"x", {1, 2}],
    ids=repr,
)
def test_a_value_without_a_canonical_form_is_refused(value):
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical({"a": [value]})

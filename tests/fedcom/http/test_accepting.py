import pytest
from starlette.datastructures import Headers

from fedcom.http.accepting import MAX_CHARACTERS, heaviest, preferred, weights


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", {}),
        ("text/html", {"text/html": 1.0}),
        ("Text/HTML;q=0.5, */*;Q=0.1", {"text/html": 0.5, "*/*": 0.1}),
        ("a/b;q=0.2, a/b;level=1;q=0.7", {"a/b": 0.7}),
        ("a/b;q=much", {"a/b": 0.0}),
        (", ,a/b", {"a/b": 1.0}),
    ],
)
def test_each_type_has_its_quality_value(accept: str, found: dict[str, float]) -> None:
    assert weights(Headers({"Accept": accept})) == found


def test_several_headers_are_one_list_and_none_is_nothing() -> None:
    several = Headers(raw=[(b"accept", b"a/b"), (b"accept", b"c/d;q=0.5")])

    assert weights(several) == {"a/b": 1.0, "c/d": 0.5}
    assert weights(Headers({})) == {}


def test_of_a_long_header_only_the_beginning_is_read() -> None:
    long = "a/b;q=0.1," * 3000

    assert weights(Headers({"Accept": f"text/html,{long},c/d"})) == {"text/html": 1.0, "a/b": 0.1}
    assert preferred(f"de,{'en,' * 10_000}")[:2] == ["de", "en"]
    assert len(preferred("en," * 10_000)) <= MAX_CHARACTERS


def test_an_absent_type_has_the_quality_value_zero() -> None:
    assert heaviest({"a/b": 1.0}, ("c/d",)) == 0.0
    assert heaviest({"a/b": 0.3}, ()) == 0.0

"""Bytes from a stranger → a JSON object within bounds.

Strict: input that other parsers read differently, or that would do harm later (in the database, in
a log, at the recursion limit), is refused here, once.
"""

import json
import math
import re
from typing import Any

from activitypub.errors import Malformed

MAX_BYTES = 1024 * 1024
"""Largest document in bytes (Mastodon 4.6: `MAX_JSON_SIZE`)."""

MAX_DEPTH = 40
"""Deepest nesting of arrays and objects."""

LARGEST_INT = 2**53
"""The largest whole number that is exact in a double."""

# Keywords that move data around in a JSON-LD processor and nowhere else (Mastodon GHSA-53m7).
_REFUSED_KEYS = frozenset({"@graph", "@included", "@reverse"})
_SURROGATE = re.compile("[\ud800-\udfff]")
# Escapes of NUL and of surrogates: nothing else makes either in a string, as JSON does not allow a
# bare NUL, nor UTF-8 a surrogate.
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

Json = dict[str, Any]


def parse(body: bytes) -> Json:
    """The JSON object in `body`, at most 1 MiB and 40 levels deep, with NULs taken out of strings.

    Refused: broken UTF-8 or JSON, numbers that are not exact in a double, repeated keys, lone
    surrogates, `@graph`, `@included` and `@reverse`, anything but an object. Raises `Malformed`
    with a code that starts with `json_`.
    """
    if len(body) > MAX_BYTES:
        raise Malformed("json_too_big", f"A document may have at most {MAX_BYTES} bytes.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("json_encoding", "The document is not valid UTF-8.") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError as error:
        raise Malformed(
            "json_too_deep", f"JSON may be nested at most {MAX_DEPTH} levels deep."
        ) from error
    except ValueError as error:
        raise Malformed("json_invalid", f"The document is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Malformed("json_not_object", "The document is not a JSON object.")
    _check_structure(value, 1)
    checked: Json = _check_texts(value) if _SUSPICIOUS.search(text) else value
    return checked


def _object(pairs: list[tuple[str, Any]]) -> Json:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("json_duplicate_key", "A JSON object contains a duplicate key.")
    return result


def _int(text: str) -> int:
    # Length first: int() of thousands of digits is slow and raises an error of its own.
    if len(text) > 17 or abs(int(text)) > LARGEST_INT:
        raise Malformed("json_number", "An integer is larger than 2^53.")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("json_number", "A number is out of range.")
    return number


def _constant(text: str) -> float:
    raise Malformed("json_number", f"{text} is not valid JSON.")


def _check_structure(value: Json | list[Any], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("json_too_deep", f"JSON may be nested at most {MAX_DEPTH} levels deep.")
    if isinstance(value, dict) and not _REFUSED_KEYS.isdisjoint(value):
        raise Malformed("json_ld_keyword", "@graph, @included and @reverse are not supported.")
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            _check_structure(inner, depth + 1)


def _check_texts(value: Any) -> Any:
    if isinstance(value, str):
        return _check_text(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            if _check_text(key) != key:
                raise Malformed("json_nul_in_key", "A JSON key contains a NUL character.")
            value[key] = _check_texts(inner)
    elif isinstance(value, list):
        value[:] = [_check_texts(inner) for inner in value]
    return value


def _check_text(text: str) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise Malformed("json_surrogate", "A string contains an unpaired surrogate.")
    # PostgreSQL cannot store NUL in text; in what peers send it has no meaning.
    return text.replace("\0", "") if "\0" in text else text

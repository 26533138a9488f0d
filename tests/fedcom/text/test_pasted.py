"""A pasted text is read as the handle or the address in it."""

import time

import pytest

from fedcom.text.pasted import pasted_address

POST = "https://forum.example/post/7"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (POST, POST),
        (f"  {POST}/ ", POST),
        (f"<{POST}>", POST),
        (f"({POST}).", POST),
        (f"“{POST}”,", POST),
        (f"[a post]({POST})", POST),
        (f"{POST}#comment-9", POST),
        (f"{POST}\u200b", POST),
        ("HTTPS://Forum.Example/post/7", POST),
        ("forum.example/post/7", POST),
        ("web+ap://forum.example/post/7", POST),
        (f"{POST}?page=2", f"{POST}?page=2"),
        ("https://wiki.example/A_(b)", "https://wiki.example/A_(b)"),
        ("https://forum.example/", "https://forum.example/"),
        ("https://forum.example/c/Cats/", "https://forum.example/c/Cats"),
        ("!cats@forum.example", "!cats@forum.example"),
        ("!cats@forum.example,", "!cats@forum.example"),
        ("c/cats@forum.example", "!cats@forum.example"),
        ("/c/cats@Forum.Example/", "!cats@forum.example"),
        ("m/cats@forum.example", "!cats@forum.example"),
        ("u/ann@forum.example", "@ann@forum.example"),
        ("https://other.example/c/cats@forum.example", "!cats@forum.example"),
        ("https://other.example/@ann@forum.example", "@ann@forum.example"),
        ("\uff01cats\uff20forum.example", "!cats@forum.example"),
        ("acct:ann@forum.example", "acct:ann@forum.example"),
        ("cats and dogs", "cats and dogs"),
        ("and/or", "and/or"),
        ("https://[broken/", "https://[broken/"),
    ],
)
def test_the_kind_of_a_pasted_text_is_detected(given: str, meant: str) -> None:
    assert pasted_address(given) == meant


def test_a_very_long_text_costs_nothing() -> None:
    started = time.process_time()
    for text in ("a." * 1_000 + "/", "<" * 2_000, ")" * 2_000, "x" * 10**6):
        pasted_address(text)

    assert time.process_time() - started < 1

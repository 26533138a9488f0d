"""Custom emoji are images in prose, and text everywhere else."""

from typing import Any

import pytest

from activitypub.document import Document
from fedcom.wire.comment import read_comment
from fedcom.wire.emoji import MOST_SHOWN
from fedcom.wire.post import read_post
from tests.support.documents import note

KIM = "https://kim.example/u/kim"
CAT = "https://kim.example/emoji/blobcat.png"
TAG = {"type": "Emoji", "name": ":blobcat:", "icon": {"type": "Image", "url": CAT}}


def document(content: str, *tags: Any) -> Document:
    return Document(note("https://kim.example/1", KIM, content=content, tag=list(tags)))


@pytest.mark.parametrize("tag", [TAG, TAG | {"name": "blobcat"}])
def test_an_emoji_is_shown_as_its_picture(tag: dict[str, Any]) -> None:
    document_with_emoji = document("<p>Hi :blobcat: and :other: <code>:blobcat:</code></p>", tag)

    html = read_comment(document_with_emoji).body.html

    assert html.count("<img") == 1
    assert f'src="{CAT}" alt=":blobcat:" title=":blobcat:"' in html
    assert ":other: <code>:blobcat:</code>" in html
    assert read_post(document_with_emoji).body.html == html


@pytest.mark.parametrize(
    "tag",
    [
        TAG | {"type": "Hashtag"},
        TAG | {"icon": {"type": "Image", "url": "javascript:alert(1)"}},
        TAG | {"icon": {"type": "Image", "url": "http://kim.example/1.png"}},
        TAG | {"icon": None},
        TAG | {"name": ':x" onerror="y:'},
    ],
)
def test_an_unknown_emoji_stays_text(tag: dict[str, Any]) -> None:
    assert read_comment(document("<p>:blobcat:</p>", tag)).body.html == "<p>:blobcat:</p>"


def test_a_text_of_nothing_but_emoji_does_not_grow_without_bound() -> None:
    html = read_comment(document("<p>" + ":blobcat:" * 2_000 + "</p>", TAG)).body.html

    assert html.count("<img") == MOST_SHOWN


@pytest.mark.parametrize(
    ("content", "title"), [(":blobcat: happy", "happy"), (":blobcat:", ":blobcat:")]
)
def test_emoji_are_in_a_title_only_if_there_is_no_other_text(content: str, title: str) -> None:
    assert read_post(document(f"<p>{content}</p>", TAG)).title == title

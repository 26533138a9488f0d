"""The small parts that posts and comments share on the wire."""

import pytest

from activitypub.document import Document
from fedcom.text.mentions import MAX_MENTIONS
from fedcom.wire.tags import language_in, named_in
from tests.support.documents import note

KIM = "https://kim.example/u/kim"


@pytest.mark.parametrize("tag", ["de", "pt-BR", "zh-Hant-TW", "en-GB-oxendict", "haw"])
def test_a_language_is_read_from_its_code(tag: str) -> None:
    assert language_in(Document(note(f"{KIM}/1", KIM, language=tag))) == tag


@pytest.mark.parametrize("tag", ["", "und", "German words", "x" * 1000, "de-" * 20 + "DE", '"><b>'])
def test_an_invalid_language_is_none(tag: str) -> None:
    assert language_in(Document(note(f"{KIM}/1", KIM, language=tag))) is None


def test_the_number_of_mentions_in_a_peers_text_is_limited_like_ours() -> None:
    crowd = [f"https://crowd.example/{number}" for number in range(1000)]
    tags = [{"type": "Mention", "href": iri} for iri in (crowd[0], *crowd)]

    found = named_in(Document(note(f"{KIM}/1", KIM, tag=tags)))

    assert found == tuple(crowd[:MAX_MENTIONS])

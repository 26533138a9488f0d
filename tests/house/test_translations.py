"""The catalogues: they hold every text there is, and no translation is lost.

A text without a translation is shown in English, so a new one may go without. What must not happen
is that a text is reworded and its translations vanish with the old words: `make translations` then
leaves them as obsolete entries, which are refused here until they were moved or deleted by hand.
"""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from fedcom.catalogues import DEFAULT, FOLDER, LANGUAGES
from fedcom.models.moderation import MODERATION_LABELS, ModlogKind

ROOT = Path(__file__).parents[2]
NAMES = re.compile(r"(?<!%)%\((\w+)\)[a-z]")
MOST_MISSING = 0.05
"""The part of the texts that a catalogue may leave in English."""

languages = pytest.mark.parametrize("language", sorted({*LANGUAGES} - {DEFAULT}))


@cache
def texts() -> frozenset[str | tuple[str, ...]]:
    """What `make translations` finds, with its own keywords."""
    keywords = re.search(r'--keywords ("[^"]*")', (ROOT / "Makefile").read_text())
    assert keywords is not None
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = Catalog()
    wanted = parse_keywords(["_", "gettext", "ngettext:1,2", *shlex.split(keywords[1])[0].split()])
    for _, _, message, _, _ in extract_from_dir(ROOT / "fedcom", methods, options, keywords=wanted):
        found.add(message)
    return frozenset(message.id for message in found if message.id)


def messages_of(language: str) -> list[Message]:
    with (FOLDER / f"{language}.po").open("rb") as source:
        return [message for message in read_po(source, locale=language) if message.id]


def texts_of(message: Message) -> list[str]:
    """The translation, or one for each plural form; the empty ones are not there yet."""
    original = message.string
    return [text for text in ([original] if isinstance(original, str) else original) if text]


@languages
def test_a_catalogue_has_exactly_the_texts_of_code_and_pages(language: str) -> None:
    listed = {message.id for message in messages_of(language)}

    assert {
        "missing: run `make translations`": texts() - listed,
        "no longer used": listed - texts(),
    } == {
        "missing: run `make translations`": set(),
        "no longer used": set(),
    }


@languages
def test_translations_keep_the_placeholders(language: str) -> None:
    for message in messages_of(language):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        facts = {name for text in ids for name in NAMES.findall(text)}
        # "One comment" and "two comments" may say the number in words.
        dispensable = facts if len(ids) > 1 else set()
        for original in texts_of(message):
            assert facts - dispensable <= set(NAMES.findall(original)) <= facts, original
            if facts:
                assert original % dict.fromkeys(facts, "x"), original


@languages
def test_no_translation_is_obsolete(language: str) -> None:
    with (FOLDER / f"{language}.po").open("rb") as source:
        left_behind = [message.id for message in read_po(source, locale=language).obsolete.values()]

    assert left_behind == [], "move each msgstr to the reworded text, or delete the entry"


@languages
def test_no_translation_is_fuzzy_or_incomplete(language: str) -> None:
    for message in messages_of(language):
        assert not message.fuzzy, message.id
        texts = [message.string] if isinstance(message.string, str) else message.string
        assert all(texts) or not any(texts), message.id


@languages
def test_nearly_all_texts_are_translated(language: str) -> None:
    messages = messages_of(language)
    missing = [message.id for message in messages if not texts_of(message)]

    assert len(missing) <= MOST_MISSING * len(messages), missing


def test_every_moderation_action_has_its_labels() -> None:
    assert list(MODERATION_LABELS) == list(get_args(ModlogKind))

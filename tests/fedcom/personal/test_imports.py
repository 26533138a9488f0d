"""The import of settings: which files are read, and what takes effect at once."""

import json
from typing import Any

import orjson
import pytest

from fedcom.accounts.members import get_account, get_member
from fedcom.actions.follow import Follow
from fedcom.errors import Invalid
from fedcom.personal.blocks import block_host
from fedcom.personal.export import PARTS, export_head, lemmy_settings, read_part
from fedcom.personal.imports import (
    MAX_ITEMS,
    begin_import,
    find_progress,
    list_waiting,
    read_settings,
    settings_in,
)
from fedcom.queries.actors import get_person
from fedcom.wire.body import Body
from tests.support.people import Home

CATS = "https://peer.example/c/cats"


def exports(home: Home) -> tuple[bytes, bytes]:
    """bob's data in both forms: he follows !cats and blocks a server."""
    home.perform(Follow(by=home.bob, target=home.cats))
    home(lambda ctx: block_host(ctx, home.bob, "spam.example"))

    def write(ctx: Any) -> tuple[bytes, bytes]:
        bob = get_member(ctx.conn, home.bob.id)
        lists = {part.name: read_part(ctx.conn, part, home.bob.id)[0] for part in PARTS}
        return orjson.dumps(lemmy_settings(ctx.conn, bob)), orjson.dumps(export_head(bob) | lists)

    return home(write)


def test_both_exports_of_this_server_can_be_read(home: Home) -> None:
    expected = (("follow", home.cats.iri), ("block_host", "spam.example"))
    for content in exports(home):
        read = read_settings(content)
        assert read.items == expected
        assert (read.is_bot, read.flags["show_nsfw"]) == (False, False)


def test_lemmys_export_can_be_read() -> None:
    read = settings_in(
        {
            "display_name": "Kim",
            "bio": None,
            "matrix_id": "@kim:m.example",
            "bot_account": True,
            "settings": {"show_nsfw": True, "theme": "darkly", "show_read_posts": "maybe"},
            "followed_communities": [CATS, CATS],
            "blocked_instances_persons": ["spam.example"],
        }
    )
    assert (read.display_name, read.bio, read.is_bot) == ("Kim", None, True)
    assert (read.flags, read.settings["theme"]) == ({"show_nsfw": True}, "darkly")
    assert read.items == (("follow", CATS), ("block_host", "spam.example"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_malformed"),
        (b"[]", "file_malformed"),
        (b"[" * 100_000, "file_malformed"),
        (b'{"saved_posts": "x"}', "file_malformed"),
        (b'{"saved_posts": [1]}', "file_malformed"),
        (b'{"saved_posts": [""]}', "file_malformed"),
        (
            json.dumps({"saved_posts": [f"{CATS}/{n}" for n in range(MAX_ITEMS + 1)]}).encode(),
            "too_many_items",
        ),
    ],
)
def test_other_files_are_refused(content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_settings(content)
    assert caught.value.code == code


def test_profile_and_preferences_take_effect_at_once_and_the_rest_waits(home: Home) -> None:
    read = settings_in(
        {"display_name": "Bob", "settings": {"show_nsfw": True}, "saved_posts": [CATS]}
    )
    assert home(lambda ctx: begin_import(ctx, home.bob, read, Body.of_markdown("*Me*"))) == 1

    bob = home(lambda ctx: get_person(ctx.conn, home.bob.id))
    assert (bob.title, bob.summary_html) == ("Bob", "<p><em>Me</em></p>")
    assert home(lambda ctx: get_account(ctx.conn, home.bob.id)).show_nsfw
    progress = home(lambda ctx: find_progress(ctx.conn, home.bob.id))
    assert (progress.waiting, progress.total) == (1, 1)
    nothing = settings_in({})
    home(lambda ctx: begin_import(ctx, bob, nothing, None))
    assert home(lambda ctx: find_progress(ctx.conn, home.bob.id)).total == 0
    bob = home(lambda ctx: get_person(ctx.conn, home.bob.id))
    assert (bob.title, bob.summary_source) == ("Bob", "*Me*")


def test_members_take_turns(home: Home) -> None:
    many = settings_in({"saved_posts": [f"{CATS}/{n}" for n in range(5)]})
    one = settings_in({"blocked_instances": ["spam.example"]})
    home(lambda ctx: begin_import(ctx, home.bob, many, None))
    home(lambda ctx: begin_import(ctx, home.ann, one, None))

    waiting = home(lambda ctx: list_waiting(ctx.conn, 2))
    assert [item.person_id for item in waiting] == [home.bob.id, home.ann.id]

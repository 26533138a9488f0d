"""`pythorhead`, a library that bots in Python are written with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pythorhead import Lemmy
from pythorhead.types import FeatureType, ListingType, SortType

from fedcom.rules.dialects import LEMMY_VERSION
from tests.support.lemmy_client import Json
from tests.support.lemmy_scene import Clients, Role, Scene, differences
from tests.support.pictures import draw
from tests.support.visitor import PASSWORD

NAMES: Mapping[Role, str] = {"member": "bob", "moderator": "mia", "admin": "ann"}


@dataclass(frozen=True, slots=True)
class Case:
    """What a bot does, and what it gets: values by path."""

    name: str
    does: Callable[[Lemmy, Scene], Json]
    shows: Callable[[Scene], Json]
    role: Role = "member"


CASES = [
    Case(
        "reads-posts",
        lambda bot, on: bot.post.list(
            community_id=on.community, sort=SortType.New, type_=ListingType.All
        ),
        lambda on: {"0.post.id": on.only_post},
    ),
    Case(
        "reads-a-post",
        lambda bot, on: bot.post.get(on.post),
        lambda on: {"post_view.post.name": "Roses"},
    ),
    Case(
        "reads-comments",
        lambda bot, on: bot.comment.list(post_id=on.post),
        lambda on: {"0.comment.id": on.comment},
    ),
    Case(
        "posts",
        lambda bot, on: bot.post.create(on.garden, "Ivy", body="Climbs"),
        lambda on: {"post_view.post.body": "Climbs", "post_view.creator.name": "bob"},
    ),
    Case(
        "edits-a-post",
        lambda bot, on: bot.post.edit(on.post, name="Lilacs"),
        lambda on: {"post_view.post.name": "Lilacs"},
    ),
    Case(
        "comments",
        lambda bot, on: bot.comment.create(on.post, "Why?", parent_id=on.comment),
        lambda on: {"comment_view.comment.content": "Why?"},
    ),
    Case(
        "votes-on-a-post",
        lambda bot, on: bot.post.like(on.post, -1),
        lambda on: {"post_view.counts.downvotes": 1},
    ),
    Case(
        "votes-on-a-comment",
        lambda bot, on: bot.comment.like(on.reply, 1),
        lambda on: {"comment_view.counts.upvotes": 2},
    ),
    Case(
        "uploads-a-picture-and-deletes-it",
        lambda bot, on: [bot.image.delete(one["delete_url"]) for one in bot.image.upload(draw())],
        lambda on: {"0": True},
    ),
    Case(
        "removes-a-post",
        lambda bot, on: bot.post.remove(on.post, True, "Off topic"),
        lambda on: {"post_view.post.removed": True},
        "moderator",
    ),
    Case(
        "locks-a-post",
        lambda bot, on: bot.post.lock(on.post, True),
        lambda on: {"post_view.post.locked": True},
        "moderator",
    ),
    Case(
        "pins-a-post",
        lambda bot, on: bot.post.feature(on.post, True, FeatureType.Community),
        lambda on: {"post_view.post.featured_community": True},
        "moderator",
    ),
    Case(
        "removes-a-comment",
        lambda bot, on: bot.comment.remove(on.comment, True, "Off topic"),
        lambda on: {"comment_view.comment.removed": True},
        "moderator",
    ),
    Case(
        "bans-from-a-community",
        lambda bot, on: bot.community.ban_user(
            person_id=on.eve, community_id=on.community, reason="Spam"
        ),
        lambda on: {"banned": True, "person_view.person.name": "eve"},
        "moderator",
    ),
    Case(
        "appoints-a-moderator",
        lambda bot, on: bot.community.add_mod_to_community(True, on.community, on.eve),
        lambda on: {"moderators.1.moderator.name": "eve"},
        "admin",
    ),
]


def test_it_takes_us_for_lemmy_and_finds_a_community(clients: Clients) -> None:
    bot = Lemmy(clients.guest.origin, raise_exceptions=True, request_timeout=30)

    assert bot.nodeinfo["software"] == {"name": "lemmy", "version": LEMMY_VERSION}
    assert bot.discover_community("garden") == Scene(clients, "member").garden


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bot_does_what_its_role_may(case: Case, clients: Clients) -> None:
    on = Scene(clients, case.role)
    bot: Any = Lemmy(clients.guest.origin, raise_exceptions=True, request_timeout=30)
    assert bot.log_in(NAMES[case.role], PASSWORD)
    expected = case.shows(on)

    assert differences(case.does(bot, on), expected) == {}

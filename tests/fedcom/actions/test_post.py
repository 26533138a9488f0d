"""The community of a peer's post, and who may state it."""

from typing import Any

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.errors import Denied, FedcomError, Invalid
from fedcom.inbound.post import (
    MAX_RECIPIENTS,
    check_announcer,
    check_content,
    communities_named,
    create_post_from,
)
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, page
from tests.support.people import Home

KIM, VIDEO = "https://tube.example/a/kim", "https://tube.example/w/1"
CHANNEL, DOGS = "https://tube.example/c/kim", "https://dogs.example/c/dogs"
AUTHORS = [{"type": "Person", "id": KIM}, {"type": "Group", "id": CHANNEL}]


@pytest.fixture
def dialect() -> str:
    """Reading is the same on every database."""
    return "sqlite"


def video(**more: Any) -> Document:
    fields: dict[str, Any] = {"type": "Video", "attributedTo": AUTHORS, "to": [PUBLIC]}
    return Document({**page(VIDEO, KIM, CHANNEL), "audience": None, **fields, **more})


def test_a_looked_up_video_is_stored_in_its_channel(home: Home) -> None:
    channel = home.group(CHANNEL)
    home.person(KIM)

    found = home(lambda ctx: create_post_from(ctx, video(), None), wanted=True)

    assert found.community == channel
    assert found.url == VIDEO


def test_a_channel_that_is_unknown_is_fetched_for_a_member_only(home: Home) -> None:
    home.person(KIM)

    with pytest.raises(Invalid) as caught:
        home(lambda ctx: create_post_from(ctx, video(), None))
    assert caught.value.code == "no_community"
    with pytest.raises(Exception, match=CHANNEL):
        home(lambda ctx: create_post_from(ctx, video(), None), wanted=True)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"audience": DOGS}, (DOGS,)),
        ({"cc": [DOGS]}, (CHANNEL, PUBLIC, DOGS)),
        ({"tag": {"type": "Mention", "href": DOGS}}, (CHANNEL, PUBLIC, DOGS)),
        ({"attributedTo": KIM, "to": [DOGS, PUBLIC, DOGS]}, (DOGS, PUBLIC)),
    ],
)
def test_the_likeliest_community_is_named_first(
    more: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert communities_named(video(**more)) == named


@pytest.mark.parametrize("field", ["to", "audience"])
def test_only_the_first_of_very_many_recipients_are_read(field: str) -> None:
    crowd = [f"https://crowd.example/{number}" for number in range(1000)]

    assert communities_named(video(**{field: [DOGS, *crowd]}))[:2] in (
        (DOGS, crowd[0]),
        (CHANNEL, DOGS),
    )
    assert len(communities_named(video(**{field: crowd}))) == MAX_RECIPIENTS


@pytest.mark.parametrize(
    ("more", "may"),
    [
        ({}, True),
        ({"audience": DOGS}, True),
        ({"audience": [CHANNEL, DOGS]}, True),
        ({"audience": CHANNEL}, False),
        ({"audience": CHANNEL, "cc": [DOGS]}, False),
        ({"audience": CHANNEL, "to": [DOGS, PUBLIC]}, True),
    ],
)
def test_a_community_announces_what_does_not_name_another(more: dict[str, Any], may: bool) -> None:
    if may:
        check_announcer(video(**more), DOGS)
        return
    with pytest.raises(Denied) as caught:
        check_announcer(video(**more), DOGS)
    assert caught.value.code == "wrong_community"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"id": None}, "object_incomplete"),
        ({"attributedTo": None}, "object_incomplete"),
        ({"to": [DOGS]}, "not_public"),
    ],
)
def test_a_post_without_author_or_audience_is_refused(more: dict[str, Any], code: str) -> None:
    with pytest.raises(FedcomError) as caught:
        check_content(video(**more))

    assert caught.value.code == code
    assert check_content(video()) == KIM


def test_a_post_in_a_community_that_nobody_follows_is_not_kept(home: Home) -> None:
    home.group(CHANNEL)
    home.person(KIM)

    with pytest.raises(Denied) as caught:
        receive(home, activity("Create", KIM, video().raw))
    assert caught.value.code == "not_followed"


def test_a_repeated_post_with_the_same_text_is_no_edit(home: Home) -> None:
    home.follow(home.bob, home.group(CHANNEL))
    home.person(KIM)
    receive(home, activity("Create", KIM, video().raw))

    assert read(home, activity("Update", KIM, video().raw)) is None
    assert read(home, activity("Update", KIM, video(name="New").raw)) is not None

"""The permission matrix; every cell is tested once with nothing else in the way."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedcom.errors import Denied
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.moderation import CommunityBan
from fedcom.models.post import Post
from fedcom.rules.permissions import (
    Standing,
    may_act,
    may_comment,
    may_edit,
    may_post,
    may_take_part,
    may_vote,
    must_be_open,
    must_moderate,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY, MODERATOR, ADMIN = Standing(), Standing(is_moderator=True), Standing(is_admin=True)


def row(kind: type[Any], **values: Any) -> Any:
    """A row whose other cells are empty."""
    empty = dict.fromkeys(field.name for field in fields(kind))
    return kind(**empty | values)


PERSON = row(Person, id=1, name="kim", host="kim.example", ban_reason="")
PLACE = row(Community, id=2, name="cats", host="home.example", posting_restricted=False)
POST = row(Post, id=3, author_id=1)
COMMENT = row(Comment, id=4, author_id=1)


def code(ask: Callable[[], None]) -> str:
    try:
        ask()
    except Denied as error:
        return error.code
    return "allowed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "allowed"),
        ({"banned_at": NOW}, "site_ban"),
        ({"banned_at": NOW, "ban_expires_at": NOW + timedelta(seconds=1)}, "site_ban"),
        ({"banned_at": NOW - timedelta(days=1), "ban_expires_at": NOW}, "allowed"),
        ({"deleted_at": NOW}, "deleted"),
        ({"deleted_at": NOW, "banned_at": NOW}, "deleted"),
    ],
)
def test_banned_and_deleted_people_may_do_nothing(changes: dict[str, Any], expected: str) -> None:
    person = replace(PERSON, **changes)

    assert code(lambda: may_act(person, NOW)) == expected
    assert code(lambda: may_post(person, PLACE, ADMIN, NOW)) == expected
    assert code(lambda: may_comment(person, PLACE, NOBODY, POST, COMMENT, NOW)) == expected
    assert code(lambda: may_vote(person, PLACE, NOBODY, POST, NOW)) == expected
    assert code(lambda: may_edit(person, POST, NOW)) == expected
    assert code(lambda: must_moderate(person, PLACE, ADMIN, NOW)) == expected


@pytest.mark.parametrize("column", ["deleted_at", "removed_at"])
def test_a_closed_community_accepts_nothing(column: str) -> None:
    closed = replace(PLACE, **{column: NOW})

    for ask in (
        lambda: must_be_open(closed),
        lambda: may_post(PERSON, closed, ADMIN, NOW),
        lambda: may_comment(PERSON, closed, NOBODY, POST, None, NOW),
        lambda: may_vote(PERSON, closed, NOBODY, POST, NOW),
    ):
        assert code(ask) == "community_closed"
    assert code(lambda: may_edit(PERSON, POST, NOW)) == "allowed"
    assert code(lambda: must_moderate(PERSON, closed, MODERATOR, NOW)) == "allowed"


@pytest.mark.parametrize(
    ("standing", "post", "moderate"),
    [
        (NOBODY, "only_mods_can_post_in_community", "not_a_moderator"),
        (MODERATOR, "allowed", "allowed"),
        (ADMIN, "allowed", "allowed"),
    ],
)
def test_permissions_of_moderators_and_admins(standing: Standing, post: str, moderate: str) -> None:
    restricted = replace(PLACE, posting_restricted=True)

    assert code(lambda: may_post(PERSON, restricted, standing, NOW)) == post
    assert code(lambda: must_moderate(PERSON, restricted, standing, NOW)) == moderate
    assert code(lambda: may_post(PERSON, PLACE, standing, NOW)) == "allowed"


@pytest.mark.parametrize("column", ["deleted_at", "removed_at"])
def test_deleted_content_takes_no_replies_and_no_votes(column: str) -> None:
    post, comment = replace(POST, **{column: NOW}), replace(COMMENT, **{column: NOW})

    assert code(lambda: may_comment(PERSON, PLACE, NOBODY, post, None, NOW)) == "deleted"
    assert code(lambda: may_comment(PERSON, PLACE, NOBODY, POST, comment, NOW)) == "deleted"
    assert code(lambda: may_vote(PERSON, PLACE, NOBODY, post, NOW)) == "deleted"
    assert code(lambda: may_vote(PERSON, PLACE, NOBODY, comment, NOW)) == "deleted"


def test_a_locked_post_takes_votes_and_no_comments() -> None:
    locked = replace(POST, locked_at=NOW)

    assert code(lambda: may_comment(PERSON, PLACE, NOBODY, locked, None, NOW)) == "locked"
    assert code(lambda: may_vote(PERSON, PLACE, NOBODY, locked, NOW)) == "allowed"


@pytest.mark.parametrize("target", [POST, COMMENT])
def test_only_the_author_edits(target: Post | Comment) -> None:
    assert code(lambda: may_edit(PERSON, target, NOW)) == "allowed"
    assert code(lambda: may_edit(PERSON, replace(target, author_id=99), NOW)) == "not_the_author"


def test_the_error_of_a_ban_has_its_reason_and_end() -> None:
    until = NOW + timedelta(days=1)
    with pytest.raises(Denied, match="Reason: spam"):
        may_act(replace(PERSON, banned_at=NOW, ban_reason="spam"), NOW)
    with pytest.raises(Denied, match=r"The ban ends at 2026-01-02 00:00 UTC\. Reason: spam$"):
        may_act(replace(PERSON, banned_at=NOW, ban_reason="spam", ban_expires_at=until), NOW)


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (None, "person_is_banned_from_community"),
        (NOW + timedelta(seconds=1), "person_is_banned_from_community"),
        (NOW, "allowed"),
    ],
)
def test_people_banned_from_a_community_cannot_write_there(
    expires: datetime | None, expected: str
) -> None:
    banned = Standing(ban=CommunityBan(2, 1, "spam", NOW - timedelta(days=1), expires))

    assert banned.is_banned(NOW) is (expected != "allowed")
    assert code(lambda: may_take_part(PERSON, PLACE, banned, NOW)) == expected
    assert code(lambda: may_post(PERSON, PLACE, banned, NOW)) == expected
    assert code(lambda: may_comment(PERSON, PLACE, banned, POST, None, NOW)) == expected
    assert code(lambda: may_vote(PERSON, PLACE, banned, POST, NOW)) == expected
    assert code(lambda: may_edit(PERSON, POST, NOW)) == "allowed"


def test_the_error_of_a_community_ban_has_its_reason_and_end() -> None:
    banned = Standing(ban=CommunityBan(2, 1, "spam", NOW, NOW + timedelta(days=1)))

    with pytest.raises(Denied, match=r"The ban ends at 2026-01-02 00:00 UTC\. Reason: spam$"):
        may_post(PERSON, PLACE, banned, NOW)

"""Moderators' decisions in a community have the same result on its own server and on all others.

No server is queried: each of three whole instances relies on the activities it received.
"""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.lock import Lock
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.pin import Pin
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report
from fedcom.actions.unban import Unban
from fedcom.actions.warn import Warn
from fedcom.background.housekeeping import clean_up
from fedcom.errors import Denied
from fedcom.models.moderation import community_ban, report
from fedcom.wire.body import Body
from tests.support.clock import SettableClock
from tests.support.databases import PostgresqlDatabases
from tests.support.trio import CATS, Trio, TrioServer, open_trio

pytestmark = pytest.mark.anyio

At = Callable[[str], Any]


@pytest.fixture(params=["sqlite, with proofs", "postgresql for alpha, without proofs"])
async def trio(
    request: pytest.FixtureRequest, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Trio]:
    """See `tests.support.trio`."""
    if request.param.startswith("sqlite"):
        async with open_trio(clock, tmp_path) as opened:
            yield opened
        return
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    url = databases.create(migrated=True)
    async with open_trio(clock, tmp_path, url, proofs=False) as opened:
        yield opened
    databases.drop(url)


async def appoint(trio: Trio, person: str) -> None:
    """Ann of alpha makes a person a moderator of !cats."""
    await trio.alpha.do(
        lambda at: AddModerator(by=at(trio.alpha.ann), community=at(CATS), person=at(person))
    )


@pytest.fixture(params=["alpha", "beta"])
async def moderator(request: pytest.FixtureRequest, trio: Trio) -> tuple[TrioServer, str]:
    """The acting moderator and their server: ann of the community's own, or bob, appointed
    elsewhere.
    """
    if request.param == "alpha":
        return trio.alpha, trio.alpha.ann
    await appoint(trio, trio.beta.bob)
    return trio.beta, trio.beta.bob


async def test_actions_of_moderators_reach_every_server(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    post = await trio.gamma.post("Cats sleep")
    await trio.gamma.post("Cats purr")
    comment = await trio.gamma.answer(post)
    ours = await trio.alpha.answer(post)
    before = trio.agree()
    assert before.counters[post] == 2

    async def do(build: Callable[[At], Action[Any]]) -> tuple[str, str, str]:
        await server.do(build)
        seen = trio.agree()
        kind = seen.log[-1].removeprefix(f"{by} ").partition(" ")[0]
        return kind, seen.posts[post], seen.comments[comment]

    steps: list[tuple[Callable[[At], Action[Any]], tuple[str, str, str]]] = [
        (
            lambda at: Lock(by=at(by), target=at(post), locked=True, reason="Enough"),
            ("lock", "shown, locked", "shown"),
        ),
        (
            lambda at: Pin(by=at(by), post=at(post), pinned=True),
            ("pin", "shown, locked, featured", "shown"),
        ),
        (
            lambda at: RemoveContent(by=at(by), target=at(comment), reason="Spam & <b>lies</b>"),
            ("remove", "shown, locked, featured", "removed"),
        ),
        (
            lambda at: RemoveContent(by=at(by), target=at(post)),
            ("remove", "removed, locked, featured", "removed"),
        ),
        (
            lambda at: RestoreContent(by=at(by), target=at(post), reason="A mistake"),
            ("restore", "shown, locked, featured", "removed"),
        ),
        (
            lambda at: RestoreContent(by=at(by), target=at(comment)),
            ("restore", "shown, locked, featured", "shown"),
        ),
        (
            lambda at: Pin(by=at(by), post=at(post), pinned=False),
            ("unpin", "shown, locked", "shown"),
        ),
        (
            lambda at: Lock(by=at(by), target=at(post), locked=False),
            ("unlock", "shown", "shown"),
        ),
        (
            lambda at: Lock(by=at(by), target=at(comment), locked=True, reason="Enough"),
            ("lock", "shown", "shown, locked"),
        ),
        (
            lambda at: Lock(by=at(by), target=at(comment), locked=False),
            ("unlock", "shown", "shown"),
        ),
        (
            lambda at: RemoveContent(by=at(by), target=at(ours), reason="Off topic"),
            ("remove", "shown", "shown"),
        ),
    ]
    for build, expected in steps:
        assert await do(build) == expected

    after = trio.agree()
    assert after.counters[post] == before.counters[post] - 1
    assert len(after.log) == len(before.log) + len(steps)
    assert any("Spam & <b>lies</b>" in line for line in after.log)


async def test_a_locked_post_accepts_no_comments_on_any_server(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    post = await trio.gamma.post("Cats sleep")
    await server.do(lambda at: Lock(by=at(by), target=at(post), locked=True))

    body = Body.of_markdown("But")
    for other in trio.servers[1:]:
        member = other.ann if other.ann != by else other.bob
        with pytest.raises(Denied) as denied:
            await other.do(
                lambda at, member=member: CreateComment(
                    by=at(member), post=at(post), parent=None, body=body
                )
            )
        assert denied.value.code == "locked"
    assert trio.agree().comments == {}


async def test_a_locked_comment_accepts_no_replies_on_any_server(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    post = await trio.gamma.post("Cats sleep")
    comment = await trio.gamma.answer(post)
    await server.do(lambda at: Lock(by=at(by), target=at(comment), locked=True))

    body = Body.of_markdown("But")
    for other in trio.servers[1:]:
        member = other.ann if other.ann != by else other.bob
        with pytest.raises(Denied) as denied:
            await other.do(
                lambda at, member=member: CreateComment(
                    by=at(member), post=at(post), parent=at(comment), body=body
                )
            )
        assert denied.value.code == "locked"
    assert trio.agree().comments == {comment: "shown, locked"}


async def test_a_warning_reaches_the_server_of_the_author_and_no_other(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    about = await trio.gamma.answer(await trio.alpha.post("Cats sleep"))

    await server.do(
        lambda at: Warn(
            by=at(by),
            person=at(trio.gamma.bob),
            community=at(CATS),
            reason="Be kind",
            about=at(about),
        )
    )

    warned = [one for one in trio.servers if any("Be kind" in line for line in one.state().log)]
    assert warned == [one for one in trio.servers if one in (server, trio.gamma)]


async def test_a_ban_removes_content_and_its_end_restores_it_everywhere(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    gone = await trio.gamma.post("Spam")
    kept = await trio.alpha.post("Cats sleep")
    answers = [await trio.gamma.answer(kept), await trio.gamma.answer(gone)]
    under_it = await trio.alpha.answer(gone)
    before = trio.agree()

    await server.do(
        lambda at: Ban(
            by=at(by),
            person=at(trio.gamma.bob),
            community=at(CATS),
            reason="Spam",
            removes_content=True,
        )
    )

    seen = trio.agree()
    assert seen.bans == {trio.gamma.bob: "Spam until ever"}
    assert (seen.posts[gone], seen.posts[kept]) == ("removed", "shown")
    assert [seen.comments[iri] for iri in (*answers, under_it)] == ["removed", "removed", "shown"]
    assert [server.followers() & {trio.gamma.bob} for server in trio.servers] == [set()] * 3
    with pytest.raises(Denied):
        await trio.gamma.post("More spam")

    await server.do(
        lambda at: Unban(
            by=at(by), person=at(trio.gamma.bob), community=at(CATS), restores_content=True
        )
    )

    seen = trio.agree()
    assert (seen.posts, seen.comments, seen.counters) == (
        before.posts,
        before.comments,
        before.counters,
    )
    assert seen.bans == {}
    again = await trio.gamma.post("Sorry")
    assert trio.agree().posts[again] == "shown"


async def test_a_ban_without_removal_changes_no_content_on_any_server(
    trio: Trio, moderator: tuple[TrioServer, str]
) -> None:
    server, by = moderator
    post = await trio.gamma.post("Cats sleep")
    await server.do(lambda at: Ban(by=at(by), person=at(trio.gamma.bob), community=at(CATS)))
    seen = trio.agree()
    assert (seen.posts[post], list(seen.bans)) == ("shown", [trio.gamma.bob])

    await server.do(
        lambda at: Ban(
            by=at(by), person=at(trio.gamma.bob), community=at(CATS), reason="Think it over"
        )
    )
    assert trio.agree().bans == {trio.gamma.bob: "Think it over until ever"}

    await server.do(lambda at: Unban(by=at(by), person=at(trio.gamma.bob), community=at(CATS)))
    assert trio.agree().bans == {}


async def test_a_ban_for_some_days_ends_everywhere_at_the_same_time(
    trio: Trio, moderator: tuple[TrioServer, str], clock: SettableClock
) -> None:
    server, by = moderator
    ends_at = clock() + timedelta(days=3)
    await server.do(
        lambda at: Ban(by=at(by), person=at(trio.gamma.bob), community=at(CATS), expires_at=ends_at)
    )
    assert trio.agree().bans == {trio.gamma.bob: f" until {ends_at}"}
    clock.set(ends_at - timedelta(minutes=2))
    with pytest.raises(Denied):
        await trio.gamma.post("Too early")

    clock.set(ends_at)
    assert trio.agree().bans == {}
    post = await trio.gamma.post("Here I am")
    assert trio.agree().posts == {post: "shown"}

    for other in trio.servers:
        assert len(other.home.rows(community_ban)) == 1
        await clean_up(other.home.database, clock())
        assert other.home.rows(community_ban) == []
    await trio.gamma.follow()
    assert [trio.gamma.bob in server.followers() for server in (trio.alpha, trio.gamma)] == [
        True,
        True,
    ]


async def test_a_remote_moderator_is_appointed_appoints_and_is_dismissed(trio: Trio) -> None:
    beta, gamma = trio.beta.bob, trio.gamma.bob
    first = trio.agree().moderators
    await appoint(trio, beta)
    assert trio.agree().moderators == (*first, beta)

    await trio.beta.do(lambda at: AddModerator(by=at(beta), community=at(CATS), person=at(gamma)))
    assert trio.agree().moderators == (*first, beta, gamma)

    with pytest.raises(Denied):
        await trio.gamma.do(
            lambda at: RemoveModerator(by=at(gamma), community=at(CATS), person=at(beta))
        )
    await trio.beta.do(
        lambda at: RemoveModerator(by=at(beta), community=at(CATS), person=at(gamma))
    )
    assert trio.agree().moderators == (*first, beta)

    await trio.alpha.do(
        lambda at: RemoveModerator(by=at(trio.alpha.ann), community=at(CATS), person=at(beta))
    )
    seen = trio.agree()
    assert seen.moderators == first
    assert [line.split()[1] for line in seen.log] == [
        "add_moderator",
        "add_moderator",
        "remove_moderator",
        "remove_moderator",
    ]
    post = await trio.alpha.post("Cats sleep")
    with pytest.raises(Denied):
        await trio.beta.do(lambda at: Lock(by=at(beta), target=at(post), locked=True))


async def test_a_remote_moderator_resigns(trio: Trio) -> None:
    beta = trio.beta.bob
    first = trio.agree().moderators
    await appoint(trio, beta)

    await trio.beta.do(lambda at: RemoveModerator(by=at(beta), community=at(CATS), person=at(beta)))

    assert trio.agree().moderators == first


async def test_a_moderator_who_is_banned_moderates_no_longer(trio: Trio) -> None:
    beta = trio.beta.bob
    first = trio.agree().moderators
    await appoint(trio, beta)

    await trio.alpha.do(lambda at: Ban(by=at(trio.alpha.ann), person=at(beta), community=at(CATS)))

    seen = trio.agree()
    assert (seen.moderators, list(seen.bans)) == (first, [beta])


async def test_an_unknown_person_may_be_appointed_moderator(trio: Trio) -> None:
    """Each server fetches the newcomer from their own."""
    await trio.alpha.instance.lookup("@ann@gamma.example")

    await appoint(trio, trio.gamma.ann)

    assert trio.gamma.ann in trio.agree().moderators


async def test_reports_reach_only_the_community_the_authors_server_and_moderators(
    trio: Trio,
) -> None:
    async def reported(title: str, by: TrioServer) -> list[int]:
        about = await by.post(title)
        await trio.gamma.do(
            lambda at: Report(by=at(trio.gamma.bob), target=at(about), reason="It is spam.")
        )
        return [row_count(server) for server in trio.servers]

    assert await reported("Spam", trio.alpha) == [1, 0, 1]
    assert await reported("Spam of another server", trio.beta) == [2, 1, 2]
    await appoint(trio, trio.beta.bob)
    assert await reported("Spam again", trio.alpha) == [3, 2, 3]
    trio.agree()


def row_count(server: TrioServer) -> int:
    """The number of reports that are known there."""
    return len(server.read(lambda conn: conn.execute(select(report.c.id)).all()))

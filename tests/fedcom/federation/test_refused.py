"""A moderator's action that the community's server refuses is undone here, with a notification."""

from typing import Any

import pytest
from sqlalchemy import insert

from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.community import EditCommunity
from fedcom.actions.lock import Lock
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.pin import Pin
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.unban import Unban
from fedcom.actions.vote import Vote
from fedcom.federation.refused import REASON, undo_refused
from fedcom.models.moderation import community_ban, moderator, modlog
from fedcom.models.notification import notification
from fedcom.models.vote import post_vote
from fedcom.remote.actors import is_stale
from fedcom.wire.body import Body
from outbox.ports import RefusedDelivery
from tests.support.people import Home

DOGS = "https://lemmy.example/c/dogs"
KIM = "https://lemmy.example/u/kim"


@pytest.fixture
def dialect() -> str:
    """The statements are those of the actions."""
    return "sqlite"


class Elsewhere:
    """bob moderates the remote !dogs, where kim has written a post."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.dogs = home.group(DOGS, featured=f"{DOGS}/featured")
        self.kim = home.person(KIM)
        home.follow(home.bob, self.dogs)
        self.appoint(home.bob.id)
        self.post = home.post(by=self.kim, community=self.dogs)
        home.sent()

    def appoint(self, person_id: int) -> None:
        row = {"community_id": self.dogs.id, "person_id": person_id}
        self.home(
            lambda ctx: ctx.conn.execute(insert(moderator).values(appointed_at=ctx.now, **row))
        )

    def do(self, action: Action[Any], *, refused_by: str | None = None) -> None:
        """It is done and sent; the server refuses it if it is `refused_by` one."""
        self.home.perform(action)
        bodies = [body for sent, body in self.home.sent_bodies() if sent.by == "u/bob"]
        if refused_by is None:
            return
        refusal = RefusedDelivery(self.home.bob.iri, bodies[0], refused_by, 400, '{"error":"no"}')
        self.home.clock.advance(seconds=1)
        self.home(lambda ctx: undo_refused(ctx, refusal))
        assert self.home.sent() == [], "nobody elsewhere is told"

    def state(self) -> tuple[bool, bool, bool, set[int], int]:
        """Whether the post is removed, locked, pinned; the moderators; the number of bans."""
        post = self.home.fresh(self.post)
        return (
            post.removed_at is not None,
            post.locked_at is not None,
            post.featured_at is not None,
            {row["person_id"] for row in self.home.rows(moderator)} - {self.home.ann.id},
            len(self.home.rows(community_ban)),
        )


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("kind", ["remove", "lock", "pin", "moderator", "ban"])
def test_an_action_refused_by_the_communitys_server_is_undone_here(
    home: Home, kind: str, undone: bool
) -> None:
    there = Elsewhere(home)
    by, post = home.bob, there.post
    pairs: dict[str, tuple[Action[Any], Action[Any]]] = {
        "remove": (
            RemoveContent(by=by, target=post, reason="Spam"),
            RestoreContent(by=by, target=post, reason="A mistake"),
        ),
        "lock": (Lock(by=by, target=post, locked=True), Lock(by=by, target=post, locked=False)),
        "pin": (Pin(by=by, post=post, pinned=True), Pin(by=by, post=post, pinned=False)),
        "moderator": (
            AddModerator(by=by, community=there.dogs, person=there.kim),
            RemoveModerator(by=by, community=there.dogs, person=there.kim),
        ),
        "ban": (
            Ban(by=by, person=there.kim, community=there.dogs, removes_content=True),
            Unban(by=by, person=there.kim, community=there.dogs, restores_content=True),
        ),
    }
    first, second = pairs[kind]
    if undone:
        there.do(first)
        # The rows are those before the first action.
        second = _anew(home, second)
    before = there.state()

    there.do(second if undone else first, refused_by="lemmy.example")

    after = there.state()
    if kind == "ban" and undone:
        before = (False, *before[1:])  # only the ban was restored
    assert after == before
    notice = home.rows(notification)[-1]
    assert (notice["recipient_id"], notice["actor_id"]) == (home.bob.id, None)
    assert (notice["kind"], notice["detail"]) == ("moderation", "refused")
    assert (notice["community_id"], notice["reason"]) == (there.dogs.id, '400 {"error":"no"}')
    if kind in ("remove", "lock"):
        assert home.rows(modlog)[-1]["reason"] == REASON


def _anew(home: Home, action: Action[Any]) -> Action[Any]:
    """The action about the current row of the post."""
    if isinstance(action, RestoreContent):
        return RestoreContent(by=action.by, target=home.fresh(action.target), reason=action.reason)
    if isinstance(action, Lock):
        return Lock(by=action.by, target=home.fresh(action.target), locked=action.locked)
    if isinstance(action, Pin):
        return Pin(by=action.by, post=home.fresh(action.post), pinned=action.pinned)
    return action


def test_it_is_undone_although_the_moderator_was_dismissed_since(home: Home) -> None:
    there = Elsewhere(home)
    home.perform(Lock(by=home.bob, target=there.post, locked=True))
    (body,) = [body for _, body in home.sent_bodies()]
    home(lambda ctx: ctx.conn.execute(moderator.delete()))

    refusal = RefusedDelivery(home.bob.iri, body, "lemmy.example", 403, "")
    home(lambda ctx: undo_refused(ctx, refusal))

    assert home.fresh(there.post).locked_at is None


def test_after_a_refused_edit_the_community_is_fetched_again(home: Home) -> None:
    there = Elsewhere(home)
    action = EditCommunity(
        by=home.bob,
        community=there.dogs,
        title="Mine",
        description=Body.of_markdown("Mine."),
        nsfw=False,
        posting_restricted=False,
    )

    there.do(action, refused_by="lemmy.example")

    assert home(lambda ctx: is_stale(ctx.conn, DOGS, ctx.now))
    assert home.rows(notification)[-1]["detail"] == "refused"


def test_a_refusal_by_another_server_changes_nothing(home: Home) -> None:
    there = Elsewhere(home)

    there.do(Lock(by=home.bob, target=there.post, locked=True), refused_by="other.example")

    assert home.fresh(there.post).locked_at is not None
    assert home.rows(notification) == []


def test_a_refused_vote_is_no_moderators_act(home: Home) -> None:
    there = Elsewhere(home)

    there.do(Vote(by=home.bob, target=there.post, score=1), refused_by="lemmy.example")

    assert len(home.rows(post_vote)) == 2
    assert home.rows(notification) == []

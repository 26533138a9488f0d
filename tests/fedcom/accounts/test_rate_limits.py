"""The rate limits for members, on every surface."""

import asyncio
from datetime import timedelta
from inspect import isabstract

import pytest

import fedcom.inbound.catalog
from fedcom.accounts.rate_limits import (
    ACTION_LIMITS,
    COMMENTS,
    COMMUNITIES,
    LIMITS_OF_ACTION,
    NEWCOMER,
    POSTS,
    act,
    count_action,
)
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity, RefreshCommunity
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.follow import AnswerFollow, RefuseFollow
from fedcom.actions.keys import RotateKeys
from fedcom.actions.move import MovePost
from fedcom.actions.outside_mention import ForgetMention, RecordMention
from fedcom.actions.personal_block import BlockPerson
from fedcom.actions.post import CreatePost
from fedcom.actions.profile import RefreshProfile
from fedcom.actions.purge_actor import PurgeActor
from fedcom.actions.record_deletion import ForgetDeletion, RecordDeletion
from fedcom.errors import Conflict, TooMany
from fedcom.wire.body import Body
from tests.fedcom.accounts.rig import KEY, Rig

UNPACED = {
    RecordDeletion,
    ForgetDeletion,
    RefreshProfile,
    RefreshCommunity,
    AnswerFollow,
    RefuseFollow,
    RotateKeys,
    DeleteActor,
    BlockPerson,
    RecordMention,
    ForgetMention,
    MovePost,
    PurgeActor,
}
"""Only received, or made by the server, an admin's purge or the command line; leaving asks for the
password.
"""


def concrete(kind: type) -> set[str]:
    """By name: `dataclass(slots=True)` creates every class twice. Tests have some of their own."""
    is_ours = kind.__module__.startswith("fedcom.") and not isabstract(kind)
    found = {kind.__qualname__} if is_ours else set()
    return found.union(*(concrete(one) for one in kind.__subclasses__()))


def test_every_action_of_members_is_rate_limited() -> None:
    assert fedcom.inbound.catalog
    paced = {kind.__qualname__ for kind in LIMITS_OF_ACTION}
    assert paced | {kind.__qualname__ for kind in UNPACED} == concrete(Action)
    assert set(LIMITS_OF_ACTION.values()) <= set(ACTION_LIMITS)


def test_newcomers_have_lower_limits_in_the_same_windows() -> None:
    for pace in ACTION_LIMITS:
        for allowed in pace.allowances:
            assert 0 < allowed.newcomer <= allowed.usual
        windows = [allowed.window for allowed in pace.allowances]
        assert windows == sorted(set(windows))


@pytest.fixture
def ready(rig: Rig) -> Rig:
    """ann runs the instance, bob joined long ago, and zoe is new."""
    for name, role in (("ann", "admin"), ("bob", "member")):
        rig.member(name, role)
    rig.clock.advance(days=2)
    rig.member("zoe")
    return rig


def spend(rig: Rig, name: str, times: int, pace=COMMENTS) -> None:
    by = rig.person(name)
    for _ in range(times):
        rig(lambda ctx: count_action(ctx, by, pace))


def test_the_error_has_the_time_to_wait(ready: Rig) -> None:
    spend(ready, "bob", 50)
    with pytest.raises(TooMany) as caught:
        spend(ready, "bob", 1)
    assert caught.value.retry_after == 600
    assert caught.value.detail == (
        "You have reached a limit: 50 comments in 10 minutes. Try again in 10 minutes."
    )
    spend(ready, "zoe", 20)
    ready.clock.advance(minutes=10)
    spend(ready, "bob", 1)


def test_newcomers_have_lower_limits_and_counting_continues_afterwards(ready: Rig) -> None:
    spend(ready, "zoe", 20)
    with pytest.raises(TooMany):
        spend(ready, "zoe", 1)
    ready.clock.advance(seconds=NEWCOMER.total_seconds() - 60)
    spend(ready, "zoe", 20)
    with pytest.raises(TooMany):
        spend(ready, "zoe", 1)
    ready.clock.advance(minutes=1)
    spend(ready, "zoe", 30)
    with pytest.raises(TooMany):
        spend(ready, "zoe", 1)


def test_a_day_has_a_limit_of_its_own(ready: Rig) -> None:
    for _ in range(3):
        spend(ready, "bob", 20, POSTS)
        ready.clock.advance(hours=1)
    with pytest.raises(TooMany) as caught:
        spend(ready, "bob", 1, POSTS)
    assert "60 posts in 1 day" in caught.value.detail
    assert caught.value.retry_after == timedelta(hours=21).total_seconds()


def test_admins_are_not_slowed_down(ready: Rig) -> None:
    spend(ready, "ann", 60)


def test_a_refused_comment_is_not_stored(ready: Rig) -> None:
    bob = ready.person("bob")
    ready(lambda ctx: act(ctx, CreateCommunity(by=bob, name="cats", key=KEY)))
    cats = ready.community("cats")
    on = ready(lambda ctx: act(ctx, CreatePost(by=bob, community=cats, title="Cats sleep")))
    spend(ready, "bob", 47)

    def say(number: int) -> bool:
        body = Body.of_markdown(f"Number {number}")
        try:
            ready(lambda ctx: act(ctx, CreateComment(by=bob, post=on, parent=None, body=body)))
        except TooMany:
            return False
        return True

    assert [say(number) for number in range(5)] == [True, True, True, False, False]
    assert ready.count_comments() == 3


def test_a_member_can_create_few_communities(ready: Rig) -> None:
    bob = ready.person("bob")
    made = []
    for number in range(40):
        ready.clock.advance(hours=13)
        action = CreateCommunity(by=bob, name=f"dogs_{number}", key=KEY)
        try:
            ready(lambda ctx, action=action: act(ctx, action))
        except TooMany:
            continue
        made.append(number)
    assert len(made) == 10
    ready.member("kim")
    spend(ready, "kim", 2, COMMUNITIES)
    with pytest.raises(TooMany):
        spend(ready, "kim", 1, COMMUNITIES)


def test_a_failed_action_does_not_count(ready: Rig) -> None:
    bob = ready.person("bob")
    for _ in range(5):
        with pytest.raises(Conflict):
            ready(lambda ctx: act(ctx, CreateCommunity(by=bob, name="ann", key=KEY)))
    ready(lambda ctx: act(ctx, CreateCommunity(by=bob, name="dogs", key=KEY)))


@pytest.mark.anyio
async def test_concurrent_actions_do_not_exceed_the_limit(ready: Rig) -> None:
    bob = ready.person("bob")
    spend(ready, "bob", 45)

    def one() -> bool:
        try:
            ready(lambda ctx: count_action(ctx, bob, COMMENTS))
        except TooMany:
            return False
        return True

    done = await asyncio.gather(*(asyncio.to_thread(one) for _ in range(12)))
    assert sum(done) == 5

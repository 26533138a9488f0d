import pytest

from activitypub.authority import Authorize, Known, judge_announced, judge_direct, needs_facts
from activitypub.context import OBJECT_TERMS
from activitypub.document import Document
from activitypub.types import ACTIVITIES, ACTIVITY_TYPES, ActivityType, activity_type

ANN = "https://peer.example/u/ann"
POST = "https://peer.example/post/1"
CATS = "https://peer.example/c/cats"
OURS = "https://fedcom.example/post/9"
HOSTS = frozenset({"fedcom.example"})

# https://www.w3.org/TR/activitystreams-vocabulary/#activity-types, but for Question: an object.
STANDARD = frozenset(
    {"Accept", "Add", "Announce", "Arrive", "Block", "Create", "Delete", "Dislike", "Flag"}
    | {"Follow", "Ignore", "Invite", "Join", "Leave", "Like", "Listen", "Move", "Offer"}
    | {"Read", "Reject", "Remove", "TentativeAccept", "TentativeReject", "Travel", "Undo"}
    | {"Update", "View"}
)


class AskedKnown(Known):
    """Facts that record which of them were queried."""

    def __getattribute__(self, name):
        if name in Known.__dataclass_fields__ and name not in ("hosts", "proven"):
            ASKED.append(name)
        return super().__getattribute__(name)


ASKED: list[str] = []


def activities(name):
    """An activity of this type, alone and undone, about local and remote objects."""
    for about in (POST, OURS, ANN, {"id": POST, "type": "Note", "attributedTo": ANN}):
        for target in (None, CATS, "https://fedcom.example/c/dogs/moderators"):
            inner = {"type": name, "actor": ANN, "object": about}
            inner |= {} if target is None else {"target": target}
            yield Document(inner)
            yield Document({"type": "Undo", "actor": ANN, "object": inner})


@pytest.mark.parametrize("name", [*sorted(ACTIVITIES), "Dance"])
def test_the_facts_that_a_rule_needs_are_queried(name):
    for activity in activities(name):
        ASKED.clear()
        judge_direct(activity, ANN, AskedKnown(hosts=HOSTS))
        assert not ASKED or needs_facts(activity), (activity.raw, ASKED)


@pytest.mark.parametrize(
    "name", [one.name for one in ACTIVITIES.values() if one.rule == "post_moderation"]
)
def test_only_the_rule_makes_an_activity_of_a_moderator_accepted(name):
    act = Document({"type": name, "actor": ANN, "object": OURS})

    assert needs_facts(act)
    assert judge_direct(act, ANN, Known(hosts=HOSTS, moderates_here=True)) == Authorize()
    assert judge_direct(act, ANN, Known(hosts=HOSTS)) != Authorize()
    theirs = Known(hosts=HOSTS, moderators=frozenset({ANN}), is_their_post=True)
    assert judge_announced(act, CATS, theirs) == Authorize()


def test_the_types_we_send_that_activitystreams_lacks_are_in_our_context():
    own = {name: one.term for name, one in ACTIVITIES.items() if one.term is not None}

    assert own.items() <= OBJECT_TERMS.items()
    assert own.keys().isdisjoint(STANDARD)
    assert STANDARD <= ACTIVITY_TYPES


def test_an_unknown_type_has_only_its_name():
    assert activity_type("Dance") == ActivityType("Dance")
    assert activity_type("Dance").labels == ("dance", "dance")
    assert activity_type("Dislike").labels == ("vote", "downvote")

"""Communities: how they are edited, local and remote."""

from fedcom.actions.community import EditCommunity, RefreshCommunity
from fedcom.actions.moderators import AddModerator
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, group
from tests.support.people import Home

DOGS, MAX = "https://dogs.example/c/dogs", "https://dogs.example/u/max"


def test_a_remote_community_is_updated_from_its_origin_and_not_from_the_activity(
    home: Home,
) -> None:
    dogs = home.group(DOGS)
    document = activity("Update", DOGS, group(DOGS, name="Forged"))

    moderators = {"id": f"{DOGS}/moderators", "type": "OrderedCollection", "orderedItems": []}
    changed = receive(home, document, group(DOGS, name="Dogs!"), moderators)

    assert changed == home.fresh(dogs)
    assert changed.title == "Dogs!"
    assert home.sent() == []


def test_the_announcing_community_is_stored_as_the_editor(home: Home) -> None:
    home.group(DOGS)
    moderator = home.person(MAX)

    action = read(home, activity("Update", MAX, group(DOGS)), via=DOGS)

    assert isinstance(action, RefreshCommunity)
    assert action.by == moderator


def test_a_remote_moderator_can_change_the_same_fields_as_a_local_one(home: Home) -> None:
    home.perform(AddModerator(by=home.ann, community=home.cats, person=home.person(MAX)))
    fields = group(
        home.cats.iri,
        name="Cats!",
        summary="<p>On <strong>cats</strong></p>",
        sensitive=True,
        postingRestrictedToMods=True,
    )

    action = read(home, activity("Update", MAX, fields))
    assert isinstance(action, EditCommunity)
    changed = home.perform(action)

    assert (changed.title, changed.nsfw, changed.posting_restricted) == ("Cats!", True, True)
    assert "cats" in changed.summary_html

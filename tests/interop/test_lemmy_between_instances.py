"""Members of two instances of ours, who use Lemmy's client: what one does shows at the other."""

from tests.support.lemmy_client import Json, LemmyClient
from tests.support.lemmy_scene import Clients, until


def resolve(client: LemmyClient, iri: str, kind: str) -> Json:
    """The view of what has this ActivityPub id, once it can be found."""
    return until(lambda: client.call("resolveObject", q=iri))[kind]


def find_garden(client: LemmyClient, at: Clients) -> int:
    """!garden of the instance `at`, by its handle."""
    host = at.guest.origin.removeprefix("http://")
    found = client.call("resolveObject", q=f"!garden@{host}")
    return int(found["community"]["community"]["id"])


def test_a_follow_is_pending_until_the_other_instance_accepts_it(
    clients: Clients, far: Clients
) -> None:
    garden = find_garden(clients.eve, far)

    def state() -> str:
        view = clients.eve.call("getCommunity", id=garden)["community_view"]
        return str(view["subscribed"])

    asked = clients.eve.call("followCommunity", community_id=garden, follow=True)
    assert asked["community_view"]["subscribed"] == "Pending"

    def accepted() -> Json:
        assert state() == "Subscribed"
        return clients.eve.call("getSite")["my_user"]["follows"]

    follows = until(accepted)
    assert garden in [one["community"]["id"] for one in follows]
    left = clients.eve.call("followCommunity", community_id=garden, follow=False)
    assert left["community_view"]["subscribed"] == "NotSubscribed"
    assert state() == "NotSubscribed"


def test_a_post_with_its_comments_and_votes_is_the_same_at_both(
    clients: Clients, far: Clients
) -> None:
    garden = find_garden(clients.member, far)
    clients.member.call("followCommunity", community_id=garden, follow=True)
    made = clients.member.call("createPost", name="Moss", body="Green", community_id=garden)
    ours, iri = made["post_view"]["post"]["id"], made["post_view"]["post"]["ap_id"]

    there = resolve(far.member, iri, "post")
    assert (there["post"]["name"], there["post"]["body"]) == ("Moss", "Green")
    assert there["creator"]["local"] is False
    comment = far.member.call("createComment", content="Wet", post_id=there["post"]["id"])
    far.member.call("likePost", post_id=there["post"]["id"], score=1)

    def arrived() -> Json:
        view = clients.member.call("getPost", id=ours)["post_view"]
        assert (view["counts"]["comments"], view["counts"]["score"]) == (1, 2)
        return clients.member.call("getComments", post_id=ours)["comments"]

    (shown,) = until(arrived)
    assert shown["comment"]["content"] == "Wet"
    assert shown["comment"]["ap_id"] == comment["comment_view"]["comment"]["ap_id"]
    assert shown["creator"]["actor_id"] == comment["comment_view"]["creator"]["actor_id"]


def test_a_private_message_reaches_a_member_of_the_other_instance(
    clients: Clients, far: Clients
) -> None:
    person = far.member.call("getSite")["my_user"]["local_user_view"]["person"]["actor_id"]
    them = resolve(clients.member, person, "person")["person"]["id"]
    clients.member.call("createPrivateMessage", content="Rain at last", recipient_id=them)

    def arrived() -> Json:
        messages = far.member.call("getPrivateMessages", unread_only=True)["private_messages"]
        return next(one for one in messages if one["private_message"]["content"] == "Rain at last")

    assert until(arrived)["creator"]["local"] is False

"""The deletion of an account: the servers that are sent the Delete."""

import json

from activitypub.document import Document
from activitypub.nodeinfo import Software
from fedcom.accounts.delete_account import delete_account
from fedcom.context import Fetched
from fedcom.models.actor import Person
from fedcom.models.notification import notification
from fedcom.remote.actors import person_at
from fedcom.remote.peers import put_peer
from tests.fedcom.actions.receiving import receive
from tests.support import documents
from tests.support.people import Home


def without_shared_inbox(home: Home, iri: str, software: str) -> Person:
    fetched = Fetched({iri: Document(documents.person(iri, endpoints={}))})
    found = home(lambda ctx: person_at(ctx, iri), fetched=fetched)
    home(lambda ctx: put_peer(ctx.conn, found.host, Software(software, "1"), ctx.now))
    return found


def test_every_server_that_may_have_their_content_gets_one_delete(home: Home) -> None:
    home.person("https://forum.example/u/kim", "lemmy")
    home.person("https://toots.example/users/tom", "mastodon")
    home.person("https://toots.example/users/tim", "mastodon")
    home.person("https://new.example/u/nia", None)
    gus = without_shared_inbox(home, "https://gts.example/users/gus", "gotosocial")
    home.sent()

    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=True))

    rows = home.sent_bodies()
    assert sorted(sent.inbox for sent, _ in rows) == sorted(
        [
            "https://forum.example/inbox",
            "https://toots.example/inbox",
            "https://new.example/inbox",
            gus.inbox,
        ]
    )
    sent_activities = [json.loads(body) for _, body in rows]
    assert {(one["type"], one["actor"], one["object"]) for one in sent_activities} == {
        ("Delete", home.bob.iri, home.bob.iri)
    }


def test_followers_are_notified_when_a_community_deletes_itself(home: Home) -> None:
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)

    receive(home, documents.activity("Delete", dogs.iri, dogs.iri))

    (notice,) = home.rows(notification)
    assert (notice["recipient_id"], notice["detail"]) == (home.bob.id, "remove_community")
    assert notice["community_id"] == dogs.id

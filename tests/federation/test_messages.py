"""Private messages between servers, with real requests: another Fedcom, a Mastodon, a Lemmy."""

import time

from tests.federation.conftest import Live
from tests.support.peers import CONTEXT, PUBLIC, Json, Peer, Resident
from tests.support.visitor import Page, Visitor


def until(visitor: Visitor, path: str, text: str, *, shown: bool = True) -> Page:
    """The page at `path` once it contains the text, or no longer does."""
    deadline = time.monotonic() + 10
    while True:
        page = visitor.see(path)
        if (text in page.text) is shown:
            return page
        assert time.monotonic() < deadline, page.text
        time.sleep(0.02)


def test_two_servers_exchange_change_and_delete_messages(live: Live, others: list[Visitor]) -> None:
    dan = others[1]
    host = dan.origin.removeprefix("http://")
    live.bob.look_up(f"@dan@{host}")
    there, here = f"/messages/bob@{live.node.host}", f"/messages/dan@{host}"

    first = live.bob.write(f"dan@{host}", "Is it *raining* there?")
    until(dan, "/notifications", "sent you a message")
    assert "<em>raining</em>" in until(dan, there, "Is it raining there?").html
    dan.write(f"bob@{live.node.host}", "It pours.")
    until(live.bob, here, "It pours.")

    page = live.bob.open(f"{first}/edit")
    live.bob.send(page, page.form(having="body"), body="Is it snowing there?")
    until(dan, there, "Is it snowing there?")
    live.bob.press(here, f"{first}/delete")
    until(dan, there, "snowing", shown=False)
    live.bob.press(here, f"{first}/undelete")
    until(dan, there, "snowing")

    live.ann.look_up(f"@dan@{host}")
    for path in (here, there, "/messages"):
        assert "pours" not in live.ann.see(path).text
        assert "snowing" not in live.ann.see(path).text


def direct(peer: Peer, by: Resident, to: str, html: str, **more: object) -> Json:
    """A Mastodon status for one person; nobody can fetch it."""
    return {
        "@context": CONTEXT,
        "id": peer.new_id(f"users/{by.name}/statuses"),
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "attributedTo": by.iri,
        "to": [to],
        "cc": [],
        "sensitive": False,
        "content": f"<p>{html}</p>",
        "tag": [{"type": "Mention", "href": to, "name": "@bob"}],
        **more,
    }


def test_mastodon_writes_to_a_member_edits_and_deletes(live: Live, mastodon: Peer) -> None:
    kim, bob = mastodon.residents["kim"], f"{live.node.origin}/u/bob"
    post = live.post("To be answered in private")
    note = direct(mastodon, kim, bob, "Is this about <b>me</b>?", inReplyTo=post)
    alone = {"to": [bob], "cc": []}

    mastodon.say(kim, f"{bob}/inbox", "Create", note, **alone)
    path = f"/messages/kim@{mastodon.host}"
    until(live.bob, path, "Is this about me?")
    assert "about me" not in live.ann.open(live.path(post)).text

    changed = note | {"content": "<p>About him?</p>", "updated": "2031-01-01T00:00:00Z"}
    mastodon.say(kim, f"{bob}/inbox", "Update", changed, **alone)
    until(live.bob, path, "About him?")
    mastodon.say(kim, live.inbox, "Delete", {"id": note["id"], "type": "Tombstone"})
    until(live.bob, path, "About him?", shown=False)


def test_a_member_writes_to_mastodon(live: Live, mastodon: Peer) -> None:
    kim, bob = mastodon.residents["kim"], f"{live.node.origin}/u/bob"
    live.bob.look_up(f"@kim@{mastodon.host}")
    before = len(mastodon.received)

    sent = live.bob.write(f"kim@{mastodon.host}", "Come *in*")
    delivery = mastodon.wait("Create{Note}")
    note = delivery.activity["object"]
    assert (delivery.path, delivery.signer) == ("/users/kim/inbox", bob)
    assert (note["content"], note["attributedTo"]) == ("<p>Come <em>in</em></p>", bob)
    assert delivery.activity["to"] == note["to"] == [kim.iri]
    assert [tag["href"] for tag in note["tag"] if tag["type"] == "Mention"] == [kim.iri]
    assert PUBLIC not in delivery.body.decode()

    page = live.bob.open(f"{sent}/edit")
    live.bob.send(page, page.form(having="body"), body="Stay out")
    mastodon.wait(
        "Update{Note}", lambda received: "Stay out" in received.activity["object"]["content"]
    )
    live.bob.press(f"/messages/kim@{mastodon.host}", f"{sent}/delete")
    gone = mastodon.wait("Delete{id}")
    assert (gone.activity["object"], gone.activity["to"]) == (note["id"], [kim.iri])
    assert mastodon.shapes(before) == ["Create{Note}", "Update{Note}", "Delete{id}"]

    for iri in (note["id"], delivery.activity["id"], gone.activity["id"]):
        assert mastodon.look(kim, iri).status_code == 404, iri


def test_lemmy_and_a_member_chat(live: Live, lemmy: Peer) -> None:
    lea, bob = lemmy.residents["lea"], f"{live.node.origin}/u/bob"
    live.bob.look_up(f"@lea@{lemmy.host}")
    live.bob.write(f"lea@{lemmy.host}", "Do dogs *dream*?")
    delivery = lemmy.wait("Create{ChatMessage}")
    chat = delivery.activity["object"]
    assert delivery.path == "/u/lea/inbox"
    assert chat["source"] == {"content": "Do dogs *dream*?", "mediaType": "text/markdown"}
    assert (chat["to"], "tag" in chat) == ([lea.iri], False)

    answer = {
        "type": "ChatMessage",
        "id": lemmy.new_id("private_message"),
        "attributedTo": lea.iri,
        "to": [bob],
        "content": "<p>Of cats.</p>",
        "mediaType": "text/html",
        "source": {"content": "Of cats.", "mediaType": "text/markdown"},
        "published": "2026-01-01T10:00:00.000001Z",
    }
    alone = {"to": [bob], "cc": []}
    path = f"/messages/lea@{lemmy.host}"
    lemmy.say(lea, f"{bob}/inbox", "Create", answer, **alone)
    until(live.bob, path, "Of cats.")
    deleted = lemmy.say(lea, f"{bob}/inbox", "Delete", answer["id"], **alone)
    until(live.bob, path, "Of cats.", shown=False)
    lemmy.say(lea, f"{bob}/inbox", "Undo", deleted, **alone)
    until(live.bob, path, "Of cats.")

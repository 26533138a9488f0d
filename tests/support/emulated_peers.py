"""Peers that read activities as Lemmy, PieFed, NodeBB, Mastodon and GoToSocial do, with one person
each, pia, who sends them in the same way.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support import readers
from tests.support.peers import PUBLIC, Json, Peer, ReceivedDelivery, Resident, Shapes, shape_of
from tests.support.readers import Reader, Unreadable


@dataclass(frozen=True, slots=True)
class Kind:
    """One software: how it reads, where its people and their keys are, whether it is a forum."""

    software: str
    version: str
    reader: Reader
    person: str
    is_forum: bool
    key_path: str = "#main-key"
    # A deleted post is never shown again, even if announced (Mastodon's tombstones).
    buries: bool = False


KINDS = {
    kind.software: kind
    for kind in (
        Kind("lemmy", "0.19.20", readers.lemmy, "/u/pia", is_forum=True),
        Kind("piefed", "1.7.0", readers.piefed, "/u/pia", is_forum=True),
        Kind("nodebb", "4.11.0", readers.nodebb, "/uid/7", is_forum=True),
        Kind("mastodon", "4.6.5", readers.mastodon, "/users/pia", is_forum=False, buries=True),
        Kind(
            "gotosocial",
            "0.20.0",
            readers.gotosocial,
            "/users/pia",
            is_forum=False,
            key_path="/main-key",
        ),
    )
}


class EmulatedPeer(Peer):
    """`used` counts the kinds of events that its users saw, `ignored` the unused shapes.

    Unreadable activities are answered 400, and kept in `refused`.
    """

    def __init__(self, kind: Kind, address: str, group: str) -> None:
        """`group` is the remote community in which pia takes part."""
        super().__init__(kind.software, kind.version, address)
        self.kind = kind
        self.used: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self._met: set[str] = set()
        self._deleted: set[str] = set()
        self.group = group
        self.sent_at = 0.0
        """The moment before pia last sent an activity (perf_counter)."""
        self.shapes_of = Shapes(self)
        self.pia = self.actor("Person", "pia", kind.person, key_path=kind.key_path)
        self.server = self.actor("Application", "server", "/actor")
        if kind.key_path.startswith("/"):
            # A key with a page of its own, which names its owner (GoToSocial).
            person = self.documents[kind.person]
            assert isinstance(person, dict)
            self.put({"id": self.pia.key_id, "type": "Person", "publicKey": person["publicKey"]})

    def receive(self, delivery: ReceivedDelivery) -> int:
        """An authentic activity is read at once."""
        activity = delivery.activity
        try:
            self._meet(activity["actor"])
            label = self.kind.reader(activity, lambda iri: self.fetch(self.pia, iri))
        except Unreadable as error:
            self.refused.append(f"{delivery.shape}: {error}")
            return 400
        except httpx.HTTPStatusError:
            label = ""  # the object that it would have fetched is gone
        self._count(activity, label)
        return super().receive(delivery)

    def receive_forwarded(self, signer: str, activity: Json) -> int:
        """Microblog servers answer 202 to everything, and drop what the actor did not sign."""
        if self.kind.is_forum:
            return super().receive_forwarded(signer, activity)
        self.ignored[f"forwarded {shape_of(activity)}"] += 1
        return 202

    def _meet(self, iri: str) -> None:
        """Fetch an actor: its document, and WebFinger from its name back to its id."""
        if iri in self._met:
            return
        actor = self.fetch(self.pia, iri)
        readers.check_actor(actor)
        if self.find(f"@{actor['preferredUsername']}@{urlsplit(iri).netloc}") != iri:
            raise Unreadable(f"WebFinger does not lead back to {iri}")
        self._met.add(iri)

    def _count(self, activity: Json, label: str) -> None:
        about = activity["object"]
        iri = about if isinstance(about, str) else about["id"]
        if label == "deletion":
            self._deleted.add(iri)
        elif self.kind.buries and iri in self._deleted:
            label = ""
        counted, name = (self.used, label) if label else (self.ignored, shape_of(activity))
        counted[name] += 1

    def wait_until_used(self, text: set[str]) -> None:
        """Wait until its users have seen all of that."""
        deadline = time.monotonic() + 30
        while not text <= self.used.keys():
            missing = text - self.used.keys()
            assert time.monotonic() < deadline, (missing, self.used, self.ignored, self.refused)
            time.sleep(0.02)

    # Pia's activities

    def send_new(self, kind: str, obj: Any, **more: Any) -> Json:
        """Send an activity to the community."""
        inbox = f"{self.group}/inbox"
        self.sent_at = time.perf_counter()
        if self.kind.is_forum:
            more = {"to": [PUBLIC], "cc": [self.group], "audience": self.group, **more}
        return self.say(self.pia, inbox, kind, obj, **more)

    def post(self, title: str, handle: str) -> Json:
        """A new post in the community."""
        if not self.kind.is_forum:
            note = self.shapes_of.status(
                self.pia, f"{title}</p><p>By pia.", answers=None, names={handle: self.group}
            )
            return self._created(note)
        page = self.shapes_of.page(self.pia, self.group, title, "By pia.")
        if self.software == "nodebb":
            preview = {"type": "Note", "attributedTo": self.pia.iri, "content": page["content"]}
            page |= {"type": "Article", "summary": page["content"], "preview": preview}
        return self._created(page)

    def reply(self, to: str, text: str, *, author: str, handle: str) -> Json:
        """A reply in the community to a post or comment by `author`."""
        return self._created(self.unsent_reply(to, text, author=author, handle=handle))

    def unsent_reply(self, to: str, text: str, *, author: str, handle: str) -> Json:
        """The same, but not sent yet."""
        if self.kind.is_forum:
            return self.shapes_of.comment(self.pia, self.group, to, text, author)
        return self.shapes_of.status(self.pia, text, answers=to, names={handle: self.group})

    def edit(self, thing: Json, old: str, new: str) -> Json:
        """Edit one of her posts or comments."""
        more: Json = {"content": thing["content"].replace(old, new)}
        more["updated"] = "2099-01-01T00:00:00Z"
        if "source" in thing:
            more["source"] = thing["source"] | {"content": new}
        edited = self.put(thing | more)
        self.send_new("Update", edited)
        return edited

    def delete(self, thing: Json) -> None:
        """Undo or delete something."""
        self.gone(thing["id"])
        tombstone = {"id": thing["id"], "type": "Tombstone"}
        self.send_new("Delete", thing["id"] if self.kind.is_forum else tombstone)

    def report(self, iri: str, author: str, reason: str) -> None:
        """Report to the moderators: forums as the person, microblogs as the server."""
        by: Resident = self.pia if self.kind.is_forum else self.server
        about = iri if self.kind.is_forum else [author, iri]
        fields = {"to": [self.group], "cc": [], "summary": reason, "content": reason}
        self.say(by, f"{self.group}/inbox", "Flag", about, **fields)

    def _created(self, thing: Json) -> Json:
        self.send_new("Create", thing)
        return thing

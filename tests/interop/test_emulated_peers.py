"""A day in a community of ours, seen from five kinds of servers: each takes part in its own shapes
and counts the received activities that its parser could use.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.federation.conftest import Live
from tests.support.emulated_peers import KINDS, EmulatedPeer, Kind
from tests.support.peers import Json
from tests.support.visitor import Page

FORUM = {
    "accepted",
    "post",
    "edit of a post",
    "comment",
    "edit of a comment",
    "vote",
    "vote taken back",
    "pin",
    "unpin",
    "lock",
    "unlock",
    "removal",
    "deletion",
    "restoration",
    "moderators",
    "ban",
    "unban",
}
MICROBLOG = {
    "accepted",
    "post",
    "comment",
    "edit",
    "favourite",
    "favourite taken back",
    "boost taken back",
    "deletion",
    "follow ended",
}

NOT_SENT_TO_MICROBLOGS = {"Add{id}", "Remove{id}", "Dislike{id}", "Undo{Dislike{id}}"}

# What the people of each must have seen, and the shapes that it may have been sent for nothing.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "lemmy": (FORUM, set()),
    "piefed": (FORUM, set()),
    "nodebb": (
        FORUM - {"pin", "unpin", "lock", "unlock", "ban", "unban", "restoration"},
        {
            "Announce{Add{id}}",
            "Announce{Remove{id}}",
            "Announce{Lock{id}}",
            "Announce{Undo{Lock{id}}}",
            "Announce{Block{id}}",
            "Announce{Undo{Block{id}}}",
            "Announce{Undo{Delete{id}}}",
        },
    ),
    # That pia moderates for a while, and that bob votes down, is not sent to microblogs. A boost of
    # what was deleted before is lost on Mastodon.
    "mastodon": (MICROBLOG, NOT_SENT_TO_MICROBLOGS | {"Announce{id}"}),
    "gotosocial": (MICROBLOG, NOT_SENT_TO_MICROBLOGS),
}


@dataclass(frozen=True, slots=True)
class Day:
    """What happens between our people and pia, who lives at `pia`."""

    live: Live
    pia: EmulatedPeer

    @property
    def bob(self) -> str:
        """His id."""
        return f"{self.live.node.origin}/u/bob"

    def reply(self, to: str, text: str) -> Json:
        """A reply of pia's to bob."""
        return self.pia.reply(to, text, author=self.bob, handle=self.live.handle)

    def morning(self) -> tuple[str, Json, int]:
        """Bob posts; pia replies, votes and has second thoughts. The post, the reply and its number
        here.
        """
        live, pia = self.live, self.pia
        post = live.post(f"Morning with {pia.software}")
        path = live.path(post)
        pia.wait_until_used({"post"})
        comment = self.reply(post, "Frost at night.")
        number = live.until(path, _shows("Frost at night.")).find_comment("Frost at night.")
        assert number is not None
        like = pia.send_new("Like", post)
        live.until(path, _has_points(2))
        pia.send_new("Undo", like)
        live.until(path, _has_points(1))
        comment = pia.edit(comment, "Frost at night.", "Frost till ten.")
        live.until(path, _shows("Frost till ten."))
        return post, comment, number

    def noon(self, post: str, number: int) -> Json:
        """Bob answers, votes, edits and takes back; pia writes a post, and reports his."""
        live, pia, path = self.live, self.pia, self.live.path(post)
        answer = live.bob.reply(path, "Not here.", parent=number)
        for score in (1, -1, 0):
            live.bob.vote(f"/comment/{number}", score)
        live.bob.edit_post(path, body="It thaws.")
        live.bob.edit_comment(answer, "Not any more.")
        live.bob.delete(path)
        live.bob.undelete(path)
        live.bob.delete(f"/comment/{answer}")
        title = f"Noon with {pia.software}"
        theirs = pia.post(title, live.handle)
        live.until("/c/garden?sort=new", lambda page: page.find_post(title))
        reason = f"Too cold for {pia.software}"
        pia.report(post, self.bob, reason)
        live.until("/reports", _shows(reason), to=live.ann)
        return theirs

    def evening(self, post: str, number: int) -> None:
        """Ann moderates."""
        ann, path = self.live.ann, self.live.path(post)
        for button in ("pin", "unpin", "lock", "unlock"):
            ann.press(path, f"{path}/{button}")
        for about in (f"/comment/{number}", path):
            ann.remove(about, "Off topic")
            ann.restore(about)
        ann.appoint("/c/garden", f"@pia@{self.pia.host}")
        action = "/c/garden/edit/moderators/remove"
        page = ann.open("/c/garden/edit")
        newest = [form for form in page.forms if form.action == action][-1]
        ann.send(page, newest)

    def night(self, post: str, comment: Json) -> None:
        """Posts by pia while she is banned do not show; what she deletes is gone."""
        live, pia, path = self.live, self.pia, self.live.path(post)
        live.ann.ban("/c/garden", f"@pia@{pia.host}", "Too cold")
        note = pia.unsent_reply(post, "Still frost.", author=self.bob, handle=live.handle)
        created = {
            "id": pia.new_id("create"),
            "type": "Create",
            "actor": pia.pia.iri,
            "object": note,
        }
        refused = pia.deliver(pia.pia, live.inbox, created | {"to": note["to"], "cc": note["cc"]})
        assert refused.status_code in (202, 403)
        live.ann.unban("/c/garden")
        pia.delete(comment)
        page = live.until(path, _shows("Deleted by its author."))
        assert "Still frost." not in page.text


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_posts_comments_votes_and_moderation_reach_five_kinds_of_software(
    live: Live, kind: Kind
) -> None:
    address = f"127.0.0.{30 + list(KINDS).index(kind.software)}"
    with EmulatedPeer(kind, address, live.garden) as pia:
        day = Day(live, pia)
        follow = pia.send_new("Follow", live.garden, to=[live.garden], cc=[])
        pia.wait_until_used({"accepted"})
        post, comment, number = day.morning()
        theirs = day.noon(post, number)
        day.evening(post, number)
        day.night(post, comment)
        pia.delete(theirs)
        pia.send_new("Undo", follow)

        expected, unused = EXPECTED[kind.software]
        pia.wait_until_used(expected)
        assert pia.refused == []
        assert "personal block" not in pia.used
        assert set(pia.ignored) <= unused, (pia.used, pia.ignored)


def _shows(text: str) -> Callable[[Page], bool]:
    return lambda page: text in page.text


def _has_points(points: int) -> Callable[[Page], bool]:
    return lambda page: page.points("post", int(page.path.rpartition("/")[2])) == points

"""What a purge erases: every row and picture, without a trace in counters and lists."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from database.pruning import Outdated, prune
from fedcom.actions.message import SendMessage
from fedcom.actions.report import Report
from fedcom.actions.vote import Vote
from fedcom.background import purges
from fedcom.context import Context
from fedcom.db import Database
from fedcom.media.pictures import StoredPicture
from fedcom.media.records import media_url, put_media
from fedcom.media.remote import SMALL, name_of_copy
from fedcom.models.actor import actor, author_counts, community
from fedcom.models.base import metadata
from fedcom.models.boost import boost
from fedcom.models.comment import comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.media import media
from fedcom.models.moderation import community_ban, modlog
from fedcom.models.personal import (
    draft,
    followed_post,
    hidden_post,
    muted_post,
    post_visit,
    saved_comment,
    saved_post,
)
from fedcom.models.post import Post, post, post_rank
from fedcom.models.purge import purge
from fedcom.models.revision import revision
from fedcom.models.vote import comment_vote, post_vote
from fedcom.personal.drafts import save_draft
from fedcom.site.purge import purge_community, purge_content, purge_person
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.support.documents import activity, group, note, page, person
from tests.support.node import Node
from tests.support.people import Home, received

pytestmark = pytest.mark.anyio

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"


class Filled:
    """A post of bob's and one of ann's in !cats, with comments, and everything that refers to
    them.
    """

    def __init__(self, node: Node) -> None:
        self.node, self.home = node, node.home
        home = self.home
        self.zoe = home.member("zoe")
        self.kim = home.person(KIM, "lemmy")
        self.picture = self._picture(b"a cat")
        body = Body.of_markdown(f"Secret ![a cat]({self.picture})")
        self.bobs = home.post(title="Secret", body=body)
        self.anns = home.post(by=home.ann, title="Open")
        self.top = home.comment(self.bobs, by=self.zoe, text="Secret top")
        self.below = home.comment(self.bobs, by=self.kim, parent=self.top, text="Secret below")
        self.elsewhere = home.comment(self.anns, text="Secret of bob")
        self.under = home.comment(self.anns, by=self.zoe, parent=self.elsewhere, text="Secret too")
        self.stays = home.comment(self.anns, by=self.zoe, text="Open too")
        for target in (self.bobs, self.anns, self.top, self.elsewhere):
            home.perform(Vote(by=self.zoe, target=target, score=1))
            home.perform(Vote(by=self.kim, target=target, score=-1), received(KIM))
        for target in (self.bobs, self.elsewhere):
            home.perform(Report(by=self.zoe, target=target, reason="Secret"))
        home.perform(Vote(by=home.bob, target=self.stays, score=1))
        home.perform(Vote(by=home.bob, target=self.anns, score=1))
        home(self._lists)

    def _picture(self, content: bytes) -> str:
        name = self.node.instance.pictures.store.keep(content)
        kept = StoredPicture(name, None, 1, 1, len(content))
        home = self.home
        home(lambda ctx: put_media(ctx, kept, "upload", owner_id=home.bob.id))
        return media_url(home.origin, name)

    def _lists(self, ctx: Context) -> None:
        ann, moment = self.home.ann, ctx.now
        for target in (self.bobs, self.elsewhere):
            place = f"{'post' if isinstance(target, Post) else 'comment'}/{target.id}"
            save_draft(ctx, ann, place, {"body": "Secret draft"})
            row = {"subject_iri": target.iri, "actor_iri": KIM, "iri": f"{KIM}/boost/{target.id}"}
            ctx.conn.execute(insert(boost).values(row))
        mine = {"person_id": ann.id}
        for listed in (saved_post, hidden_post, followed_post, muted_post):
            column = f"{listed.name.removesuffix('_post')}_at"
            values = mine | {"post_id": self.bobs.id, column: moment}
            ctx.conn.execute(insert(listed).values(values))
        values = mine | {"comment_id": self.elsewhere.id, "saved_at": moment}
        ctx.conn.execute(insert(saved_comment).values(values))
        visit = mine | {"post_id": self.bobs.id, "comments": 1, "visited_at": moment}
        ctx.conn.execute(insert(post_visit).values(visit))
        for which in ({"post_id": self.bobs.id}, {"comment_id": self.elsewhere.id}):
            version = {"body_html": "<p>Secret</p>", "written_at": moment, "replaced_at": moment}
            ctx.conn.execute(insert(revision).values(**which, **version))

    def begin(self, work: Callable[[Context], None]) -> None:
        self.home.clock.advance(seconds=5)
        self.home(work)

    async def erase(self) -> None:
        await self.node.instance.erase_purged()


def holding(home: Home, text: str) -> set[str]:
    """The tables in which a row contains this text, also in bytes; without the inbox's journal."""
    tables = [*metadata.sorted_tables, activities]
    return {table.name for table in tables if any(text in _text(row) for row in home.rows(table))}


def _text(row: dict[str, Any]) -> str:
    values = (
        value.decode(errors="replace") if isinstance(value, bytes) else value
        for value in row.values()
    )
    return " ".join(str(value) for value in values)


def numbers(home: Home) -> dict[str, Any]:
    """The counters, compared with the rows."""
    posts, comments = home.rows(post), home.rows(comment)
    shown = [row for row in comments if row["deleted_at"] is None and row["removed_at"] is None]
    votes = home.rows(post_vote), home.rows(comment_vote)
    for row in posts:
        assert row["comments"] == sum(one["post_id"] == row["id"] for one in shown)
        _check_votes(row, [one for one in votes[0] if one["post_id"] == row["id"]])
    for row in comments:
        below = [one for one in shown if one["path"].startswith(f"{row['path']}.")]
        assert row["replies"] == len(below)
        _check_votes(row, [one for one in votes[1] if one["comment_id"] == row["id"]])
    (cats,) = (row for row in home.rows(community) if row["actor_id"] == home.cats.id)
    inside = {row["id"] for row in posts if row["community_id"] == home.cats.id}
    assert cats["comments"] == sum(row["post_id"] in inside for row in shown)
    assert {row["post_id"] for row in home.rows(post_rank)} == {
        row["id"] for row in posts if row["removed_at"] is None and row["deleted_at"] is None
    }
    assert {row["comment_id"] for row in home.rows(comment_rank)} == {row["id"] for row in shown}
    listed = [row for row in posts if row["removed_at"] is None and row["deleted_at"] is None]
    for row in home.rows(author_counts):
        for rows, counter in ((listed, "posts"), (shown, "comments")):
            assert row[counter] == sum(one["author_id"] == row["author_id"] for one in rows)
    return {"posts": cats["posts"], "comments": cats["comments"]}


def _check_votes(row: dict[str, Any], votes: list[dict[str, Any]]) -> None:
    assert row["upvotes"] == sum(one["score"] == 1 for one in votes)
    assert row["downvotes"] == sum(one["score"] == -1 for one in votes)


async def test_a_purged_post_leaves_nothing(node: Node) -> None:
    there = Filled(node)
    home = node.home
    assert holding(home, "Secret") >= {"post", "comment", "revision", "report", "draft"}
    copies, small = node.instance.remote_pictures.store, name_of_copy(there.picture, SMALL)
    copies.keep(b"a small cat", small)

    there.begin(lambda ctx: purge_content(ctx, home.ann, there.bobs, "Spam"))
    await there.erase()

    assert {row["id"] for row in home.rows(post)} == {there.anns.id}
    assert numbers(home) == {"posts": 1, "comments": 3}
    left = holding(home, there.bobs.iri)
    assert left <= {"outbox_activity"}  # the Delete
    assert home.rows(media) == home.rows(purge) == []
    assert node.instance.pictures.store.read(there.picture.rpartition("/")[2]) is None
    assert copies.read(small) is None
    assert [row["kind"] for row in home.rows(modlog)] == ["purge_post"]
    for listed in (saved_post, hidden_post, followed_post, muted_post, post_visit):
        assert home.rows(listed) == []
    assert [row["form"] for row in home.rows(draft)] == [f"comment/{there.elsewhere.id}"]
    bodies = [
        row["body"] for row in home.rows(activities) if there.bobs.iri.encode() in row["body"]
    ]
    assert not any(b"Secret" in body for body in bodies)


async def test_a_purged_comment_leaves_nothing_and_takes_the_replies_below_it(node: Node) -> None:
    there = Filled(node)
    home = node.home

    there.begin(lambda ctx: purge_content(ctx, home.ann, there.elsewhere))
    await there.erase()

    ids = {row["id"] for row in home.rows(comment)}
    assert ids == {there.top.id, there.below.id, there.stays.id}
    assert numbers(home) == {"posts": 2, "comments": 3}
    assert holding(home, there.elsewhere.iri) <= {"outbox_activity"}
    assert [row["form"] for row in home.rows(draft)] == [f"post/{there.bobs.id}"]
    assert home.rows(saved_comment) == home.rows(purge) == []
    assert home.rows(media) != []


async def test_a_purged_person_leaves_nothing_once_the_deletion_was_sent(node: Node) -> None:
    there = Filled(node)
    home = node.home
    bob = home.bob
    home.perform(SendMessage(by=bob, to=home.ann, body=Body.of_markdown("Secret message")))
    home.perform(SendMessage(by=there.zoe, to=bob, body=Body.of_markdown("Secret answer")))

    there.begin(lambda ctx: purge_person(ctx, home.ann, bob, "Spam"))
    await there.erase()

    assert {row["id"] for row in home.rows(comment)} == {there.stays.id}
    assert numbers(home) == {"posts": 1, "comments": 1}
    assert holding(home, "Secret") - {"outbox_activity"} == set()
    assert home.rows(media) == []
    assert [row["kind"] for row in home.rows(modlog)] == ["purge_person"]
    assert bob.id in {row["id"] for row in home.rows(actor)}
    home.clock.advance(days=9)
    await there.erase()

    assert bob.id not in {row["id"] for row in home.rows(actor)}
    assert holding(home, bob.iri) <= {"outbox_activity"}
    assert home.rows(purge) == []


async def test_a_purged_remote_person_is_gone_at_once_and_refused(node: Node) -> None:
    there = Filled(node)
    home = node.home
    home.follow(there.kim, home.cats)
    again = activity("Create", KIM, page("https://kim.example/post/9", KIM, home.cats.iri))

    there.begin(lambda ctx: purge_person(ctx, home.ann, there.kim))
    await there.erase()

    assert KIM not in {row["iri"] for row in home.rows(actor)}
    assert {row["id"] for row in home.rows(comment)} == {
        there.top.id,
        there.elsewhere.id,
        there.under.id,
        there.stays.id,
    }
    assert numbers(home) == {"posts": 2, "comments": 4}
    (cats,) = (row for row in home.rows(community) if row["actor_id"] == home.cats.id)
    assert cats["subscribers"] == len(
        [row for row in home.rows(follow) if row["target_id"] == home.cats.id]
    )
    assert holding(home, KIM) <= {"outbox_activity"}
    node.network.put(person(KIM))
    assert "purged" in await node.receive(again)
    assert KIM not in {row["iri"] for row in home.rows(actor)}
    assert {row["id"] for row in home.rows(post)} == {there.bobs.id, there.anns.id}


async def test_a_ban_of_a_purged_member_is_not_stored(node: Node) -> None:
    home, head = node.home, "https://dogs.example/u/head"
    node.network.put(group(DOGS), person(head))
    home.follow(home.ann, home.group(DOGS))
    home(lambda ctx: purge_person(ctx, home.ann, home.bob))
    await node.instance.erase_purged()

    ban = activity("Block", head, home.bob.iri, id=f"{head}/block/1", target=DOGS)
    assert await node.receive(activity("Announce", DOGS, ban, id=f"{DOGS}/1")) == "202"

    assert home.rows(community_ban) == []
    assert [row["kind"] for row in home.rows(modlog)] == ["purge_person"]


async def test_a_purged_community_leaves_nothing(node: Node) -> None:
    there = Filled(node)
    home = node.home
    lions = home.community("lions", by=there.zoe)
    kept = home.post(community=lions)

    there.begin(lambda ctx: purge_community(ctx, home.ann, home.cats, "Empty"))
    await there.erase()

    assert {row["id"] for row in home.rows(post)} == {kept.id}
    assert home.rows(comment) == home.rows(media) == []
    assert holding(home, "Secret") - {"outbox_activity"} == set()
    assert [row["kind"] for row in home.rows(modlog)] == ["purge_community"]
    home.clock.advance(days=9)
    await there.erase()

    assert home.cats.id not in {row["id"] for row in home.rows(actor)}
    assert [row["actor_id"] for row in home.rows(community)] == [lions.id]
    assert home.rows(purge) == []


async def test_members_unfollow_a_purged_remote_community(node: Node) -> None:
    home = node.home
    dogs = home.group(DOGS)
    for member in (home.bob, home.ann):
        home.follow(member, dogs)
    home.post(by=home.person(KIM, "lemmy"), community=dogs)
    home.sent()

    home(lambda ctx: purge_community(ctx, home.ann, dogs))
    await node.instance.erase_purged()

    assert [one.shape for one in home.sent()] == ["Undo{Follow{id}}"] * 2
    assert DOGS not in {row["iri"] for row in home.rows(actor)}
    assert home.rows(post) == home.rows(purge) == []


async def test_a_picture_that_something_else_shows_stays(node: Node) -> None:
    there = Filled(node)
    home = node.home
    again = Body.of_markdown(f"![the same]({there.picture})")
    home.post(by=home.ann, body=again)

    there.begin(lambda ctx: purge_person(ctx, home.ann, home.bob))
    await there.erase()

    (kept,) = home.rows(media)
    assert kept["owner_id"] is None
    assert node.instance.pictures.store.read(kept["name"]) is not None
    assert [row["kind"] for row in home.rows(purge)] == ["person"]


async def test_an_interrupted_purge_goes_on_later(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Filled(node)
    home = node.home
    there.begin(lambda ctx: purge_content(ctx, home.ann, there.bobs))
    steps = 0

    async def interrupted(database: Database, step: Outdated) -> int:
        nonlocal steps
        steps += 1
        if steps > 2:
            raise RuntimeError("the power is out")
        return await prune(database, step)

    with monkeypatch.context() as patch:
        patch.setattr(purges, "prune", interrupted)
        with pytest.raises(RuntimeError):
            await there.erase()
    assert there.bobs.id in {row["id"] for row in home.rows(post)}
    assert there.top.id not in {row["id"] for row in home.rows(comment)}
    await there.erase()
    assert there.bobs.id in {row["id"] for row in home.rows(post)}
    home.clock.advance(seconds=61)
    await there.erase()

    assert there.bobs.id not in {row["id"] for row in home.rows(post)}
    assert home.rows(purge) == []


async def test_purged_content_from_elsewhere_does_not_come_back(node: Node) -> None:
    home = node.home
    dogs, kim = home.group(DOGS), home.person(KIM, "lemmy")
    home.follow(home.bob, dogs)
    post = home.post(by=kim, community=dogs)
    comment_of = home.comment(post, by=kim, iri=f"{KIM}/note/1")
    below = home.comment(post, by=kim, parent=comment_of, iri=f"{KIM}/note/2")
    home(lambda ctx: purge_content(ctx, home.ann, comment_of))
    await node.instance.erase_purged()
    assert home.rows(comment) == []
    first, second = note(comment_of.iri, KIM, post.iri), note(below.iri, KIM, comment_of.iri)
    for document in (first, second, group(DOGS), person(KIM)):
        node.network.put(document)

    for document in (first, second):
        for verb in ("Create", "Update"):
            sent = activity("Announce", DOGS, activity(verb, KIM, document))
            assert "purged" in await node.receive(sent)
    assert home.rows(comment) == []

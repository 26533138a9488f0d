"""Every sample is delivered as its author would, and is understood."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from activitypub.iri import host_of
from fedcom.actions.delete import Delete
from fedcom.actions.follow import Follow
from fedcom.actions.post import CreatePost, Provenance
from fedcom.actions.report import Report
from fedcom.models.follow import follow
from tests.fedcom.actions.receiving import receive
from tests.support.documents import group, page, person
from tests.support.node import Node, changes
from tests.support.people import ORIGIN, received
from tests.support.samples import FILES, name_of, read

DOGS, BIRDS = "https://lemmy.example/c/dogs", "https://piefed.example/c/birds"
GROUPS = (DOGS, BIRDS)
ALICE, NUTOMIC = "https://mastodon.example/users/alice", "https://lemmy.example/u/nutomic"
PETRA = "https://nodebb.example/uid/2"
TALK, NEWS = "https://nodebb.example/category/1", "https://nodebb.example/category/2"
# Samples without a change here: the removed person is not on the list.
SILENT = {"lemmy/announce_remove_moderator"}
# Samples that undo an activity that never arrived, and only leave a tombstone.
UNDONE = {"lemmy/undo_follow", "mastodon/undo_follow"}
UNDONE |= {"lemmy/announce_undo_block_user"}
UNDONE |= {"lemmy/announce_undo_lock_page", "lemmy/announce_undo_lock_note"}
UNDONE |= {"lemmy/undo_like", "lemmy/undo_dislike"}
UNDONE |= {"mastodon/undo_like", "pleroma/undo_emoji_react"}
KINDS = {"mastodon/update_service": "Service", "mobilizon/update_organization": "Organization"}
KINDS |= dict.fromkeys(("mastodon/flag", "pleroma/flag", "misskey/flag"), "Application")
KINDS |= {"writefreely/update_application": "Application"}


@pytest.fixture
def dialect() -> str:
    """Reading is the same on every database."""
    return "sqlite"


def prepare(node: Node, name: str, sample: dict[str, Any]) -> None:
    """Bob has a post and a comment here, and a post there, has asked to follow the communities and
    alice, petra has reported the post of the report she withdraws, and every actor in the sample
    can be fetched.
    """
    home = node.home
    comment = home.comment(home.post())
    communities = {iri: home.group(iri, featured=f"{iri}/featured") for iri in GROUPS}
    alice = home.person(ALICE)
    for target, asked in (
        (communities[DOGS], "asked"),
        (communities[BIRDS], "birds"),
        (alice, "alice"),
    ):
        made = home.perform(Follow(by=home.bob, target=target))
        iri = f"{ORIGIN}/activities/follow/{asked}"
        home(
            lambda ctx, made=made, iri=iri: ctx.conn.execute(
                update(follow).where(follow.c.id == made.id).values(iri=iri)
            )
        )
    nutomic = home.person(NUTOMIC)
    there = home.post(by=nutomic, community=communities[DOGS], iri="https://lemmy.example/post/30")
    home.comment(there, by=nutomic, iri="https://lemmy.example/comment/31")
    deleted = home.post(by=nutomic, iri="https://lemmy.example/post/18")
    home.perform(Delete(by=nutomic, target=deleted), received(NUTOMIC))
    home.post(
        by=home.person("https://piefed.example/u/rimu"),
        community=communities[BIRDS],
        iri="https://piefed.example/post/1",
    )
    home.post(by=home.bob, community=communities[DOGS])
    node.network.put(page("https://lemmy.example/post/18", NUTOMIC, home.cats.iri))
    node.network.put(person("https://lemmy.example/u/mod"), person("https://piefed.example/u/jo"))
    node.network.put(group(DOGS, name="Dogs!"), group(BIRDS))
    if name == "nodebb/undo_flag":
        flag = sample["object"]["id"]
        report = Report(by=home.person(PETRA), target=comment, reason="Rude.", iri=flag)
        home.perform(report, received(PETRA))
    if name in ("nodebb/move", "nodebb/undo_announce"):
        _prepare_topic(node, is_let_go=name == "nodebb/move")
    if name in KINDS:
        home.person(sample["actor"])
    if sample["actor"] not in (*GROUPS, TALK):
        kind = KINDS.get(name, "Person")
        node.network.put(person(sample["actor"], type=kind, name="Somebody"))
    home.sent()


def _prepare_topic(node: Node, *, is_let_go: bool) -> None:
    """Petra's topic in a category that bob follows, which may have released it already."""
    home, iri = node.home, "https://nodebb.example/post/1"
    talk, petra = home.group(TALK, "nodebb"), home.person(PETRA, "nodebb")
    home.follow(home.bob, talk)
    topic = "https://nodebb.example/topic/1"
    source = Provenance(iri, "Article", None, None, context_iri=topic)
    create = CreatePost(by=petra, community=talk, title="A topic", source=source)
    post = home.perform(create, received(PETRA))
    if is_let_go:
        undo_announce = {
            "type": "Undo",
            "actor": TALK,
            "object": {"type": "Announce", "object": iri},
        }
        receive(home, undo_announce)
        assert not home.fresh(post).is_shown
    node.network.put(group(TALK), group(NEWS), page(iri, PETRA, NEWS, context=topic))


@pytest.mark.anyio
@pytest.mark.parametrize("path", FILES, ids=name_of)
async def test_sample(node: Node, path: Path) -> None:
    sample, name = read(path), name_of(path)
    prepare(node, name, sample)
    before = node.snapshot()

    assert await node.receive(sample) == "202"

    found = changes(before, node.snapshot())
    if sample["type"] == "Announce":  # which counts as the Accept that bob waits for
        found.pop(f"{node.home.bob.iri} follows {sample['actor']}", None)
    assert bool(found) is (name not in SILENT), found
    assert all(one.startswith("undone ") for one in found) is (name in SILENT | UNDONE), found
    assert host_of(sample["id"]) == f"{path.parent.name}.example"

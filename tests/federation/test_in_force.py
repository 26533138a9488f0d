"""An activity by an unauthorised actor, or one that was undone, is not in force.

Hypothesis draws which actor sends, undoes, relays, announces, forges and replays which activity,
with which key. The rules of docs/decisions/0027 are implemented here a second time, as a table of
received activities; after each step the server and the table must agree.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st
from sqlalchemy import select

from activitypub.signatures import integrity
from activitypub.signatures.keys import (
    PrivateKey,
    generate_rsa_pem,
    load_private,
)
from fedcom.actions.moderators import AddModerator
from fedcom.context import Context
from fedcom.db import open_database
from fedcom.models.actor import actor
from fedcom.models.follow import follow
from fedcom.models.moderation import community_ban
from fedcom.models.post import post
from fedcom.models.vote import post_vote
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database
from tests.support.documents import Json, activity, group, person, proof_key, prover, undo
from tests.support.node import Node, open_node
from tests.support.people import ORIGIN

CATS = f"{ORIGIN}/c/cats"
DOGS = "https://eve.example/c/dogs"
EVE = "https://eve.example/u/eve"

# Kind of activity: its actor, and which state it sets to which value.
KINDS = {
    "Like": ("kim", "vote", 1),
    "Dislike": ("kim", "vote", -1),
    "Follow": ("kim", "follow", True),
    "Lock": ("max", "locked", True),
    "Add": ("max", "pinned", True),
    "Remove": ("max", "pinned", None),
    "Block": ("max", "banned", True),
}
UNDOABLE = sorted(set(KINDS) - {"Add", "Remove"})
# Two ids for each kind, so that they are used again.
NUMBERS = st.sampled_from([1, 2])
EARLIER = st.integers(0, 30)
BY_NUMBER = ("relay", "relay_without_proof", "send_again", "announce", "announce_id")


def steps_with(names: list[str]) -> st.SearchStrategy[tuple[str, Any]]:
    """The possible steps with these kinds of activity."""
    which = st.tuples(st.sampled_from(names), NUMBERS)
    undone = st.tuples(
        st.sampled_from([one for one in names if one in UNDOABLE] or UNDOABLE), NUMBERS
    )
    return st.one_of(
        *(st.tuples(st.just(step), which) for step in ("say", "say", "prove")),
        *(st.tuples(st.just("undo"), undone) for _ in range(2)),
        *(st.tuples(st.just(step), EARLIER) for step in BY_NUMBER),
        *(st.tuples(st.just(step), which) for step in ("forge", "forge_proof", "use_old_key")),
        st.tuples(st.just("change_key"), st.sampled_from(["kim", "max"])),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A dozen steps with few kinds, so that they affect each other."""
    kinds = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=2, unique=True)
    return draw(st.lists(steps_with(draw(kinds)), min_size=6, max_size=14))


@cache
def rsa_keys() -> list[tuple[str, str]]:
    """Private and public PEMs; making one takes a tenth of a second."""
    return [generate_rsa_pem() for _ in range(6)]


@dataclass
class Person:
    """A remote person, with two pairs of keys from `pems` on; `key` is the number of the newest
    key.
    """

    iri: str
    pems: int
    key: int = 1

    def rsa_key(self, number: int | None = None) -> PrivateKey:
        number = number or self.key
        # The pairs in turn: a new id with another key each time.
        return load_private(f"{self.iri}#key-{number}", rsa_keys()[self.pems + number % 2][0])

    def document(self) -> Json:
        key_id = f"{self.iri}#key-{self.key}"
        public = rsa_keys()[self.pems + self.key % 2][1]
        return prover(self.iri, publicKey={"id": key_id, "owner": self.iri, "publicKeyPem": public})


@dataclass(frozen=True)
class Paper:
    """An existing document, with its proof; its author, its time, and the state it sets."""

    by: str
    document: Json
    made_at: float
    subject: str
    name: str
    value: Any


@dataclass
class Expected:
    """The table of received activities, by the rules of the decision."""

    state: dict[str, Any] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    vote: str | None = None
    spoken: dict[tuple[str, str], float] = field(default_factory=dict)

    def is_any_vote_meant(self, iri: str) -> bool:
        """Whether the Undo of this vote, of the other sign, undoes the current one."""
        return self.vote is not None and iri not in self.undone | self.awaited | self.replaced

    def take_back(self, slot: str) -> None:
        self.state[slot] = None
        if slot == "vote" and self.vote is not None:
            self.replaced.add(self.vote)
            self.vote = None

    def may_be_played(self, paper: Paper) -> bool:
        """Whether a proof counts that another actor sends."""
        iri = paper.document["id"]
        later = self.spoken.get((paper.by, paper.subject), 0.0)
        return iri not in self.ids | self.awaited | self.undone and later < paper.made_at


class ServerUnderTest:
    """!cats with a post of bob's, which max moderates and kim reads; eve is an attacker, and has a
    community that bob follows.
    """

    def __init__(self, node: Node, number: int) -> None:
        self.node = node
        self.expected = Expected()
        self.people = {
            "kim": Person(f"https://kim.example/u/kim{number}", 0),
            "max": Person(f"https://max.example/u/max{number}", 2),
        }
        for owner in self.people.values():
            node.network.put(owner.document())
        self.post = node.home.post()
        max_ = node.home.person(self.people["max"].iri)
        node.home.perform(AddModerator(by=node.home.ann, community=node.home.cats, person=max_))
        self.papers: list[Paper] = []
        self.requests: list[tuple[Json, PrivateKey, datetime]] = []

    # The activities.

    def activity_of(self, name: str, number: int) -> Json:
        """An activity of the kind `name` under one of its two ids."""
        by, _, _ = KINDS[name]
        iri = self.people[by].iri
        more: Json = {"id": f"{iri}/did/{name}-{number}", "audience": CATS}
        about = {"Follow": CATS, "Block": self.people["kim"].iri}.get(name, self.post.iri)
        if name in ("Add", "Remove"):
            more["target"] = f"{CATS}/featured"
        if name == "Block":
            more["target"] = CATS
        return activity(name, iri, about, **more)

    def paper(self, name: str, number: int) -> Paper:
        """The same with its actor's proof, made now."""
        by, _, value = KINDS[name]
        plain = self.activity_of(name, number)
        document = integrity.sign(plain, proof_key(self.people[by].iri), self.now)
        made = Paper(by, document, self.now.timestamp(), plain["object"], name, value)
        self.papers.append(made)
        return made

    @property
    def now(self) -> datetime:
        return self.node.instance.clock()

    # The steps; each returns the result, and the result that the rules require.

    async def say(self, which: tuple[str, int]) -> None:
        """The actor sends it, with a proof that others may send later."""
        paper = self.paper(*which)
        answer = await self._deliver(paper.document, self.people[paper.by].rsa_key())
        if answer != "202":
            assert self._is_shut_out(which[0]), answer
            return
        self._note(paper.by, paper.document, paper.subject)
        iri = paper.document["id"]
        if iri in self.expected.awaited:
            # Its Undo overtook it, so this one does not count, and the next one does.
            self.expected.awaited.remove(iri)
            self.expected.undone.add(iri)
            return
        self._set(paper)

    async def undo(self, which: tuple[str, int]) -> None:
        by, slot, value = KINDS[which[0]]
        document = undo(
            self.activity_of(*which), id=f"{self.people[by].iri}/undo/{len(self.requests)}"
        )
        answer = await self._deliver(document, self.people[by].rsa_key())
        if answer != "202":
            assert self._is_shut_out(which[0]), answer
            return
        iri, subject = document["object"]["id"], document["object"]["object"]
        is_known = iri in self.expected.ids
        if self.expected.state.get(slot) == value or (
            slot == "vote" and self.expected.is_any_vote_meant(iri)
        ):
            self.expected.take_back(slot)
            is_known = True
        self._note(by, document, subject)
        self.expected.undone.discard(iri)
        self.expected.awaited.discard(iri)
        (self.expected.undone if is_known else self.expected.awaited).add(iri)

    async def prove(self, which: tuple[str, int]) -> None:
        """The actor creates it, and we do not get it: only eve does."""
        self.paper(*which)

    async def relay(self, number: int) -> None:
        if self.papers:
            paper = self.papers[number % len(self.papers)]
            may = self.expected.may_be_played(paper)
            answer = await self._deliver(paper.document, eves_key())
            if may and answer == "202":
                self._set(paper)
                self.expected.ids.add(paper.document["id"])
            elif may:
                assert self._is_shut_out(paper.name), answer

    async def relay_without_proof(self, number: int) -> None:
        """The origin serves it, as Lemmy does with all its activities."""
        if self.papers:
            document = dict(self.papers[number % len(self.papers)].document)
            del document["proof"]
            self.node.network.put(document)
            answer = await self._deliver(document, eves_key())
            self.node.network.lose(document["id"])
            assert answer == "403 relayed_without_proof"

    async def send_again(self, number: int) -> None:
        """A captured request, byte for byte."""
        if self.requests:
            document, key, signed_at = self.requests[number % len(self.requests)]
            answer = await self.node.receive(document, key=key, signed_at=signed_at)
            assert answer[:3] in ("202", "401", "403")

    async def announce(self, number: int) -> None:
        """Announced by eve's community, which does not own its object."""
        if self.papers:
            paper = self.papers[number % len(self.papers)]
            may = self.expected.may_be_played(paper)
            envelope = activity("Announce", DOGS, paper.document, id=self._new("announce"))
            answer = await self._deliver(envelope | {"object": paper.document}, dogs_key())
            if may and paper.name == "Follow" and answer == "202":
                self._set(paper)  # without a post, the proof alone is enough

    async def announce_id(self, number: int) -> None:
        if self.papers:
            document = self.papers[number % len(self.papers)].document
            self.node.network.put(document)
            envelope = activity("Announce", DOGS, document["id"], id=self._new("announce"))
            before = self.expected.may_be_played(self.papers[number % len(self.papers)])
            answer = await self._deliver(envelope, dogs_key())
            self.node.network.lose(document["id"])
            if before and document["type"] == "Follow" and answer == "202":
                self._set(self.papers[number % len(self.papers)])

    async def forge(self, which: tuple[str, int]) -> None:
        """In another person's name, signed by eve."""
        answer = await self._deliver(self.activity_of(*which) | {"id": self._at(which)}, eves_key())
        assert answer == "403 relayed_without_proof"

    async def forge_proof(self, which: tuple[str, int]) -> None:
        """With a proof that names the actor's key and was made with eve's."""
        forged = self.activity_of(*which) | {"id": self._at(which)}
        key = replace(proof_key(EVE), id=proof_key(forged["actor"]).id)
        document = integrity.sign(forged, key, self.now)
        answer = await self._deliver(document, eves_key())
        assert answer == "202 relayed_without_proof"

    async def change_key(self, name: str) -> None:
        owner = self.people[name]
        owner.key += 1
        self.node.network.put(owner.document())
        update = f"{owner.iri}/update/{owner.key}"
        changed = activity("Update", owner.iri, owner.document(), id=update)
        assert await self._deliver(changed, owner.rsa_key()) == "202"
        self._note(name, changed, owner.iri)

    async def use_old_key(self, which: tuple[str, int]) -> None:
        owner = self.people[KINDS[which[0]][0]]
        if owner.key > 1:
            stolen = owner.rsa_key(owner.key - 1)
            answer = await self._deliver(self.activity_of(*which), stolen)
            assert answer in ("401 key_not_usable", "401 signature_mismatch"), answer

    # The table, and the server.

    def _note(self, by: str, document: Json, subject: str) -> None:
        self.expected.ids.add(document["id"])
        self.expected.spoken[by, subject] = self.now.timestamp()

    def _set(self, paper: Paper) -> None:
        _, slot, _ = KINDS[paper.name]
        iri = paper.document["id"]
        if slot == "vote" and self.expected.vote != iri:
            self.expected.take_back(slot)
            self.expected.vote = iri
        self.expected.undone.discard(iri)
        self.expected.replaced.discard(iri)
        # A Follow by a banned person is answered with a Reject, and a request with 202.
        is_refused = slot == "follow" and self._is_shut_out(paper.name)
        self.expected.state[slot] = None if is_refused else paper.value
        if slot == "banned":
            self.expected.state["follow"] = None

    def _is_shut_out(self, name: str) -> bool:
        """A banned person neither votes, nor undoes a vote, nor follows."""
        return self.expected.state.get("banned") is True and KINDS[name][0] == "kim"

    def _new(self, kind: str) -> str:
        return f"https://eve.example/{kind}/{self.now.timestamp():.0f}"

    def _at(self, which: tuple[str, int]) -> str:
        """An id of the actor's host that its actor never used."""
        return f"{self.people[KINDS[which[0]][0]].iri}/did/forged-{self.now.timestamp():.0f}"

    async def _deliver(self, document: Json, key: PrivateKey) -> str:
        self.requests.append((document, key, self.now))
        return await self.node.receive(document, key=key)

    def in_force(self) -> dict[str, Any]:
        """The state on the server."""
        kim = self.people["kim"].iri

        def look(ctx: Context) -> dict[str, Any]:
            number = select(actor.c.id).where(actor.c.iri == kim).scalar_subquery()
            row = ctx.conn.execute(select(post).where(post.c.id == self.post.id)).one()
            vote = select(post_vote.c.score).where(
                post_vote.c.post_id == self.post.id, post_vote.c.voter_id == number
            )
            follows = select(follow.c.id).where(follow.c.follower_id == number)
            ban = select(community_ban.c.person_id).where(community_ban.c.person_id == number)
            return {
                "vote": ctx.conn.execute(vote).scalar(),
                "follow": True if ctx.conn.execute(follows).first() else None,
                "locked": True if row.locked_at else None,
                "pinned": True if row.featured_at else None,
                "banned": True if ctx.conn.execute(ban).first() else None,
            }

        return self.node.home(look)


class Server:
    """One server for all examples; each has people and a post of its own."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._number = 0
        self.node = self._runner.run(self._open(folder))

    async def _open(self, folder: Path) -> Node:
        url = sqlite_database(folder / "in_force.sqlite3", migrated=True)
        database = open_database(url)
        self._stack.callback(database.close)
        node = await self._stack.enter_async_context(
            open_node(database, url, SettableClock(), folder)
        )
        eve = person(EVE, publicKey=_shown(EVE, 4))
        dogs = group(DOGS, publicKey=_shown(DOGS, 5))
        node.network.put(eve, dogs)
        node.home.follow(node.home.bob, node.home.group(DOGS))
        return node

    def play(self, steps: Sequence[tuple[str, Any]]) -> None:
        """One scenario; after each step the server and the table agree."""
        self._number += 1
        self._runner.run(self._play(ServerUnderTest(self.node, self._number), steps))

    async def _play(self, tested: ServerUnderTest, steps: Sequence[tuple[str, Any]]) -> None:
        for step, detail in steps:
            self.node.home.clock.advance(seconds=1)
            await getattr(tested, step)(detail)
            wanted = dict.fromkeys(("vote", "follow", "locked", "pinned", "banned"))
            assert tested.in_force() == wanted | tested.expected.state, (step, detail)

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


def _shown(iri: str, pems: int) -> Json:
    return {"id": f"{iri}#main-key", "owner": iri, "publicKeyPem": rsa_keys()[pems][1]}


@cache
def eves_key() -> PrivateKey:
    return load_private(f"{EVE}#main-key", rsa_keys()[4][0])


@cache
def dogs_key() -> PrivateKey:
    return load_private(f"{DOGS}#main-key", rsa_keys()[5][0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    opened = Server(tmp_path_factory.mktemp("in_force"))
    yield opened
    opened.close()


@settings(
    max_examples=int(os.environ.get("FEDCOM_TEST_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Without shrinking: each step is a signed request, and a scenario of a dozen can be read.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@example(steps=[("say", ("Block", 2)), ("say", ("Follow", 2)), ("say", ("Like", 1))])
@example(steps=[("say", ("Like", 2)), ("say", ("Block", 2)), ("undo", ("Like", 1))])
@example(steps=[("undo", ("Dislike", 2)), ("change_key", "kim"), ("use_old_key", ("Dislike", 2))])
@given(steps=scenarios())
def test_forged_or_undone_activities_are_not_in_force(
    server: Server, steps: list[tuple[str, Any]]
) -> None:
    server.play(steps)

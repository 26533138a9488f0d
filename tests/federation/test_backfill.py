"""Backfill: old posts and comments, fetched in each shape in which peers list them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from activitypub.iri import PUBLIC
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.actions.vote import Vote
from fedcom.app import create_app
from fedcom.background.backfill import LIMITS, Backfill, VisitLimits
from fedcom.models.actor import Community, Person, community as community_table
from fedcom.models.comment import comment
from fedcom.models.post import Post, post
from fedcom.queries.omissions import list_omissions
from fedcom.settings import Settings
from fedcom.site.instances import block_instance, unblock_instance
from fedcom.wire.body import Body
from fedcom.wiring import open_instance
from tests.support.clock import SettableClock
from tests.support.documents import activity, document, group, note, page, person
from tests.support.node import Node
from tests.support.people import ORIGIN
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

Json = dict[str, Any]

DOGS, REX = "https://dogs.example/c/dogs", "https://dogs.example/u/rex"
KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
RATS = "https://rats.example/c/rats"
OUTBOX = f"{DOGS}/outbox"
QUICK = replace(LIMITS, pause=0.0)


def inner(obj: Json) -> Json:
    """A document as it is embedded in another."""
    return {name: value for name, value in obj.items() if name != "@context"}


def ordered(iri: str, items: list[Any] | None = None, **more: Any) -> Json:
    listed = {} if items is None else {"orderedItems": items}
    return document(iri, "OrderedCollection", **listed, **more)


def rexs(number: int = 1, **more: Any) -> Json:
    """A post on the community's own host."""
    return page(f"https://dogs.example/post/{number}", REX, DOGS, name=f"Rex {number}", **more)


def kims(number: int = 1, **more: Any) -> Json:
    """A post in the community by an author of another server."""
    return page(f"https://kim.example/post/{number}", KIM, DOGS, name=f"Kim {number}", **more)


def answer(number: int, above: str, author: str = KIM, **more: Any) -> Json:
    host = author.partition("/u/")[0]
    fields = {"content": f"<p>Answer {number}</p>"} | more
    return note(f"{host}/note/{number}", author, above, **fields)


class World:
    """Bob has asked to follow the remote !dogs, of which nothing is known but the actor."""

    def __init__(self, node: Node) -> None:
        self.node, self.home, self.network = node, node.home, node.network
        self.dogs = self.home.group(DOGS)
        self.network.put(group(DOGS), person(REX), person(KIM), person(EVE))
        self.asked = self.home.perform(Follow(by=self.home.bob, target=self.dogs))
        self.home.sent()

    async def accept(self) -> None:
        """!dogs accepts."""
        assert await self.node.receive(activity("Accept", DOGS, self.asked.iri)) == "202"

    def backfill(self, **limits: Any) -> Backfill:
        """A new one, as after a restart."""
        limits_of_visit: VisitLimits = replace(QUICK, **limits)
        return Backfill(self.node.instance.units, ORIGIN, self.home.clock, limits_of_visit)

    async def fill(self, **limits: Any) -> None:
        """Accepted, and backfilled once."""
        await self.accept()
        self.network.fetched()
        await self.backfill(**limits).fetch_communities()

    @property
    def is_done(self) -> bool:
        rows = {row["actor_id"]: row["backfilled_at"] for row in self.home.rows(community_table)}
        return rows[self.dogs.id] is not None

    def titles(self) -> list[str]:
        return sorted(row["title"] for row in self.home.rows(post))

    def remarks(self) -> list[str]:
        return sorted(row["iri"].rsplit("/", 1)[1] for row in self.home.rows(comment))


@pytest.fixture
def world(node: Node) -> World:
    return World(node)


def nested(obj: Json, times: int) -> Json:
    return activity("Announce", DOGS, nested(obj, times - 1) if times else obj)


def announced(obj: Json) -> Json:
    return activity("Announce", DOGS, activity("Create", obj["attributedTo"], obj))


FOUND = "https://dogs.example/activities/1"
SHAPES: dict[str, tuple[Callable[[Json], Any], list[str]]] = {
    # The form of an entry, and the documents to fetch for a post on the community's host.
    "Lemmy: Announce{Create{Page}}": (announced, []),
    "NodeBB: Announce{Page}": (lambda obj: activity("Announce", DOGS, inner(obj)), []),
    "ours: Announce of an id": (lambda obj: activity("Announce", DOGS, obj["id"]), ["post"]),
    "Create": (lambda obj: activity("Create", obj["attributedTo"], obj), []),
    "object": (inner, []),
    "id": (lambda obj: obj["id"], ["post"]),
    "id of a Create": (lambda _: FOUND, ["activity"]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("by", ["rex", "kim"])
async def test_old_posts_are_kept_in_every_shape_of_an_outbox(
    world: World, shape: str, by: str
) -> None:
    obj = rexs() if by == "rex" else kims()
    make, fetched = SHAPES[shape]
    world.network.put(obj, ordered(OUTBOX, [make(obj)], totalItems=1))
    world.network.put(activity("Create", REX, inner(obj)) | {"id": FOUND})

    await world.fill()

    assert world.titles() == [obj["name"]]
    assert world.is_done
    asked = [url for url in world.network.fetched() if url in (obj["id"], FOUND)]
    wanted = {"post": obj["id"], "activity": FOUND}
    # Content of an author on another server counts only as its origin serves it.
    origin = [obj["id"]] if by == "kim" and "post" not in fetched else []
    assert asked == [wanted[name] for name in fetched] + origin


PAGES: dict[str, Callable[[list[Any]], list[Json]]] = {
    "all at once": lambda items: [ordered(OUTBOX, items)],
    "unordered": lambda items: [document(OUTBOX, "Collection", items=items)],
    "first page by id": lambda items: [
        ordered(OUTBOX, first=f"{OUTBOX}?page=1"),
        document(f"{OUTBOX}?page=1", "OrderedCollectionPage", orderedItems=items),
    ],
    "first page embedded": lambda items: [
        ordered(OUTBOX, first={"type": "OrderedCollectionPage", "orderedItems": items})
    ],
    "two pages": lambda items: [
        ordered(OUTBOX, first=f"{OUTBOX}?page=1"),
        document(
            f"{OUTBOX}?page=1",
            "OrderedCollectionPage",
            orderedItems=items[:1],
            next=f"{OUTBOX}?page=2",
        ),
        document(f"{OUTBOX}?page=2", "OrderedCollectionPage", orderedItems=items[1:]),
    ],
}


async def test_an_outbox_without_ids_is_read(world: World) -> None:
    # NodeBB 4: neither the collection nor its pages have an id.
    cover = document(None, "OrderedCollection", first=f"{OUTBOX}?page=1", totalItems=1)
    first = document(None, "OrderedCollectionPage", orderedItems=[announced(rexs())])
    serve(world, {OUTBOX: cover, f"{OUTBOX}?page=1": first})

    await world.fill()

    assert world.titles() == ["Rex 1"]


async def test_comments_are_read_from_replies_that_list_the_whole_tree_inline(
    world: World,
) -> None:
    # PieFed 1.7: no id, and it contains every comment of the thread, not only the direct replies.
    replies, below = f"{ROOT}/replies", answer(2, "https://dogs.example/note/1", REX)
    listed = [inner(answer(1, ROOT, REX)), inner(below)]
    serve(
        world,
        {
            OUTBOX: ordered(OUTBOX, [announced(rexs(context=THREAD, replies=replies))]),
            replies: document(None, "OrderedCollection", orderedItems=listed, totalItems=2),
        },
    )

    await world.fill()

    assert world.remarks() == ["1", "2"]


async def test_a_context_whose_own_id_leads_nowhere_is_read(world: World) -> None:
    moved = ordered("https://dogs.example/c/dogs/p/1/context", [inner(answer(1, ROOT, REX))])
    outbox = ordered(OUTBOX, [announced(rexs(context=THREAD))])
    serve(world, {OUTBOX: outbox, THREAD: moved})

    await world.fill()

    assert world.remarks() == ["1"]


@pytest.mark.parametrize("pages", PAGES)
async def test_outboxes_come_in_pages_or_not(world: World, pages: str) -> None:
    world.network.put(*PAGES[pages]([announced(rexs(1)), announced(rexs(2))]))

    await world.fill()

    assert world.titles() == ["Rex 1", "Rex 2"]


async def test_only_the_newest_posts_are_fetched_and_nobody_is_notified(world: World) -> None:
    world.network.put(ordered(OUTBOX, [announced(rexs(number)) for number in range(9)]))

    await world.fill(posts=3)

    assert world.titles() == ["Rex 0", "Rex 1", "Rex 2"]
    assert world.home.sent() == []


async def test_an_empty_outbox_is_done(world: World) -> None:
    for answer_of_peer in (
        document(OUTBOX, "OrderedCollection"),
        document(OUTBOX, "Note"),
        {"@context": [], "id": OUTBOX},
    ):
        world.network.put(answer_of_peer)
        await world.fill()
        assert world.is_done
        world.home(
            lambda ctx: (
                ctx.conn.execute(community_table.update().values(backfilled_at=None)) and None
            )
        )


async def test_a_community_without_an_outbox_is_done(world: World) -> None:
    bare = group("https://bare.example/c/bare", outbox=None)
    community = world.home.group(bare["id"], outbox=None)
    asked = world.home.perform(Follow(by=world.home.bob, target=community))
    world.network.put(bare)
    assert await world.node.receive(activity("Accept", bare["id"], asked.iri)) == "202"
    await world.backfill().fetch_communities()

    rows = {row["actor_id"]: row["backfilled_at"] for row in world.home.rows(community_table)}
    assert rows[community.id] is not None


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(activity("Like", REX, "https://dogs.example/post/1"), id="a vote"),
        pytest.param(
            activity("Announce", DOGS, activity("Like", REX, rexs())), id="in an Announce"
        ),
        pytest.param(activity("Announce", DOGS, [rexs(), kims()]), id="of many"),
        pytest.param(nested(rexs(), 9), id="in too many wrappings"),
        pytest.param(f"{ORIGIN}/post/1", id="ours by id"),
        pytest.param(inner(page(f"{ORIGIN}/post/9", f"{ORIGIN}/u/bob", DOGS)), id="ours, forged"),
        pytest.param(inner(rexs(to=[DOGS], cc=[])), id="not public"),
        pytest.param(inner(rexs(audience=RATS, to=[RATS, PUBLIC])), id="of another place"),
        pytest.param(inner(rexs(attributedTo=KIM)), id="in another's name"),
        pytest.param(inner(kims(7)), id="not at its origin"),
        pytest.param({"type": "Page", "name": "no id"}, id="without id"),
        pytest.param("no address", id="no address"),
        pytest.param({"type": "Tombstone", "id": "https://dogs.example/post/3"}, id="a tombstone"),
        pytest.param("https://dogs.example/gone", id="gone"),
        pytest.param("https://dogs.example/circle", id="an activity about itself, without an end"),
    ],
)
async def test_one_bad_entry_is_left_out_and_the_rest_is_kept(world: World, listed: Any) -> None:
    world.network.put(ordered(OUTBOX, [listed, announced(rexs(2))]))
    circle = activity("Announce", DOGS, "https://dogs.example/circle")
    world.network.put(circle | {"id": "https://dogs.example/circle"})
    # Its origin names another author than rex.
    world.network.put(rexs(attributedTo=KIM))
    world.network.gone("https://dogs.example/gone")

    await world.fill()

    assert world.titles() == ["Rex 2"]
    assert world.is_done


def omissions(world: World) -> dict[str, str]:
    """The ids of the omissions, with the code of the reason."""
    listed = world.home(lambda ctx: list_omissions(ctx.conn, 100))
    return {one.item: one.code for one in listed}


async def test_omissions_are_recorded_until_the_next_visit(world: World) -> None:
    gone = "https://dogs.example/post/9"
    world.network.put(ordered(OUTBOX, [gone, inner(rexs(to=[DOGS], cc=[])), announced(rexs(2))]))
    await world.fill()
    assert omissions(world) == {gone: "not_there", rexs()["id"]: "not_public"}

    world.network.put(ordered(OUTBOX, [announced(rexs(2))]))
    world.home(
        lambda ctx: ctx.conn.execute(community_table.update().values(backfilled_at=None)) and None
    )
    await world.backfill().fetch_communities()
    assert omissions(world) == {}


async def test_a_post_of_another_community_is_recorded_as_omitted(world: World) -> None:
    birds = "https://dogs.example/c/birds"
    world.home.follow(world.home.bob, world.home.group(birds))
    theirs = page("https://dogs.example/post/7", REX, birds)
    world.network.put(group(birds), theirs, ordered(OUTBOX, [theirs["id"], announced(rexs())]))
    announced_there = activity("Announce", birds, activity("Create", REX, theirs))
    assert await world.node.receive(announced_there) == "202"

    await world.fill()

    assert omissions(world)[theirs["id"]] == "wrong_community"


async def test_an_unreachable_outbox_is_recorded(world: World) -> None:
    world.network.put(document(OUTBOX, "Note"))
    await world.fill()
    assert omissions(world) == {OUTBOX: "not_a_collection"}


async def test_a_comment_in_an_outbox_is_stored_with_its_parents(world: World) -> None:
    world.network.put(rexs(), answer(1, rexs()["id"], REX))
    world.network.put(ordered(OUTBOX, ["https://dogs.example/note/1"]))

    await world.fill()

    assert (world.titles(), world.remarks()) == (["Rex 1"], ["1"])


async def test_blocked_hosts_are_not_requested(world: World) -> None:
    home = world.home
    world.network.put(ordered(OUTBOX, [announced(rexs()), announced(kims())]), kims())
    await world.accept()
    home(lambda ctx: block_instance(ctx, "dogs.example", "", home.ann))
    world.network.fetched()

    await world.backfill().fetch_communities()
    assert (world.network.fetched(), world.is_done) == ([], False)

    home(lambda ctx: unblock_instance(ctx, "dogs.example", home.ann))
    home(lambda ctx: block_instance(ctx, "kim.example", "", home.ann))
    await world.backfill().fetch_communities()
    assert world.titles() == ["Rex 1"]
    assert not [url for url in world.network.fetched() if "kim.example" in url]


THREAD = "https://dogs.example/post/1/context"
ROOT = "https://dogs.example/post/1"


def talk(world: World, *, context: Any = None, replies: Any = None, **more: Any) -> None:
    """Rex' post in the outbox, which gives the address of its comments."""
    fields = {"context": context} if context is not None else {}
    fields |= {"replies": replies} if replies is not None else {}
    world.network.put(ordered(OUTBOX, [announced(rexs(**fields, **more))]))


@pytest.mark.parametrize("shape", ["ids", "objects", "creates"])
async def test_comments_are_read_from_the_context(world: World, shape: str) -> None:
    one, two = answer(1, ROOT), answer(2, "https://kim.example/note/1", REX)
    items: dict[str, list[Any]] = {
        "ids": [ROOT, one["id"], two["id"]],
        "objects": [inner(rexs()), inner(one), inner(two)],
        "creates": [activity("Create", KIM, one), activity("Create", REX, two)],
    }
    talk(world, context=THREAD)
    world.network.put(ordered(THREAD, items[shape]), one, two)

    await world.fill()

    assert world.remarks() == ["1", "2"]
    rows = world.home.rows(comment)
    assert [row["depth"] for row in rows] == [0, 1]
    assert world.home.rows(post)[0]["comments"] == 2
    assert world.home.sent() == []
    asked = world.network.fetched()
    # Rex' comment is on the host that lists it; kim's is not.
    assert (two["id"] in asked) == (shape == "ids")
    assert asked.count(one["id"]) == 1


async def test_old_comments_are_as_old_as_they_are(world: World) -> None:
    talk(world, context=THREAD)
    old = answer(1, ROOT, published="2020-01-01T00:00:00Z")
    new = answer(2, ROOT, published="2021-01-01T00:00:00Z")
    world.network.put(ordered(THREAD, [new["id"], old["id"]]), old, new)

    await world.fill()

    row = world.home.rows(post)[0]
    assert row["last_comment_at"].year == 2021


async def test_a_reply_listed_before_its_parent_brings_the_parent(world: World) -> None:
    talk(world, context=THREAD)
    notes = [answer(1, ROOT), *(answer(n, f"https://kim.example/note/{n - 1}") for n in (2, 3))]
    world.network.put(ordered(THREAD, [notes[2]["id"]]), *notes)

    await world.fill()

    assert world.remarks() == ["1", "2", "3"]


@pytest.mark.parametrize("context", [None, THREAD, f"{ROOT}#context", "urn:conversation:1"])
async def test_without_a_usable_context_comments_are_read_from_the_replies(
    world: World, context: str | None
) -> None:
    replies = f"{ROOT}/replies"
    talk(world, context=context, replies=replies)
    below = "https://kim.example/note/1/replies"
    world.network.put(
        rexs(),
        document(replies, "Collection", items=["https://kim.example/note/1"]),
        answer(1, ROOT, replies=below),
        # Mastodon's first page has only the author's own replies.
        document(
            below,
            "Collection",
            first={"type": "CollectionPage", "items": [], "next": f"{below}?page=1"},
        ),
        document(f"{below}?page=1", "CollectionPage", items=["https://kim.example/note/2"]),
        answer(2, "https://kim.example/note/1"),
    )

    await world.fill()

    assert world.remarks() == ["1", "2"]


async def test_a_context_that_lists_nothing_but_the_post_leads_to_the_replies(
    world: World,
) -> None:
    replies = f"{ROOT}/replies"
    talk(world, context=THREAD, replies=replies)
    world.network.put(
        document(THREAD, "OrderedCollection", orderedItems=[ROOT]),
        document(replies, "Collection", items=["https://kim.example/note/1"]),
        answer(1, ROOT),
    )

    await world.fill()

    assert world.remarks() == ["1"]


async def test_replies_of_replies_end_at_some_depth(world: World) -> None:
    def listed(iri: str, number: int) -> Json:
        return {
            "id": f"{iri}/replies",
            "type": "Collection",
            "items": [f"https://kim.example/note/{number}"],
        }

    talk(world, replies=listed(ROOT, 1))
    for number in range(1, 9):
        above = ROOT if number == 1 else f"https://kim.example/note/{number - 1}"
        iri = f"https://kim.example/note/{number}"
        world.network.put(answer(number, above, replies=listed(iri, number + 1)))

    await world.fill(depth=3)

    assert world.remarks() == ["1", "2", "3"]


async def test_embedded_pages_vouch_only_for_the_host_that_serves_them(world: World) -> None:
    victim = answer(1, ROOT, KIM, content="<p>Forged</p>")
    forged = {"id": "https://kim.example/replies", "type": "Collection", "items": [inner(victim)]}
    talk(world, replies=forged)

    await world.fill()
    assert world.remarks() == []

    world.network.put(answer(1, ROOT, KIM))
    await again(world).fetch_communities()
    assert [row["body_html"] for row in world.home.rows(comment)] == ["<p>Answer 1</p>"]


async def test_a_host_is_not_trusted_about_authors_of_other_hosts(world: World) -> None:
    talk(world, context=THREAD)
    forged = "https://evil.example/note/1"
    world.network.put(ordered(THREAD, [forged]), note(forged, KIM, ROOT))

    await world.fill()

    assert world.remarks() == []


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(note("https://evil.example/note/1", EVE), id="that answers nothing"),
        pytest.param(answer(1, "https://evil.example/note/0", EVE), id="below another post"),
        pytest.param(answer(1, "https://dogs.example/post/2", EVE), id="below a known other post"),
        pytest.param(answer(1, "https://evil.example/note/1", EVE), id="that answers itself"),
        pytest.param(answer(1, f"{ORIGIN}/comment/9", EVE), id="below what is not here"),
        pytest.param(answer(1, ROOT, EVE, to=[KIM], cc=[]), id="that is private"),
    ],
)
async def test_a_context_cannot_add_objects_outside_the_thread(world: World, stray: Json) -> None:
    world.network.put(
        ordered(OUTBOX, [announced(rexs(1, context=THREAD)), announced(rexs(2))]),
        ordered(THREAD, [stray["id"], "https://kim.example/note/5"]),
        stray,
        note("https://evil.example/note/0", EVE),
        answer(5, ROOT),
    )

    await world.fill()

    assert world.remarks() == ["5"]
    assert world.titles() == ["Rex 1", "Rex 2"]


async def test_circular_replies_end(world: World) -> None:
    talk(world, context=THREAD)
    world.network.put(
        ordered(THREAD, ["https://kim.example/note/1"]),
        answer(1, "https://kim.example/note/2"),
        answer(2, "https://kim.example/note/1"),
    )

    await world.fill()

    assert world.remarks() == []
    assert len(world.network.fetched()) < 10


def again(world: World, **limits: Any) -> Backfill:
    """Undo the previous backfill."""
    world.home(
        lambda ctx: ctx.conn.execute(community_table.update().values(backfilled_at=None)) and None
    )
    world.network.fetched()
    return world.backfill(**limits)


class Peer:
    """A peer that generates its documents when they are requested."""

    def __init__(self, world: World, host: str, make: Callable[[str], Any]) -> None:
        self.asked: list[str] = []
        self._make, self._origin = make, f"https://{host}"
        world.network.applications[host] = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        url = self._origin + request.url.path
        url += f"?{request.url.query}" if request.url.query else ""
        self.asked.append(url)
        made = self._make(url)
        if asyncio.iscoroutine(made):
            made = await made
        answered = (
            made
            if isinstance(made, Response)
            else JSONResponse(
                made,
                status_code=404 if made is None else 200,
                media_type="application/activity+json",
            )
        )
        await answered(scope, receive, send)


def served(*documents: Json) -> dict[str, Json]:
    return {obj["id"]: obj for obj in documents}


def serve(world: World, more: dict[str, Json]) -> Peer:
    """The host of !dogs, whose documents need not be found under their ids."""
    return Peer(world, "dogs.example", (served(group(DOGS), person(REX)) | more).get)


async def test_endless_pages_are_abandoned(world: World) -> None:
    known = served(group(DOGS), person(REX), ordered(OUTBOX, first=f"{OUTBOX}?page=1"))

    def make(url: str) -> Any:
        if "?page=" not in url:
            return known.get(url)
        number = int(url.rpartition("=")[2])
        items = [announced(rexs(number))]
        return document(
            url, "OrderedCollectionPage", orderedItems=items, next=f"{OUTBOX}?page={number + 1}"
        )

    peer = Peer(world, "dogs.example", make)
    await world.fill(pages=4)

    assert world.titles() == [f"Rex {number}" for number in range(1, 5)]
    assert len([url for url in peer.asked if "?page=" in url]) == 4


@pytest.mark.parametrize(
    ("following", "pages"),
    [
        pytest.param(lambda _: f"{OUTBOX}?page=1", 1, id="itself"),
        pytest.param(lambda _: OUTBOX, 1, id="the collection"),
        pytest.param(lambda _: "https://evil.example/outbox?page=2", 1, id="another host"),
        pytest.param(lambda number: f"{OUTBOX}?page={number + 1}", 3, id="ever new, nothing new"),
    ],
)
async def test_pages_that_repeat_or_lead_elsewhere_are_abandoned(
    world: World, following: Callable[[int], str], pages: int
) -> None:
    known = served(group(DOGS), person(REX), ordered(OUTBOX, first=f"{OUTBOX}?page=1"))

    def make(url: str) -> Any:
        if "?page=" not in url:
            return known.get(url)
        number = int(url.rpartition("=")[2])
        items = [announced(rexs())]
        return document(url, "OrderedCollectionPage", orderedItems=items, next=following(number))

    peer = Peer(world, "dogs.example", make)
    await world.fill()

    assert world.titles() == ["Rex 1"]
    assert len([url for url in peer.asked if "?page=" in url]) == pages
    assert not [url for url in world.network.fetched() if "evil.example" in url]


async def test_an_unreachable_page_ends_the_list(world: World) -> None:
    first = {"type": "OrderedCollectionPage", "orderedItems": [announced(rexs())]}
    world.network.put(ordered(OUTBOX, first=first | {"next": f"{OUTBOX}?page=2"}))

    await world.fill()

    assert (world.titles(), world.is_done) == (["Rex 1"], True)


def crowd(world: World, count: int) -> list[Json]:
    """A thread with this many comments of kim's."""
    notes = [answer(number, ROOT) for number in range(1, count + 1)]
    talk(world, context=THREAD)
    world.network.put(ordered(THREAD, [one["id"] for one in notes]), *notes)
    return notes


async def test_a_visit_costs_no_more_than_it_may_and_the_next_goes_on(world: World) -> None:
    crowd(world, 9)

    await world.fill(documents=9)  # outbox, rex and kim, the thread and some of its comments
    first = len(world.remarks())
    assert 0 < first < 9
    assert not world.is_done

    world.network.fetched()
    await world.backfill(documents=9).fetch_communities()
    assert len(world.remarks()) > first
    assert "https://kim.example/note/1" not in world.network.fetched()

    await world.backfill().fetch_communities()
    assert (len(world.remarks()), world.is_done) == (9, True)


async def test_a_community_that_never_ends_is_done_after_some_visits(world: World) -> None:
    crowd(world, 9)
    await world.accept()
    backfill = world.backfill(documents=1, visits=2)

    await backfill.fetch_communities()
    assert not world.is_done
    await backfill.fetch_communities()
    assert world.is_done

    world.network.fetched()
    await backfill.fetch_communities()
    assert world.network.fetched() == []


@pytest.mark.parametrize("where", ["posts", "context", "replies"])
async def test_a_visit_ends_when_its_time_is_over(world: World, where: str) -> None:
    listed = [f"https://kim.example/note/{number}" for number in (1, 2)]
    more: Json = {
        "posts": {},
        "context": {"context": THREAD},
        "replies": {"replies": {"type": "Collection", "items": listed}},
    }[where]
    world.network.put(ordered(THREAD, listed))
    world.network.put(ordered(OUTBOX, [announced(rexs(1, **more)), announced(rexs(2, **more))]))
    slow = {"posts": "https://dogs.example/u/rex", "context": THREAD, "replies": listed[0]}[where]
    known = {url: json.loads(found.content) for url, found in world.network._answers.items()}
    known |= served(answer(1, ROOT, replies=f"{ROOT}/replies"), answer(2, ROOT))

    async def late(url: str) -> Any:
        if url == slow:
            await asyncio.sleep(0.6)
        return known.get(url)

    for host in ("dogs.example", "kim.example"):
        Peer(world, host, late)
    await world.fill(seconds=0.5)

    assert not world.is_done
    await world.backfill().fetch_communities()
    assert (world.titles(), world.is_done) == (["Rex 1", "Rex 2"], True)


async def test_requests_to_each_host_are_limited(world: World) -> None:
    notes = crowd(world, 9)

    await world.fill(of_one_host=5)

    asked = world.network.fetched()
    assert len([url for url in asked if "kim.example" in url]) == 5  # kim, and four of the notes
    assert len(world.remarks()) == 4
    assert world.is_done
    assert notes[8]["id"] not in asked


async def test_a_failing_host_is_not_requested_further(world: World) -> None:
    crowd(world, 9)
    world.network.silent.add("kim.example")

    await world.fill(faults=2)

    asked = [url for url in world.network.fetched() if "kim.example" in url]
    assert len(asked) == 2
    assert world.is_done


async def test_a_host_that_sends_retry_after_is_left_at_once(world: World) -> None:
    notes = crowd(world, 9)
    for one in notes:
        world.network.answer(one["id"], status=429, **{"Retry-After": "60"})

    await world.fill()

    assert [url for url in world.network.fetched() if "kim.example" in url] == [notes[0]["id"]]


async def test_a_community_that_is_down_is_visited_again(world: World) -> None:
    talk(world)
    await world.accept()
    world.network.silent.add("dogs.example")
    backfill = world.backfill(visits=1)

    await backfill.fetch_communities()
    assert not world.is_done

    world.network.silent.clear()
    await backfill.fetch_communities()
    assert (world.titles(), world.is_done) == (["Rex 1"], True)


async def test_a_crash_in_the_middle_loses_nothing_and_doubles_nothing(world: World) -> None:
    notes = [answer(number, ROOT, REX) for number in (1, 2, 3)]
    listed = ordered(THREAD, [one["id"] for one in notes])
    outbox = ordered(OUTBOX, [announced(rexs(1, context=THREAD)), announced(rexs(2))])
    known = served(group(DOGS), person(REX), listed, outbox, *notes)
    reached, never = asyncio.Event(), asyncio.Event()

    async def make(url: str) -> Any:
        if url == notes[1]["id"] and not reached.is_set():
            reached.set()
            await never.wait()
        return known.get(url)

    Peer(world, "dogs.example", make)
    await world.accept()
    running = asyncio.create_task(world.backfill().fetch_communities())
    await asyncio.wait_for(reached.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (world.remarks(), world.is_done) == (["1"], False)

    await world.backfill().fetch_communities()

    assert world.remarks() == ["1", "2", "3"]
    assert (world.titles(), world.is_done) == (["Rex 1", "Rex 2"], True)
    assert sorted(row["comments"] for row in world.home.rows(post)) == [0, 3]


async def test_only_communities_that_are_followed_here_are_visited(world: World) -> None:
    talk(world)
    await world.backfill().fetch_communities()
    assert (world.titles(), world.is_done) == ([], False)  # requested, not accepted

    await world.fill()
    assert world.is_done


async def test_it_pauses_between_requests(world: World) -> None:
    crowd(world, 3)
    await world.accept()
    began = asyncio.get_running_loop().time()

    await world.backfill(pause=0.02).fetch_communities()

    took = asyncio.get_running_loop().time() - began
    assert took >= 0.02 * 6  # outbox, rex, the thread, three comments; kim


async def test_a_visit_that_fails_altogether_does_not_end_the_others(world: World) -> None:
    talk(world)
    world.home(
        lambda ctx: (
            ctx.conn.execute(community_table.update().values(backfilled_at=ctx.now)) and None
        )
    )

    class Broken(Backfill):
        async def _visit_community(self, community: Community) -> None:
            if community.id == world.dogs.id:
                raise RuntimeError("a mistake of ours")
            await super()._visit_community(community)

    cows = "https://cows.example/c/cows"
    community = world.home.group(cows)
    asked = world.home.perform(Follow(by=world.home.bob, target=community))
    world.network.put(group(cows))
    assert await world.node.receive(activity("Accept", cows, asked.iri)) == "202"
    await world.accept()
    again(world)

    await Broken(world.node.instance.units, ORIGIN, world.home.clock, QUICK).fetch_communities()

    done = {
        row["actor_id"]: row["backfilled_at"] is not None
        for row in world.home.rows(community_table)
    }
    assert (done[world.dogs.id], done[community.id]) == (False, True)


async def test_an_accepted_follow_starts_it_at_once(world: World) -> None:
    talk(world)
    running = asyncio.create_task(world.node.instance.backfill.run())
    await world.accept()
    await until(lambda: world.is_done)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert world.titles() == ["Rex 1"]


async def test_work_interrupted_by_a_crash_is_found_at_the_start(world: World) -> None:
    talk(world)
    await world.accept()
    running = asyncio.create_task(world.node.instance.serve())
    await until(lambda: world.is_done)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert world.titles() == ["Rex 1"]


async def test_looking_up_a_post_fetches_its_comments(world: World) -> None:
    one, two = answer(1, kims()["id"]), answer(2, "https://kim.example/note/1")
    listed = ordered("https://kim.example/thread", [one["id"], two["id"]])
    world.network.put(kims(context=listed["id"]), one, two, listed)

    found = await world.node.instance.lookup(kims()["id"])
    assert isinstance(found, Post)
    await world.node.instance.backfill.fetch_threads()

    assert world.remarks() == ["1", "2"]
    assert world.home.sent() == []

    # Asked again soon after, no peer gets a request.
    world.network.fetched()
    await world.node.instance.lookup(kims()["id"])
    await world.node.instance.backfill.fetch_threads()
    assert world.network.fetched() == []

    world.home.clock.advance(hours=1)
    await world.node.instance.lookup(two["id"])  # the same thread
    await world.node.instance.backfill.fetch_threads()
    assert world.network.fetched() == [kims()["id"], listed["id"]]


async def test_a_thread_whose_post_is_unreachable_is_read_from_stored_data(
    world: World,
) -> None:
    listed = ordered("https://kim.example/thread", [answer(1, kims()["id"])["id"]])
    world.network.put(kims(context=listed["id"]), answer(1, kims()["id"]), listed)
    await world.node.instance.lookup(kims()["id"])
    world.network.lose(kims()["id"])

    await world.node.instance.backfill.fetch_threads()

    assert world.remarks() == ["1"]


async def test_local_threads_are_not_fetched(world: World) -> None:
    ours = world.home.post()
    world.home.person(KIM)
    theirs = world.home.post(by=world.home.person(KIM), iri="https://kim.example/post/7")
    backfill = world.backfill()
    world.network.fetched()
    for about in (ours, theirs, world.home.comment(ours)):
        backfill.want_thread(about)

    await backfill.fetch_threads()

    assert world.network.fetched() == []


async def test_no_more_threads_wait_than_can_be_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedcom.background.backfill.THREADS", 2)
    backfill = world.backfill()
    posts = [world.home.post() for _ in range(4)]
    for about in posts:
        backfill.want_thread(about)
    assert len(backfill._waiting) == 2

    await backfill.fetch_threads()
    backfill.want_thread(posts[3])
    assert (len(backfill._waiting), len(backfill._fetched)) == (1, 1)


async def test_a_new_follower_finds_the_old_posts_and_comments_of_another_instance(
    world: World, clock: SettableClock, tmp_path: Path
) -> None:
    """Two whole instances that talk over a network in memory."""
    home, node = world.home, world.node
    settings = Settings(
        origin="https://far.example",
        data_dir=tmp_path / "far",
        database_url=f"sqlite:///{tmp_path}/far.sqlite3",
        secret_key="another secret for tests and for nothing else",
    )
    async with open_instance(settings, clock=clock, transport=node.network) as far:
        app = create_app(settings)
        app.state.instance = far
        node.network.applications["far.example"] = app
        people: list[Person] = []
        for name in ("flo", "gil"):
            key = await far.new_key()
            newcomer = NewAccount(name=name, password_hash="no password fits")
            made = await far.unit(
                lambda ctx, newcomer=newcomer, key=key: create_account(ctx, newcomer, key, "admin")
            )
            people.append(made.person)
        flo, gil = people
        key = await far.new_key()
        fish = await far.unit(
            lambda ctx: perform(ctx, CreateCommunity(by=flo, name="fish", key=key))
        )
        old = await far.unit(
            lambda ctx: perform(ctx, CreatePost(by=flo, community=fish, title="Fish swim"))
        )
        above = await far.unit(lambda ctx: perform(ctx, _remark(flo, old, None, "One")))
        await far.unit(lambda ctx: perform(ctx, _remark(gil, old, above, "Two")))
        await far.unit(lambda ctx: perform(ctx, Vote(by=gil, target=old, score=1)))

        community = await node.instance.lookup("!fish@far.example")
        assert isinstance(community, Community)
        assert home.rows(post) == []
        await node.instance.unit(lambda ctx: perform(ctx, Follow(by=home.bob, target=community)))
        for one, other in ((node.instance, far), (far, node.instance)):
            await one.dispatcher.drain()
            await other.inbox.drain()
        await node.instance.backfill.fetch_communities()

        assert [row["iri"] for row in home.rows(post)] == [old.iri]
        assert [(row["body_html"], row["depth"]) for row in home.rows(comment)] == [
            ("<p>One</p>", 0),
            ("<p>Two</p>", 1),
        ]
        # The author's own vote, as for every post; votes are not fetched.
        assert home.rows(post)[0]["upvotes"] == 1
        assert home.rows(post)[0]["context_iri"] == f"{old.iri}/context"


def _remark(by: Person, about: Post, above: Any, text: str) -> CreateComment:
    return CreateComment(by=by, post=about, parent=above, body=Body.of_markdown(text))

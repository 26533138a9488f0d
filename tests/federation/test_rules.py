"""The rules of the federation, each with the attack or the mistake that it prevents.

Every row is delivered as a peer would deliver it: an HTTP POST with a real signature. A row gives
the result of each delivery, the changes in the database, the deliveries queued for others, and the
documents that were fetched. Anything that a row does not name has not changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from fedcom.actions.ban import Ban
from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.report import BY_ONE, Report
from fedcom.models.actor import Community, Person, community as community_table
from fedcom.models.comment import comment
from fedcom.models.digest import digest_of
from fedcom.models.follow import follow
from fedcom.models.personal import actor_block
from fedcom.models.post import post
from fedcom.site.instances import block_instance
from fedcom.wire.body import Body
from tests.support.documents import activity, document, group, note, page, pems, person, undo
from tests.support.foundations import founded
from tests.support.node import Node, changes
from tests.support.people import HOST, ORIGIN, received
from tests.support.recount import miscounted_authors

CATS, BOB = f"{ORIGIN}/c/cats", f"{ORIGIN}/u/bob"
DOGS, REX, MAX = (f"https://dogs.example/{name}" for name in ("c/dogs", "u/rex", "u/max"))
KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
LEA = "https://lea.example/u/lea"
EVE = "https://evil.example/u/eve"
RATS = "https://rats.example/c/rats"
FORUM = "https://forum.example/u/fan"

IN_CATS, IN_CATS_BY_KIM = f"{ORIGIN}/post/1", "https://kim.example/post/1"
# It need not be known: we are authoritative for everything under our origin.
IN_DOGS_BY_BOB = f"{ORIGIN}/post/5"
FEED = {"id": "https://kim.example/f/all", "type": "Feed", "attributedTo": KIM}
IN_DOGS_BY_KIM, IN_DOGS_BY_REX = "https://kim.example/post/2", "https://dogs.example/post/3"
NEW, LATER = "https://kim.example/post/9", "2026-01-01T11:59:00Z"
PRIVATE = {"to": [f"{KIM}/followers"], "cc": []}
TO_US = {"tag": [{"type": "Mention", "href": CATS, "name": f"@cats@{HOST}"}]}


class Stage:
    """Our !cats, followed from forum.example; the remote !dogs, which bob follows and max
    moderates.

    Bob and kim have a post in !cats, kim and rex one in !dogs. Lea and eve are not known yet.
    """

    def __init__(self, node: Node) -> None:
        self.node, self.home, self.network = node, node.home, node.network
        what = (Stage, node.home.clock())
        self.kim, self.max, self.rex, self.dogs = founded(node.home.database, what, self._found)
        self.home.sent()
        for iri in (KIM, KEN, LEA, EVE, REX, MAX):
            self.network.put(person(iri))
        self.network.put(group(DOGS), group(RATS))
        self.network.put(page(IN_CATS_BY_KIM, KIM, CATS, name="Theirs"))
        self.network.put(page(IN_DOGS_BY_KIM, KIM, DOGS, name="Elsewhere"))
        self.network.put(page(IN_DOGS_BY_REX, REX, DOGS, name="Dogs bark"))

    def _found(self) -> tuple[Person, Person, Person, Community]:
        home = self.home
        kim = home.person(KIM, "mastodon")
        max_, rex = home.person(MAX), home.person(REX)
        dogs = home.group(DOGS, "piefed", featured=f"{DOGS}/featured")
        home.perform(AddModerator(by=home.ann, community=home.cats, person=max_))
        home.follow(home.bob, dogs)
        home(lambda ctx: ctx.conn.execute(update(follow).values(state="accepted")))
        home.follow(home.person(FORUM, "piefed"), home.cats)
        home.post(title="Ours")
        home.post(by=kim, iri=IN_CATS_BY_KIM, title="Theirs")
        home.post(by=kim, community=dogs, iri=IN_DOGS_BY_KIM, title="Elsewhere")
        home.post(by=rex, community=dogs, iri=IN_DOGS_BY_REX, title="Dogs bark")
        home(AddModerator(by=max_, community=dogs, person=max_).apply)
        return kim, max_, rex, dogs

    def ban(self, person: Person, community: Community | None = None) -> None:
        """By our admin; the deliveries for it are discarded."""
        self.home.perform(
            Ban(by=self.home.ann, person=person, community=community, reason="enough")
        )
        self.home.sent()


Json = dict[str, Any]
Delivery = tuple[Json, str, str]


@dataclass(frozen=True)
class Row:
    """`received` are the deliveries: an activity, or that with its signer and the inbox it goes to.

    `answers` is one for each (see `Node.receive`); `sent` the shapes queued for others; `fetched`
    the documents that were fetched besides, or None if that is not the point.
    """

    prevents: str
    received: Iterable[Any]
    answers: tuple[str, ...] = ("202",)
    changed: dict[str, str] = field(default_factory=dict)
    sent: tuple[str, ...] = ()
    fetched: tuple[str, ...] | None = ()
    before: Callable[[Stage], object] = lambda stage: None


def row(name: str, prevents: str, *received: Any, **expected: Any) -> Any:
    answers = expected.pop("answers", ("202",) * len(received))
    if isinstance(answers, str):
        answers = (answers,)
    return pytest.param(Row(prevents, received, answers=answers, **expected), id=name)


def create(obj: Json, by: str | None = None, **more: Any) -> Json:
    return activity("Create", by or obj["attributedTo"], obj, **more)


def undone(*several: Json, by: str | None = None) -> dict[str, str]:
    """The tombstones of these activities, set by their actor or by a community."""
    return {f"undone {digest_of(received['id'])}": by or received["actor"] for received in several}


def announce(obj: Any, by: str = DOGS) -> Json:
    return activity("Announce", by, obj)


def serve(*documents: Json) -> Callable[[Stage], None]:
    return lambda stage: stage.network.put(*documents)


def go(*urls: str) -> Callable[[Stage], None]:
    return lambda stage: stage.network.gone(*urls)


def lose(*urls: str) -> Callable[[Stage], None]:
    return lambda stage: stage.network.lose(*urls)


def block(host: str) -> Callable[[Stage], None]:
    return lambda stage: stage.home(lambda ctx: block_instance(ctx, host, ""))


def also(*steps: Callable[[Stage], object]) -> Callable[[Stage], None]:
    def all_steps(stage: Stage) -> None:
        for step in steps:
            step(stage)

    return all_steps


def announced(shape: str) -> tuple[str, ...]:
    return (f"c/cats: Announce{{{shape}}}",)


POST = page(NEW, KIM, CATS, name="New")
DOG_POST = page(NEW, KIM, DOGS, name="New")
REMARK = note("https://kim.example/note/1", KIM, IN_CATS)
LIKE = activity("Like", KIM, IN_CATS)
BACK = activity("Delete", KIM, IN_CATS_BY_KIM)

AUTHORITY = [
    row(
        "a-post-by-its-author",
        "nothing: this is how it should be",
        create(POST),
        changed={NEW: "New | shown | 1"},
        sent=announced("Create{Page}"),
    ),
    row(
        "create-in-anothers-name",
        "words put into the mouth of somebody on another host",
        create(page("https://evil.example/post/9", KIM, CATS), EVE),
        before=serve(page("https://evil.example/post/9", KIM, CATS)),
        answers="202 owner_elsewhere",
        fetched=(EVE, "https://evil.example/post/9"),
    ),
    row(
        "create-under-anothers-address",
        "an object planted under the address of another host",
        create(page("https://kim.example/post/x", EVE, CATS), EVE),
        answers="202 not_there",
        fetched=(EVE, "https://kim.example/post/x"),
    ),
    row(
        "create-over-anothers-post",
        "a post taken over by somebody on another host",
        create(page(IN_CATS_BY_KIM, EVE, CATS, name="Mine now"), EVE),
        answers="202 not_the_owner",
        fetched=(EVE, IN_CATS_BY_KIM),
    ),
    row(
        "create-over-our-post",
        "a post of ours rewritten from outside",
        create(page(IN_CATS, EVE, CATS), EVE),
        answers="403 object_is_ours",
        fetched=(EVE,),
    ),
    row(
        "update-by-another",
        "an edit by somebody who is not the author",
        activity("Update", EVE, page(IN_CATS_BY_KIM, KIM, CATS, name="Defaced")),
        answers="202 not_the_owner",
        fetched=(EVE, IN_CATS_BY_KIM),
    ),
    row(
        "update-by-a-neighbour",
        "an edit by somebody else on the author's host",
        activity("Update", KEN, page(IN_CATS_BY_KIM, KEN, CATS, name="Defaced")),
        answers="202 not_the_owner",
        fetched=(KEN, IN_CATS_BY_KIM),
    ),
    row(
        "delete-by-another",
        "a deletion by somebody on another host",
        activity("Delete", EVE, IN_CATS_BY_KIM),
        answers="403 not_owner",
        fetched=(EVE,),
    ),
    row(
        "delete-by-a-neighbour",
        "a deletion by somebody else on the author's host",
        activity("Delete", KEN, IN_CATS_BY_KIM),
        answers="202 not_confirmed",
        fetched=(KEN, IN_CATS_BY_KIM),
    ),
    row(
        "delete-of-somebody-else",
        "a person erased by another",
        activity("Delete", EVE, KIM),
        answers="403 not_owner",
        fetched=(EVE,),
    ),
    row(
        "authors-listed-victim-first",
        "a check that reads one author of a list and a use that reads another (NodeBB 813c37a6)",
        create(page("https://evil.example/post/9", [KIM, EVE], CATS), EVE),
        before=serve(page("https://evil.example/post/9", [KIM, EVE], CATS)),
        answers="202 owner_elsewhere",
        fetched=(EVE, "https://evil.example/post/9"),
    ),
    row(
        "authors-listed-attacker-first",
        "the same the other way around: it counts as the first author's everywhere",
        create(page("https://evil.example/post/9", [EVE, KIM], CATS, name="By eve"), EVE),
        changed={"https://evil.example/post/9": "By eve | shown | 1", EVE: "Person"},
        sent=announced("Create{Page}"),
        fetched=(EVE,),
    ),
    row(
        "two-actors",
        "an activity signed by one and said by another",
        (create(page("https://evil.example/post/9", EVE, CATS)) | {"actor": [EVE, KIM]}, EVE),
        answers="400 actor_missing",
    ),
    row(
        "undo-of-anothers-vote",
        "votes taken back by others",
        LIKE,
        undo(LIKE) | {"actor": EVE, "id": "https://evil.example/undo"},
        answers=("202", "403 undo_of_anothers"),
        changed={IN_CATS: "Ours | shown | 2"},
        sent=announced("Like{id}"),
        fetched=(EVE,),
    ),
    row(
        "undo-of-anothers-follow",
        "followers thrown out by others",
        undo(activity("Follow", FORUM, CATS)) | {"actor": EVE, "id": "https://evil.example/undo"},
        answers="403 undo_of_anothers",
        fetched=(EVE,),
    ),
    row(
        "accept-by-another",
        "a follow answered by somebody who was not asked",
        activity("Accept", EVE, activity("Follow", BOB, DOGS)),
        answers="403 follow_unknown",
        fetched=(EVE,),
    ),
    row(
        "profile-from-the-message",
        "a key replaced by what an Update carries (GoToSocial 9cd27b412): the origin is asked",
        activity("Update", KIM, person(KIM, name="Forged")),
        before=serve(person(KIM, name="Kim")),
        changed={KIM: "Person Kim"},
        fetched=(KIM,),
    ),
    row(
        "profile-of-another",
        "a profile changed by another",
        activity("Update", EVE, person(KIM, name="Forged")),
        before=serve(person(KIM, name="Kim")),
        answers="202 not_the_owner",
        fetched=(EVE, KIM),
    ),
    row(
        "moderation-by-no-moderator",
        "our members' posts removed, and moderators made, by anybody",
        activity("Delete", KIM, IN_CATS, summary="spam"),
        activity("Add", KIM, KIM, target=f"{CATS}/moderators"),
        activity("Update", KIM, group(CATS, name="Kim's")),
        answers=("403 not_owner", "403 not_moderator", "403 not_moderator"),
    ),
    row(
        "moderation-by-a-moderator",
        "nothing: a moderator elsewhere moderates our community",
        activity("Delete", MAX, IN_CATS, summary="spam"),
        activity("Add", MAX, KIM, target=f"{CATS}/moderators"),
        changed={IN_CATS: "Ours | removed | 1", f"{KIM} moderates {CATS}": "yes"},
        sent=("c/cats: Announce{Add{id}}", "c/cats: Announce{Delete{id}}"),
    ),
    row(
        "direct-moderation-elsewhere",
        "a removal in a community elsewhere that it did not announce",
        activity("Delete", MAX, IN_DOGS_BY_KIM, summary="spam"),
        activity("Add", MAX, KIM, target=f"{DOGS}/moderators"),
        answers=("403 not_owner", "202 waits_for_announce"),
    ),
    row(
        "site-ban-of-another-host",
        "people banned from a site by another site",
        activity("Block", EVE, BOB, target=f"{ORIGIN}/"),
        activity("Block", EVE, BOB, target="https://dogs.example/"),
        activity("Block", EVE, BOB, target="https://["),
        answers=("403 not_moderator",) * 3,
        fetched=(EVE,),
    ),
    row(
        "bans-locks-and-pins-by-no-moderator",
        "our members silenced and our threads closed by anybody",
        activity("Block", KIM, BOB, target=CATS),
        activity("Undo", KIM, activity("Block", KIM, BOB, target=CATS)),
        activity("Lock", KIM, IN_CATS),
        activity("Add", KIM, IN_CATS, target=f"{CATS}/featured"),
        answers=("403 not_moderator",) * 4,
    ),
    row(
        "bans-locks-and-pins-by-a-moderator",
        "nothing: a moderator elsewhere moderates our community",
        activity("Lock", MAX, IN_CATS, summary="enough"),
        activity("Add", MAX, IN_CATS, target=f"{CATS}/featured"),
        activity("Block", MAX, BOB, target=CATS, summary="spam"),
        changed={
            f"{IN_CATS} is locked": "yes",
            f"{IN_CATS} is featured": "yes",
            f"{BOB} is banned from {CATS}": "spam",
        },
        sent=(
            "c/cats: Announce{Add{id}}",
            "c/cats: Announce{Block{id}}",
            "c/cats: Announce{Lock{id}}",
        ),
    ),
    row(
        "direct-bans-locks-and-pins-elsewhere",
        "what moderators do elsewhere, without their community",
        activity("Lock", MAX, IN_DOGS_BY_KIM),
        activity("Add", MAX, IN_DOGS_BY_KIM, target=f"{DOGS}/featured"),
        activity("Block", MAX, BOB, target=DOGS),
        answers=("202 waits_for_announce",) * 3,
    ),
    row(
        "site-ban-of-its-own",
        "nothing: a site bans its own people",
        activity("Block", KEN, KIM, target="https://kim.example/", summary="spam"),
        changed={f"{KIM} is banned": "spam", KEN: "Person"},
        fetched=(KEN,),
    ),
    row(
        "site-ban-of-anothers",
        "somebody of a third site banned everywhere by the admin of another",
        activity("Block", MAX, KIM, target="https://dogs.example/"),
        answers="403 not_their_site",
    ),
    row(
        "site-ban-of-our-member",
        "nothing: a site keeps a member of ours out of its own communities",
        activity("Block", MAX, BOB, target="https://dogs.example/", summary="spam"),
        changed={f"{BOB} is banned from {DOGS}": "spam", f"{BOB} follows {DOGS}": "none"},
    ),
    row(
        "our-own-actor",
        "somebody speaking in the name of our members",
        (activity("Create", BOB, page(f"{ORIGIN}/post/9", BOB, CATS)), BOB),
        answers="403 actor_is_ours",
    ),
]

ANNOUNCES = [
    row(
        "announced-post-of-the-same-host",
        "nothing: a community is the authority for its own host",
        announce(create(page("https://dogs.example/post/9", REX, DOGS, name="New"))),
        changed={"https://dogs.example/post/9": "New | shown | 1"},
    ),
    row(
        "announced-post-of-a-third-host",
        "words forged by the announcer: the origin's copy replaces what was embedded",
        announce(create(DOG_POST | {"name": "Forged"})),
        before=serve(DOG_POST),
        changed={NEW: "New | shown | 1"},
        fetched=(NEW,),
    ),
    row(
        "announced-edit-of-a-third-host",
        "an edit forged by the announcer",
        announce(activity("Update", KIM, page(IN_DOGS_BY_KIM, KIM, DOGS, name="Forged"))),
        fetched=(IN_DOGS_BY_KIM,),
    ),
    row(
        "announced-id",
        "nothing: what is announced by its id is fetched",
        announce(NEW),
        before=serve(DOG_POST),
        changed={NEW: "New | shown | 1"},
        fetched=(NEW,),
    ),
    row(
        "announced-post-of-another-community",
        "a community that adorns itself with the posts of another",
        announce(NEW),
        announce(create(page("https://dogs.example/post/9", REX, RATS))),
        before=serve(page(NEW, KIM, RATS)),
        answers=("202 wrong_community", "403 wrong_community"),
        fetched=(NEW,),
    ),
    row(
        "announce-by-a-person",
        "a boost taken for the word of a community",
        announce(create(POST), by=LEA),
        announce(NEW, by=LEA) | {"id": "https://lea.example/did/2"},
        before=serve(POST),
        answers=("202 not_a_community",) * 2,
        fetched=(LEA,),
    ),
    row(
        "announce-of-what-we-never-said",
        "words put into our members' mouths by a community elsewhere",
        announce(activity("Like", BOB, IN_DOGS_BY_REX)),
        answers="403 not_said_by_us",
    ),
    row(
        "vote-on-a-post-of-another-community",
        "votes stuffed by a community into the posts of others",
        announce(activity("Like", LEA, IN_CATS)),
        announce(activity("Like", REX, IN_CATS)),
        answers=("403 not_their_post",) * 2,
    ),
    row(
        "vote-that-was-announced",
        "nothing: a community vouches for the votes on its posts",
        announce(activity("Like", LEA, IN_DOGS_BY_KIM)),
        changed={IN_DOGS_BY_KIM: "Elsewhere | shown | 2", LEA: "Person"},
        fetched=(LEA,),
    ),
    row(
        "announced-removal-by-no-moderator",
        "a removal by somebody who does not moderate the announcing community",
        announce(activity("Delete", KIM, IN_DOGS_BY_REX, summary="spam")),
        answers="403 not_owner",
    ),
    row(
        "announced-removal-by-a-moderator",
        "nothing: moderators and the admins of the community's host remove (FEP-1b12)",
        announce(activity("Delete", MAX, IN_DOGS_BY_KIM, summary="spam")),
        announce(activity("Delete", "https://dogs.example/u/root", IN_DOGS_BY_REX, summary="spam")),
        before=serve(person("https://dogs.example/u/root")),
        changed={
            IN_DOGS_BY_KIM: "Elsewhere | removed | 1",
            IN_DOGS_BY_REX: "Dogs bark | removed | 1",
            "https://dogs.example/u/root": "Person",
        },
        fetched=("https://dogs.example/u/root",),
    ),
    row(
        "announced-removal-in-our-community",
        "a community elsewhere that moderates ours",
        announce(activity("Delete", MAX, IN_CATS, summary="spam")),
        answers="403 not_owner",
    ),
    row(
        "announced-bans-locks-and-pins",
        "nothing: a community tells what its moderators did",
        announce(activity("Lock", MAX, IN_DOGS_BY_KIM)),
        announce(activity("Add", MAX, IN_DOGS_BY_KIM, target=f"{DOGS}/featured")),
        announce(activity("Block", MAX, KIM, target=DOGS, removeData=True, summary="spam")),
        changed={
            f"{IN_DOGS_BY_KIM} is locked": "yes",
            f"{IN_DOGS_BY_KIM} is featured": "yes",
            IN_DOGS_BY_KIM: "Elsewhere | removed | 1",
            f"{KIM} is banned from {DOGS}": "spam",
        },
    ),
    row(
        "announced-by-the-wrong-community",
        "a community elsewhere that locks, pins and bans in ours",
        announce(activity("Lock", MAX, IN_CATS)),
        announce(activity("Add", MAX, IN_CATS, target=f"{CATS}/featured")),
        announce(activity("Block", MAX, BOB, target=CATS)),
        answers=("403 not_their_post", "403 not_their_collection", "403 not_their_collection"),
    ),
    row(
        "announced-pin-of-anothers-post",
        "a community that pins what is not its own",
        announce(activity("Add", MAX, IN_CATS, target=f"{DOGS}/featured")),
        answers="403 wrong_community",
    ),
    row(
        "announced-moderator-of-our-community",
        "a community elsewhere that appoints moderators of ours",
        announce(activity("Add", MAX, KIM, target=f"{CATS}/moderators")),
        answers="403 not_their_collection",
    ),
    row(
        "one-bad-apple",
        "a refused vote that takes the others with it (PieFed announces votes by the dozen)",
        activity(
            "Announce",
            DOGS,
            [
                activity("Like", KIM, "https://dogs.example/post/404", id=f"{KIM}#1"),
                activity("Like", KIM, IN_CATS, id=f"{KIM}#2"),
                activity("Dislike", KIM, IN_DOGS_BY_REX, id=f"{KIM}#3"),
            ],
            id="https://dogs.example/did/several",
        ),
        changed={IN_DOGS_BY_REX: "Dogs bark | shown | 0"},
        fetched=("https://dogs.example/post/404",),
    ),
    row(
        "announced-membership-of-another",
        "a community that makes people follow another",
        announce(activity("Follow", KIM, CATS)),
        answers="403 not_their_member",
    ),
]

PRIVACY = [
    row(
        "followers-only-mention",
        "a followers-only note made public because it mentions a community",
        create(note("https://kim.example/note/1", KIM, **PRIVATE, **TO_US)),
        answers="202 not_public",
    ),
    row(
        "direct-note",
        "a direct note made public because it is addressed to a community",
        create(note("https://kim.example/note/1", KIM, to=[CATS], **TO_US)),
        create(page("https://kim.example/post/7", KIM, CATS, to=[CATS])),
        answers=("202 not_public", "202 not_public"),
    ),
    row(
        "private-reply",
        "a followers-only answer shown below a public post",
        create(note("https://kim.example/note/1", KIM, IN_CATS, **PRIVATE)),
        answers="202 not_public",
    ),
    row(
        "private-behind-a-public-activity",
        "the addressing of the envelope taken for that of what is inside",
        create(note("https://kim.example/note/1", KIM, IN_CATS, **PRIVATE), to=["as:Public"]),
        answers="202 not_public",
    ),
    row(
        "announced-private-note",
        "a followers-only note shown because a community announced it",
        announce(create(note("https://dogs.example/note/1", REX, IN_DOGS_BY_REX, **PRIVATE))),
        answers="202 not_public",
    ),
    row(
        "public-made-private",
        "new words shown although they were narrowed to the followers",
        activity("Update", KIM, page(IN_CATS_BY_KIM, KIM, CATS, **PRIVATE), updated=LATER),
        answers="202 not_public",
    ),
    row(
        "unlisted",
        "nothing: Public in cc is public",
        create(note(NEW, KIM, IN_CATS, to=[f"{KIM}/followers"], cc=["as:Public"])),
        changed={NEW: "<p>A remark</p> | shown | 1"},
        sent=announced("Create{Note}"),
    ),
]

IN_ENVELOPE = {"to": [CATS], "audience": CATS}


def write_to_kim(stage: Stage) -> None:
    """A private message from bob, which is message 1."""
    private_text = Body.of_markdown("Psst")
    stage.home.perform(SendMessage(by=stage.home.bob, to=stage.kim, body=private_text))
    stage.home.sent()


def report_many(stage: Stage) -> None:
    """As many reports by kim as one person may make in an hour."""
    for number in range(BY_ONE):
        about = stage.home.post(title=f"Post {number}")
        iri = f"{KIM}#flags/{number}"
        stage.home.perform(Report(by=stage.kim, target=about, reason="", iri=iri), received(KIM))
    stage.home.sent()


REPORTS = [
    row(
        "report-by-a-stranger",
        "nothing: a report is kept, told to max who moderates, and withdrawn by who made it",
        activity("Flag", KIM, IN_CATS, summary="Rude.", **IN_ENVELOPE),
        undo(activity("Flag", KIM, IN_CATS, summary="Rude.", **IN_ENVELOPE)),
        activity("Flag", MAX, IN_CATS, content="Rude."),
        changed={
            f"report of number 1 by {KIM}": "resolved",
            f"report of number 1 by {MAX}": "open",
        }
        | undone(activity("Flag", KIM, IN_CATS)),
        sent=("c/cats: Announce{Flag{id}}", "c/cats: Announce{Undo{Flag{id}}}"),
    ),
    row(
        "report-in-anothers-name",
        "somebody made to look like who reports everything",
        (activity("Flag", KIM, IN_CATS, summary="Rude."), EVE),
        (activity("Flag", BOB, IN_CATS, summary="Rude."), EVE),
        answers=("403 relayed_without_proof", "403 actor_is_ours"),
        fetched=None,
    ),
    row(
        "report-withdrawn-by-another",
        "reports that disappear because whom they are about says so",
        activity("Flag", KIM, IN_CATS, summary="Rude."),
        undo(activity("Flag", KIM, IN_CATS)) | {"actor": EVE, "id": "https://evil.example/undo"},
        answers=("202", "403 undo_of_anothers"),
        changed={f"report of number 1 by {KIM}": "open"},
        sent=("c/cats: Announce{Flag{id}}",),
        fetched=(EVE,),
    ),
    row(
        "report-of-nothing-of-ours",
        "a queue filled with what nobody here can judge",
        activity("Flag", LEA, IN_DOGS_BY_KIM, summary="Rude."),
        activity("Flag", KIM, "https://kim.example/post/none", summary="Rude."),
        answers=("202 report_elsewhere",) * 2,
        fetched=(LEA,),
    ),
    row(
        "report-flood",
        "moderators buried under reports",
        activity("Flag", KIM, IN_CATS, summary="Rude."),
        before=report_many,
        answers="422 rate_limit_error",
    ),
    row(
        "report-of-anothers-message",
        "strangers who learn which private messages there are, or have them read",
        activity("Flag", EVE, f"{ORIGIN}/message/1", summary="Rude."),
        before=write_to_kim,
        answers="202 report_elsewhere",
        fetched=(EVE,),
    ),
    row(
        "report-of-ones-message",
        "nothing: who got it may show it to the admins",
        activity("Flag", KIM, f"{ORIGIN}/message/1", summary="Rude."),
        before=write_to_kim,
        changed={f"report of Psst by {KIM}": "open"},
    ),
    row(
        "report-passed-on-by-anothers-community",
        "a community that makes others report what is not its own",
        announce(activity("Flag", LEA, IN_CATS, summary="Rude.")),
        answers="403 not_their_post",
    ),
]

DEDUPE_AND_ORDER = [
    row(
        "not-announced-yet",
        "a post shown in a community that never took it; it counts once it is announced",
        create(DOG_POST),
        announce(NEW),
        before=serve(DOG_POST),
        answers=("202 waits_for_announce", "202"),
        changed={NEW: "New | shown | 1"},
        fetched=(NEW,),
    ),
    row(
        "predictable-id-of-another-host",
        "the id of the next real activity used up by somebody else",
        create(page("https://evil.example/post/9", EVE, CATS), EVE, id=create(POST)["id"]),
        create(POST),
        answers=("403 id_on_other_host", "202"),
        changed={NEW: "New | shown | 1"},
        sent=announced("Create{Page}"),
    ),
    row(
        "predictable-id-of-the-same-host",
        "the same by a neighbour on the host",
        activity("Like", KEN, IN_CATS, id="https://kim.example/likes/1"),
        activity("Like", KIM, IN_CATS, id="https://kim.example/likes/1"),
        changed={IN_CATS: "Ours | shown | 3", KEN: "Person"},
        sent=announced("Like{id}") * 2,
        fetched=(KEN,),
    ),
    row(
        "two-inboxes",
        "the same activity counted and announced twice",
        (LIKE, KIM, "/inbox"),
        (LIKE, KIM, "/c/cats/inbox"),
        (LIKE, KIM, "/u/bob/inbox"),
        changed={IN_CATS: "Ours | shown | 2"},
        sent=announced("Like{id}"),
    ),
    row(
        "same-vote-again",
        "one vote counted twice under two ids",
        LIKE,
        LIKE | {"id": "https://kim.example/likes/2"},
        changed={IN_CATS: "Ours | shown | 2"},
        sent=announced("Like{id}"),
    ),
    row(
        "delete-before-create",
        "a deleted post that appears because the deletion was faster",
        activity("Delete", KIM, NEW),
        create(POST),
        answers=("202", "202 already_deleted"),
        changed={f"deleted {NEW}": KIM},
    ),
    row(
        "delete-before-create-by-another",
        "a post suppressed before it exists, by somebody on another host",
        activity("Delete", EVE, NEW),
        create(POST),
        answers=("403 not_owner", "202"),
        changed={NEW: "New | shown | 1"},
        sent=announced("Create{Page}"),
        fetched=(EVE,),
    ),
    row(
        "undo-before-like",
        "a vote that stays because its Undo was faster",
        undo(LIKE),
        LIKE,
        changed={f"undone {digest_of(LIKE['id'])}": KIM},
    ),
    row(
        "undo-of-a-vote-that-was-replaced",
        "a late Undo that takes the newer vote",
        LIKE,
        activity("Dislike", KIM, IN_CATS),
        undo(LIKE),
        changed={IN_CATS: "Ours | shown | 0"} | undone(LIKE),
        sent=("c/cats: Announce{Dislike{id}}", "c/cats: Announce{Like{id}}"),
    ),
    row(
        "update-after-delete",
        "a deleted post that comes back with an edit it overtook",
        BACK,
        activity("Update", KIM, page(IN_CATS_BY_KIM, KIM, CATS, name="Late"), updated=LATER),
        answers=("202", "403 deleted"),
        changed={IN_CATS_BY_KIM: " | deleted | 1"},
        sent=announced("Delete{id}"),
    ),
    row(
        "create-again-after-delete",
        "a retried Create that undoes a deletion",
        BACK,
        create(page(IN_CATS_BY_KIM, KIM, CATS)),
        answers=("202", "403 deleted"),
        changed={IN_CATS_BY_KIM: " | deleted | 1"},
        sent=announced("Delete{id}"),
    ),
    row(
        "create-again-after-update",
        "an edit undone by a late or retried Create",
        activity("Update", KIM, page(IN_CATS_BY_KIM, KIM, CATS, name="Better", updated=LATER)),
        create(page(IN_CATS_BY_KIM, KIM, CATS, name="Theirs")),
        changed={IN_CATS_BY_KIM: "Better | shown | 1"},
        sent=announced("Update{Page}"),
    ),
    row(
        "updates-out-of-order",
        "an edit undone by an older one",
        activity("Update", KIM, page(IN_CATS_BY_KIM, KIM, CATS, name="2", updated=LATER)),
        activity(
            "Update",
            KIM,
            page(IN_CATS_BY_KIM, KIM, CATS, name="1", updated="2026-01-01T11:58:00Z"),
            id="https://kim.example/did/earlier",
        ),
        changed={IN_CATS_BY_KIM: "2 | shown | 1"},
        sent=announced("Update{Page}"),
    ),
    row(
        "undo-of-a-delete",
        "nothing: what the author gives again is fetched, because we blanked it",
        BACK,
        undo(BACK),
        changed=undone(BACK),
        sent=("c/cats: Announce{Delete{id}}", "c/cats: Announce{Undo{Delete{id}}}"),
        fetched=(IN_CATS_BY_KIM,),
    ),
    row(
        "undo-of-a-delete-that-stands",
        "a post given again whose origin says that it is deleted",
        BACK,
        undo(BACK),
        before=serve(document(IN_CATS_BY_KIM, "Tombstone")),
        answers=("202", "202 not_confirmed"),
        changed={IN_CATS_BY_KIM: " | deleted | 1"},
        sent=announced("Delete{id}"),
        fetched=(IN_CATS_BY_KIM,),
    ),
]

GONE_AND_UNWANTED = [
    row(
        "unknown-person-deletes-itself",
        "a fetch for every account of the fediverse that is ever deleted",
        activity("Delete", LEA, LEA),
    ),
    row(
        "known-person-deletes-itself",
        "erased people who stay",
        activity("Delete", KIM, KIM),
        changed={
            KIM: "erased",
            IN_CATS_BY_KIM: " | deleted | 1",
            IN_DOGS_BY_KIM: " | deleted | 1",
        },
    ),
    row(
        "known-person-whose-key-is-gone",
        "erased people who stay because their key went with them: their origin is asked",
        (activity("Delete", KIM, KIM), f"{KIM}/old"),
        before=go(KIM, f"{KIM}/old"),
        changed={
            KIM: "erased",
            IN_CATS_BY_KIM: " | deleted | 1",
            IN_DOGS_BY_KIM: " | deleted | 1",
        },
        fetched=(f"{KIM}/old", KIM),
    ),
    row(
        "key-is-gone-and-the-person-is-not",
        "a living person erased by a key that is gone",
        (activity("Delete", KIM, KIM), f"{KIM}/old"),
        before=go(f"{KIM}/old"),
        answers="202 not_confirmed",
        fetched=(f"{KIM}/old", KIM),
    ),
    row(
        "deletion-that-the-origin-confirms",
        "nothing: the community announces it, the origin says 410",
        announce(activity("Delete", KIM, IN_DOGS_BY_KIM)),
        before=go(IN_DOGS_BY_KIM),
        changed={IN_DOGS_BY_KIM: " | deleted | 1"},
        fetched=(IN_DOGS_BY_KIM,),
    ),
    row(
        "deletion-that-the-origin-denies",
        "a deletion invented by a community",
        announce(activity("Delete", KIM, IN_DOGS_BY_KIM)),
        answers="202 not_confirmed",
        fetched=(IN_DOGS_BY_KIM,),
    ),
    row(
        "deletion-that-the-origin-does-not-know",
        "content erased because its origin blocks us and says 404: it only goes from the community",
        announce(activity("Delete", KIM, IN_DOGS_BY_KIM)),
        before=lose(IN_DOGS_BY_KIM),
        changed={IN_DOGS_BY_KIM: "Elsewhere | removed | 1"},
        fetched=(IN_DOGS_BY_KIM,),
    ),
    row(
        "deletion-announced-by-another-community",
        "posts taken out of our community by one elsewhere, while their origin is not to be had",
        announce(BACK),
        before=lose(IN_CATS_BY_KIM),
        answers="202 wrong_community",
        fetched=(IN_CATS_BY_KIM,),
    ),
    row(
        "deletion-whose-origin-is-silent",
        "a decision made while the origin cannot be asked",
        announce(activity("Delete", KIM, IN_DOGS_BY_KIM)),
        before=lambda stage: stage.network.silent.add("kim.example"),
        fetched=None,
    ),
    row(
        "blocked-and-direct",
        "a blocked instance that is heard",
        activity("Like", EVE, IN_CATS),
        before=block("evil.example"),
        answers="403 host_blocked",
    ),
    row(
        "blocked-and-announced",
        "a blocked instance that is heard through a community",
        announce(create(page("https://evil.example/post/9", EVE, DOGS))),
        announce("https://evil.example/post/9") | {"id": "https://dogs.example/did/2"},
        announce(activity("Like", EVE, IN_DOGS_BY_REX)),
        before=block("evil.example"),
        answers=("202 instance_blocked", "202 instance_blocked", "403 instance_blocked"),
    ),
    row(
        "blocked-parent",
        "a blocked instance whose posts come in with an answer to them",
        create(note("https://kim.example/note/1", KIM, "https://evil.example/post/9", **TO_US)),
        before=block("evil.example"),
        answers="403 instance_blocked",
    ),
    row(
        "blocked-relay",
        "a blocked instance that brings the words of others",
        (create(POST), EVE),
        before=also(block("evil.example"), serve(POST)),
        answers="403 host_blocked",
    ),
    row(
        "banned",
        "a banned person who writes and votes",
        create(POST),
        LIKE,
        before=lambda stage: stage.ban(stage.kim),
        answers=("403 site_ban", "403 site_ban"),
    ),
    row(
        "banned-from-the-community",
        "somebody who was banned from the community and goes on there",
        create(POST),
        LIKE,
        create(REMARK),
        before=lambda stage: stage.ban(stage.kim, stage.home.cats),
        answers=("403 person_is_banned_from_community",) * 3,
    ),
    row(
        "relayed",
        "words forged by who brings them: the origin is asked, its copy is passed on by its id",
        (create(POST | {"name": "Forged"}), EVE),
        before=serve(POST),
        changed={NEW: "New | shown | 1"},
        sent=announced("id"),
        fetched=(EVE, NEW),
    ),
    row(
        "relayed-and-unconfirmed",
        "words that only a relay has ever heard",
        (create(POST), EVE),
        (LIKE, EVE),
        answers=("202 not_there", "403 relayed_without_proof"),
        fetched=(EVE, NEW),
    ),
    row(
        "unwanted-announce",
        "a disk filled by communities that nobody here follows",
        announce(create(page("https://rats.example/post/1", LEA, RATS)), by=RATS),
        before=lambda stage: stage.home.group(RATS),
        answers="202 not_followed",
    ),
    row(
        "unwanted-reply",
        "a disk filled with talk that concerns nobody here, at the price of a fetch each",
        create(note("https://kim.example/note/1", KIM, "https://lea.example/note/1")),
        before=serve(note("https://lea.example/note/1", LEA)),
        answers="202 not_followed",
    ),
    row(
        "unwanted-note",
        "the public notes of everybody",
        create(note("https://kim.example/note/1", KIM)),
        answers="202 no_community",
    ),
    row(
        "unwanted-vote",
        "fetches for votes on anything anywhere",
        activity("Like", KIM, "https://lea.example/note/1"),
        before=serve(note("https://lea.example/note/1", LEA)),
        answers="202 unknown_object",
    ),
    row(
        "vote-before-its-post",
        "nothing: a vote that names our community brings the post it is on",
        activity("Like", KEN, NEW, audience=CATS),
        before=serve(POST),
        changed={NEW: "New | shown | 2", KEN: "Person"},
        sent=("c/cats: Announce{Like{id}}", "c/cats: Announce{id}"),
        fetched=(KEN, NEW),
    ),
    row(
        "reply-with-its-thread",
        "nothing: a thread that concerns us is fetched up to its post",
        create(note("https://kim.example/note/2", KIM, "https://lea.example/note/1", **TO_US)),
        before=serve(note("https://lea.example/note/1", LEA, IN_CATS_BY_KIM)),
        changed={
            "https://lea.example/note/1": "<p>A remark</p> | shown | 1",
            "https://kim.example/note/2": "<p>A remark</p> | shown | 1",
            LEA: "Person",
        },
        sent=("c/cats: Announce{Create{Note}}", "c/cats: Announce{id}"),
        fetched=("https://lea.example/note/1", LEA),
    ),
]

ACTORS = [
    row(
        "inbox-elsewhere",
        "deliveries aimed at a third server",
        create(page("https://lea.example/post/1", LEA, CATS)),
        before=serve(person(LEA, inbox="https://victim.example/inbox")),
        answers="202 foreign_inbox",
        fetched=(LEA,),
    ),
    row(
        "id-elsewhere",
        "an actor document that speaks for another actor",
        create(page("https://lea.example/post/1", LEA, CATS)),
        before=lambda stage: stage.network.answer(
            LEA,
            b'{"@context":"https://www.w3.org/ns/activi'
            b'tystreams","id":"https://kim.example/u/kim","type":"Person"}',
        ),
        answers="401 key_not_usable",
        fetched=(LEA,),
    ),
    row(
        "id-on-our-host",
        "a fetch that is led to us, so that one of ours becomes somebody elsewhere",
        create(page("https://lea.example/post/1", LEA, CATS)),
        before=lambda stage: stage.network.answer(LEA, status=302, Location=BOB),
        answers="401 key_not_usable",
        fetched=(LEA, BOB),
    ),
    row(
        "object-on-our-host",
        "the same with a post",
        announce("https://kim.example/post/redirect"),
        before=lambda stage: stage.network.answer(
            "https://kim.example/post/redirect", status=302, Location=IN_CATS
        ),
        answers="202 object_is_ours",
        fetched=("https://kim.example/post/redirect", IN_CATS),
    ),
    row(
        "changed-kind",
        "a person that turns into a community, or the other way around",
        activity("Update", KIM, person(KIM)),
        activity("Update", DOGS, group(DOGS)),
        before=serve(group(KIM), person(DOGS)),
        answers=("202 actor_changed_kind", "202 actor_changed_kind"),
        fetched=(KIM, DOGS),
    ),
    row(
        "key-of-another-owner",
        "a key document that names another owner",
        create(page("https://lea.example/post/1", LEA, CATS)),
        before=serve(
            person(
                LEA,
                publicKey={"id": f"{LEA}#main-key", "owner": KIM, "publicKeyPem": pems()[1]},
            )
        ),
        answers="401 key_not_usable",
        fetched=(LEA,),
    ),
    row(
        "key-id-of-another",
        "somebody's signatures broken by an actor that lists the id of their key",
        create(page("https://evil.example/post/1", EVE, CATS)),
        LIKE,
        before=serve(
            person(
                EVE,
                publicKey=[
                    {"id": f"{KIM}#main-key", "owner": EVE, "publicKeyPem": "no key"},
                    {"id": f"{EVE}#main-key", "owner": EVE, "publicKeyPem": pems()[1]},
                ],
            )
        ),
        changed={
            EVE: "Person",
            "https://evil.example/post/1": "A title | shown | 1",
            IN_CATS: "Ours | shown | 2",
        },
        sent=("c/cats: Announce{Create{Page}}", "c/cats: Announce{Like{id}}"),
        fetched=(EVE,),
    ),
    row(
        "ids-that-chase-each-other",
        "two addresses that name each other, for a crawl without an end",
        announce("https://kim.example/a"),
        before=also(
            lambda stage: stage.network.answer(
                "https://kim.example/a", status=302, Location="https://kim.example/b"
            ),
            serve(page("https://kim.example/b", KIM, DOGS, name="B")),
        ),
        changed={"https://kim.example/b": "B | shown | 1"},
        fetched=("https://kim.example/a", "https://kim.example/b"),
    ),
]


MY_REMARK = note("https://kim.example/note/1", KIM, IN_CATS)
FOLLOW = activity("Follow", KIM, CATS)
ASKED = f"{ORIGIN}/activities/follow/asked"


def ask(stage: Stage) -> None:
    """Bob's Follow of !dogs has this id, and waits for a response."""
    pending = update(follow).where(follow.c.follower_id == stage.home.bob.id)
    of_dogs = pending.where(follow.c.target_id == stage.dogs.id)
    stage.home(lambda ctx: ctx.conn.execute(of_dogs.values(iri=ASKED, state="pending")))


def chain(length: int) -> Callable[[Stage], None]:
    """A thread in which each note replies to the next."""
    return serve(
        *(
            note(
                f"https://lea.example/note/{number}", LEA, f"https://lea.example/note/{number + 1}"
            )
            for number in range(length)
        )
    )


CONVERSATION = [
    row(
        "comment-and-its-edit",
        "nothing: a comment, better words for it, and its end",
        create(MY_REMARK),
        activity("Update", KIM, MY_REMARK | {"content": "<p>Better</p>", "updated": LATER}),
        activity("Delete", KIM, MY_REMARK["id"]),
        changed={MY_REMARK["id"]: " | deleted | 1"},
        sent=(
            "c/cats: Announce{Create{Note}}",
            "c/cats: Announce{Delete{id}}",
            "c/cats: Announce{Update{Note}}",
        ),
    ),
    row(
        "comment-edited-out-of-order",
        "an edit of a comment undone by an older copy, or told again when nothing is new",
        create(MY_REMARK | {"content": "<p>Better</p>", "updated": LATER}),
        create(MY_REMARK, id="https://kim.example/did/again"),
        activity("Update", KIM, MY_REMARK | {"content": "<p>Better</p>", "updated": LATER}),
        changed={MY_REMARK["id"]: "<p>Better</p> | shown | 1"},
        sent=announced("Create{Note}"),
    ),
    row(
        "comment-edited-by-another",
        "a comment rewritten by somebody else",
        create(MY_REMARK),
        activity("Update", EVE, MY_REMARK | {"content": "<p>Forged</p>"}),
        before=serve(MY_REMARK),
        answers=("202", "202 not_the_owner"),
        changed={MY_REMARK["id"]: "<p>A remark</p> | shown | 1"},
        sent=announced("Create{Note}"),
        fetched=(EVE, MY_REMARK["id"]),
    ),
    row(
        "comment-elsewhere",
        "an answer shown in a community elsewhere before that has taken it",
        create(note("https://kim.example/note/1", KIM, IN_DOGS_BY_REX)),
        create(note("https://dogs.example/note/1", REX, IN_DOGS_BY_REX)),
        answers=("202 waits_for_announce", "202"),
        changed={"https://dogs.example/note/1": "<p>A remark</p> | shown | 1"},
    ),
    row(
        "comment-claimed-by-another-community",
        "a community that announces answers in the threads of another",
        announce(create(note("https://dogs.example/note/1", REX, IN_CATS))),
        answers="403 wrong_community",
    ),
    row(
        "thread-without-an-end",
        "a crawl up a thread without an end: one activity may cost thirty documents",
        create(note("https://kim.example/note/2", KIM, "https://lea.example/note/0", **TO_US)),
        before=chain(60),
        answers="202 budget_documents",
        fetched=tuple(f"https://lea.example/note/{number}" for number in range(30)),
    ),
    row(
        "thread-with-a-forged-parent",
        "words of somebody on another host, planted as what is answered or voted on",
        create(note("https://kim.example/note/2", KIM, "https://evil.example/note/1", **TO_US)),
        activity("Like", KIM, "https://evil.example/note/1", audience=CATS),
        before=serve(note("https://evil.example/note/1", KIM, IN_CATS)),
        answers=("202 owner_elsewhere", "202 owner_elsewhere"),
        fetched=("https://evil.example/note/1",) * 2,
    ),
    row(
        "announced-by-id-and-by-object",
        "nothing: an activity may be announced by its id, and an object without an activity",
        announce("https://dogs.example/did/create"),
        announce(page("https://dogs.example/post/8", REX, DOGS, name="Eight")),
        announce(page(NEW, KIM, DOGS, name="Forged")),
        before=serve(
            create(page("https://dogs.example/post/7", REX, DOGS, name="Seven"))
            | {"id": "https://dogs.example/did/create"},
            DOG_POST,
        ),
        changed={
            "https://dogs.example/post/7": "Seven | shown | 1",
            "https://dogs.example/post/8": "Eight | shown | 1",
            NEW: "New | shown | 1",
        },
        fetched=("https://dogs.example/did/create", NEW),
    ),
    row(
        "our-own-id-announced",
        "a fetch of our own post because a community elsewhere boosts it",
        announce(IN_CATS),
        changed={},
    ),
    row(
        "removed-and-restored-by-moderators",
        "nothing: what a moderator removed a moderator restores, here and elsewhere",
        activity("Delete", MAX, IN_CATS, summary="spam"),
        undo(activity("Delete", MAX, IN_CATS, summary="spam")),
        announce(activity("Delete", MAX, IN_DOGS_BY_KIM, summary="spam")),
        announce(undo(activity("Delete", MAX, IN_DOGS_BY_KIM, summary="spam"))),
        changed=undone(activity("Delete", MAX, IN_CATS))
        | undone(activity("Delete", MAX, IN_DOGS_BY_KIM), by=DOGS),
        sent=("c/cats: Announce{Delete{id}}", "c/cats: Announce{Undo{Delete{id}}}"),
    ),
    row(
        "deletion-of-the-unknown-taken-back",
        "a post kept out for ever because its deletion was taken back unseen",
        activity("Delete", KIM, NEW),
        undo(activity("Delete", KIM, NEW)),
        create(POST),
        changed={NEW: "New | shown | 1"} | undone(activity("Delete", KIM, NEW)),
        sent=announced("Create{Page}"),
        before=serve(POST),
        fetched=None,
    ),
    row(
        "marker-by-another",
        "a marker set by somebody else that keeps a vote out",
        undo(LIKE | {"actor": EVE, "id": "https://evil.example/like"}),
        LIKE,
        changed={
            IN_CATS: "Ours | shown | 2",
            f"undone {digest_of('https://evil.example/like')}": EVE,
        },
        sent=announced("Like{id}"),
        fetched=(EVE,),
    ),
    row(
        "what-names-nothing",
        "a reader that stumbles over what is not there",
        activity("Like", KIM, {"type": "Note"}),
        undo(activity("Like", KIM, {"type": "Note"})),
        activity("Delete", KIM, {"type": "Note"}),
        activity("Create", KIM, {"type": "Page", "attributedTo": KIM}),
        activity("Add", KIM, KIM, target="https://kim.example/x"),
        answers=(
            "422 object_missing",
            "422 object_missing",
            "403 object_id_missing",
            "403 object_id_missing",
            "202 unknown_collection",
        ),
    ),
    row(
        "what-nobody-understands",
        "an activity that is accepted and then silently dropped",
        activity("Listen", KIM, IN_CATS),
        announce(activity("Listen", KIM, IN_DOGS_BY_KIM)),
        answers=("202 unsupported_type",) * 2,
    ),
    row(
        "what-only-piefed-understands",
        "a peer that is told it may not do what it rightly does, and does it again for days",
        activity("PollVote", KIM, IN_DOGS_BY_KIM),
        announce(activity("PollVote", KIM, IN_DOGS_BY_KIM)),
        activity("ChooseAnswer", KIM, IN_DOGS_BY_KIM),
        announce(activity("ChooseAnswer", KIM, IN_DOGS_BY_KIM)),
        announce(undo(activity("ChooseAnswer", KIM, IN_DOGS_BY_KIM))),
        create(FEED, KIM),
        announce(create(FEED, KIM)),
        announce(activity("Move", KIM, KIM)),
        activity("Move", KIM, KIM, target=f"{KIM}2"),
        activity("Add", KIM, DOGS, target=f"{FEED['id']}/following"),
        announce(activity("Add", MAX, KIM, target=f"{FEED['id']}/following")),
        answers=("202 unsupported_type",) * 7
        + ("202 not_moved",) * 2
        + ("202 unknown_collection",) * 2,
        fetched=None,
    ),
    row(
        "echoes",
        "a community that is refused for giving back what our member wrote",
        announce(IN_DOGS_BY_BOB),
        announce(page(IN_DOGS_BY_BOB, BOB, DOGS, name="Not what bob wrote")),
        announce(create(page(IN_DOGS_BY_BOB, BOB, DOGS, name="Not what bob wrote"))),
        announce(create(page(IN_DOGS_BY_BOB, BOB, DOGS)) | {"id": f"{DOGS}/made-up"}),
        announce(activity("Update", BOB, page(IN_DOGS_BY_BOB, BOB, DOGS, name="Defaced"))),
    ),
]

MEMBERSHIP = [
    row(
        "follow-and-leave",
        "nothing: a follow is accepted, and its Undo ends it",
        FOLLOW,
        FOLLOW | {"id": "https://kim.example/follow/again"},
        undo(FOLLOW),
        undo(FOLLOW, id="https://kim.example/undo/again"),
        changed=undone(FOLLOW, FOLLOW | {"id": "https://kim.example/follow/again"}),
        sent=("c/cats: Accept{Follow{id}}",) * 2,
    ),
    row(
        "follow-by-somebody-banned",
        "a follow that a microblog shows as requested for ever",
        FOLLOW,
        before=lambda stage: stage.ban(stage.kim, stage.home.cats),
        sent=("c/cats: Reject{Follow{id}}",),
    ),
    row(
        "follow-by-somebody-banned-from-the-site",
        "the same, also of a member",
        FOLLOW,
        activity("Follow", KIM, BOB),
        before=lambda stage: stage.ban(stage.kim),
        sent=("c/cats: Reject{Follow{id}}", "u/bob: Reject{Follow{id}}"),
    ),
    row(
        "follow-of-nobody",
        "a follow of who is not here",
        activity("Follow", KIM, f"{ORIGIN}/u/nobody"),
        activity("Follow", KIM, DOGS),
        answers=("404 couldnt_find_object", "404 couldnt_find_object"),
    ),
    row(
        "follow-that-is-accepted",
        "nothing: the answer may be the whole Follow or its id (PieFed)",
        activity("Accept", DOGS, ASKED),
        before=ask,
        changed={f"{BOB} follows {DOGS}": "accepted"},
    ),
    row(
        "follow-that-is-rejected",
        "nothing: a refused member does not follow",
        activity("Reject", DOGS, activity("Follow", BOB, DOGS, id=ASKED)),
        before=ask,
        changed={f"{BOB} follows {DOGS}": "none"},
    ),
    row(
        "answer-to-another-follow",
        "a follow accepted by whom it does not concern",
        activity("Accept", KIM, ASKED),
        activity("Accept", KIM, activity("Follow", BOB, KIM)),
        before=ask,
        answers=("403 not_the_followed", "403 follow_unknown"),
    ),
    row(
        "community-changes",
        "nothing: a community elsewhere is read again, whoever announces the change",
        activity("Update", DOGS, group(DOGS, name="Forged")),
        announce(activity("Update", MAX, group(DOGS, name="Forged"))),
        activity("Update", MAX, group(DOGS, name="Forged")),
        before=serve(group(DOGS, name="Dogs!")),
        answers=("202", "202", "202 waits_for_announce"),
        changed={DOGS: "Group Dogs!"},
        fetched=None,
    ),
    row(
        "moderator-elsewhere-edits-ours",
        "nothing: our community is edited by its moderator on another server",
        activity("Update", MAX, group(CATS, name="Cats!", summary="<p>On cats</p>")),
        changed={CATS: "Group Cats!"},
        sent=announced("Update{Group}"),
    ),
    row(
        "community-that-ends",
        "posts that stay when their community is deleted",
        activity("Delete", DOGS, DOGS),
        changed={
            DOGS: "erased",
            IN_DOGS_BY_KIM: " | deleted | 1",
            IN_DOGS_BY_REX: " | deleted | 1",
            f"{BOB} follows {DOGS}": "none",
        },
    ),
]

CHAT, DIRECT = "https://kim.example/pm/1", "https://kim.example/pm/2"
TO_BOB = {"to": [BOB], "cc": []}
KIMS = document(CHAT, "ChatMessage", attributedTo=KIM, content="<p>Psst</p>", to=[BOB])
KIMS_NOTE = note(DIRECT, KIM, **TO_BOB)


def only_bob(kind: str = "shown", content: str = "<p>Psst</p>") -> str:
    return f"{content} | {kind} | for {BOB}"


def bob_blocks_kim(stage: Stage) -> None:
    row = {"person_id": stage.home.bob.id, "blocked_id": stage.kim.id}
    values = {**row, "blocked_at": stage.home.clock()}
    stage.home(lambda ctx: ctx.conn.execute(insert(actor_block).values(values)))


MESSAGES = [
    row(
        "message-by-its-author",
        "nothing: it is for bob alone, edited, taken back and given again",
        create(KIMS, **TO_BOB),
        activity("Update", KIM, KIMS | {"content": "<p>Hush</p>", "updated": LATER}, **TO_BOB),
        activity("Delete", KIM, CHAT, **TO_BOB),
        undo(activity("Delete", KIM, CHAT, **TO_BOB), **TO_BOB),
        create(KIMS_NOTE, **TO_BOB),
        changed={CHAT: only_bob(content="<p>Hush</p>"), DIRECT: only_bob(content="<p>A remark</p>")}
        | undone(activity("Delete", KIM, CHAT)),
    ),
    row(
        "message-in-anothers-name",
        "a private word of somebody who never said it",
        create(KIMS | {"id": "https://evil.example/pm/1"}, EVE),
        create(KIMS | {"id": "https://kim.example/pm/9"}, EVE),
        create(KIMS | {"id": "https://evil.example/pm/2", "attributedTo": [KIM, EVE]}, EVE),
        answers=("202 not_there",) * 3,
        fetched=(
            EVE,
            "https://evil.example/pm/1",
            "https://kim.example/pm/9",
            "https://evil.example/pm/2",
        ),
    ),
    row(
        "message-passed-on-by-another",
        "a private word that somebody else delivers: its origin shows it to nobody",
        (create(KIMS, **TO_BOB), EVE),
        answers="202 not_there",
        fetched=(EVE, CHAT),
    ),
    row(
        "message-changed-by-a-neighbour",
        "the words of a message put into others, or taken away, by the author's neighbour",
        create(KIMS, **TO_BOB),
        activity("Update", KEN, KIMS | {"attributedTo": KEN, "updated": LATER}, **TO_BOB),
        activity("Delete", KEN, CHAT, **TO_BOB),
        answers=("202", "202 not_the_author", "202 not_the_author"),
        changed={CHAT: only_bob()},
        fetched=(KEN,),
    ),
    row(
        "message-announced-by-a-community",
        "a private word told to everybody, or slipped in, by a community (Mbin announces its own)",
        announce(create(document("https://dogs.example/pm", "ChatMessage", attributedTo=REX))),
        announce(create(note("https://dogs.example/pm/2", REX, **TO_BOB))),
        announce(note("https://dogs.example/pm/3", REX, **TO_BOB)),
        announce(create(KIMS)),
        before=serve(KIMS),
        answers=("202 not_public",) * 4,
        fetched=(CHAT,),
    ),
    row(
        "message-to-nobody-here",
        "a private word kept where nobody it is for can read it",
        create(KIMS | {"to": [LEA]}, to=[LEA]),
        create(KIMS | {"to": [f"{ORIGIN}/u/nobody"]}),
        create(KIMS | {"to": [CATS]}),
        create(KIMS | {"to": [f"{KIM}/followers"]}),
        answers=("404 couldnt_find_person",) * 4,
    ),
    row(
        "message-that-everybody-may-read",
        "what is public taken for private, and then for forgotten",
        create(KIMS | {"cc": ["as:Public"]}),
        create(KIMS_NOTE | {"cc": ["as:Public"]}),
        answers=("403 not_private", "202"),
    ),
    row(
        "direct-answer-to-a-post",
        "a private answer shown below the public post that it answers",
        create(note(DIRECT, KIM, IN_CATS, to=[BOB, CATS], **TO_US), to=[BOB]),
        changed={DIRECT: only_bob(content="<p>A remark</p>")},
    ),
    row(
        "message-made-public-by-its-edit",
        "nothing: an author may say in public what was private; ours stays private",
        create(KIMS_NOTE, **TO_BOB),
        activity("Update", KIM, note(DIRECT, KIM, **PRIVATE), updated=LATER),
        answers=("202", "202 not_public"),
        changed={DIRECT: only_bob(content="<p>A remark</p>")},
    ),
    row(
        "message-to-who-blocks-the-author",
        "people who were blocked, and learn it, and write on",
        create(KIMS, **TO_BOB),
        before=bob_blocks_kim,
        answers="202 person_block",
    ),
    row(
        "message-by-somebody-banned",
        "the banned writing to people one by one",
        create(KIMS, **TO_BOB),
        before=lambda stage: stage.ban(stage.kim),
        answers="403 site_ban",
    ),
    row(
        "message-from-a-blocked-server",
        "servers that were shut out writing to people one by one",
        create(KIMS, **TO_BOB),
        before=block("kim.example"),
        answers="403 host_blocked",
        fetched=None,
    ),
]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "rule",
    [
        *CONVERSATION,
        *MEMBERSHIP,
        *AUTHORITY,
        *ANNOUNCES,
        *PRIVACY,
        *MESSAGES,
        *REPORTS,
        *DEDUPE_AND_ORDER,
        *GONE_AND_UNWANTED,
        *ACTORS,
    ],
)
async def test_rule(node: Node, rule: Row) -> None:
    stage = Stage(node)
    rule.before(stage)
    before = node.snapshot()

    answers = [await _deliver(node, received) for received in rule.received]

    assert tuple(answers) == rule.answers, rule.prevents
    assert changes(before, node.snapshot()) == rule.changed, rule.prevents
    sent = [f"{sent.by}: {sent.shape}" for sent in node.home.sent()]
    assert tuple(sorted(sent)) == rule.sent, rule.prevents
    if rule.fetched is not None:
        assert tuple(node.network.fetched()) == rule.fetched, rule.prevents
    assert_counted(node)


async def _deliver(node: Node, received: Any) -> str:
    if isinstance(received, dict):
        return await node.receive(received)
    document, signer, inbox = (*received, "/inbox")[:3]
    return await node.receive(document, signer=signer, inbox=inbox)


def assert_counted(node: Node) -> None:
    """The counters equal a recount."""
    shown = post.c.deleted_at.is_(None) & post.c.removed_at.is_(None)
    visible = comment.c.deleted_at.is_(None) & comment.c.removed_at.is_(None)
    with node.home.database.connect() as conn:
        for community, number in conn.execute(
            select(community_table.c.actor_id, community_table.c.posts)
        ):
            counted = select(func.count()).where(post.c.community_id == community, shown)
            assert conn.execute(counted).scalar_one() == number
        for about, number in conn.execute(select(post.c.id, post.c.comments)):
            counted = select(func.count()).where(comment.c.post_id == about, visible)
            assert conn.execute(counted).scalar_one() == number
        assert miscounted_authors(conn) == {}

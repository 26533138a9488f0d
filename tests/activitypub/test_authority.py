"""Each row names the attack that it prevents, or the variant of a peer that it allows."""

import pytest

from activitypub.authority import (
    Authorize,
    FetchFirst,
    Known,
    Refuse,
    is_on,
    judge_announced,
    judge_direct,
    judge_fetched,
    judge_key,
    judge_listed,
)
from activitypub.document import Document
from activitypub.errors import Unauthentic

# ann and her community live on a peer; eva is on a host of her own; we are fedcom.example.
ANN = "https://peer.example/u/ann"
ADMIN = "https://peer.example/u/admin"
CATS = "https://peer.example/c/cats"
BIRDS = "https://peer.example/c/birds"
PEER_SITE = "https://peer.example/"
POST = "https://peer.example/post/1"
EVA = "https://evil.example/u/eva"
EVAS = "https://evil.example/post/1"
MOD = "https://third.example/u/mod"
OUR_MEMBER = "https://fedcom.example/u/olga"
OUR_GROUP = "https://fedcom.example/c/dogs"
OUR_POST = "https://fedcom.example/post/9"

BELIEVE = Authorize()


def known(**facts):
    return Known(hosts=frozenset({"fedcom.example"}), **facts)


def act(kind, actor, obj=None, **fields):
    host = actor.split("/u/")[0].split("/c/")[0]
    found = {"id": f"{host}/act/1", "type": kind, "actor": actor, "object": obj} | fields
    return {name: value for name, value in found.items() if value is not None}


def note(iri, owner, **fields):
    return {"id": iri, "type": "Note", "attributedTo": owner} | fields


def rendered(verdict):
    """A verdict as a short text for the tables: "believe", the IRI to fetch, or the code."""
    if isinstance(verdict, FetchFirst):
        return verdict.iri
    return verdict.code if isinstance(verdict, Refuse) else "believe"


def direct(what, raw, verdict, **facts):
    return pytest.param(raw, facts, verdict, id=what)


@pytest.mark.parametrize(
    ("raw", "facts", "verdict"),
    [
        # Who speaks.
        direct("a vote of one's own", act("Like", ANN, POST), "believe"),
        direct("an activity without id (Misskey)", act("Like", ANN, POST, id=None), "believe"),
        direct("an unknown type", act("Listen", ANN, POST), "believe"),
        direct("a bare object as activity", note(POST, ANN), "not_an_activity"),
        direct("no actor", {"type": "Like", "object": POST}, "actor_missing"),
        direct("two actors", act("Like", ANN, POST) | {"actor": [ANN, EVA]}, "actor_missing"),
        direct(
            "actor and attributedTo of two people",
            act("Create", ANN, note(POST, ANN), attributedTo=EVA),
            "actor_missing",
        ),
        direct("a remote voice for our member", act("Like", OUR_MEMBER, POST), "actor_is_ours"),
        direct(
            "an id on a host of others, to swallow theirs",
            act("Like", ANN, POST, id="https://third.example/act/1"),
            "id_elsewhere",
        ),
        direct("an id that is no IRI", act("Like", ANN, POST, id="act1"), "id_elsewhere"),
        # Content.
        direct("a note of one's own", act("Create", ANN, note(POST, ANN)), "believe"),
        direct("an edit of one's own", act("Update", ANN, note(POST, ANN)), "believe", owner=ANN),
        direct(
            "PeerTube: account and channel",
            act(
                "Create",
                ANN,
                note(POST, [{"type": "Person", "id": ANN}, {"type": "Group", "id": CATS}]),
            ),
            "believe",
        ),
        direct("a note put into another's mouth", act("Create", EVA, note(EVAS, ANN)), EVAS),
        direct("array: victim first", act("Create", EVA, note(EVAS, [ANN, EVA])), EVAS),
        direct("a note on another host", act("Create", EVA, note(POST, EVA)), POST),
        direct("an edit of a stranger's note", act("Update", EVA, note(POST, ANN)), POST),
        direct(
            "an edit by a neighbour on the same host",
            act("Update", ADMIN, note(POST, ADMIN)),
            POST,
            owner=ANN,
        ),
        direct("a note by id only", act("Create", ANN, POST), POST),
        direct("a note without id", act("Create", ANN, {"type": "Note"}), "object_id_missing"),
        direct(
            "a note under our own origin", act("Create", ANN, note(OUR_POST, ANN)), "object_is_ours"
        ),
        direct("an edit of our post", act("Update", ANN, OUR_POST), "object_is_ours"),
        direct(
            "a new key by Update instead of a fetch",
            act("Update", ANN, {"id": ANN, "type": "Person"}),
            ANN,
        ),
        direct(
            "a stranger's new profile",
            act("Update", EVA, {"id": ANN, "type": "Person"}),
            ANN,
        ),
        direct(
            "our community changed by anybody",
            act("Update", EVA, {"id": OUR_GROUP, "type": "Group"}),
            "not_moderator",
        ),
        direct(
            "our community changed by its moderator",
            act("Update", MOD, {"id": OUR_GROUP, "type": "Group"}),
            "believe",
            moderates_here=True,
        ),
        # Deletion.
        direct("a deletion of one's own", act("Delete", ANN, POST), "believe", owner=ANN),
        direct("of something never seen", act("Delete", ANN, POST), "believe"),
        direct(
            "with a Tombstone", act("Delete", ANN, {"id": POST, "type": "Tombstone"}), "believe"
        ),
        direct("of oneself", act("Delete", ANN, ANN), "believe"),
        direct("of a neighbour's note", act("Delete", ADMIN, POST), POST, owner=ANN),
        direct("of a stranger's note", act("Delete", EVA, POST), "not_owner", owner=ANN),
        direct("of a stranger's unseen note", act("Delete", EVA, POST), "not_owner"),
        direct("of a stranger's account", act("Delete", EVA, ANN), "not_owner", owner=ANN),
        direct("of our member's post", act("Delete", EVA, OUR_POST), "not_owner", owner=OUR_MEMBER),
        direct(
            "of our post by our moderator elsewhere",
            act("Delete", MOD, OUR_POST, summary="spam"),
            "believe",
            owner=OUR_MEMBER,
            moderates_here=True,
        ),
        direct("of nothing", act("Delete", ANN), "object_id_missing"),
        # Undo.
        direct("an undone vote", act("Undo", ANN, act("Like", ANN, POST)), "believe"),
        direct("an undone vote by id", act("Undo", ANN, f"{ANN}#likes/1"), "believe"),
        direct("by an id elsewhere", act("Undo", EVA, f"{ANN}#likes/1"), "undo_of_anothers"),
        direct("of nothing", act("Undo", ANN), "undo_of_anothers"),
        direct("of another's vote", act("Undo", EVA, act("Like", ANN, POST)), "undo_of_anothers"),
        direct(
            "of another's vote in one's own name",
            act("Undo", EVA, act("Like", EVA, POST, id="https://peer.example/act/7")),
            "undo_of_anothers",
        ),
        direct(
            "of a follow of another's",
            act("Undo", EVA, act("Follow", ANN, OUR_GROUP)),
            "undo_of_anothers",
        ),
        direct(
            "a deletion of another's undone",
            act("Undo", EVA, act("Delete", EVA, POST)),
            "not_owner",
            owner=ANN,
        ),
        # Answers.
        direct("an answer to our follow", act("Accept", CATS, "x"), "believe", follow_target=CATS),
        direct(
            "an answer that embeds our follow",
            act("Accept", CATS, act("Follow", OUR_MEMBER, CATS)),
            "believe",
            follow_target=CATS,
        ),
        direct("an answer nobody asked for", act("Accept", CATS, "x"), "follow_unknown"),
        direct(
            "an answer by another than the followed",
            act("Accept", EVA, act("Follow", OUR_MEMBER, CATS)),
            "not_the_followed",
            follow_target=CATS,
        ),
        direct(
            "an answer whose embedded follow is another",
            act("Reject", CATS, act("Follow", OUR_MEMBER, ANN)),
            "not_the_followed",
            follow_target=CATS,
        ),
        # Collections, locks, bans.
        direct(
            "a pin of one's own (Mastodon)",
            act("Add", ANN, POST, target=f"{ANN}/featured"),
            "believe",
            target_owner=ANN,
        ),
        direct(
            "oneself made moderator",
            act("Add", EVA, EVA, target=f"{OUR_GROUP}/moderators"),
            "not_moderator",
            target_owner=OUR_GROUP,
        ),
        direct(
            "a moderator's pin here",
            act("Add", MOD, OUR_POST, target=f"{OUR_GROUP}/featured"),
            "believe",
            target_owner=OUR_GROUP,
            moderates_here=True,
        ),
        direct(
            "what a moderator elsewhere does there",
            act("Block", ANN, EVA, target=CATS),
            "waits_for_announce",
            target_owner=CATS,
            moderated_elsewhere=True,
        ),
        direct("a removal from nowhere", act("Remove", EVA, POST), "not_moderator"),
        direct("a lock by anybody", act("Lock", EVA, OUR_POST), "not_moderator"),
        direct("a lock by its owner", act("Lock", ANN, POST), "not_moderator", target_owner=ANN),
        direct("a moderator's lock", act("Lock", MOD, OUR_POST), "believe", moderates_here=True),
        direct("a personal block (Mastodon)", act("Block", ANN, OUR_MEMBER), "believe"),
        direct(
            "a site's ban from itself",
            act("Block", ADMIN, EVA, target=PEER_SITE),
            "believe",
            target_is_site=True,
        ),
        direct(
            "a ban from another site",
            act("Block", EVA, ANN, target=PEER_SITE),
            "not_moderator",
            target_is_site=True,
        ),
        direct(
            "a ban from our whole site by a moderator's word",
            act("Block", EVA, OUR_MEMBER, target="https://fedcom.example/"),
            "not_moderator",
            target_is_site=True,
        ),
        direct(
            "a ban from something unknown on one's own host",
            act("Block", ANN, OUR_MEMBER, target=CATS),
            "not_moderator",
        ),
        direct(
            "a moderator's ban here",
            act("Block", MOD, EVA, target=OUR_GROUP),
            "believe",
            target_owner=OUR_GROUP,
            moderates_here=True,
        ),
        direct(
            "a ban undone by anybody",
            act("Undo", EVA, act("Block", EVA, EVA, target=OUR_GROUP)),
            "not_moderator",
            target_owner=OUR_GROUP,
        ),
        direct(
            "a topic that goes to another category (NodeBB)",
            act("Move", ANN, POST, origin=CATS, target=BIRDS),
            "believe",
        ),
        direct(
            "a move of what is on another server",
            act("Move", EVA, POST, origin=CATS, target=BIRDS),
            "not_moved",
        ),
        direct(
            "a move into somebody else's community",
            act("Move", ANN, POST, origin=CATS, target=OUR_GROUP),
            "not_moved",
        ),
        direct("a move of one's account", act("Move", ANN, ANN, target=MOD), "not_moved"),
    ],
)
def test_a_signed_activity_of_its_actor(raw, facts, verdict):
    document = Document(raw)
    assert rendered(judge_direct(document, document.actor or ANN, known(**facts))) == verdict


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        pytest.param(act("Create", ANN, note(POST, ANN)), POST, id="a forwarded note is looked up"),
        pytest.param(act("Delete", ANN, POST), POST, id="so is a forwarded deletion"),
        pytest.param(act("Delete", ANN, ANN), ANN, id="and one of an account"),
        pytest.param(act("Like", ANN, POST), "relayed_without_proof", id="never for a vote"),
        pytest.param(
            act("Create", ANN, note(EVAS, ANN)),
            "actor_not_signer",
            id="never on a host of the signer's choice",
        ),
        pytest.param(act("Delete", ANN, EVAS), "actor_not_signer", id="nor for a deletion"),
        pytest.param(act("Create", ANN, {"type": "Note"}), "object_id_missing", id="nameless"),
        pytest.param(act("Like", OUR_MEMBER, POST), "actor_is_ours", id="never for our members"),
    ],
)
def test_an_activity_signed_by_another_is_a_hint_at_most(raw, verdict):
    assert rendered(judge_direct(Document(raw), EVA, known())) == verdict


@pytest.mark.parametrize(
    ("raw", "facts", "verdict"),
    [
        # Objects, as microblogs get them.
        direct("an id", POST, POST),
        direct("an id of ours", OUR_POST, "believe"),
        direct("an object of the community's host", note(POST, ANN), "believe"),
        direct("an object of another host", note(EVAS, EVA), EVAS),
        direct("a host putting words into another's mouth", note(POST, EVA), POST),
        direct("a changed post of ours", note(OUR_POST, OUR_MEMBER), "object_is_ours"),
        direct("an object without id", {"type": "Note", "attributedTo": ANN}, "object_id_missing"),
        direct("an actor with a new key", {"id": ANN, "type": "Person"}, ANN),
        # Content.
        direct("a post of the host", act("Create", ANN, note(POST, ANN)), "believe"),
        direct("an edit of the host", act("Update", ANN, note(POST, ANN)), "believe", owner=ANN),
        direct("a forged post of another host", act("Create", EVA, note(EVAS, EVA)), EVAS),
        direct("an edit of another host's post", act("Update", EVA, note(EVAS, EVA)), EVAS),
        direct(
            "a post of another host, proven",
            act("Create", EVA, note(EVAS, EVA, published="2026-01-01T11:00:00Z")),
            "believe",
            proven=True,
        ),
        direct(
            "an edit of another host's post, proven",
            act("Update", EVA, note(EVAS, EVA, updated="2026-01-01T11:00:00Z")),
            "believe",
            proven=True,
        ),
        direct(
            "an edit, proven, that may be an old one",
            act("Update", EVA, note(EVAS, EVA, published="2026-01-01T11:00:00Z")),
            EVAS,
            proven=True,
        ),
        direct(
            "a deletion, proven, that may have been taken back",
            act("Delete", EVA, EVAS),
            EVAS,
            proven=True,
        ),
        direct(
            "a proof does not make it one's own",
            act("Update", EVA, note(POST, ANN)),
            POST,
            proven=True,
            owner=ANN,
        ),
        direct("a post put into a neighbour's mouth", act("Create", ADMIN, note(POST, ANN)), POST),
        direct(
            "a post that changes hands", act("Update", ADMIN, note(POST, ADMIN)), POST, owner=ANN
        ),
        direct("a post by id", act("Create", ANN, POST), POST),
        direct("a post without id", act("Create", ANN, {"type": "Note"}), "object_id_missing"),
        direct(
            "a post under our origin", act("Create", ANN, note(OUR_POST, ANN)), "object_is_ours"
        ),
        direct(
            "the community's new profile",
            act("Update", MOD, {"id": CATS, "type": "Group"}),
            CATS,
            moderators=frozenset({MOD}),
        ),
        direct("no actor", {"type": "Create", "object": POST}, "actor_missing"),
        # Our own members.
        direct(
            "words put into our member's mouth",
            act("Create", OUR_MEMBER, note(OUR_POST, OUR_MEMBER)),
            "not_said_by_us",
        ),
        direct(
            "a vote of our member's, made up",
            act("Like", OUR_MEMBER, POST),
            "not_said_by_us",
            is_their_post=True,
        ),
        direct(
            "a ban by our member, made up",
            act("Block", OUR_MEMBER, EVA, target=CATS),
            "not_said_by_us",
            target_owner=CATS,
            moderators=frozenset({OUR_MEMBER}),
        ),
        direct(
            "even with a proof",
            act("Create", OUR_MEMBER, note(OUR_POST, OUR_MEMBER)),
            "not_said_by_us",
            proven=True,
        ),
        direct(
            "our own activity coming back",
            act("Create", OUR_MEMBER, note(OUR_POST, OUR_MEMBER)),
            "believe",
            issued_by_us=True,
        ),
        # Votes.
        direct("a vote on its post", act("Like", EVA, POST), "believe", is_their_post=True),
        direct("a vote down", act("Dislike", EVA, POST), "believe", is_their_post=True),
        direct("on a post elsewhere", act("Like", EVA, EVAS), "not_their_post"),
        direct(
            "an undone vote",
            act("Undo", EVA, act("Like", EVA, POST)),
            "believe",
            is_their_post=True,
        ),
        direct(
            "a vote undone by another",
            act("Undo", EVA, act("Like", MOD, POST)),
            "undo_of_anothers",
            is_their_post=True,
        ),
        direct(
            "an undone vote elsewhere", act("Undo", EVA, act("Like", EVA, EVAS)), "not_their_post"
        ),
        direct("an Undo by id", act("Undo", EVA, f"{EVA}#likes/1"), "undo_unclear"),
        direct(
            "an undone creation",
            act("Undo", EVA, act("Create", EVA, note(EVAS, EVA))),
            "not_theirs_to_say",
        ),
        # Deletion.
        direct("by its author on the host", act("Delete", ANN, POST), "believe", owner=ANN),
        direct("of the unseen on the host", act("Delete", ANN, POST), "believe"),
        direct(
            "by an author elsewhere: only the origin knows",
            act("Delete", EVA, EVAS),
            EVAS,
            owner=EVA,
            is_their_post=True,
        ),
        direct(
            "by a listed moderator",
            act("Delete", MOD, EVAS, summary="spam"),
            "believe",
            owner=EVA,
            is_their_post=True,
            moderators=frozenset({MOD}),
        ),
        direct(
            "by an administrator of the host",
            act("Delete", ADMIN, EVAS),
            "believe",
            owner=EVA,
            is_their_post=True,
        ),
        direct(
            "of our member's post in their community",
            act("Delete", MOD, OUR_POST),
            "believe",
            owner=OUR_MEMBER,
            is_their_post=True,
            moderators=frozenset({MOD}),
        ),
        direct(
            "by no moderator",
            act("Delete", MOD, EVAS),
            "not_owner",
            owner=EVA,
            is_their_post=True,
        ),
        direct(
            "by a moderator, of a post of another community",
            act("Delete", MOD, EVAS),
            "not_owner",
            owner=EVA,
            moderators=frozenset({MOD}),
        ),
        direct(
            "of our post elsewhere",
            act("Delete", ADMIN, OUR_POST),
            "not_owner",
            owner=OUR_MEMBER,
        ),
        direct("of a neighbour's unlisted note", act("Delete", ADMIN, POST), POST, owner=ANN),
        direct("of nothing", act("Delete", ANN), "object_id_missing"),
        direct(
            "undone by its author on the host",
            act("Undo", ANN, act("Delete", ANN, POST)),
            "believe",
            owner=ANN,
        ),
        direct(
            "undone by another",
            act("Undo", EVA, act("Delete", ANN, POST)),
            "undo_of_anothers",
            owner=ANN,
        ),
        # Moderation.
        direct(
            "a pin",
            act("Add", MOD, POST, target=f"{CATS}/featured"),
            "believe",
            target_owner=CATS,
            moderators=frozenset({MOD}),
        ),
        direct(
            "a pin by an administrator of the host",
            act("Add", ADMIN, POST, target=f"{CATS}/featured"),
            "believe",
            target_owner=CATS,
        ),
        direct(
            "a moderator made by nobody of theirs",
            act("Add", EVA, EVA, target=f"{CATS}/moderators"),
            "not_moderator",
            target_owner=CATS,
        ),
        direct(
            "into another community's collection",
            act("Add", MOD, POST, target=f"{OUR_GROUP}/moderators"),
            "not_their_collection",
            target_owner=OUR_GROUP,
            moderators=frozenset({MOD}),
        ),
        direct(
            "into an unknown collection",
            act("Remove", ADMIN, POST, target=f"{CATS}/unknown"),
            "unknown_collection",
        ),
        direct("into what it does not name", act("Add", EVA, EVA), "believe"),
        direct(
            "a lock of its post",
            act("Lock", MOD, POST),
            "believe",
            is_their_post=True,
            moderators=frozenset({MOD}),
        ),
        direct(
            "a lock of a post elsewhere",
            act("Lock", MOD, EVAS),
            "not_their_post",
            moderators=frozenset({MOD}),
        ),
        direct("a lock by anybody", act("Lock", EVA, POST), "not_moderator", is_their_post=True),
        direct(
            "a moderator's move",
            act("Move", MOD, POST, origin=CATS, target=BIRDS),
            "believe",
            moderators=frozenset({MOD}),
        ),
        direct(
            "a move by anybody",
            act("Move", EVA, POST, origin=CATS, target=BIRDS),
            "not_moderator",
        ),
        direct(
            "a move of what is on another server",
            act("Move", ADMIN, EVAS, origin=CATS, target=BIRDS),
            "not_moved",
        ),
        direct(
            "a lock undone by another moderator",
            act("Undo", MOD, act("Lock", ADMIN, POST)),
            "believe",
            is_their_post=True,
            moderators=frozenset({MOD}),
        ),
        direct(
            "a ban from the community",
            act("Block", MOD, EVA, target=CATS),
            "believe",
            target_owner=CATS,
            moderators=frozenset({MOD}),
        ),
        direct(
            "a ban from another community",
            act("Block", ADMIN, OUR_MEMBER, target=OUR_GROUP),
            "not_their_collection",
            target_owner=OUR_GROUP,
        ),
        direct(
            "a ban from its site",
            act("Block", ADMIN, EVA, target=PEER_SITE),
            "believe",
            target_is_site=True,
        ),
        direct(
            "a ban from its site by a mere moderator elsewhere",
            act("Block", MOD, EVA, target=PEER_SITE),
            "not_their_site",
            target_is_site=True,
            moderators=frozenset({MOD}),
        ),
        direct(
            "a ban from another site",
            act("Block", ADMIN, EVA, target="https://third.example/"),
            "not_their_site",
            target_is_site=True,
        ),
        # Membership and the rest.
        direct("a member who joins", act("Follow", EVA, CATS), "believe"),
        direct("a member who leaves", act("Undo", EVA, act("Follow", EVA, CATS)), "believe"),
        direct("a member of another's", act("Follow", EVA, OUR_GROUP), "not_their_member"),
        direct("an answer", act("Accept", EVA, "x"), "not_theirs_to_say", follow_target=EVA),
        direct("an envelope in an envelope", act("Announce", ANN, POST), "not_theirs_to_say"),
        direct("a report", act("Flag", EVA, POST), "believe", is_their_post=True),
        direct("a warning", act("Warn", MOD, POST), "believe", is_their_post=True),
        direct("a warning about another's", act("Warn", MOD, POST), "not_their_post"),
        direct("a report of another's", act("Flag", EVA, POST), "not_their_post"),
    ],
)
def test_the_activities_a_community_may_announce(raw, facts, verdict):
    inner = Document(raw) if isinstance(raw, dict) else raw
    assert rendered(judge_announced(inner, CATS, known(**facts))) == verdict


@pytest.mark.parametrize(
    ("raw", "iri", "verdict"),
    [
        (note(POST, ANN), POST, "believe"),
        ({"id": ANN, "type": "Person"}, ANN, "believe"),
        ({"id": CATS, "type": "Group", "attributedTo": f"{CATS}/moderators"}, CATS, "believe"),
        (act("Create", ANN, note(POST, ANN)), "https://peer.example/act/1", "believe"),
        ({"id": POST, "type": "Tombstone"}, POST, "believe"),
        ({"id": f"{CATS}/featured", "type": "OrderedCollection"}, CATS, "believe"),
        (note(POST, None), POST, "owner_elsewhere"),
        (note(POST, EVA), POST, "owner_elsewhere"),
        (note(POST, [EVA, ANN]), POST, "owner_elsewhere"),
        (note(POST, ANN, actor=EVA), POST, "owner_elsewhere"),
        (act("Create", EVA, POST) | {"id": POST}, POST, "owner_elsewhere"),
        ({"id": CATS, "type": "OrderedCollection", "attributedTo": EVA}, CATS, "owner_elsewhere"),
        ({"id": f"{ANN}/key", "owner": EVA, "publicKeyPem": "x"}, ANN, "owner_elsewhere"),
        (note(POST, ANN), EVAS, "id_elsewhere"),
        ({"id": ANN, "type": "Person"}, EVA, "id_elsewhere"),
        ({"type": "Person"}, ANN, "id_elsewhere"),
        ({"id": OUR_MEMBER, "type": "Person"}, OUR_MEMBER, "object_is_ours"),
    ],
)
def test_a_host_vouches_for_its_own_documents_only(raw, iri, verdict):
    assert rendered(judge_fetched(Document(raw), iri, known())) == verdict


@pytest.mark.parametrize(
    ("raw", "collection", "verdict"),
    [
        (note(POST, ANN), f"{CATS}/outbox", "believe"),
        # On another host, or by an actor on another host: it is fetched from that host.
        (note(EVAS, EVA), f"{CATS}/outbox", EVAS),
        (note(POST, EVA), f"{CATS}/outbox", POST),
        (note(POST, ANN), EVAS, POST),
        # An actor is never taken from a list.
        ({"id": ANN, "type": "Person"}, f"{CATS}/outbox", ANN),
        (note(OUR_POST, OUR_MEMBER), f"{CATS}/outbox", "object_is_ours"),
        ({"type": "Note", "attributedTo": ANN}, f"{CATS}/outbox", "object_id_missing"),
        (act("Create", ANN, note(POST, ANN)), f"{CATS}/outbox", "not_an_object"),
    ],
)
def test_a_list_vouches_for_what_is_on_its_own_host(raw, collection, verdict):
    assert rendered(judge_listed(Document(raw), collection, known())) == verdict


def person(key_owner=ANN, key_id=f"{ANN}#main-key", **fields):
    key = {"id": key_id, "owner": key_owner, "publicKeyPem": "pem"}
    return Document({"id": ANN, "type": "Person", "publicKey": key} | fields)


@pytest.mark.parametrize(
    ("shown", "actor", "verdict"),
    [
        (person(), person(), "believe"),
        (person(key_id=f"{ANN}/main-key"), person(key_id=f"{ANN}/main-key"), "believe"),
        (person(EVA), person(), "key_owner"),
        (person(), Document({"id": ANN, "type": "Note"}), "key_owner"),
        (person(), person(actor=EVA), "key_owner"),
        (person(key_id=f"{EVA}#key"), person(key_id=f"{EVA}#key"), "key_elsewhere"),
        (person(key_id=f"{ANN}#other"), person(), "key_not_listed"),
    ],
)
def test_a_key_is_claimed_from_both_sides(shown, actor, verdict):
    assert rendered(judge_key(shown.public_keys[0], actor)) == verdict


def prover(owner=ANN, key_id=f"{ANN}#ed25519-key", **fields):
    key = {"id": key_id, "type": "Multikey", "controller": owner, "publicKeyMultibase": "z6Mk"}
    return Document({"id": ANN, "type": "Person", "assertionMethod": [key]} | fields)


@pytest.mark.parametrize(
    ("shown", "actor", "verdict"),
    [
        (prover(), prover(), "believe"),
        (prover(EVA), prover(), "key_owner"),
        (prover(), Document({"id": ANN, "type": "Note"}), "key_owner"),
        (prover(key_id=f"{EVA}#key"), prover(key_id=f"{EVA}#key"), "key_elsewhere"),
        (prover(key_id=f"{ANN}#other"), prover(), "key_not_listed"),
        # A key to sign requests with is none to prove documents with.
        (
            prover(),
            Document(
                {
                    "id": ANN,
                    "type": "Person",
                    "publicKey": {
                        "id": f"{ANN}#ed25519-key",
                        "owner": ANN,
                        "publicKeyPem": "z6Mk",
                    },
                }
            ),
            "key_not_listed",
        ),
    ],
)
def test_a_key_that_proves_documents_is_claimed_from_both_sides(shown, actor, verdict):
    assert rendered(judge_key(shown.assertion_methods[0], actor)) == verdict


def test_a_refusal_can_be_raised():
    error = Refuse("not_owner", "No.").error()
    assert isinstance(error, Unauthentic)
    assert (error.code, error.detail) == ("not_owner", "No.")


@pytest.mark.parametrize(
    ("iri", "answer"),
    [
        (OUR_POST, True),
        ("https://FEDCOM.example:443/x", True),
        (POST, False),
        (None, False),
        ("", False),
    ],
)
def test_documents_on_our_hosts_are_ours(iri, answer):
    assert is_on(iri, frozenset({"fedcom.example"})) is answer

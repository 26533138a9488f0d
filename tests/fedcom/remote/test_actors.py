"""Which properties of an actor's document are used, and which never are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activitypub.document import Document
from activitypub.errors import Gone, NotThere
from fedcom.context import Context, Fetched
from fedcom.errors import Denied, FedcomError, NeedsFetch, NotFound
from fedcom.models.actor import Community, Person, actor, community
from fedcom.queries.actors import find_actor, find_moderators
from fedcom.remote.actors import (
    LONGEST_SUMMARY,
    actor_at,
    community_at,
    forget_actor,
    is_stale,
    note_tried,
    person_at,
    put_actor,
    read_actor,
)
from fedcom.site.instances import block_instance
from tests.support.documents import group, person
from tests.support.people import ORIGIN, Home

KIM, LEA = "https://kim.example/u/kim", "https://lea.example/u/lea"
DOGS = "https://dogs.example/c/dogs"


def put(home: Home, document: dict[str, Any], *others: dict[str, Any]) -> Person | Community:
    """Store `document`; `others` can be fetched too, a list of moderators cannot."""
    fetched = Fetched({one["id"]: Document(one) for one in (document, *others)})
    moderators = f"{document['id']}/moderators"
    if moderators not in fetched.documents:
        fetched.failures[moderators] = _lost(moderators)
    return home(lambda ctx: put_actor(ctx, Document(document)), fetched=fetched)


def _lost(url: str) -> NotThere:
    return NotThere("not_there", "404", url=url, status=404)


def test_a_person_is_stored_from_the_document(home: Home) -> None:
    made = put(
        home,
        person(
            KIM,
            name="Kim \u202eevil",
            summary="<p>Hi<script>alert(1)</script></p>",
            icon={"type": "Image", "url": "https://cdn.example/kim.png"},
            url="https://kim.example/@kim",
            published="2020-01-01T00:00:00Z",
        ),
    )

    assert isinstance(made, Person)
    assert (made.name, made.host, made.local) == ("kim", "kim.example", False)
    assert made.title == "Kim evil"
    assert made.summary_html == "<p>Hi</p>"
    assert made.icon_url == "https://cdn.example/kim.png"
    assert made.shared_inbox == "https://kim.example/inbox"
    assert made.public_key_id == f"{KIM}#main-key"
    assert made.published_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert made.fetched_at == home.clock()


def test_a_newer_document_replaces_all_of_an_older_one(home: Home) -> None:
    put(home, person(KIM, name="Old", summary="Old"))
    again = put(home, person(KIM, published="2999-01-01T00:00:00Z"))

    assert (again.title, again.summary_html) == ("", "")
    assert again.published_at <= home.clock()
    assert len([row for row in home.rows(actor) if row["iri"] == KIM]) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"inbox": "https://victim.example/inbox"}, "foreign_inbox"),
        ({"inbox": None}, "actor_incomplete"),
        ({"inbox": "https://www.w3.org/ns/activitystreams#Public"}, "actor_incomplete"),
        ({"inbox": "not an address"}, "actor_incomplete"),
        ({"id": f"{ORIGIN}/u/bob", "inbox": f"{ORIGIN}/u/bob/inbox"}, "actor_is_ours"),
        ({"id": None}, "actor_incomplete"),
        ({"type": "Note"}, "not_an_actor"),
        ({"type": None}, "not_an_actor"),
        ({"preferredUsername": None}, "actor_name"),
        ({"preferredUsername": "kim@evil"}, "actor_name"),
        ({"preferredUsername": "ki\u0301m"}, "actor_name"),
        ({"preferredUsername": "x" * 300}, "actor_name"),
    ],
)
def test_an_unusable_document_creates_no_actor(
    home: Home, changed: dict[str, Any], code: str
) -> None:
    before = home.rows(actor)

    with pytest.raises(FedcomError) as caught:
        home(lambda ctx: put_actor(ctx, Document(person(KIM) | changed)))

    assert caught.value.code == code
    assert home.rows(actor) == before


def test_addresses_on_other_hosts_are_not_accepted(home: Home) -> None:
    victim = "https://victim.example/x"
    made = put(
        home,
        person(
            KIM,
            endpoints={"sharedInbox": victim},
            outbox=victim,
            followers=victim,
            url=victim,
            icon="javascript:alert(1)",
        ),
    )

    assert (made.shared_inbox, made.outbox, made.followers, made.url) == (None,) * 4
    assert made.icon_url is None


@pytest.mark.parametrize(
    "key",
    [
        {"id": f"{LEA}#main-key", "owner": KIM, "publicKeyPem": "pem"},
        {"id": f"{KIM}#main-key", "owner": LEA, "publicKeyPem": "pem"},
        {"id": f"{KIM}#main-key", "owner": KIM},
    ],
)
def test_a_key_that_is_not_its_own_is_not_stored(home: Home, key: dict[str, Any]) -> None:
    made = put(home, person(KIM, publicKey=key))

    assert (made.public_key_id, made.public_key_pem) == (None, None)


def test_a_community_has_the_moderators_that_its_collection_lists_in_its_order(home: Home) -> None:
    lea, kim = person(LEA), person(KIM)
    listed = {"id": f"{DOGS}/moderators", "type": "OrderedCollection"}
    everybody = [LEA, {"not": "an id"}, "https://lost.example/u/x", KIM, f"{ORIGIN}/u/nobody", DOGS]
    fetched = Fetched(
        {
            one["id"]: Document(one)
            for one in (group(DOGS), lea, kim, listed | {"orderedItems": everybody})
        },
        {"https://lost.example/u/x": _lost("https://lost.example/u/x")},
    )

    dogs = home(lambda ctx: put_actor(ctx, fetched.documents[DOGS]), fetched=fetched)
    assert isinstance(dogs, Community)
    found = home(lambda ctx: find_moderators(ctx.conn, dogs))
    assert [person.iri for person in found] == [LEA, KIM]

    put(home, group(DOGS), listed | {"orderedItems": [KIM]})
    found = home(lambda ctx: find_moderators(ctx.conn, dogs))
    assert [person.iri for person in found] == [KIM]


def test_moderators_are_fetched_but_not_required(home: Home) -> None:
    listed = {"id": f"{DOGS}/moderators", "type": "OrderedCollection", "orderedItems": [KIM]}
    for known, missing in (((), f"{DOGS}/moderators"), ((listed,), KIM)):
        fetched = Fetched({one["id"]: Document(one) for one in known})
        with pytest.raises(NeedsFetch) as caught:
            home(lambda ctx: put_actor(ctx, Document(group(DOGS))), fetched=fetched)
        assert (caught.value.iri, caught.value.required) == (missing, False)


def test_a_community_elsewhere_names_its_moderators_collection_on_its_own_host(home: Home) -> None:
    dogs = put(home, group(DOGS, attributedTo=f"{KIM}/moderators"))
    assert isinstance(dogs, Community)
    assert dogs.moderators_iri is None


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("followers", "claimed"),
    [
        ({"type": "Collection", "totalItems": 41}, 41),
        ({"id": f"{DOGS}/followers", "type": "Collection", "totalItems": -41}, None),
        ({"type": "Collection"}, None),
        (None, None),
        # It is fetched separately, and until then the known value stays.
        (f"{DOGS}/followers", 7),
    ],
)
def test_an_embedded_collection_of_followers_says_how_many_a_community_has(
    home: Home, followers: Any, claimed: int | None
) -> None:
    put(home, group(DOGS, followers={"type": "Collection", "totalItems": 7}))

    dogs = put(home, group(DOGS, followers=followers))

    assert isinstance(dogs, Community)
    assert (dogs.claimed_followers, dogs.subscribers) == (claimed, 0)
    (row,) = (one for one in home.rows(community) if one["actor_id"] == dogs.id)
    assert row["followers"] == (claimed or 0)


@pytest.mark.parametrize(("first", "then"), [(person, group), (group, person)])
def test_nobody_turns_from_a_person_into_a_community_or_back(
    home: Home, first: Any, then: Any
) -> None:
    put(home, first(KIM))

    with pytest.raises(FedcomError) as caught:
        put(home, then(KIM))
    assert caught.value.code == "actor_changed_kind"


def test_a_person_may_become_a_bot(home: Home) -> None:
    put(home, person(KIM))
    assert put(home, person(KIM, type="Service")).kind == "Service"


def test_somebody_unknown_is_missing_until_fetched(home: Home) -> None:
    with pytest.raises(NeedsFetch) as caught:
        home(lambda ctx: actor_at(ctx, KIM))
    assert (caught.value.iri, caught.value.required) == (KIM, True)

    fetched = Fetched({KIM: Document(person(KIM))})
    assert home(lambda ctx: person_at(ctx, KIM), fetched=fetched).iri == KIM
    assert home(lambda ctx: actor_at(ctx, KIM)).iri == KIM


def test_an_id_of_ours_is_never_fetched(home: Home) -> None:
    with pytest.raises(NotFound):
        home(lambda ctx: actor_at(ctx, f"{ORIGIN}/u/nobody"))


def test_somebody_on_a_blocked_host_is_not_fetched(home: Home) -> None:
    home(lambda ctx: block_instance(ctx, "kim.example", ""))

    with pytest.raises(Denied) as caught:
        home(lambda ctx: actor_at(ctx, KIM))
    assert caught.value.code == "instance_blocked"


def test_a_failed_fetch_stays_failed(home: Home) -> None:
    gone = Gone("gone", "410", url=KIM, status=410)

    with pytest.raises(Gone):
        home(lambda ctx: actor_at(ctx, KIM), fetched=Fetched(failures={KIM: gone}))


def test_a_person_is_no_community_and_a_community_no_person(home: Home) -> None:
    home.person(KIM)
    home.group(DOGS)

    with pytest.raises(FedcomError, match="not_a_community"):
        home(lambda ctx: community_at(ctx, KIM))
    with pytest.raises(FedcomError, match="not_a_person"):
        home(lambda ctx: person_at(ctx, DOGS))


def test_a_forgotten_actor_loses_its_profile_and_may_come_back(home: Home) -> None:
    kim = put(home, person(KIM, name="Kim", summary="Hi", icon="https://kim.example/i.png"))
    home(lambda ctx: forget_actor(ctx, kim))

    (row,) = [row for row in home.rows(actor) if row["iri"] == KIM]
    assert row["deleted_at"] is not None
    assert (row["title"], row["summary_html"], row["icon_url"]) == ("", "", None)
    assert put(home, person(KIM, name="Kim")).deleted_at is None


def test_an_actor_is_refreshed_after_a_day(home: Home) -> None:
    put(home, person(KIM))

    def stale(iri: str) -> bool:
        return home(lambda ctx: is_stale(ctx.conn, iri, ctx.now))

    assert not stale(KIM)
    home.clock.advance(days=1, seconds=1)
    assert stale(KIM)
    assert not stale(LEA)
    assert not stale(home.bob.iri)
    home(lambda ctx: note_tried(ctx.conn, KIM, ctx.now + timedelta(0)))
    assert not stale(KIM)


def test_everybody_is_found_by_their_id(home: Home) -> None:
    def find(ctx: Context) -> list[str | None]:
        found = [find_actor(ctx.conn, iri) for iri in (home.bob.iri, home.cats.iri, KIM)]
        return [one.iri if one is not None else None for one in found]

    assert home(find) == [home.bob.iri, home.cats.iri, None]


MEGABYTE = 1_000_000
LONG = "x" * MEGABYTE
OWN_KEY = {"id": f"{DOGS}#main-key", "owner": DOGS}


LONG_FIELDS: list[dict[str, Any]] = [
    *({name: f"{DOGS}/{LONG}"} for name in ("icon", "image", "url", "outbox", "followers")),
    *({name: f"{DOGS}/{LONG}"} for name in ("featured", "attributedTo", "published")),
    {"endpoints": {"sharedInbox": f"{DOGS}/{LONG}"}},
    {"name": LONG},
    {"summary": f"<p>{LONG}</p>"},
    {"source": {"content": LONG, "mediaType": "text/markdown"}},
    {"publicKey": OWN_KEY | {"publicKeyPem": LONG}},
    {"publicKey": [OWN_KEY | {"publicKeyPem": LONG[:300]}] * 3_000},
    {
        "assertionMethod": {
            "type": "Multikey",
            "id": f"{DOGS}#key",
            "controller": DOGS,
            "publicKeyMultibase": f"z{LONG}",
        }
    },
]


def test_no_field_of_an_actor_is_kept_beyond_its_limit(home: Home) -> None:
    """Mastodon GHSA-gg8q-rcg7-p79g: a permitted megabyte can be all in one field."""
    for more in LONG_FIELDS:
        dogs = put(home, group(DOGS, **more))

        kept = [row for row in home.rows(actor) if row["id"] == dogs.id] + home.rows(community)
        longest = max(len(str(value)) for row in kept for value in row.values())
        assert longest <= LONGEST_SUMMARY + len("<p></p>"), list(more)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, True),
        ({"indexable": True, "discoverable": False}, True),
        ({"indexable": False, "discoverable": True}, False),
        ({"discoverable": False}, False),
        ({"indexable": "no"}, True),
    ],
)
def test_an_actor_says_whether_search_engines_may_list_it(
    wishes: dict[str, object], expected: bool
) -> None:
    columns = read_actor(Document(person("https://peer.example/u/kim") | wishes))

    assert columns["indexable"] is expected

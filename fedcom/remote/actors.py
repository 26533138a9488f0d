"""Remote actors: their rows, or new ones made from the documents that their origins serve.

A row is only ever written from a document that was fetched from the actor's own origin, so an
Update or a relayed copy cannot change anything that the origin does not confirm.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from activitypub.authority import Authorize, judge_key
from activitypub.document import Document, KeyDocument, MultikeyDocument
from activitypub.errors import FetchFailed, Malformed
from activitypub.iri import check_iri, host_of, is_public, same_host, usable_iri
from activitypub.signatures.keys import MAX_PEM, PublicKey
from activitypub.types import COLLECTION_TYPES
from database.inserts import insert_ignoring, upsert
from fedcom.context import Context
from fedcom.errors import Denied, Invalid, NeedsFetch, NotFound
from fedcom.models.actor import Actor, Community, Person, actor, community as community_table
from fedcom.models.moderation import community_ban, moderator
from fedcom.queries.actors import find_actor, get_community, get_person
from fedcom.queries.bans import list_site_bans
from fedcom.queries.follows import larger_count
from fedcom.queries.policy import policy_of
from fedcom.queries.purged import refuse_purged
from fedcom.remote.peers import find_refusal, number_host
from fedcom.rules.languages import LANGUAGES, check_languages
from fedcom.rules.limits import check_matrix_id
from fedcom.rules.slurs import check_slurs
from fedcom.text.html import sanitize
from fedcom.text.plain import clean_title
from fedcom.wire.body import Body

T = TypeVar("T", bound=Person | Community)

KINDS = frozenset({"Person", "Group", "Application", "Service", "Organization"})
# As Mastodon 4.6: the characters of a handle, and none that can deceive a reader.
NAME = re.compile(r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*")
LONGEST_NAME = 255
LONGEST_SUMMARY = 50_000
# Mastodon also fetches actors again after a day.
FRESH = timedelta(days=1)
# Each unknown moderator costs one fetch; the others are added when they first act.
MODERATORS_FETCHED = 10
# Authors considered per object; PeerTube and Mobilizon name two.
AUTHORS_TRIED = 4


def actor_at(ctx: Context, iri: str) -> Person | Community:
    """The actor with this id, from our rows or from its origin.

    Raises NeedsFetch, NotFound for a local id without an actor, Denied for a blocked host, Invalid
    for a document that is no usable actor, and FetchFailed if the origin served none.
    """
    return find_actor(ctx.conn, iri) or put_actor(ctx, _served(ctx, iri))


def _served(ctx: Context, iri: str) -> Document:
    if ctx.is_ours(iri):
        raise NotFound(
            "couldnt_find_person", "There is no actor with the id %(iri)s here.", iri=iri
        )
    refuse_blocked(ctx, iri)
    refuse_purged(ctx.conn, iri)
    return ctx.document(iri)


def participant_at(ctx: Context, iri: str) -> Person:
    """As `actor_at`: an author or voter, which may be a Group (Guppe, bots made with Fedify)."""
    known = ctx.cache.people.get(iri)
    if known is not None:
        return known
    found = actor_at(ctx, iri)
    return found if isinstance(found, Person) else get_person(ctx.conn, found.id)


def with_author(ctx: Context, document: Document) -> Document:
    """The object with a person as its owner, if it names several authors on its own host.

    Their own documents tell which of them are Groups (a PeerTube channel, a Mobilizon group).
    Raises NeedsFetch.
    """
    named = document.authors[:AUTHORS_TRIED]
    if len(named) < 2 or not same_host(document.id or "", named[0]):
        return document
    for iri in named:
        if isinstance(_author_at(ctx, iri), Person):
            return document.written_by(iri)
    return document


def _author_at(ctx: Context, iri: str) -> Person | Community | None:
    try:
        return actor_at(ctx, iri)
    except (FetchFailed, NotFound, Invalid, Denied, Malformed):
        return None


def person_at(ctx: Context, iri: str) -> Person:
    """As `actor_at`; raises Invalid if a community is at `iri`."""
    found = find_actor(ctx.conn, iri)
    if found is None:
        document = _served(ctx, iri)
        # A community is not stored only to be refused: that would fetch its moderators, which may
        # be communities again, each with moderators of its own.
        found = None if document.type == "Group" else put_actor(ctx, document)
    if not isinstance(found, Person):
        raise Invalid("not_a_person", "%(iri)s is a community, not a person.", iri=iri)
    return found


def community_at(ctx: Context, iri: str) -> Community:
    """As `actor_at`; raises Invalid if no community is at `iri`."""
    found = actor_at(ctx, iri)
    if not isinstance(found, Community):
        raise Invalid(
            "not_a_community",
            "%(iri)s is of type %(kind)s, not a community.",
            iri=iri,
            kind=found.kind,
        )
    return found


def if_served(find: Callable[[Context, str], T], ctx: Context, iri: str) -> T | None:
    """An optional actor: the result of `find` (`actor_at` or a similar function), or None if the
    origin does not serve it or it is not usable. Raises NeedsFetch, not vital.
    """
    try:
        return find(ctx, iri)
    except (FetchFailed, NotFound, Invalid, Denied, Malformed):
        return None
    except NeedsFetch as missing:
        raise NeedsFetch(missing.iri, required=False) from missing


def refuse_blocked(ctx: Context, iri: str) -> None:
    """Raises Denied if the admins do not let this server federate with the host of `iri`."""
    refusal = find_refusal(ctx.conn, host_of(iri))
    if refusal is not None:
        raise refusal


def put_actor(ctx: Context, document: Document) -> Person | Community:
    """Write an actor's row from its document, as a new row or over the existing one.

    `document` must have been fetched from the actor's origin. Raises Invalid for a document without
    the properties that an actor needs, or with a slur in its names (as in Lemmy 0.19).
    """
    values = _read(ctx, document)
    refuse_purged(ctx.conn, document.id or "")
    known = ctx.conn.execute(
        select(actor.c.id, actor.c.kind).where(actor.c.iri == values["iri"])
    ).first()
    if known is None:
        number = ctx.conn.execute(
            insert(actor).values(local=False, **values).returning(actor.c.id)
        ).scalar_one()
        number_host(ctx.conn, str(values["host"]), ctx.now)
    else:
        number = known.id
        if known.kind != values["kind"] and "Group" in (known.kind, values["kind"]):
            raise Invalid(
                "actor_changed_kind",
                "%(iri)s has changed its type: it used to be %(kind)s.",
                iri=document.id,
                kind=known.kind,
            )
        ctx.conn.execute(
            update(actor).where(actor.c.id == number).values(deleted_at=None, **values)
        )
    if values["kind"] != "Group":
        return get_person(ctx.conn, number)
    _put_community(ctx, number, document)
    community = get_community(ctx.conn, number)
    if known is None:
        _bar_as_site(ctx, community)
    return community


def is_stale(conn: Connection, iri: str, now: datetime) -> bool:
    """Whether the actor at `iri` is a known remote one that was last read more than a day ago."""
    return is_long_ago(conn.execute(FETCHED_AT, {"which": iri}).scalar(), now)


def is_long_ago(fetched_at: datetime | None, now: datetime) -> bool:
    """Whether a remote actor should be read again; None is the time of a local or unknown one."""
    return fetched_at is not None and now - fetched_at > FRESH


def note_tried(conn: Connection, iri: str, now: datetime) -> None:
    """Store that the origin served nothing usable, so that it is not asked again for a day."""
    conn.execute(update(actor).where(actor.c.iri == iri).values(fetched_at=now))


def find_split(conn: Connection, iris: Sequence[str]) -> list[Person | Community]:
    """The actors among these with their host in the handle, although others on that host have
    another domain in theirs."""
    other = actor.alias("other")
    rows = conn.execute(
        select(actor.c.iri).where(
            actor.c.iri.in_(iris),
            actor.c.local.is_(False),
            actor.c.domain.is_(None),
            exists().where(other.c.host == actor.c.host, other.c.domain.is_not(None)),
        )
    )
    found = (find_actor(conn, iri) for iri in rows.scalars().all())
    return [known_actor for known_actor in found if known_actor is not None]


def put_domain(conn: Connection, iri: str, domain: str | None) -> None:
    """The domain that WebFinger confirmed for the handle of a peer's actor; None: its own host.

    A handle belongs to one actor, so an actor that had it before loses it.
    """
    if domain is not None:
        name = select(actor.c.name).where(actor.c.iri == iri).scalar_subquery()
        namesake = actor.c.name == name, actor.c.domain == domain, actor.c.iri != iri
        conn.execute(update(actor).where(*namesake).values(domain=None))
    conn.execute(
        update(actor).where(actor.c.iri == iri, actor.c.local.is_(False)).values(domain=domain)
    )


def put_claimed_followers(conn: Connection, community: Community, collection: Document) -> None:
    """Store how many followers a peer's community has, according to its `followers` collection."""
    claimed = collection.total_items if collection.type in COLLECTION_TYPES else None
    mine = community_table.c.actor_id == community.id
    conn.execute(update(community_table).where(mine).values(_claimed(claimed)))


def _claimed(followers: int | None) -> dict[str, object]:
    known = community_table.c.subscribers
    return {"claimed_followers": followers, "followers": larger_count(known, followers)}


def forget_actor(ctx: Context, known_actor: Actor) -> None:
    """Mark an actor as deleted and erase its profile."""
    ctx.conn.execute(
        update(actor)
        .where(actor.c.id == known_actor.id)
        .values(
            deleted_at=ctx.now,
            title="",
            summary_source="",
            summary_html="",
            icon_url=None,
            image_url=None,
            matrix_user_id=None,
        )
    )


def _read(ctx: Context, document: Document) -> dict[str, object]:
    iri = _address(document.id, "id")
    if ctx.is_ours(iri):
        raise Invalid("actor_is_ours", "%(iri)s is a local id, not a remote actor.", iri=iri)
    slurs = policy_of(ctx).slur_filter
    check_slurs(slurs, document.preferred_username or "", document.name or "")
    values = read_actor(document)
    summary = Body(str(values["summary_source"]), str(values["summary_html"])).without_slurs(slurs)
    return values | {
        "summary_source": summary.source,
        "summary_html": summary.html,
        "published_at": _not_later(document.published, ctx.now),
        "fetched_at": ctx.now,
    }


def read_actor(document: Document) -> dict[str, object]:
    """The columns of an actor's row that follow from its document alone, made safe.

    Raises Invalid: `not_an_actor`, `actor_name`, `actor_incomplete`, `foreign_inbox`.
    """
    iri = _address(document.id, "id")
    name = document.preferred_username or ""
    if document.type not in KINDS:
        raise Invalid(
            "not_an_actor",
            "%(iri)s is of type %(type)s, not an actor.",
            iri=iri,
            type=document.type or "document",
        )
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise Invalid(
            "actor_name",
            "The preferredUsername of %(iri)s is not valid: %(name)r.",
            iri=iri,
            name=name,
        )
    key = next((key for key in document.public_keys if _signs(key, document)), None)
    proof = next((key for key in document.assertion_methods if _proves(key, iri)), None)
    return {
        "iri": iri,
        "kind": document.type,
        "name": name,
        "host": host_of(iri),
        "title": clean_title(document.name or ""),
        "summary_source": (document.source_markdown or "")[:LONGEST_SUMMARY],
        "summary_html": sanitize((document.summary or "")[:LONGEST_SUMMARY]),
        "icon_url": usable_iri(document.icon_url),
        "image_url": usable_iri(document.image_url),
        "url": _near(document.url, iri),
        "matrix_user_id": _matrix_id(document.get("matrixUserId")),
        "indexable": _is_indexable(document),
        "inbox": _inbox(document, iri),
        "shared_inbox": _near(document.shared_inbox, iri),
        "outbox": _near(document.outbox, iri),
        "followers": _near(document.followers, iri),
        "public_key_id": key.id if key else None,
        "public_key_pem": key.pem if key else None,
        "proof_key_id": proof.id if proof else None,
        "proof_key": proof.multibase if proof else None,
        "updated_at": document.updated,
    }


def _is_indexable(document: Document) -> bool:
    """Whether search engines may list it: Mastodon's `indexable`, else `discoverable`, which
    groups have; yes for software that has neither.
    """
    wishes = (document.get("indexable"), document.get("discoverable"))
    return next((wish for wish in wishes if isinstance(wish, bool)), True)


def _matrix_id(value: object) -> str | None:
    """The address for Matrix in a peer's document; None for one that is not valid."""
    try:
        return check_matrix_id(value) or None if isinstance(value, str) else None
    except Invalid:
        return None


def _signs(key: KeyDocument, document: Document) -> bool:
    """Whether it is the actor's own, and short enough for us to load."""
    return len(key.pem) <= MAX_PEM and judge_key(key, document) == Authorize()


def _proves(key: MultikeyDocument, iri: str) -> bool:
    """Whether it is the actor's own and of a type that integrity proofs use."""
    if key.owner != iri or not same_host(key.id, iri):
        return False
    try:
        return PublicKey.from_multibase(key.id, key.owner, key.multibase).kind == "ed25519"
    except Malformed:
        return False


def _put_community(ctx: Context, actor_id: int, document: Document) -> None:
    values: dict[str, object] = {
        "moderators_iri": _near(document.moderators, document.id),
        "featured_iri": _near(document.featured, document.id),
        "nsfw": document.sensitive,
        "posting_restricted": document.get("postingRestrictedToMods") is True,
        "languages": check_languages(code for code in document.languages if code in LANGUAGES),
    }
    followers = document.get("followers")
    if isinstance(followers, dict):
        values |= _claimed(Document(followers).total_items)
    elif followers is None:
        values |= _claimed(None)
    # Else it is fetched (`put_claimed_followers`).
    insert_ignoring(ctx.conn, community_table, {"actor_id": actor_id})
    ctx.conn.execute(
        update(community_table).where(community_table.c.actor_id == actor_id).values(**values)
    )
    _put_moderators(ctx, actor_id, values["moderators_iri"])


def _put_moderators(ctx: Context, community_id: int, collection: object) -> None:
    """Replace the moderators by those in the community's own collection that can be fetched."""
    if not isinstance(collection, str):
        return
    served = ctx.find_document(collection)
    if served is None:
        return
    listed = [item for item in served.items if isinstance(item, str)]
    # The community is usable even if some of its moderators are not.
    found = [if_served(person_at, ctx, iri) for iri in listed[:MODERATORS_FETCHED]]
    ctx.conn.execute(delete(moderator).where(moderator.c.community_id == community_id))
    for position, person in enumerate(candidate for candidate in found if candidate is not None):
        # They are listed in the order of their appointment; the times are not known.
        row = {
            "community_id": community_id,
            "person_id": person.id,
            "appointed_at": ctx.now + timedelta(microseconds=position),
        }
        insert_ignoring(ctx.conn, moderator, row)


def _bar_as_site(ctx: Context, community: Community) -> None:
    """Ban everyone from a newly stored community whom its whole server has banned."""
    for ban in list_site_bans(ctx.conn, community.host, ctx.now):
        row = {
            "community_id": community.id,
            "person_id": ban.person_id,
            "reason": ban.reason,
            "created_at": ban.created_at,
            "expires_at": ban.expires_at,
        }
        upsert(ctx.conn, community_ban, row, key=["community_id", "person_id"])


def _inbox(document: Document, iri: str) -> str:
    inbox = _address(document.inbox, "inbox")
    if not same_host(inbox, iri):
        raise Invalid(
            "foreign_inbox",
            "The inbox of %(iri)s is on another host: %(host)s.",
            iri=iri,
            host=host_of(inbox),
        )
    return inbox


def _address(value: str | None, field: str) -> str:
    if not value or is_public(value):
        raise Invalid("actor_incomplete", "The actor has no %(field)s.", field=field)
    try:
        # Loopback and ports have passed or failed when the document was fetched.
        return check_iri(value, development=True)
    except Malformed as error:
        raise Invalid(
            "actor_incomplete",
            "The actor's %(field)s is not valid: %(why)s",
            field=field,
            why=error.detail,
        ) from error


def page_near(document: Document) -> str | None:
    """The page of a peer's document for people, if it is on the document's own host."""
    return _near(document.url, document.id)


def _near(value: str | None, iri: str | None) -> str | None:
    """An address that the actor lists, if it is on the actor's own host."""
    return usable_iri(value) if same_host(value, iri) else None


def _not_later(moment: datetime | None, now: datetime) -> datetime:
    return now if moment is None or moment > now else moment


# Built in advance, because building a statement costs more than running it.
FETCHED_AT = select(actor.c.fetched_at).where(
    actor.c.iri == bindparam("which"), actor.c.local.is_(False)
)

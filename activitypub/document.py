"""`Document`: the one typed view of a parsed ActivityPub document.

Tolerant: one value or many, id or object, text or language map. A field of the wrong type reads as
missing; reading never raises.

Every check and every use must go through the same property of the same `Document`. Never read `raw`
to decide who owns something: `owner` is the only answer (NodeBB 813c37a6 checked one element of an
`attributedTo` array and used another).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from activitypub.iri import PUBLIC, is_public, same_origin, without_fragment
from activitypub.parse import LARGEST_INT, Json
from activitypub.types import ACTIVITY_TYPES, ACTOR_TYPES, AS2, OBJECT_TYPES

MAX_TYPES = 20
"""Types read of one document; no known peer sends more than three."""

MAX_KEYS = 10
"""Keys read from one actor (Mastodon 4.6)."""

_KNOWN_TYPES = ACTIVITY_TYPES | ACTOR_TYPES | OBJECT_TYPES

_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(\.\d{1,12})?([Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


class MentionTag(NamedTuple):
    """A mentioned person or community: the actor's IRI, and the name as written, if any."""

    href: str
    name: str | None


class KeyDocument(NamedTuple):
    """A public key as an actor document shows it; nothing about it has been checked."""

    id: str
    owner: str
    pem: str


class MultikeyDocument(NamedTuple):
    """A Multikey as an actor document shows it (FEP-521a); nothing about it has been checked."""

    id: str
    owner: str
    multibase: str


def has_activitystreams_context(document: "Document | Mapping[str, Any]") -> bool:
    """Whether the top-level @context names ActivityStreams (AP §3.1; Mastodon requires it).

    A context on the document's own origin counts too: Mbin's instance actor names only its own
    `/contexts`.
    """
    own = _text(document.get("id"))
    return any(
        context == AS2 or (isinstance(context, str) and same_origin(context, own))
        for context in _many(document.get("@context"))
    )


class Approvals(NamedTuple):
    """Ids of actors and collections: who may do it at once, and who with the author's approval."""

    automatic: tuple[str, ...]
    manual: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """One ActivityPub document, read tolerantly. `raw` is the parsed JSON; do not change it.

    Wrong-typed fields read as missing: None, an empty tuple, False. What every rule asks for (the
    type, the owner, the objects) is read once.
    """

    raw: Json

    def get(self, key: str) -> Any:
        """The raw value of a property without an accessor here; None if it is missing."""
        return self.raw.get(key)

    # Type and ownership.

    @property
    def id(self) -> str | None:
        """The id as written. Not checked: call `check_iri` before storing or fetching it."""
        return _text(self.raw.get("id"))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The first `MAX_TYPES` types in order; empty if there are none."""
        named = (t for t in _many(self.raw.get("type")) if isinstance(t, str) and t)
        return tuple(islice(named, MAX_TYPES))

    @cached_property
    def type(self) -> str:
        """The first known type, else the first, else ""."""
        types = self.types
        known = next((name for name in types if name in _KNOWN_TYPES), None)
        return known or (types[0] if types else "")

    @cached_property
    def is_activity(self) -> bool:
        """Whether it is an activity: by its type, or, under an unknown type, by its `actor`."""
        if self.type in _KNOWN_TYPES:
            return self.type in ACTIVITY_TYPES
        return "actor" in self.raw

    @property
    def is_actor(self) -> bool:
        """Whether it is an actor by its type."""
        return self.type in ACTOR_TYPES

    @property
    def actor(self) -> str | None:
        """The one actor of an activity; None if there are several."""
        return _id_of(_single(self.raw.get("actor")))

    @property
    def attributed_to(self) -> tuple[str, ...]:
        """All ids in `attributedTo`, in order. The owner of the document is `owner`, never this."""
        return _ids(self.raw.get("attributedTo"))

    @property
    def groups(self) -> tuple[str, ...]:
        """Ids in `attributedTo` that stand for Groups: the channel of a PeerTube video.

        Either they declare that type, or they stand beside the `actor` of an object (Mobilizon 5).
        """
        authors = _documents(self.raw.get("attributedTo"))
        declared = [author.id for author in authors if author.type == "Group" and author.id]
        has_actor = self.actor is not None and not (self.is_activity or self.is_actor)
        beside = self.authors[1:] if has_actor else ()
        return tuple(dict.fromkeys((*declared, *beside)))

    @cached_property
    def owner(self) -> str | None:
        """The owner of this document (FEP-fe34): the one value for every check and every use.

        An activity's `actor`; an actor's `id`; a key's `owner` or `controller`; an object's first
        `attributedTo` that does not declare itself a Group (PeerTube lists account and channel),
        else the first. An object that has an `actor` too is the actor's, if both are on one host
        (Mobilizon: the person who wrote for a Group). None if no owner is named, if the types
        belong to two families, or if `actor` and `attributedTo` name owners on two hosts or an
        activity names two (FEP-fe34 calls these an error).
        """
        if len({_family(name) for name in self.types if name in _KNOWN_TYPES}) > 1:
            return None
        if self.is_actor:
            return self.id if self.actor in (None, self.id) else None
        if self._is_key:
            return _id_of(self.raw.get("owner")) or _id_of(self.raw.get("controller"))
        return self._performer_or_author()

    def _performer_or_author(self) -> str | None:
        author = _author(self.raw.get("attributedTo"))
        has_actor = self.raw.get("actor") is not None
        if has_actor and author is not None and self.actor != author:
            is_written_for = not self.is_activity and same_origin(self.actor, author)
            return self.actor if is_written_for else None
        if self.is_activity or has_actor:
            return self.actor
        return author

    @property
    def authors(self) -> tuple[str, ...]:
        """The actors that its host may call its author: the `owner`, and others in `attributedTo`
        on the same host.

        If there are several, the activity that brings the object decides, or their own documents.
        """
        owner = self.owner
        if owner is None:
            return ()
        if self.is_activity or self.is_actor:
            return (owner,)
        beside = (iri for iri in self.attributed_to if same_origin(iri, owner))
        return tuple(dict.fromkeys((owner, *beside)))

    def written_by(self, author: str) -> "Document":
        """The same document with `author`, one of its `authors`, as the `owner`."""
        if author == self.owner or author not in self.authors:
            return self
        others = [one for one in _many(self.raw.get("attributedTo")) if _id_of(one) != author]
        actor = {} if self.raw.get("actor") is None else {"actor": author}
        return Document(self.raw | {"attributedTo": [author, *others]} | actor)

    @property
    def _is_key(self) -> bool:
        return self.type in ("Key", "Multikey") or (
            not self.is_activity and isinstance(self.raw.get("publicKeyPem"), str)
        )

    # Object and target.

    @cached_property
    def objects(self) -> "tuple[Document | str, ...]":
        """Everything in `object`: embedded documents and ids, in order."""
        return _objects_in(self.raw.get("object"))

    @cached_property
    def object(self) -> "Document | str | None":
        """The one object; None if there are several (then read `objects`)."""
        objects = _objects_in(_single(self.raw.get("object")))
        return objects[0] if objects else None

    @property
    def object_id(self) -> str | None:
        """The id of the one object, embedded or not."""
        return _id_of(_single(self.raw.get("object")))

    @property
    def object_document(self) -> "Document | None":
        """The one object, if it is embedded."""
        object_ = self.object
        return object_ if isinstance(object_, Document) else None

    @property
    def target(self) -> str | None:
        """The id of the one `target` (the collection of Add and Remove, the scope of Block)."""
        return _id_of(_single(self.raw.get("target")))

    @property
    def origin(self) -> str | None:
        """The id of the one `origin`."""
        return _id_of(_single(self.raw.get("origin")))

    @property
    def shape(self) -> tuple[str, ...]:
        """The type, and the object's type if that is embedded: ("Undo", "Like")."""
        inner = self.object_document if self.is_activity else None
        if inner is None or not inner.type:
            return (self.type,)
        return (self.type, inner.type)

    @property
    def subject_id(self) -> str | None:
        """The IRI of the innermost object, by which activities are kept in order.

        Announce{Undo{Like{x}}} → x; Create{Note n} → n; Undo of a bare id → that id.
        """
        found, current = self.id, self
        while current.is_activity:
            objects = current.objects
            if not objects:
                break
            inner = objects[0]
            if isinstance(inner, str):
                return inner
            current = inner
            found = current.id or found
        return found

    # Audience and permissions.

    def approvals(self, what: str) -> Approvals | None:
        """Who may do `what` ("canReply") by the `interactionPolicy`; None if it does not say.

        GoToSocial before 0.21 uses the names `always` and `approvalRequired`.
        """
        policy = self.raw.get("interactionPolicy")
        rule = policy.get(what) if isinstance(policy, dict) else None
        if not isinstance(rule, dict):
            return None
        automatic = rule.get("automaticApproval", rule.get("always"))
        manual = rule.get("manualApproval", rule.get("approvalRequired"))
        return Approvals(_audience(automatic), _audience(manual))

    @property
    def to(self) -> tuple[str, ...]:
        """Ids in `to`; every spelling of Public reads as the full IRI."""
        return _audience(self.raw.get("to"))

    @property
    def cc(self) -> tuple[str, ...]:
        """Ids in `cc`; every spelling of Public reads as the full IRI."""
        return _audience(self.raw.get("cc"))

    @property
    def audiences(self) -> tuple[str, ...]:
        """Ids in `audience`: with Lemmy, PieFed, Mbin and NodeBB the community (FEP-1b12)."""
        return _audience(self.raw.get("audience"))

    @property
    def audience(self) -> str | None:
        """The first `audience`."""
        return next(iter(self.audiences), None)

    @property
    def is_public(self) -> bool:
        """Whether Public is in `to` or `cc`."""
        return PUBLIC in self.to or PUBLIC in self.cc

    @property
    def addressed(self) -> tuple[str, ...]:
        """Everybody in `to`, `cc`, `bto`, `bcc` and `audience`, each once, in this order."""
        fields = ("to", "cc", "bto", "bcc", "audience")
        return tuple(dict.fromkeys(i for name in fields for i in _audience(self.raw.get(name))))

    # Text and media.

    @property
    def name(self) -> str | None:
        """`name`, else the first of `nameMap`."""
        return self._text_or_map("name")

    @property
    def summary(self) -> str | None:
        """`summary`, else the first of `summaryMap`."""
        return self._text_or_map("summary")

    @property
    def content(self) -> str | None:
        """`content`, else the first of `contentMap`. Untrusted HTML: sanitize before use."""
        return self._text_or_map("content")

    def _text_or_map(self, name: str) -> str | None:
        text = self.raw.get(name)
        if isinstance(text, str):
            return text
        return next((value for _, value in _language_map(self.raw.get(f"{name}Map"))), None)

    @property
    def media_type(self) -> str | None:
        """`mediaType` (or Pleroma's `mimeType`) in lower case without parameters."""
        text = _text(self.raw.get("mediaType")) or _text(self.raw.get("mimeType"))
        return text.partition(";")[0].strip().lower() if text else None

    @property
    def source_markdown(self) -> str | None:
        """The author's Markdown: `source.content`, or PeerTube's `content` in Markdown."""
        source = self.raw.get("source")
        if isinstance(source, dict):
            inner = Document(source)
            return inner.content if inner.media_type == "text/markdown" else None
        return self.content if self.media_type == "text/markdown" else None

    @property
    def languages(self) -> tuple[str, ...]:
        """Language tags in `language` (objects as Lemmy sends them, or plain strings)."""
        found = (
            _text(entry.get("identifier") if isinstance(entry, dict) else entry)
            for entry in _many(self.raw.get("language"))
        )
        return tuple(tag for tag in found if tag and tag != "und")

    @property
    def language(self) -> str | None:
        """The first language, else the first key of `contentMap`, `nameMap` or `summaryMap`.

        Else the `@language` of its own @context (GNU social, Pleroma).
        """
        if self.raw.get("language") is not None:
            return next(iter(self.languages), None)
        maps = (_language_map(self.raw.get(f"{n}Map")) for n in ("content", "name", "summary"))
        tags = (tag for entries in maps for tag, _ in entries)
        contexts = _documents(self.raw.get("@context"))
        defaults = (_text(context.get("@language")) for context in contexts)
        return next((tag for tag in (*tags, *defaults) if tag and tag != "und"), None)

    @property
    def url(self) -> str | None:
        """The page for people: the first `text/html` link in `url`, else the first http(s) one."""
        links = [_link(value) for value in _many(self.raw.get("url"))]
        web = [(href, kind) for href, kind in links if href]
        html = next((href for href, kind in web if kind == "text/html"), None)
        return html or (web[0][0] if web else None)

    @property
    def href(self) -> str | None:
        """`href` of a Link, Mention or Hashtag."""
        return _text(self.raw.get("href"))

    @property
    def attachments(self) -> "tuple[Document, ...]":
        """Embedded attachments."""
        return _documents(self.raw.get("attachment"))

    @property
    def tags(self) -> "tuple[Document, ...]":
        """Embedded tags."""
        return _documents(self.raw.get("tag"))

    @property
    def mentions(self) -> tuple[MentionTag, ...]:
        """Tags of type Mention with an `href`; Smithereen sends them without a name."""
        return tuple(
            MentionTag(tag.href, tag.name)
            for tag in self.tags
            if tag.type == "Mention" and tag.href
        )

    @property
    def in_reply_to(self) -> str | None:
        """The id of the first `inReplyTo`; Misskey may embed the whole parent."""
        return next(iter(_ids(self.raw.get("inReplyTo"))), None)

    @property
    def thread(self) -> str | None:
        """The id in `context`: the collection of the whole thread (FEP-7888), or an opaque name."""
        return _id_of(_single(self.raw.get("context")))

    @property
    def replies(self) -> "Document | str | None":
        """The collection of direct replies, embedded (Mastodon) or its id."""
        return next(iter(_objects_in(self.raw.get("replies"))), None)

    @property
    def sensitive(self) -> bool:
        """Whether it is marked as sensitive."""
        return self.raw.get("sensitive") in (True, "true")

    @property
    def icon_url(self) -> str | None:
        """http(s) URL of the avatar."""
        return _image(self.raw.get("icon"))

    @property
    def image_url(self) -> str | None:
        """http(s) URL of an actor's banner or a Page's thumbnail."""
        return _image(self.raw.get("image"))

    # Dates.

    @property
    def published(self) -> datetime | None:
        """When it was published, aware UTC."""
        return to_datetime(self.raw.get("published"))

    @property
    def updated(self) -> datetime | None:
        """When it was last edited, aware UTC."""
        return to_datetime(self.raw.get("updated"))

    @property
    def ends_at(self) -> datetime | None:
        """The end of a ban or a poll: `endTime`, or `expires` (Mbin, older Lemmy)."""
        return to_datetime(self.raw.get("endTime")) or to_datetime(self.raw.get("expires"))

    # Actors.

    @property
    def preferred_username(self) -> str | None:
        """The name in the handle."""
        return _text(self.raw.get("preferredUsername"))

    @property
    def inbox(self) -> str | None:
        """The id of the inbox."""
        return _id_of(self.raw.get("inbox"))

    @property
    def outbox(self) -> str | None:
        """The id of the outbox."""
        return _id_of(self.raw.get("outbox"))

    @property
    def followers(self) -> str | None:
        """The id of the followers collection."""
        return _id_of(self.raw.get("followers"))

    @property
    def following(self) -> str | None:
        """The id of the following collection."""
        return _id_of(self.raw.get("following"))

    @property
    def featured(self) -> str | None:
        """The id of the collection of pinned posts."""
        return _id_of(self.raw.get("featured"))

    @property
    def moderators(self) -> str | None:
        """The id of a Group's moderators collection: `attributedTo` (FEP-1b12) or `moderators`.

        An embedded actor in `attributedTo` is not one: PeerTube names the channel's owner there.
        """
        listed = _id_of(self.raw.get("moderators"))
        for value in _many(self.raw.get("attributedTo")):
            if not (isinstance(value, dict) and Document(value).is_actor):
                return _id_of(value) or listed
        return listed

    @property
    def shared_inbox(self) -> str | None:
        """`endpoints.sharedInbox`, or `sharedInbox` at the top as Discourse sends it."""
        endpoints = self.raw.get("endpoints")
        nested = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
        return _text(nested) or _text(self.raw.get("sharedInbox"))

    @property
    def public_keys(self) -> tuple[KeyDocument, ...]:
        """The PEM keys in `publicKey`, at most ten, or the document itself if it is a key.

        A key without an owner belongs to this document if its id says so: `<document id>#…`.
        """
        found = (_key(value, self.id) for value in _many(self.raw.get("publicKey"))[:MAX_KEYS])
        keys = tuple(key for key in found if key is not None)
        own = None if keys else _key(self.raw)
        return (own,) if own else keys

    @property
    def assertion_methods(self) -> tuple[MultikeyDocument, ...]:
        """The Multikeys in `assertionMethod`, at most ten, or the document itself if it is one."""
        listed = _many(self.raw.get("assertionMethod"))[:MAX_KEYS]
        found = [_multikey(value, self.id) for value in listed] or [_multikey(self.raw)]
        return tuple(key for key in found if key is not None)

    @property
    def has_proof(self) -> bool:
        """Whether it carries an integrity proof (FEP-8b32), valid or not."""
        return bool(_documents(self.raw.get("proof")))

    @property
    def is_signed(self) -> bool:
        """Whether it carries a signature of its own: a proof (FEP-8b32), or the `signature` that
        Mastodon adds to public documents (RsaSignature2017).
        """
        return self.has_proof or bool(_documents(self.raw.get("signature")))

    # Collections.

    @property
    def items(self) -> "tuple[Document | str, ...]":
        """`orderedItems`, else `items`: embedded documents and ids."""
        return _objects_in(self.raw.get("orderedItems")) or _objects_in(self.raw.get("items"))

    @property
    def first(self) -> "Document | str | None":
        """The first page, embedded or its id."""
        return next(iter(_objects_in(self.raw.get("first"))), None)

    @property
    def next(self) -> str | None:
        """The id of the next page."""
        return _id_of(self.raw.get("next"))

    @property
    def total_items(self) -> int | None:
        """The number of items that the peer claims to have, below 2^53; else None."""
        total = self.raw.get("totalItems")
        return total if type(total) is int and 0 <= total < LARGEST_INT else None


def to_datetime(value: object) -> datetime | None:
    """An xsd:dateTime as aware UTC; digits beyond microseconds are cut off, no zone means UTC.

    None for anything else, and for years before 1970 or after 2199.
    """
    match = _DATE.fullmatch(value) if isinstance(value, str) and len(value) <= 64 else None
    if match is None:
        return None
    day, time, fraction, zone = match.groups()
    text = f"{day}T{time}{(fraction or '')[:7].ljust(7, '0') if fraction else ''}{zone or 'Z'}"
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC)


def _family(name: str) -> str:
    if name in ACTIVITY_TYPES:
        return "activity"
    return "actor" if name in ACTOR_TYPES else "object"


def _many(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _single(value: Any) -> Any:
    """The one value of a property; None if an array holds different ones."""
    values = _many(value)
    if any(other != values[0] for other in values[1:]):
        return None
    return values[0] if values else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _id_of(value: Any) -> str | None:
    return _text(value.get("id")) if isinstance(value, dict) else _text(value)


def _ids(value: Any) -> tuple[str, ...]:
    found = (_id_of(entry) for entry in _many(value))
    return tuple(iri for iri in found if iri)


def _audience(value: Any) -> tuple[str, ...]:
    return tuple(PUBLIC if is_public(iri) else iri for iri in _ids(value))


def _author(value: Any) -> str | None:
    entries = [(entry, iri) for entry in _many(value) if (iri := _id_of(entry))]
    for entry, iri in entries:
        if not (isinstance(entry, dict) and Document(entry).type == "Group"):
            return iri
    return entries[0][1] if entries else None


def _objects_in(value: Any) -> tuple[Document | str, ...]:
    entries = (Document(v) if isinstance(v, dict) else _text(v) for v in _many(value))
    return tuple(entry for entry in entries if entry is not None)


def _documents(value: Any) -> tuple[Document, ...]:
    return tuple(Document(entry) for entry in _many(value) if isinstance(entry, dict))


def _language_map(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from ((tag, text) for tag, text in value.items() if isinstance(text, str))


def _web(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def _link(value: Any) -> tuple[str | None, str | None]:
    if not isinstance(value, dict):
        return _web(value), None
    return _web(value.get("href")), Document(value).media_type


def _image(value: Any) -> str | None:
    for entry in _many(value):
        found = Document(entry).url or _web(entry.get("href")) if isinstance(entry, dict) else None
        if found := found or _web(entry):
            return found
    return None


def _key(value: Any, holder: str | None = None) -> KeyDocument | None:
    if not isinstance(value, dict):
        return None
    iri, pem = _text(value.get("id")), _text(value.get("publicKeyPem"))
    owner = _id_of(value.get("owner")) or _id_of(value.get("controller")) or _named(iri, holder)
    return KeyDocument(iri, owner, pem) if iri and owner and pem else None


def _multikey(value: Any, holder: str | None = None) -> MultikeyDocument | None:
    if not isinstance(value, dict) or Document(value).type != "Multikey":
        return None
    iri, multibase = _text(value.get("id")), _text(value.get("publicKeyMultibase"))
    owner = _id_of(value.get("controller")) or _named(iri, holder)
    return MultikeyDocument(iri, owner, multibase) if iri and owner and multibase else None


def _named(key_id: str | None, holder: str | None) -> str | None:
    """The id of the document that shows a key, if the key's id is that id with a fragment."""
    return holder if key_id and holder and without_fragment(key_id) == holder else None

"""How the inbox would read a document, or why it would refuse it, without a server.

No network and no database. The functions of the inbox check the form, the authority and the
content; a reader runs until it asks the database its first question. Everything that depends on the
database becomes a condition ("if …").
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection

from activitypub.authority import (
    FetchFirst,
    Known,
    Refuse,
    Verdict,
    judge_announced,
    judge_direct,
    judge_fetched,
    judge_listed,
)
from activitypub.document import Document, has_activitystreams_context
from activitypub.errors import ProtocolError
from activitypub.iri import PUBLIC, check_iri, same_host
from activitypub.types import COLLECTION_TYPES, Rule, activity_type
from fedcom.actions.base import Reader
from fedcom.context import Context
from fedcom.errors import FedcomError
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.inbound.post import check_announcer, check_content, communities_named
from fedcom.remote.actors import read_actor
from fedcom.wire.message import CHAT, recipients_of
from fedcom.wire.post import TYPES, read_post
from fedcom.wire.tags import language_in
from inbox.ports import ReceivedActivity
from inbox.route import Routes
from inbox.validate import check_form, check_id

# An origin that no document has, so that no id is ours.
_NOWHERE = "https://explain.invalid"
_NOBODY = Known(hosts=frozenset())
# How the id of a collection of pinned posts ends: in Lemmy and Mastodon, in Mbin.
_PINNED = ("/featured", "/pinned")

_ACTORS = {
    "Group": "community",
    "Person": "person",
    "Service": "person",
    "Organization": "person",
    "Application": "instance",
}
# The condition on the object, by the rule of the activity.
_OBJECT: dict[Rule, str] = {
    "vote": "in a community here",
    "membership": "known here",
    "answer": "known here",
    "deletion": "stored here",
    "post_moderation": "stored here",
}
# Codes with which the authority refuses only because no facts are known, as conditions.
_IF = {
    "not_moderator": "if {actor} moderates it, or its community announces this",
    "unknown_collection": "if {actor} moderates it, or its community announces this",
    "not_owner": "if {actor} moderates the community it is in, or that community announces this",
    "follow_unknown": "if we sent the Follow that it accepts or rejects",
    "not_their_post": "if {about} is in {group}",
    "not_their_collection": "if {target} is a collection of {group}",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is refused: the stable code that a peer would get, and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Our reading of a document. The fields are those of `fedcom federation explain --json`.

    `kind` is the subject (post, comment, vote, follow, person, community, deletion …) and `action`
    the verb (create, edit, upvote, undo …; `document` for a document without an activity). `actor`
    sent it, `author` wrote it. `community` has several ids if the document names several
    candidates. `about` is the object of a vote, reply, deletion or follow; `attachments` are URLs.
    A document without `reasons` is understood; `conditions` depend on the database or the origin.
    """

    kind: str
    action: str
    id: str | None = None
    actor: str | None = None
    author: str | None = None
    title: str | None = None
    community: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    about: str | None = None
    language: str | None = None
    sensitive: bool = False
    link: str | None = None
    attachments: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_understood(self) -> bool:
        """Whether the document itself gives no reason to refuse it."""
        return not self.reasons


@dataclass(slots=True)
class _Findings:
    """Reasons against a document and conditions for it, each once, in the order found."""

    conditions: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def refuse(self, code: str, detail: str) -> None:
        if code not in [reason.code for reason in self.reasons]:
            self.reasons.append(Reason(code, detail))

    def add_condition(self, condition: str) -> None:
        if condition not in self.conditions:
            self.conditions.append(condition)

    def watch(self, work: Callable[[], object]) -> None:
        """Run a check; an error is a reason, a question to the database ends the check."""
        try:
            work()
        except (FedcomError, ProtocolError) as error:
            self.refuse(error.code, error.detail)
        except _DatabaseAskedError:
            return


def explain(document: Document, *, development: bool = False) -> Explained:
    """How `document` would be treated: in an inbox if it is an activity, else when it is fetched.

    `development` permits http, ports and loopback, as the setting does.
    """
    found = _Findings()
    if not document.is_activity:
        _judge_served(document, found, development=development)
        return _with(describe(document), found)
    found.watch(lambda: _check_as_inbox(document, development=development))
    if document.type == "Announce":
        return _announce(document, found)
    _judge_said(document, found)
    return _with(describe(document), found)


def refused(error: ProtocolError) -> Explained:
    """The explanation for bytes that are not a document at all."""
    return Explained("nothing", "none", reasons=(Reason(error.code, error.detail),))


def describe(document: Document) -> Explained:
    """What a document is, regardless of who may send it."""
    if document.is_actor:
        return _actor(document)
    if document.type in COLLECTION_TYPES:
        return _collection(document)
    if document.is_activity:
        return _activity(document)
    return _object(document)


def _activity(activity: Document) -> Explained:
    inner = activity.object_document
    if activity.type in ("Create", "Update") and inner is not None:
        verb = "create" if activity.type == "Create" else "edit"
        made = replace(describe(inner), action=verb, actor=activity.owner)
        if _is_message(inner):
            return made
        return replace(made, audience=_merged(activity.addressed, inner.addressed))
    if activity.type == "Undo" and inner is not None:
        undone = describe(inner)
        return replace(
            undone,
            action=f"undo {undone.action}",
            id=activity.id,
            actor=activity.owner,
            audience=_merged(activity.addressed, inner.addressed),
        )
    kind, action = activity_type(activity.type).labels
    if activity.type == "Delete" and activity.object_id == activity.owner:
        kind = "account deletion"
    if activity.target is not None and activity.target.rstrip("/").endswith(_PINNED):
        kind = "pinned post"
    about = [item if isinstance(item, str) else item.id for item in activity.objects]
    return Explained(
        kind,
        action,
        id=activity.id,
        actor=activity.owner,
        author=activity.owner,
        community=activity.audiences,
        audience=activity.addressed,
        about=", ".join(iri for iri in about if iri) or None,
    )


def _object(document: Document) -> Explained:
    if document.type == "Tombstone":
        return Explained("deletion", "document", id=document.id, about=document.id)
    if _is_message(document):
        # Neither its text nor its recipients belong on a screen or in a log.
        return Explained("message", "document", id=document.id, author=document.owner)
    kind = (document.type or "untyped object").lower()
    if document.type in TYPES:
        kind = "post" if document.in_reply_to is None else "comment"
    plain = Explained(
        kind,
        "document",
        id=document.id,
        author=document.owner,
        audience=document.addressed,
        language=language_in(document),
        sensitive=document.sensitive,
        attachments=tuple(_addresses(document)),
    )
    if kind == "post":
        post = read_post(document)
        places = tuple(iri for iri in communities_named(document) if _may_be_place(iri, document))
        return replace(plain, title=post.title, link=post.url, community=places)
    if kind == "comment":
        return replace(plain, about=document.in_reply_to, community=document.audiences)
    return plain


def _is_message(document: Document) -> bool:
    """Whether it is addressed to people only, here or elsewhere."""
    if document.type == "Note":
        return bool(recipients_of(document, document, lambda iri: not _is_near(iri, document)))
    return document.type == CHAT


def _is_near(iri: str, document: Document) -> bool:
    """Whether it may be a collection of the author, such as the followers, rather than a person."""
    return iri == PUBLIC or same_host(iri, document.owner or "")


def _may_be_place(iri: str, document: Document) -> bool:
    """Whether it is neither Public, nor the author, nor one of the author's collections."""
    author = document.owner or PUBLIC
    return iri not in (PUBLIC, author) and not iri.startswith(f"{author.rstrip('/')}/")


def _actor(document: Document) -> Explained:
    return Explained(
        _ACTORS.get(document.type, document.type.lower()),
        "document",
        id=document.id,
        author=document.owner,
        title=document.name or document.preferred_username,
        language=document.language,
        sensitive=document.sensitive,
        community=(document.id,) if document.type == "Group" and document.id else (),
    )


def _collection(document: Document) -> Explained:
    items = [item for item in document.items if isinstance(item, Document)]
    described = [describe(item) for item in items]
    kinds = Counter(one.kind for one in described)
    kinds["id"] += len(document.items) - len(items)
    inside = ", ".join(
        f"{number} {_many(kind, number)}" for kind, number in kinds.items() if number
    )
    return Explained(
        "collection",
        "document",
        id=document.id,
        author=document.owner,
        title=inside or "nothing in it",
        community=_merged(*(one.community for one in described)),
        audience=document.addressed,
    )


def _many(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}s"


def _check_as_inbox(activity: Document, *, development: bool) -> None:
    check_id(activity, check_form(activity, development=development))


def _judge_served(document: Document, found: _Findings, *, development: bool) -> None:
    """Judge it as a document that was fetched from its id."""
    if not has_activitystreams_context(document):
        found.refuse("context_missing", "The @context does not include ActivityStreams.")
    found.watch(lambda: check_iri(document.id or "", development=development))
    if document.type in COLLECTION_TYPES:
        _judge_items(document, found)
    _take(judge_fetched(document, document.id or "", _NOBODY), found, {})
    if document.is_actor:
        found.watch(lambda: _judge_actor(document, found))
    elif document.type not in COLLECTION_TYPES | {"Tombstone"}:
        _judge_content(document, found, None)


def _judge_actor(document: Document, found: _Findings) -> None:
    if read_actor(document)["public_key_id"] is None:
        found.add_condition(
            "if it publishes a key of its own: until then nothing it sends can be verified"
        )


def _judge_items(collection: Document, found: _Findings) -> None:
    if collection.owner is None:
        found.add_condition(f"if the actor that owns the collection links to {collection.id}")
    for item in collection.items:
        if isinstance(item, Document) and not item.is_activity:
            _take(judge_listed(item, collection.id or "", _NOBODY), found, {})


def _judge_content(document: Document, found: _Findings, group: str | None) -> None:
    """Judge a post or comment and its community; `group` is the community that announced it."""
    if _is_message(document):
        found.refuse(
            "not_public", "A private message is accepted only from its author, not relayed."
        )
        return
    if document.type not in TYPES:
        kind = document.type or "document without a type"
        found.refuse("not_content", f"Its type is {kind}, which is not a post or comment.")
        return
    found.watch(lambda: check_content(document))
    if group is not None:
        found.watch(lambda: _check_announced(document, group))
    elif document.in_reply_to is not None:
        found.add_condition(
            f"if {document.in_reply_to}, to which it replies, is in a community known here"
        )
    else:
        _add_place_condition(document, found)


def _check_announced(document: Document, group: str) -> None:
    if document.in_reply_to is None:
        check_announcer(document, group)


def _add_place_condition(document: Document, found: _Findings) -> None:
    places = [iri for iri in communities_named(document) if _may_be_place(iri, document)]
    if not places:
        found.refuse("no_community", "The post is not addressed to any community.")
    elif len(places) > 1:
        found.add_condition(f"if one of {', '.join(places)} is a community here")
    elif same_host(places[0], document.owner):
        found.add_condition(f"if {places[0]} is a community that someone here follows")
    else:
        found.add_condition(
            f"if {places[0]} is a local community; otherwise once it has announced it"
        )


def _judge_said(activity: Document, found: _Findings) -> None:
    """Judge it as an activity delivered by its actor."""
    actor = activity.owner
    if actor is None:
        return  # check_form has reported that
    known = judge_direct(activity, actor, _NOBODY)
    if isinstance(known, Refuse):
        most_favourable = Known(
            hosts=frozenset(), moderates_here=True, target_owner=actor, follow_target=actor
        )
        _take_either(known, judge_direct(activity, actor, most_favourable), found, activity)
    else:
        _take(known, found, {})
    inner = activity.object_document
    if activity.type in ("Create", "Update") and inner is not None and _is_message(inner):
        if PUBLIC in inner.addressed:
            found.refuse("not_private", "A private message must not be addressed to the public.")
        found.add_condition(
            "if it is addressed to a local user who accepts messages from the author"
        )
        return
    _read(ReceivedActivity(activity, actor), found)
    _judge_object(activity, found, None)


def _judge_object(activity: Document, found: _Findings, group: str | None) -> None:
    inner = activity.object_document
    if activity.type in ("Create", "Update") and inner is not None and not inner.is_actor:
        if not any(reason.code == "unsupported_type" for reason in found.reasons):
            _judge_content(inner, found, group)
    elif activity.type in ("Add", "Remove"):
        _judge_target(activity, found)
        return
    condition = _OBJECT.get(activity_type(_innermost(activity).type).rule)
    if condition is None:
        return
    if group is not None:
        found.add_condition(_IF["not_their_post"].format(about=activity.subject_id, group=group))
    else:
        found.add_condition(f"if {activity.subject_id} is {condition}")


def _judge_target(activity: Document, found: _Findings) -> None:
    target = activity.target or ""
    what = "pinned posts" if target.rstrip("/").endswith(_PINNED) else "moderators"
    found.add_condition(f"if {target} lists the {what} of a community known here")


def _innermost(activity: Document) -> Document:
    inner = activity.object_document
    return inner if activity.type == "Undo" and inner is not None else activity


def _announce(activity: Document, found: _Findings) -> Explained:
    """Judge it as an Announce: every object in it as the word of a community about its own."""
    group = activity.owner or ""
    _take(judge_direct(activity, group, _NOBODY), found, {})
    found.add_condition(f"if {group} is a community that someone here follows")
    inside = [_announced(item, group, found) for item in activity.objects]
    if not inside:
        found.refuse("object_missing", "The Announce names no object.")
        inside = [Explained("nothing", "none")]
    first = inside[0]
    kinds = ", ".join(dict.fromkeys(one.kind for one in inside))
    return _with(
        replace(
            first,
            kind=f"announce of {kinds}",
            id=activity.id,
            actor=activity.owner,
            community=(group,),
            audience=_merged(activity.addressed, first.audience),
        ),
        found,
    )


def _announced(item: Document | str, group: str, found: _Findings) -> Explained:
    if isinstance(item, str):
        _take(judge_announced(item, group, _NOBODY), found, {})
        return Explained("an id", "boost", about=item)
    described = describe(item)
    known = judge_announced(item, group, _NOBODY)
    if isinstance(known, Refuse) and known.code == "unknown_collection":
        found.add_condition(f"if {_innermost(item).target} is a collection of {group}")
        known = judge_announced(item, group, replace(_NOBODY, target_owner=group))
    if isinstance(known, Refuse):
        most_favourable = Known(
            hosts=frozenset(),
            moderators=frozenset({item.owner or ""}),
            target_owner=group,
            is_their_post=True,
        )
        about = {"group": group}
        _take_either(known, judge_announced(item, group, most_favourable), found, item, about)
    else:
        _take(known, found, {})
    if not item.is_activity:
        _judge_content(item, found, group)
    elif item.owner is not None:
        _read(ReceivedActivity(item, item.owner, via=group), found)
        _judge_object(item, found, group)
    return described


def _read(received: ReceivedActivity, found: _Findings) -> None:
    """Run the reader of the inbox until it asks the database something.

    A bare id would have to be fetched first.
    """
    if received.activity.type in ("Create", "Update") and isinstance(received.activity.object, str):
        return
    ctx = Context(cast("Connection", _NoDatabase()), datetime.now(UTC), _NOWHERE)
    found.watch(lambda: reader_of(_ROUTES, received.activity)(ctx, received))


def _take(verdict: Verdict, found: _Findings, names: dict[str, str]) -> None:
    if isinstance(verdict, Refuse):
        condition = _IF.get(verdict.code)
        if condition is None or not names:
            found.refuse(verdict.code, verdict.detail)
        else:
            found.add_condition(condition.format_map(names))
    elif isinstance(verdict, FetchFirst):
        found.add_condition(f"if its origin confirms it at {verdict.iri}")


def _take_either(
    known: Refuse,
    most_favourable: Verdict,
    found: _Findings,
    activity: Document,
    more: dict[str, str] | None = None,
) -> None:
    """A refusal that facts about us could reverse is a condition; any other is final."""
    if isinstance(most_favourable, Refuse):
        found.refuse(most_favourable.code, most_favourable.detail)
        return
    inner = _innermost(activity)
    names = {
        "actor": activity.owner or "",
        "about": activity.subject_id or "",
        "target": inner.target or "",
        "group": "its community",
    }
    _take(known, found, names | (more or {}))


def _with(described: Explained, found: _Findings) -> Explained:
    return replace(described, conditions=tuple(found.conditions), reasons=tuple(found.reasons))


def _merged(*audiences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(iri for audience in audiences for iri in audience))


def _addresses(document: Document) -> Iterator[str]:
    for attachment in document.attachments:
        address = attachment.href or attachment.url
        if address is not None:
            yield address


class _DatabaseAskedError(Exception):
    """A reader has reached the point where the database decides."""


class _NoDatabase:
    """Takes the place of a connection and raises on any use."""

    def __getattr__(self, name: str) -> Any:
        raise _DatabaseAskedError(name)


_ROUTES: Routes[Reader] = activity_routes()

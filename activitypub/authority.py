"""Who is believed: the one place that decides what a stranger can claim (FEP-fe34).

The inbox asks after it has verified the signature, the Announce envelope asks about its content,
and every fetch asks about its result. Pure: documents and the facts of our database go in, a
verdict comes out:

- `Authorize`   they may say this; whether it is allowed here is decided by the rules of the domain
- `FetchFirst`  true only if the origin of that IRI confirms it; the fetched copy replaces this one
- `Refuse`      nobody who sends it like this may say it

Each activity type has one rule, declared in `activitypub.types`. The rules, in the order in which
they stand below (docs/decisions/0027-what-proves-an-activity.md gives the reasons):

    rule          signed by its actor   sent by another,   sent by another,   announced by a
                                        with a proof       without a proof    community
    self          believed              once               nothing            nothing
    vote, report, believed              once               nothing            about its own posts
     warning
    membership    believed              once               nothing            of its own members
    answer        from the actor that   once               nothing            nothing
                  we asked
    content       of their own          if it is dated     its object, asked  asked of its origin,
                                                           of its origin      unless proven
    deletion      of their own          asked of its       asked of its       the same, or by a
                                        origin             origin             moderator of it
    post_         by moderators here    once               nothing            about its own posts,
     moderation                                                               by its moderators
    ban and       by moderators here    once               nothing            by its moderators
     collection
    move          between communities   once               nothing            between communities of
                  of its actor's host,                                        its host, and asked of
                  and asked of its                                            its origin
                  origin
    undo          as what it undoes     once               nothing            as what it undoes

"Once": the first time its id is received, unless its actor has since said something else about the
same thing; `fedcom.federation.replay` checks that. An author is the authority for content, a
community for what it owns: votes on its posts, the acts of its moderators, its members. A host is
the authority for nothing on another host, and only this server speaks for its own actors. No
network and no database here, and no exception to these rules anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from activitypub.document import Document, KeyDocument, MultikeyDocument
from activitypub.errors import Malformed, Unauthentic
from activitypub.iri import host_of, same_origin
from activitypub.types import ACTOR_TYPES, COLLECTION_TYPES, Rule, activity_type

Evidence = Literal["signature", "proof", "origin", "community"]
"""What shows that an activity is its actor's: the actor signed the request; the activity carries
the actor's integrity proof (FEP-8b32), whoever sent it; the actor's server was asked about the
object; or the community that owns its object announced it."""


@dataclass(frozen=True, slots=True)
class Authorize:
    """They may say this. `by_proof`: only because it carries its actor's integrity proof."""

    by_proof: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class FetchFirst:
    """Ask the origin: the copy it serves at `iri` counts, not the received one."""

    iri: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """They may not say this: a stable code and a sentence."""

    code: str
    detail: str

    def error(self) -> Unauthentic:
        """The same as an exception (403)."""
        return Unauthentic(self.code, self.detail)


Verdict = Authorize | FetchFirst | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Facts about one activity from our own database and checks; the default is "unknown".

    hosts: our own, as `host_of` writes them. owner: the stored author of the object concerned.
    moderates_here: the actor moderates the community of ours that has the object or the target.
    moderated_elsewhere: the community that has them is a peer's.
    target_owner: the actor whose collection the target is, or the community the target itself is.
    target_is_site: the target stands for a whole server. follow_target: the object of our own
    Follow that an Accept or Reject names.

    proven: the activity carries a valid integrity proof of its actor and was not sent before.

    For an Announce also: moderators, of the announcing community. is_their_post: the object
    concerned is stored as a post or comment of that community. issued_by_us: we sent the inner
    activity.
    """

    hosts: frozenset[str]
    owner: str | None = None
    moderates_here: bool = False
    moderated_elsewhere: bool = False
    target_owner: str | None = None
    target_is_site: bool = False
    follow_target: str | None = None
    moderators: frozenset[str] = frozenset()
    is_their_post: bool = False
    issued_by_us: bool = False
    proven: bool = False

    def is_ours(self, iri: str | None) -> bool:
        """Whether the IRI is on one of our own hosts."""
        return is_on(iri, self.hosts)


def is_on(iri: str | None, hosts: frozenset[str]) -> bool:
    """Whether the IRI is on one of `hosts`; False for anything that is not an IRI."""
    try:
        return iri is not None and host_of(iri) in hosts
    except Malformed:
        return False


def needs_facts(activity: Document) -> bool:
    """Whether `judge_direct` asks for more about `activity` than `Known.hosts` and `proven`.

    An Undo needs the facts that the activity inside it needs.
    """
    return any(_RULES[activity_type(name).rule].needs_facts for name in activity.shape)


def is_moderators_act(activity: Document) -> bool:
    """Whether only a moderator can do it, of a community or of a site."""
    return isinstance(_rule_of(activity), _PostModerationRule)


def judge_direct(activity: Document, signer: str, known: Known) -> Verdict:
    """The verdict on an activity that came with a valid HTTP signature of the actor `signer`."""
    if not activity.is_activity:
        return Refuse(
            "not_an_activity",
            f"Only activities can be sent; this is of type {activity.type or 'unknown':.100}.",
        )
    actor = activity.owner
    if actor is None:
        return Refuse("actor_missing", "An activity needs exactly one actor.")
    if known.is_ours(actor):
        return Refuse(
            "actor_is_ours",
            f"The actor {actor:.200} is local to this server; no other server can speak for it.",
        )
    if activity.id is not None and not same_origin(activity.id, actor):
        return Refuse(
            "id_elsewhere",
            f"The activity id {activity.id:.200} is not on the host of its actor {actor:.200}.",
        )
    if actor != signer:
        return _rule_of(activity).relayed(activity, actor, known)
    return _rule_of(activity).direct(activity, actor, known)


def judge_origin(activity: Document, served: Document | None) -> Verdict:
    """Whether the document at the object's id proves a relayed Create, Update or Delete.

    `served` is that document as its origin serves it, None for 410 Gone. It proves only the state
    of the object, so nothing else in the relayed activity may be used.
    """
    if activity.type == "Delete":
        if served is None or (
            served.type == "Tombstone" and same_origin(served.id, activity.owner)
        ):
            return Authorize()
        return Refuse(
            "not_confirmed",
            f"Deletion not confirmed: the origin still serves {activity.object_id!s:.200}.",
        )
    if served is None:
        return Refuse(
            "gone", f"Not confirmed: the origin responds 410 Gone for {activity.object_id!s:.200}."
        )
    is_profile = activity.type == "Update" and activity.object_id == activity.owner
    if served.is_activity or served.is_actor != is_profile:
        return Refuse(
            "not_confirmed",
            f"Not confirmed: the origin serves {served.id!s:.200} with type"
            f" {served.type or 'unknown':.100}, expected"
            f" {'an actor' if is_profile else 'a post or comment'}.",
        )
    if activity.owner is None or activity.owner not in served.authors:
        return Refuse(
            "owner_mismatch",
            "The author according to the origin is"
            f" {', '.join(served.authors) or 'unknown':.400}, not {activity.owner!s:.200}.",
        )
    return Authorize()


def judge_moved(served: Document, origin: str, target: str) -> Verdict:
    """Whether a post, as its origin serves it, has moved from the community `origin` to `target`.

    `origin` and `target` may be the same, for a post that has returned.
    """
    named = served.audiences or (*served.to, *served.cc)
    if target not in named or (origin in named and origin != target):
        return Refuse(
            "not_confirmed",
            f"At its origin the post is not in the community {target:.200}, or still in"
            f" {origin:.200}.",
        )
    return Authorize()


def judge_announced(inner: Document | str, group: str, known: Known) -> Verdict:
    """The verdict on one object or activity that the proven actor `group` has announced.

    An Announce does not authenticate its content (FEP-fe34, FEP-1b12); it vouches for what the
    community owns. PieFed announces several things at once: call this for each of `objects`.
    """
    if isinstance(inner, str):
        return Authorize() if known.is_ours(inner) else FetchFirst(inner)
    if not inner.is_activity:
        return _announced_object(inner, group, known)
    actor = inner.owner
    if actor is None:
        return Refuse("actor_missing", "The announced activity needs exactly one actor.")
    if known.is_ours(actor):
        return _announced_back(known)
    verdict = _rule_of(inner).announced(inner, actor, group, known)
    if verdict != Authorize() and known.proven and _is_proof_enough(inner, actor, known):
        return Authorize(by_proof=True)
    return verdict


def judge_listed(item: Document, collection: str, known: Known) -> Verdict:
    """The verdict on an object inside a collection that the origin of `collection` served.

    If the same host has the object and its author, the embedded copy is as good as a fetched one.
    """
    if item.is_activity:
        return Refuse(
            "not_an_object",
            "This collection may list objects only, not activities"
            f" ({item.type or 'unknown':.100}).",
        )
    return _announced_object(item, collection, known)


def judge_fetched(document: Document, iri: str, known: Known) -> Verdict:
    """The verdict on a document that was fetched and whose final location is `iri`.

    A host vouches only for documents on its own origin whose owner is there as well.
    """
    if document.id is None or not same_origin(document.id, iri):
        return Refuse(
            "id_elsewhere",
            f"The document's id ({document.id or 'none':.200}) is not on the host that served it"
            f" ({iri:.200}).",
        )
    if known.is_ours(document.id):
        return Refuse(
            "object_is_ours",
            f"{document.id:.200} is local to this server; a remote copy does not count.",
        )
    if document.owner is None and document.type in COLLECTION_TYPES | {"Tombstone"}:
        return Authorize()
    if not same_origin(document.owner, document.id):
        return Refuse(
            "owner_elsewhere",
            f"The document's owner ({document.owner or 'none':.200}) is not on the host of its"
            f" id ({document.id:.200}).",
        )
    return Authorize()


def judge_key(key: KeyDocument | MultikeyDocument, actor: Document) -> Verdict:
    """Whether `key` is the actor's: claimed by both sides and on one host (Akkoma 3.15).

    A Multikey must be listed in `assertionMethod` (FEP-521a), a PEM key in `publicKey`.
    """
    if key.owner != actor.id or not actor.is_actor or actor.owner is None:
        return Refuse(
            "key_owner",
            f"The key {key.id!s:.200} names {key.owner!s:.200} as its owner, not"
            f" {actor.id or 'this document':.200}.",
        )
    if not same_origin(key.id, actor.id):
        return Refuse(
            "key_elsewhere",
            f"The key {key.id!s:.200} is not on the host of its owner {actor.id!s:.200}.",
        )
    proves = isinstance(key, MultikeyDocument)
    if key not in (actor.assertion_methods if proves else actor.public_keys):
        return Refuse(
            "key_not_listed", f"The actor {actor.id!s:.200} does not list the key {key.id!s:.200}."
        )
    return Authorize()


def _is_proof_enough(activity: Document, actor: str, known: Known) -> bool:
    """Whether a proof alone would make it count, no matter who sends it."""
    rule = _rule_of(activity)
    relayed = rule.relayed(activity, actor, known)
    return relayed == Authorize() and rule.direct(activity, actor, known) == Authorize()


def _announced_object(obj: Document, group: str, known: Known) -> Verdict:
    if obj.id is None:
        return _OBJECT_ID_MISSING
    if known.is_ours(obj.id):
        return Refuse(
            "object_is_ours",
            f"{obj.id:.200} is local to this server; announce it by its id, not embedded.",
        )
    return _authorize_on_same_origin(obj, group)


def _authorize_on_same_origin(obj: Document, group: str) -> Verdict:
    """Embedded by its own host, an object is as good as fetched; actors never are."""
    on_host = same_origin(obj.id, group) and same_origin(obj.owner, group)
    return Authorize() if on_host and not obj.is_actor else FetchFirst(obj.id or "")


def _announced_back(known: Known) -> Verdict:
    # A community would otherwise put words into our members' mouths.
    if known.issued_by_us:
        return Authorize()
    return Refuse(
        "not_said_by_us", "The announced activity names a local actor, but we did not send it."
    )


class _SelfRule:
    """The default, and the rule of all other types: every actor speaks for itself."""

    # Whether `direct` reads anything of `Known` but `hosts` and `proven`.
    needs_facts = True
    # Whether there is an Undo of it that a community could announce.
    is_undoable = True

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        """Signed by its actor."""
        return Authorize()

    def relayed(self, activity: Document, actor: str, known: Known) -> Verdict:
        """Signed by another than its actor: forwarded, or made up."""
        if known.proven:
            return Authorize(by_proof=True)
        # Servers serve activities long after they were undone, so fetching one proves nothing.
        return Refuse(
            "relayed_without_proof",
            f"This {activity.type:.100} was not signed by its actor {actor:.200}; it would need"
            " that actor's integrity proof (FEP-8b32).",
        )

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        """Announced by the community `group`."""
        return Refuse("not_theirs_to_say", f"A community cannot vouch for {inner.type:.100}.")

    def announced_undo(self, undone: Document, actor: str, group: str, known: Known) -> Verdict:
        """Inside an Undo by `actor` that the community `group` announced."""
        if undone.owner != actor:
            return _undo_of_anothers(undone, actor)
        if not self.is_undoable:
            return Refuse("not_theirs_to_say", f"Undo of {undone.type:.100} is not supported.")
        return self.announced(undone, actor, group, known)


class _UnconditionalRule(_SelfRule):
    """The same, for types whose `direct` needs no facts."""

    needs_facts = False


class _PostRule(_UnconditionalRule):
    """Votes and reports: a community vouches for those about its own posts.

    Lemmy 1.0 and PieFed pass reports on to the servers of the moderators.
    """

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        return _about_their_post(inner, group, known)


class _MembershipRule(_UnconditionalRule):
    """Follow, Join, Leave: a community vouches for its own members."""

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        if inner.object_id == group:
            return Authorize()
        return Refuse(
            "not_their_member",
            "A community can vouch only for its own members;"
            f" {inner.object_id or 'the object':.200} is not {group:.200}.",
        )


class _AnswerRule(_SelfRule):
    """Accept and Reject: only from the actor that our Follow asked."""

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        inner = activity.object_document
        if known.follow_target is None:
            return Refuse("follow_unknown", "It does not name a Follow that we sent.")
        if known.follow_target != actor or (inner is not None and inner.object_id != actor):
            return Refuse(
                "not_the_followed",
                f"Only {known.follow_target:.200}, the object of the Follow, may accept or reject"
                f" it, not {actor:.200}.",
            )
        return Authorize()


class _ContentRule(_SelfRule):
    """Create and Update: the author's own, on the author's host; else the origin is asked."""

    is_undoable = False

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        iri, obj = activity.object_id, activity.object_document
        if iri is None:
            return _OBJECT_ID_MISSING
        if obj is not None and obj.type in ACTOR_TYPES:
            return _actor_changed(iri, known)
        if known.is_ours(iri):
            return _object_is_ours(iri)
        if obj is None or not same_origin(iri, actor):
            return FetchFirst(iri)
        if obj.owner == actor and known.owner in (None, actor):
            return Authorize()
        # Another author on the same host, or the author has changed: only the host knows.
        return FetchFirst(iri)

    def relayed(self, activity: Document, actor: str, known: Known) -> Verdict:
        verdict, obj = _ask_origin(activity, actor, known), activity.object_document
        if not known.proven or obj is None or obj.is_actor or obj.owner != actor:
            return verdict
        # Without a date it could be an older version than the one we have.
        dated = obj.updated or (obj.published if activity.type == "Create" else None)
        return Authorize(by_proof=True) if dated and isinstance(verdict, FetchFirst) else verdict

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        iri, obj = inner.object_id, inner.object_document
        if iri is None:
            return _OBJECT_ID_MISSING
        if known.is_ours(iri):
            return _object_is_ours(iri)
        if obj is None or obj.owner != actor or known.owner not in (None, actor):
            return FetchFirst(iri)
        return _authorize_on_same_origin(obj, group)


def _actor_changed(iri: str, known: Known) -> Verdict:
    # Never from the message: the sender could replace the key (GoToSocial 9cd27b412).
    if not known.is_ours(iri):
        return FetchFirst(iri)
    if known.moderates_here:
        return Authorize()
    return Refuse(
        "not_moderator", f"Only its moderators may change the local community {iri:.200}."
    )


class _DeletionRule(_SelfRule):
    """Delete: by the author or a moderator of the community; for others the origin is asked.

    A Delete of something we never saw is believed: it is recorded with its sender, and counts only
    if the object turns out to be that actor's.
    """

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        iri = activity.object_id
        if iri is None:
            return Refuse("object_id_missing", "The Delete names no object.")
        if iri == actor or known.moderates_here:
            return Authorize()
        if known.is_ours(iri) or not same_origin(iri, actor):
            return Refuse(
                "not_owner",
                f"{actor:.200} is neither the author of {iri:.200} nor a moderator of its community"
                " here.",
            )
        return Authorize() if known.owner in (None, actor) else FetchFirst(iri)

    def relayed(self, activity: Document, actor: str, known: Known) -> Verdict:
        # A proof is no shortcut: an old deletion may have been undone since.
        return _ask_origin(activity, actor, known)

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        iri = inner.object_id
        if iri is None:
            return Refuse("object_id_missing", "The Delete names no object.")
        about_theirs = (known.owner != actor and known.is_their_post) or iri == group
        if about_theirs and _moderates(actor, group, known):
            return Authorize()
        if known.is_ours(iri) or not same_origin(iri, actor):
            return Refuse(
                "not_owner",
                f"{actor:.200} is neither the author of {iri:.200} nor a moderator of"
                f" {group:.200}.",
            )
        if same_origin(iri, group) and known.owner in (None, actor):
            return Authorize()
        return FetchFirst(iri)


class _PostModerationRule(_SelfRule):
    """Lock: by a moderator, about a post of the community."""

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        return _by_moderator_here(activity, known)

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        if not _moderates(actor, group, known):
            return _not_their_moderator(actor, group)
        return self.about_theirs(inner, actor, group, known)

    def announced_undo(self, undone: Document, actor: str, group: str, known: Known) -> Verdict:
        # Another moderator may have done it; it is the community's act.
        return _PostModerationRule.announced(self, undone, actor, group, known)

    def about_theirs(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        """Whether `group` owns the object that its moderator changes."""
        return _about_their_post(inner, group, known)


class _BanRule(_PostModerationRule):
    """Block: from a community by its moderators, from a site by anybody of that site."""

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        if activity.target is None:
            return Authorize()  # one person blocks another, as Mastodon sends it
        if known.target_is_site and same_origin(activity.target, actor):
            return Authorize()  # a site bans from itself
        return _by_moderator_here(activity, known)

    def about_theirs(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        if not known.target_is_site:
            return _about_their_collection(inner, group, known)
        if same_origin(inner.target, group) and same_origin(actor, group):
            return Authorize()
        return Refuse(
            "not_their_site",
            f"A server can ban only from itself; {inner.target!s:.200} is not the server of both"
            f" {group:.200} and {actor:.200}.",
        )


class _CollectionRule(_PostModerationRule):
    """Add and Remove: to a collection of the community, by its moderators or by itself."""

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        if _is_unknown_collection(activity, known):
            return _UNKNOWN_COLLECTION
        return Authorize() if known.target_owner == actor else _by_moderator_here(activity, known)

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        if inner.target is None:
            # Without a target, the community's own collections have to be read, which say it.
            return Authorize()
        if _is_unknown_collection(inner, known):
            return _UNKNOWN_COLLECTION
        return super().announced(inner, actor, group, known)

    def about_theirs(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        return _about_their_collection(inner, group, known)


class _MoveRule(_UnconditionalRule):
    """Move of a post between communities of one server; its origin is asked besides."""

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        # Its origin says whose post it is and where it is now (`judge_moved`).
        concerned = (activity.object_id, activity.origin, activity.target)
        if all(same_origin(iri, actor) for iri in concerned):
            return Authorize()
        return Refuse(
            "not_moved",
            "Move is supported only for posts between communities of the actor's own server:"
            f" {' → '.join(map(str, concerned)):.400}.",
        )

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        verdict = self.direct(inner, group, known)
        if verdict == Authorize() and not _moderates(actor, group, known):
            return _not_their_moderator(actor, group)
        return verdict


class _UndoRule(_UnconditionalRule):
    """Undo: by the actor of the activity inside, and as that activity's own rule decides."""

    is_undoable = False

    def direct(self, activity: Document, actor: str, known: Known) -> Verdict:
        inner = activity.object_document
        if inner is None:
            if same_origin(activity.object_id, actor):
                return Authorize()
            return Refuse(
                "undo_of_anothers",
                f"The activity to undo ({activity.object_id!s:.200}) is not on the host of the"
                f" actor {actor:.200}.",
            )
        if inner.owner != actor or (inner.id is not None and not same_origin(inner.id, actor)):
            return _undo_of_anothers(inner, actor)
        return _rule_of(inner).direct(inner, actor, known)

    def announced(self, inner: Document, actor: str, group: str, known: Known) -> Verdict:
        undone = inner.object_document
        if undone is None:
            return Refuse("undo_unclear", "An announced Undo must embed the activity it undoes.")
        return _rule_of(undone).announced_undo(undone, actor, group, known)


def _ask_origin(activity: Document, actor: str, known: Known) -> Verdict:
    # The object is fetched, not the activity: ids such as `<note>#updates/1` cannot be fetched.
    iri = activity.object_id
    if iri is None:
        return _OBJECT_ID_MISSING
    if known.is_ours(iri) or not same_origin(iri, actor):
        return Refuse(
            "actor_not_signer",
            f"The activity was not signed by its actor {actor:.200}, and its object {iri:.200}"
            " is not on that actor's host.",
        )
    if known.owner not in (None, actor):
        return Refuse(
            "not_owner", f"The author of {iri:.200} is {known.owner!s:.200}, not {actor:.200}."
        )
    return FetchFirst(iri)


def _by_moderator_here(activity: Document, known: Known) -> Verdict:
    if known.moderates_here:
        return Authorize()
    if known.moderated_elsewhere:
        return Refuse(
            "waits_for_announce", "This takes effect once its community has announced it."
        )
    return Refuse(
        "not_moderator",
        f"{activity.owner!s:.200} is not a moderator of any community here that this is about.",
    )


def _moderates(actor: str, group: str, known: Known) -> bool:
    # FEP-1b12: listed moderators, or administrators, who are on the community's own host.
    return actor in known.moderators or same_origin(actor, group)


def _about_their_post(inner: Document, group: str, known: Known) -> Verdict:
    if known.is_their_post:
        return Authorize()
    return Refuse(
        "not_their_post",
        "A community can vouch only for activities about its own posts;"
        f" {inner.object_id or 'the object':.200} is not in {group:.200}.",
    )


def _about_their_collection(inner: Document, group: str, known: Known) -> Verdict:
    if known.target_owner == group:
        return Authorize()
    return Refuse(
        "not_their_collection", f"The target {inner.target!s:.200} does not belong to {group:.200}."
    )


def _object_is_ours(iri: str) -> Refuse:
    return Refuse(
        "object_is_ours",
        f"{iri:.200} is local to this server; other servers cannot create or change it.",
    )


def _undo_of_anothers(undone: Document, actor: str) -> Refuse:
    return Refuse(
        "undo_of_anothers",
        f"Only the actor of an activity may undo it: {undone.id or 'it':.200} by"
        f" {undone.owner!s:.200} cannot be undone by {actor:.200}.",
    )


def _not_their_moderator(actor: str, group: str) -> Refuse:
    return Refuse("not_moderator", f"{actor:.200} is not a moderator of {group:.200}.")


def _is_unknown_collection(activity: Document, known: Known) -> bool:
    target = activity.target
    return target is not None and known.target_owner is None and not known.is_ours(target)


_OBJECT_ID_MISSING = Refuse(
    "object_id_missing", "The object has no id, so it cannot be checked with its origin."
)
# Such as PieFed's feeds: nothing here depends on them.
_UNKNOWN_COLLECTION = Refuse(
    "unknown_collection", "The target is not a collection of any community known here."
)

_RULES: Mapping[Rule, _SelfRule] = {
    "self": _UnconditionalRule(),
    "vote": _PostRule(),
    "report": _PostRule(),
    "warning": _PostRule(),
    "membership": _MembershipRule(),
    "answer": _AnswerRule(),
    "content": _ContentRule(),
    "deletion": _DeletionRule(),
    "post_moderation": _PostModerationRule(),
    "ban": _BanRule(),
    "collection": _CollectionRule(),
    "move": _MoveRule(),
    "undo": _UndoRule(),
}


def _rule_of(activity: Document) -> _SelfRule:
    return _RULES[activity_type(activity.type).rule]

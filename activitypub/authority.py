"""Who may say what: the one place that decides what of a stranger's word is believed (FEP-fe34).

Asked by the inbox after the signature, by the Announce envelope for what is inside, and by every
fetch. Pure: it gets documents and what our database knows, and answers with a verdict:

- `Believe`     it is theirs to say; whether it is allowed here is the rules' question
- `FetchFirst`  true only if the origin of that IRI says so; the fetched copy replaces the received
- `Refuse`      nobody who said this may say it

What proves an activity, by its type (docs/decisions/0027-what-proves-an-activity.md says why):

    type            signed by its actor   sent by another    sent by another,   announced by a
                                          with a proof       without a proof    community
    Create, Update  theirs                theirs, if dated   its object, asked  asked of its origin,
                                                             of its origin      unless proven
    Delete          theirs                asked of its       asked of its       the same, or by a
                                          origin             origin             moderator of it
    Like, Dislike   theirs                once               nothing            of its own posts
    Follow          theirs                once               nothing            of its own members
    Block, Lock,    of moderators here    once               nothing            of its moderators
     Add, Remove
    Move            of a post between     once               nothing            of a post between
                    communities of its                                          communities of its
                    actor's host, and                                           host, and asked of
                    asked of its origin                                         its origin
    Accept, Reject  of who was asked      once               nothing            nothing
    Undo            of what it undoes     once               nothing            of what it undoes
    anything else   theirs                once               nothing            nothing

"Once": the first time its id is heard, if its actor has since said nothing else about the same
thing; `fedcom.federation.replay` sees to that. An author is the authority for content, a community
for what it owns: votes on its posts, its moderators' acts, its membership. A host is the authority
for nothing on another host, and nobody but us speaks for ours. No network, no database and no
exception to these rules may live elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from activitypub.document import Document, KeyDocument, MultikeyDocument
from activitypub.errors import Malformed, Unauthentic
from activitypub.iri import host_of, same_origin
from activitypub.types import ACTOR_TYPES, COLLECTION_TYPES

Evidence = Literal["signature", "proof", "origin", "community"]
"""What shows that an activity is its actor's: the actor signed the request; the activity carries
the actor's integrity proof (FEP-8b32), whoever sent it; the actor's server was asked about the
object; or the community that owns what it is about announced it."""

_MODERATION = frozenset({"Add", "Remove", "Lock", "Block"})


@dataclass(frozen=True, slots=True)
class Believe:
    """It is theirs to say. `by_proof`: only because it carries its actor's integrity proof."""

    by_proof: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class FetchFirst:
    """Ask the origin: what it serves at `iri` counts, the received copy does not."""

    iri: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not theirs to say, with a stable code and a sentence."""

    code: str
    detail: str

    def error(self) -> Unauthentic:
        """The same as an exception (403)."""
        return Unauthentic(self.code, self.detail)


Verdict = Believe | FetchFirst | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What our own database and checks say about one activity; unknown is the default.

    hosts: our own, as `host_of` writes them. owner: the stored author of the object concerned.
    moderates_here: the actor moderates the community of ours that has the object or the target.
    moderated_elsewhere: the community that has them is a peer's.
    target_owner: the actor whose collection the target is, or the community the target itself is.
    target_is_site: the target stands for a whole server. follow_target: whom our own Follow, that
    an Accept or Reject names, is about.

    proven: the activity carries a valid integrity proof of its actor, who has not said it before.

    In an Announce besides: moderators, the announcing community's. is_their_post: the object
    concerned is stored as a post or comment of that community. issued_by_us: the inner activity is
    one we sent.
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


_Rule = Callable[[Document, str, Known], Verdict]
_GroupRule = Callable[[Document, str, str, Known], Verdict]


def is_on(iri: str | None, hosts: frozenset[str]) -> bool:
    """Whether the IRI is on one of `hosts`. What is no IRI is nowhere."""
    try:
        return iri is not None and host_of(iri) in hosts
    except Malformed:
        return False


def judge_direct(activity: Document, signer: str, known: Known) -> Verdict:
    """What to think of an activity that came with a valid HTTP signature of the actor `signer`.

    A Delete of something we never saw is believed: remember who said it, and let it count only if
    the object turns out to be that actor's.
    """
    if not activity.is_activity:
        return Refuse("not_an_activity", "Only activities are said; objects are fetched.")
    actor = activity.owner
    if actor is None:
        return Refuse("actor_missing", "The activity has no actor, or more than one.")
    if known.is_ours(actor):
        return Refuse("actor_is_ours", "Nobody but this server speaks for its members.")
    if activity.id is not None and not same_origin(activity.id, actor):
        return Refuse("id_elsewhere", "The id of the activity is not on its actor's host.")
    if actor != signer:
        return _relayed(activity, actor, known)
    return _by_type(activity, actor, known)


def judge_origin(activity: Document, served: Document | None) -> Verdict:
    """Whether what its origin serves at the object's id proves a relayed Create, Update or Delete.

    `served` is None when the origin answered 410 Gone. Only the object's state is proven, so only
    that may be taken from it: nothing else that the relayed activity says.
    """
    if activity.type == "Delete":
        if served is None or (
            served.type == "Tombstone" and same_origin(served.id, activity.owner)
        ):
            return Believe()
        return Refuse("not_confirmed", "The origin still serves what is deleted.")
    if served is None:
        return Refuse("gone", "The origin answers that the object is gone (410).")
    is_profile = activity.type == "Update" and activity.object_id == activity.owner
    if served.is_activity or served.is_actor != is_profile:
        return Refuse("not_confirmed", f"The origin serves a {served.type} there.")
    if activity.owner is None or activity.owner not in served.authors:
        return Refuse("owner_mismatch", "The origin names another author.")
    return Believe()


def judge_moved(served: Document, origin: str, target: str) -> Verdict:
    """Whether a post, as its origin serves it, has come to the community `target`, which it may
    have left before if that is its `origin` too.
    """
    named = served.audiences or (*served.to, *served.cc)
    if target not in named or (origin in named and origin != target):
        return Refuse("not_confirmed", "The post does not say that it is in that community.")
    return Believe()


def judge_announced(inner: Document | str, group: str, known: Known) -> Verdict:
    """What to think of one thing that the proven actor `group` has announced.

    An Announce does not authenticate what it embeds (FEP-fe34, FEP-1b12); it vouches for what the
    community owns. PieFed announces several things at once: ask for each of `objects`.
    """
    if isinstance(inner, str):
        return Believe() if known.is_ours(inner) else FetchFirst(inner)
    if not inner.is_activity:
        return _announced_object(inner, group, known)
    actor = inner.owner
    if actor is None:
        return Refuse("actor_missing", "The announced activity has no actor, or more than one.")
    if known.is_ours(actor):
        return _announced_back(known)
    verdict = _announced_activity(inner, actor, group, known)
    if verdict != Believe() and known.proven and _is_proof_enough(inner, actor, known):
        return Believe(by_proof=True)
    return verdict


def judge_listed(item: Document, collection: str, known: Known) -> Verdict:
    """What to think of an object inside a collection that the origin of `collection` served.

    Embedded in the word of its own and its author's host it is as good as fetched.
    """
    if item.is_activity:
        return Refuse("not_an_object", "Objects are listed here; what is done with them is said.")
    return _announced_object(item, collection, known)


def judge_fetched(document: Document, iri: str, known: Known) -> Verdict:
    """What to think of a document that was fetched and whose final location is `iri`.

    A host vouches for documents under its own origin and owned by somebody there, for nothing else.
    """
    if document.id is None or not same_origin(document.id, iri):
        return Refuse("id_elsewhere", "The document's id is not on the host that served it.")
    if known.is_ours(document.id):
        return Refuse("object_is_ours", "Remote documents never stand for our own.")
    if document.owner is None and document.type in COLLECTION_TYPES | {"Tombstone"}:
        return Believe()
    if not same_origin(document.owner, document.id):
        return Refuse("owner_elsewhere", "The document's owner is missing or on another host.")
    return Believe()


def judge_key(key: KeyDocument | MultikeyDocument, actor: Document) -> Verdict:
    """Whether `key` is the actor's: claimed by both sides and on one host (Akkoma 3.15).

    A Multikey must be listed in `assertionMethod` (FEP-521a), a PEM key in `publicKey`.
    """
    if key.owner != actor.id or not actor.is_actor or actor.owner is None:
        return Refuse("key_owner", "The key names another owner.")
    if not same_origin(key.id, actor.id):
        return Refuse("key_elsewhere", "The key is not on its owner's host.")
    proves = isinstance(key, MultikeyDocument)
    if key not in (actor.assertion_methods if proves else actor.public_keys):
        return Refuse("key_not_listed", "The owner's document does not show this key.")
    return Believe()


def _relayed(activity: Document, actor: str, known: Known) -> Verdict:
    """Signed by another than its actor: forwarded, or made up."""
    rule = _RELAYED.get(activity.type)
    if rule is not None:
        return rule(activity, actor, known)
    if known.proven:
        return Believe(by_proof=True)
    # Servers serve activities long after they were taken back, so asking for it proves nothing.
    return Refuse(
        "relayed_without_proof",
        f"{activity.type} by another than its signer counts only with an integrity proof of its"
        " actor (FEP-8b32).",
    )


def _ask_origin(activity: Document, actor: str, known: Known) -> Verdict:
    # The object is looked up, not the activity: ids such as `<note>#updates/1` cannot be fetched.
    iri = activity.object_id
    if iri is None:
        return Refuse("object_id_missing", "Nobody can be asked about an object without id.")
    if known.is_ours(iri) or not same_origin(iri, actor):
        return Refuse("actor_not_signer", "The activity is signed by another than its actor.")
    if known.owner not in (None, actor):
        return Refuse("not_owner", "The origin can be asked about the author's own word only.")
    return FetchFirst(iri)


def _relayed_content(activity: Document, actor: str, known: Known) -> Verdict:
    verdict, obj = _ask_origin(activity, actor, known), activity.object_document
    if not known.proven or obj is None or obj.is_actor or obj.owner != actor:
        return verdict
    # What bears no date could be an older version than the one that is known.
    dated = obj.updated or (obj.published if activity.type == "Create" else None)
    return Believe(by_proof=True) if dated and isinstance(verdict, FetchFirst) else verdict


_RELAYED: dict[str, _Rule] = {
    "Create": _relayed_content,
    "Update": _relayed_content,
    # An old deletion may have been taken back, so a proof is no shorter way.
    "Delete": _ask_origin,
}


def _is_proof_enough(activity: Document, actor: str, known: Known) -> bool:
    """Whether a proof alone, whoever brings it, would make it count."""
    relayed = _relayed(activity, actor, known)
    return relayed == Believe() and _by_type(activity, actor, known) == Believe()


def _by_type(activity: Document, actor: str, known: Known) -> Verdict:
    rule = _DIRECT.get(activity.type)
    return rule(activity, actor, known) if rule else Believe()


def _content(activity: Document, actor: str, known: Known) -> Verdict:
    iri, obj = activity.object_id, activity.object_document
    if iri is None:
        return Refuse("object_id_missing", "Nobody can be asked about an object without id.")
    if obj is not None and obj.type in ACTOR_TYPES:
        return _actor_changed(iri, known)
    if known.is_ours(iri):
        return Refuse("object_is_ours", "Objects on this server are not made or changed from out.")
    if obj is None or not same_origin(iri, actor):
        return FetchFirst(iri)
    if obj.owner == actor and known.owner in (None, actor):
        return Believe()
    # Somebody else of the same host, or an author who changed: only the host can tell.
    return FetchFirst(iri)


def _actor_changed(iri: str, known: Known) -> Verdict:
    # Never from the message: a key would be replaced by whoever sends it (GoToSocial 9cd27b412).
    if not known.is_ours(iri):
        return FetchFirst(iri)
    if known.moderates_here:
        return Believe()
    return Refuse("not_moderator", "Only its moderators change a community of this server.")


def _deletion(activity: Document, actor: str, known: Known) -> Verdict:
    iri = activity.object_id
    if iri is None:
        return Refuse("object_id_missing", "It does not say what to delete.")
    if iri == actor or known.moderates_here:
        return Believe()
    if known.is_ours(iri) or not same_origin(iri, actor):
        return Refuse("not_owner", "Neither the author nor a moderator of a community here.")
    return Believe() if known.owner in (None, actor) else FetchFirst(iri)


def _undo(activity: Document, actor: str, known: Known) -> Verdict:
    inner = activity.object_document
    if inner is None:
        if same_origin(activity.object_id, actor):
            return Believe()
        return Refuse("undo_of_anothers", "The activity to undo is not on the actor's host.")
    if inner.owner != actor or (inner.id is not None and not same_origin(inner.id, actor)):
        return Refuse("undo_of_anothers", "Only who did it can undo it.")
    return _by_type(inner, actor, known)


def _answer(activity: Document, actor: str, known: Known) -> Verdict:
    inner = activity.object_document
    if known.follow_target is None:
        return Refuse("follow_unknown", "We asked nothing that this could answer.")
    if known.follow_target != actor or (inner is not None and inner.object_id != actor):
        return Refuse("not_the_followed", "Only who is followed can accept or reject it.")
    return Believe()


# Such as PieFed's feeds: nobody here loses or gains anything by it.
_UNKNOWN_COLLECTION = Refuse("unknown_collection", "The target is no collection known here.")


def _collected(activity: Document, actor: str, known: Known) -> Verdict:
    target = activity.target
    if target is not None and known.target_owner is None and not known.is_ours(target):
        return _UNKNOWN_COLLECTION
    return _own_or_moderated(activity, actor, known)


def _own_or_moderated(activity: Document, actor: str, known: Known) -> Verdict:
    if known.moderates_here or known.target_owner == actor:
        return Believe()
    if known.moderated_elsewhere:
        return Refuse("waits_for_announce", "It counts here when its community has announced it.")
    return Refuse("not_moderator", "Not a moderator of a community here.")


def _moderated(activity: Document, actor: str, known: Known) -> Verdict:
    return _own_or_moderated(activity, "", known)


def _ban(activity: Document, actor: str, known: Known) -> Verdict:
    if activity.target is None:
        return Believe()  # one person blocks another, as Mastodon tells it
    if known.target_is_site and same_origin(activity.target, actor):
        return Believe()  # a site bans from itself
    return _moderated(activity, actor, known)


def _move(activity: Document, actor: str, known: Known) -> Verdict:
    # Whose post it is and where it is now says its origin (`judge_moved`).
    concerned = (activity.object_id, activity.origin, activity.target)
    if all(same_origin(iri, actor) for iri in concerned):
        return Believe()
    return Refuse(
        "not_moved", "Posts move between communities of their own server; no accounts yet."
    )


_DIRECT: dict[str, _Rule] = {
    "Create": _content,
    "Update": _content,
    "Delete": _deletion,
    "Undo": _undo,
    "Accept": _answer,
    "Reject": _answer,
    "Add": _collected,
    "Remove": _collected,
    "Lock": _moderated,
    "Block": _ban,
    "Move": _move,
}


def _announced_object(obj: Document, group: str, known: Known) -> Verdict:
    if obj.id is None:
        return Refuse("object_id_missing", "Nobody can be asked about an object without id.")
    if known.is_ours(obj.id):
        return Refuse("object_is_ours", "Objects on this server are announced by their id.")
    return _believe_on_same_origin(obj, group)


def _believe_on_same_origin(obj: Document, group: str) -> Verdict:
    """Embedded in the word of its own host, an object is as good as fetched; actors never are."""
    on_host = same_origin(obj.id, group) and same_origin(obj.owner, group)
    return Believe() if on_host and not obj.is_actor else FetchFirst(obj.id or "")


def _announced_back(known: Known) -> Verdict:
    # A community would otherwise put words into our members' mouths.
    if known.issued_by_us:
        return Believe()
    return Refuse("not_said_by_us", "We did not send the activity that is announced as ours.")


def _announced_activity(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    rule = _ANNOUNCED.get(inner.type)
    if rule is None:
        return Refuse("not_theirs_to_say", f"A community does not vouch for {inner.type}.")
    return rule(inner, actor, group, known)


def _announced_vote(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    if known.is_their_post:
        return Believe()
    return Refuse("not_their_post", "A community vouches for what is about its own posts only.")


def _announced_membership(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    if inner.object_id == group:
        return Believe()
    return Refuse("not_their_member", "A community vouches for its own members only.")


def _announced_content(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    iri, obj = inner.object_id, inner.object_document
    if iri is None:
        return Refuse("object_id_missing", "Nobody can be asked about an object without id.")
    if known.is_ours(iri):
        return Refuse("object_is_ours", "Objects on this server are not made or changed from out.")
    if obj is None or obj.owner != actor or known.owner not in (None, actor):
        return FetchFirst(iri)
    return _believe_on_same_origin(obj, group)


def _announced_move(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    verdict = _move(inner, group, known)
    if verdict == Believe() and not _moderates(actor, group, known):
        return Refuse("not_moderator", "The actor is not a moderator of this community.")
    return verdict


def _announced_deletion(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    iri = inner.object_id
    if iri is None:
        return Refuse("object_id_missing", "It does not say what to delete.")
    about_theirs = (known.owner != actor and known.is_their_post) or iri == group
    if about_theirs and _moderates(actor, group, known):
        return Believe()
    if known.is_ours(iri) or not same_origin(iri, actor):
        return Refuse("not_owner", "Neither the author nor a moderator of this community.")
    if same_origin(iri, group) and known.owner in (None, actor):
        return Believe()
    return FetchFirst(iri)


def _announced_moderation(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    if not _moderates(actor, group, known):
        return Refuse("not_moderator", "The actor is not a moderator of this community.")
    if inner.type == "Lock":
        return _announced_vote(inner, actor, group, known)
    if inner.type == "Block" and known.target_is_site:
        if same_origin(inner.target, group) and same_origin(actor, group):
            return Believe()
        return Refuse("not_their_site", "A site bans from itself only.")
    if known.target_owner == group:
        return Believe()
    return Refuse("not_their_collection", "The target is not this community's.")


def _announced_collected(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    if inner.target is None:
        # It does not say to what: the community's own collections have to be read, which say it.
        return Believe()
    if known.target_owner is None and not known.is_ours(inner.target):
        return _UNKNOWN_COLLECTION
    return _announced_moderation(inner, actor, group, known)


def _announced_undo(inner: Document, actor: str, group: str, known: Known) -> Verdict:
    undone = inner.object_document
    if undone is None:
        return Refuse("undo_unclear", "An announced Undo must show what it undoes.")
    if undone.type in _MODERATION:
        # Another moderator may have done it; it is the community's act.
        return _announced_moderation(undone, actor, group, known)
    if undone.owner != actor:
        return Refuse("undo_of_anothers", "Only who did it can undo it.")
    if undone.type in ("Create", "Update", "Undo"):
        return Refuse("not_theirs_to_say", f"An Undo of {undone.type} means nothing here.")
    return _announced_activity(undone, actor, group, known)


def _moderates(actor: str, group: str, known: Known) -> bool:
    # FEP-1b12: listed moderators, or administrators, who are on the community's own host.
    return actor in known.moderators or same_origin(actor, group)


_ANNOUNCED: dict[str, _GroupRule] = {
    "Create": _announced_content,
    "Update": _announced_content,
    "Delete": _announced_deletion,
    "Undo": _announced_undo,
    # Lemmy 1.0 and PieFed pass reports on to the servers of the moderators.
    **dict.fromkeys(("Like", "Dislike", "EmojiReact", "EmojiReaction", "Flag"), _announced_vote),
    **dict.fromkeys(("Lock", "Block"), _announced_moderation),
    "Move": _announced_move,
    **dict.fromkeys(("Add", "Remove"), _announced_collected),
    **dict.fromkeys(("Follow", "Join", "Leave"), _announced_membership),
}

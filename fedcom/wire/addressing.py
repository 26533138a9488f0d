"""The ids of our objects, and our pages for remote ones."""

from typing import Literal

from fedcom.models.actor import Actor


def person_iri(origin: str, name: str) -> str:
    """The id of a local person."""
    return f"{origin}/u/{name}"


def community_iri(origin: str, name: str) -> str:
    """The id of a local community."""
    return f"{origin}/c/{name}"


def instance_iri(origin: str) -> str:
    """The id of the instance actor, which signs our fetches."""
    return f"{origin}/actor"


def post_iri(origin: str, post_id: int | Literal[""]) -> str:
    """The id of a local post; with "", what the ids of all begin with."""
    return f"{origin}/post/{post_id}"


def comment_iri(origin: str, comment_id: int | Literal[""]) -> str:
    """The id of a local comment; with "", what the ids of all begin with."""
    return f"{origin}/comment/{comment_id}"


def create_iri(content_iri: str) -> str:
    """The id of the Create of a local post or comment, which is served as long as the object is."""
    origin, kind, number = content_iri.rsplit("/", 2)
    return f"{origin}/activities/create/{kind}-{number}"


def announce_iri(origin: str, post_id: int) -> str:
    """The id of the Announce by which a local community forwarded a post's Create."""
    return f"{origin}/activities/announce/post-{post_id}"


def message_iri(origin: str, message_id: int) -> str:
    """The id of a local private message; only its two people can fetch it."""
    return f"{origin}/message/{message_id}"


def context_iri(iri: str) -> str:
    """The collection of the whole thread below a local post (FEP-7888)."""
    return f"{iri}/context"


def replies_iri(iri: str) -> str:
    """The collection of direct replies to a local post or comment."""
    return f"{iri}/replies"


def key_iri(actor_iri: str) -> str:
    """The id of an actor's main key; Lemmy and Mastodon expect this fragment."""
    return f"{actor_iri}#main-key"


def proof_key_iri(actor_iri: str) -> str:
    """The id of the key that an actor signs proofs with; a fragment, as FEP-521a asks."""
    return f"{actor_iri}#proof-key"


def page_of(origin: str, actor: Actor) -> str:
    """The page here of any known actor."""
    if actor.local:
        return actor.iri
    prefix = "c" if actor.kind == "Group" else "u"
    return f"{origin}/{prefix}/{actor.handle}"

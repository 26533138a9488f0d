"""How other servers read the activities sent to them, as far as their parsers decide that.

Each reader returns a label for the event that its users see (`post`, `vote`, `ban` …), or nothing
if the server ignores it, and raises `Unreadable` where it answers 400. Facts, not code, of Lemmy
0.19.20, PieFed 1.7, NodeBB 4.11, Mastodon 4.6 and GoToSocial 0.20.
"""

from collections.abc import Callable

from tests.support.peers import PUBLIC, Json, shape_of

Fetch = Callable[[str], Json]
Reader = Callable[[Json, Fetch], str]


class Unreadable(Exception):
    """The server refuses it as malformed."""


# The meaning of an activity's shape to servers that know everything forums send each other.
FORUM_LABELS = {
    "Create{Page}": "post",
    "Create{Article}": "post",
    "Update{Page}": "edit of a post",
    "Update{Article}": "edit of a post",
    "Create{Note}": "comment",
    "Update{Note}": "edit of a comment",
    "Like{id}": "vote",
    "Dislike{id}": "vote",
    "Undo{Like{id}}": "vote taken back",
    "Undo{Dislike{id}}": "vote taken back",
    "Undo{Delete{id}}": "restoration",
    "Lock{id}": "lock",
    "Undo{Lock{id}}": "unlock",
    "Block{id}": "ban",
    "Undo{Block{id}}": "unban",
    "Update{Group}": "community",
    "Flag{id}": "report",
}
_UNKNOWN_TO_NODEBB = {"lock", "unlock", "ban", "unban", "pin", "unpin", "restoration"}
# The same for microblogs, as far as they know it; the rest is dropped.
MICROBLOG_LABELS = {
    "Accept{Follow{id}}": "accepted",
    "Reject{Follow{id}}": "follow ended",
    "Create{Page}": "post",
    "Create{Note}": "comment",
    "Update{Page}": "edit",
    "Update{Note}": "edit",
    "Like{id}": "favourite",
    "Undo{Like{id}}": "favourite taken back",
    "Undo{Announce{id}}": "boost taken back",
    "Delete{id}": "deletion",
    "Delete{Tombstone}": "deletion",
    "Flag{id}": "report",
    "Block{id}": "personal block",
    "Undo{Block{id}}": "end of a personal block",
}


def lemmy(activity: Json, fetch: Fetch) -> str:
    """One struct for each activity: any that fits none of them is a 400, also inside an
    Announce.
    """
    shape = shape_of(activity)
    if shape == "Accept{Follow{id}}":
        return "accepted"
    if activity["type"] == "Announce":
        inner = activity["object"]
        if not isinstance(inner, dict):
            raise Unreadable("an Announce of an id")
        return _lemmy(inner)
    return _lemmy(activity)


def piefed(activity: Json, fetch: Fetch) -> str:
    """Ignores unknown activities; an id is cut after 100 characters."""
    if len(activity["id"]) > 100:
        raise Unreadable("the id is too long")
    if activity["type"] == "Accept":
        return "accepted"
    inner = activity["object"] if activity["type"] == "Announce" else activity
    if isinstance(inner, str):
        inner = {"type": "Create", "object": fetch(inner)}
    return _label(inner)


def nodebb(activity: Json, fetch: Fetch) -> str:
    """Knows no locks, pins and bans, and purges deleted posts: nothing brings them back."""
    if activity["type"] == "Accept":
        return "accepted"
    inner = activity["object"] if activity["type"] == "Announce" else activity
    if isinstance(inner, str):
        inner = {"type": "Create", "object": fetch(inner)}
    about = inner["object"]
    if isinstance(about, dict) and not isinstance(about.get("attributedTo", ""), str):
        raise Unreadable("attributedTo is a list")
    label = _label(inner)
    return "" if label in _UNKNOWN_TO_NODEBB else label


def mastodon(activity: Json, fetch: Fetch) -> str:
    """Boosts show a post; anything else in an Announce only causes a request."""
    if activity["type"] == "Announce":
        return _boosted(activity, fetch)
    return _microblog(activity)


def gotosocial(activity: Json, fetch: Fetch) -> str:
    """As Mastodon; a boosted post keeps its text, its name becomes a content warning."""
    if activity["type"] == "Announce":
        label = _boosted(activity, fetch)
        if label and not fetch(activity["object"]).get("content"):
            raise Unreadable("a post without content")
        return label
    return _microblog(activity)


def check_actor(actor: Json) -> None:
    """The properties that all of them need of an actor. Raises Unreadable."""
    _need(actor, "id", "preferredUsername", "inbox", "outbox", "publicKey")
    if actor["publicKey"]["owner"] != actor["id"]:
        raise Unreadable("a key of somebody else")


def _lemmy(activity: Json) -> str:
    label = _label(activity)
    if not label:
        raise Unreadable(f"fits no struct: {shape_of(activity)}")
    about = activity["object"]
    if label in ("post", "edit of a post", "comment", "edit of a comment"):
        needed = ["id", "attributedTo", "to"]
        needed += ["content", "inReplyTo"] if about["type"] == "Note" else ["name"]
        _need(about, *needed)
        if about["type"] == "Page" and about.get("inReplyTo"):
            raise Unreadable("a Page that answers something")
        _need_public(about)
    if label not in ("vote", "vote taken back", "report"):
        _need_public(activity)
    return label


def _label(activity: Json) -> str:
    """The meaning of a forum's activity; "" if they do not know it."""
    shape = shape_of(activity)
    if activity["type"] == "Delete":
        # A moderator's, because it has a reason (Lemmy).
        return "removal" if "summary" in activity else "deletion"
    if shape in ("Add{id}", "Remove{id}"):
        if activity["target"].endswith("/featured"):
            return "pin" if activity["type"] == "Add" else "unpin"
        return "moderators"
    return FORUM_LABELS.get(shape, "")


def _boosted(activity: Json, fetch: Fetch) -> str:
    """How Mastodon and GoToSocial read an Announce."""
    iri = activity["object"]
    if not isinstance(iri, str) or PUBLIC not in activity["to"]:
        return ""
    found = fetch(iri)
    if found["type"] not in ("Note", "Page", "Article", "Question"):
        return ""
    if found["id"] != iri:
        raise Unreadable("another id")
    if found["type"] == "Note":
        _need(found, "content", "published")
    else:
        _need(found, "name", "published")
    return "post"


def _microblog(activity: Json) -> str:
    """A direct message to a person there, or a post to their followers."""
    label = MICROBLOG_LABELS.get(shape_of(activity), "")
    if label in ("comment", "edit"):
        _need(activity["object"], "content", "attributedTo", "published", "to")
    return label


def _need(document: Json, *names: str) -> None:
    missing = [name for name in names if document.get(name) is None]
    if missing:
        raise Unreadable(f"a {document['type']} without {missing}")


def _need_public(document: Json) -> None:
    if PUBLIC not in [*document.get("to", []), *document.get("cc", [])]:
        raise Unreadable(f"a {document['type']} that is not public")

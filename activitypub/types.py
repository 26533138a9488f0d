"""The types of documents we know by name; of each activity all that follows from its name alone.

A new activity is one line in `_DECLARED` and a builder in `activitypub.vocab.activities`. The rest
is read from here: whether a document is an activity (`activitypub.document`), who is believed
(`activitypub.authority`), which terms our @context defines (`activitypub.context`), and what people
are told about it. `fedcom.inbound.catalog` has the readers by type. A type with a `feature` is one
that we know and refuse: to read it, give it its rule and its term, and take the `feature` out, all
in one change. Those of moderators have a strict rule already.
"""

from dataclasses import dataclass
from typing import Literal

AS2 = "https://www.w3.org/ns/activitystreams"

Rule = Literal[
    "self",
    "vote",
    "report",
    "warning",
    "membership",
    "answer",
    "content",
    "deletion",
    "post_moderation",
    "ban",
    "collection",
    "move",
    "undo",
]
"""The rules of `activitypub.authority`, which explains each."""


@dataclass(frozen=True, slots=True)
class ActivityType:
    """One type of activity.

    `rule` decides whose authority counts. `noun` and `verb` are its labels for people: a Dislike
    is a "vote", to "downvote". `term` is its definition in our @context, for types that we send
    and ActivityStreams does not have. `feature` names what we lack to understand it, for types
    without a reader here.
    """

    name: str
    rule: Rule = "self"
    noun: str = ""
    verb: str = ""
    term: str | None = None
    feature: str = ""

    @property
    def labels(self) -> tuple[str, str]:
        """Noun and verb; the lower-case name for those that are not given."""
        plain = self.name.lower()
        return self.noun or plain, self.verb or plain


_DECLARED = (
    ActivityType("Accept", "answer", "follow", "accept"),
    ActivityType("Add", "collection", "moderator", "add"),
    ActivityType("Announce"),
    ActivityType("Arrive"),
    ActivityType("Block", "ban", "ban", "block"),
    ActivityType("ChooseAnswer", feature="accepted answers"),
    ActivityType("Create", "content", "an id", "create"),
    ActivityType("Delete", "deletion", "deletion", "delete"),
    ActivityType("Dislike", "vote", "vote", "downvote"),
    ActivityType("EmojiReact", "vote", "vote", "upvote"),
    ActivityType("EmojiReaction", "vote"),
    ActivityType("Flag", "report", "report", "report"),
    ActivityType("Follow", "membership", "follow", "follow"),
    ActivityType("Ignore"),
    ActivityType("Invite"),
    ActivityType("Join", "membership"),
    ActivityType("Leave", "membership"),
    ActivityType("Like", "vote", "vote", "upvote"),
    ActivityType("Listen"),
    ActivityType("Lock", "post_moderation", "lock", "lock", term="lemmy:Lock"),
    ActivityType("Move", "move"),
    ActivityType("Offer"),
    ActivityType("PollVote", feature="polls"),
    ActivityType("QuoteRequest", feature="quotes"),
    ActivityType("Read"),
    ActivityType("Reject", "answer", "follow", "reject"),
    ActivityType("Remove", "collection", "moderator", "remove"),
    # Lemmy's main branch.
    ActivityType("Resolve", "post_moderation", feature="resolved reports"),
    ActivityType("TentativeAccept"),
    ActivityType("TentativeReject"),
    ActivityType("Travel"),
    ActivityType("Undo", "undo"),
    ActivityType("Unlock", "post_moderation", feature="locked posts"),
    ActivityType("Update", "content", "an id", "edit"),
    ActivityType("View"),
    ActivityType("Vote"),
    ActivityType("Warn", "warning", "warning", "warn", term="lemmy:Warn"),
)
ACTIVITIES = {one.name: one for one in _DECLARED}
"""Every activity we know, by the name of its type."""

ACTIVITY_TYPES = frozenset(ACTIVITIES)

FEATURES = {one.name: one.feature for one in _DECLARED if one.feature} | {
    "Feed": "feeds of communities"
}
"""Features that we do not have, by the type of the activity or object that needs them."""

ACTOR_TYPES = frozenset({"Application", "Feed", "Group", "Organization", "Person", "Service"})
COLLECTION_TYPES = frozenset(
    {"Collection", "CollectionPage", "OrderedCollection", "OrderedCollectionPage"}
)
OBJECT_TYPES = COLLECTION_TYPES | frozenset(
    {
        "Article",
        "Audio",
        "ChatMessage",
        "CommunityPostTag",
        "Document",
        "Emoji",
        "Event",
        "Hashtag",
        "Image",
        "Key",
        "Link",
        "Mention",
        "Multikey",
        "Note",
        "Page",
        "Place",
        "Profile",
        "PropertyValue",
        "Question",
        "Relationship",
        "Tombstone",
        "Video",
    }
)


def activity_type(name: str) -> ActivityType:
    """The declaration of a type; one with nothing but the name for a type we do not know."""
    return ACTIVITIES.get(name) or ActivityType(name)

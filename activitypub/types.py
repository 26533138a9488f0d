"""The types of documents we know by name."""

AS2 = "https://www.w3.org/ns/activitystreams"

ACTIVITY_TYPES = frozenset(
    {
        "Accept",
        "Add",
        "Announce",
        "Arrive",
        "Block",
        "ChooseAnswer",
        "Create",
        "Delete",
        "Dislike",
        "EmojiReact",
        "EmojiReaction",
        "Flag",
        "Follow",
        "Ignore",
        "Invite",
        "Join",
        "Leave",
        "Like",
        "Listen",
        "Lock",
        "Move",
        "Offer",
        "PollVote",
        "QuoteRequest",
        "Read",
        "Reject",
        "Remove",
        "Resolve",
        "TentativeAccept",
        "TentativeReject",
        "Travel",
        "Undo",
        "Unlock",
        "Update",
        "View",
        "Vote",
        "Warn",
    }
)
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

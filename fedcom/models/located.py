"""A post or comment with its context, as `fedcom.queries.located` reads it; and its replies, as
`fedcom.queries.replies` does.
"""

from dataclasses import dataclass

from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post


@dataclass(frozen=True, slots=True)
class Located:
    """A post or comment, its post (itself for a post), its community and its author."""

    content: Post | Comment
    post: Post
    community: Community
    author: Person


@dataclass(frozen=True, slots=True)
class DirectReplies:
    """The ids of the first visible direct replies to a post or comment, and how many there are."""

    ids: list[str]
    total: int

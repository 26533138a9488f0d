"""A post or comment with its context, as `fedcom.queries.located` reads it."""

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

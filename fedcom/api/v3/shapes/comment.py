"""Comments, with their counts and what the viewer did with them."""

from datetime import datetime

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText
from fedcom.api.v3.shapes.community import Community, SubscribedType, subscribed
from fedcom.api.v3.shapes.person import Person
from fedcom.api.v3.shapes.post import Known, Post
from fedcom.api.v3.shapes.text import markdown
from fedcom.rules.lemmy_languages import number_of_language
from fedcom.views.comment import CommentView as View


class Comment(Shape):
    """A comment; `path` holds the ids from the root, which is 0, to the comment."""

    id: int
    creator_id: int
    post_id: int
    content: MarkdownText
    removed: bool
    published: datetime
    updated: datetime | None = None
    deleted: bool
    ap_id: str
    local: bool
    path: str
    distinguished: bool
    language_id: int


class CommentAggregates(Shape):
    """The counts of a comment; `child_count` counts all below it."""

    comment_id: int
    score: int
    upvotes: int
    downvotes: int
    published: datetime
    child_count: int


class CommentView(Shape):
    """A comment with its author, its post and community, and what the viewer did with it."""

    comment: Comment
    creator: Person
    post: Post
    community: Community
    counts: CommentAggregates
    creator_banned_from_community: bool
    banned_from_community: bool
    creator_is_moderator: bool
    creator_is_admin: bool
    subscribed: SubscribedType
    saved: bool
    creator_blocked: bool
    my_vote: int | None = None


def comment(view: View, source: str) -> Comment:
    """A comment with its Markdown `source`, "" if there is none."""
    return Comment(
        id=view.id,
        creator_id=view.author.id,
        post_id=view.post.id,
        content=markdown(source, view.body_html, view.content_warning),
        removed=view.is_removed,
        published=view.published_at,
        updated=view.updated_at,
        deleted=view.is_deleted,
        ap_id=view.iri,
        local=view.local,
        path=to_path(view.path),
        distinguished=view.distinguished,
        language_id=number_of_language(view.language),
    )


def comment_counts(view: View) -> CommentAggregates:
    """The counts of a comment."""
    return CommentAggregates(
        comment_id=view.id,
        score=view.score,
        upvotes=view.upvotes,
        downvotes=view.downvotes,
        published=view.published_at,
        child_count=view.replies,
    )


def comment_view(view: View, source: str, known: Known) -> CommentView:
    """A comment with its surroundings."""
    inside = known.communities[view.community.id]
    return CommentView(
        comment=comment(view, source),
        creator=known.person(view.author.id),
        post=known.post(view.post.id),
        community=known.community(view.community.id),
        counts=comment_counts(view),
        creator_banned_from_community=view.standing.is_banned,
        banned_from_community=inside.is_viewer_banned,
        creator_is_moderator=view.standing.is_moderator,
        creator_is_admin=view.standing.is_admin,
        subscribed=subscribed(inside),
        saved=view.is_saved,
        creator_blocked=view.is_author_blocked,
        my_vote=view.vote or None,
    )


def to_path(path: str) -> str:
    """Our path of twelve-digit ids as Lemmy writes it: `0.12.345`."""
    return ".".join(("0", *(str(int(part)) for part in path.split("."))))

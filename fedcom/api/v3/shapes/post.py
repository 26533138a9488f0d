"""Posts, with their counts and what the viewer did with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import LinkUrl, MarkdownText, PictureUrl
from fedcom.api.v3.shapes.community import Community, SubscribedType, community, subscribed
from fedcom.api.v3.shapes.person import Person, person
from fedcom.api.v3.shapes.text import markdown
from fedcom.media.records import media_url
from fedcom.rules.lemmy_languages import number_of_language
from fedcom.views.full import FullCommunity, FullPerson, FullPost, FullPostView

S = TypeVar("S", bound=Shape)


class Post(Shape):
    """A post."""

    id: int
    name: str
    url: LinkUrl | None = None
    body: MarkdownText | None = None
    creator_id: int
    community_id: int
    removed: bool
    locked: bool
    published: datetime
    updated: datetime | None = None
    deleted: bool
    nsfw: bool
    embed_title: str | None = None
    embed_description: str | None = None
    thumbnail_url: PictureUrl | None = None
    ap_id: str
    local: bool
    embed_video_url: str | None = None
    language_id: int
    featured_community: bool
    featured_local: bool
    url_content_type: str | None = None
    alt_text: str | None = None


class PostAggregates(Shape):
    """The counts of a post; `score` is upvotes minus downvotes."""

    post_id: int
    comments: int
    score: int
    upvotes: int
    downvotes: int
    published: datetime
    newest_comment_time: datetime


class ImageDetails(Shape):
    """The picture of a post's link, in pixels."""

    link: str
    width: int
    height: int
    content_type: str


class PostView(Shape):
    """A post with its author, its community, and what the viewer did with it."""

    post: Post
    creator: Person
    community: Community
    image_details: ImageDetails | None = None
    creator_banned_from_community: bool
    banned_from_community: bool
    creator_is_moderator: bool
    creator_is_admin: bool
    counts: PostAggregates
    subscribed: SubscribedType
    saved: bool
    read: bool
    hidden: bool
    creator_blocked: bool
    my_vote: int | None = None
    unread_comments: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the things of one answer name, by row id. Each is read once and shaped once: a thread of
    300 comments names its post and its community 300 times.
    """

    people: Mapping[int, FullPerson]
    communities: Mapping[int, FullCommunity]
    posts: Mapping[int, FullPost]
    now: datetime
    origin: str
    _shaped: dict[tuple[type[Shape], int], Any] = field(default_factory=dict, init=False)

    def person(self, number: int) -> Person:
        """The person with this row id."""
        return self._once(Person, number, lambda: person(self.people[number], self.now))

    def community(self, number: int) -> Community:
        """The community with this row id."""
        return self._once(Community, number, lambda: community(self.communities[number]))

    def post(self, number: int) -> Post:
        """The post with this row id."""
        return self._once(Post, number, lambda: post(self.posts[number], self.origin))

    def _once(self, kind: type[S], number: int, shaped: Callable[[], S]) -> S:
        key = kind, number
        if key not in self._shaped:
            self._shaped[key] = shaped()
        found: S = self._shaped[key]
        return found


def post(of: FullPost, origin: str) -> Post:
    """A post. The picture of a post without a link is its link, as in Lemmy."""
    picture = of.thumbnail_name and media_url(origin, of.thumbnail_name)
    return Post(
        id=of.id,
        name=of.title,
        url=of.url or of.image_url,
        body=markdown(of.body_source, of.body_html, of.content_warning) or None,
        creator_id=of.author_id,
        community_id=of.community_id,
        removed=of.removed_at is not None,
        locked=of.locked_at is not None,
        published=of.published_at,
        updated=of.updated_at,
        deleted=of.deleted_at is not None,
        nsfw=of.nsfw,
        embed_title=of.preview_title or None,
        embed_description=of.preview_description or None,
        thumbnail_url=picture or of.image_url,
        ap_id=of.iri,
        local=of.local,
        language_id=number_of_language(of.language),
        featured_community=of.featured_at is not None,
        featured_local=of.site_featured_at is not None,
        url_content_type=of.media_type if of.picture_name else None,
        alt_text=of.image_alt or None,
    )


def post_view(view: FullPostView, known: Known) -> PostView:
    """A post with its surroundings; a viewer without a vote has no `my_vote`."""
    inside = known.communities[view.community_id]
    return PostView(
        post=known.post(view.id),
        creator=known.person(view.author_id),
        community=known.community(view.community_id),
        image_details=_image_details(view, known.origin),
        creator_banned_from_community=view.author_is_banned,
        banned_from_community=inside.is_viewer_banned,
        creator_is_moderator=view.author_is_moderator,
        creator_is_admin=view.author_is_admin,
        counts=post_counts(view),
        subscribed=subscribed(inside),
        saved=view.is_saved,
        read=view.visit_comments is not None,
        hidden=view.is_hidden,
        creator_blocked=view.is_author_blocked,
        my_vote=view.vote or None,
        unread_comments=view.comments - (view.visit_comments or 0),
    )


def post_counts(of: FullPost) -> PostAggregates:
    """The counts of a post; one without comments has its own time as that of the newest."""
    return PostAggregates(
        post_id=of.id,
        comments=of.comments,
        score=of.score,
        upvotes=of.upvotes,
        downvotes=of.downvotes,
        published=of.published_at,
        newest_comment_time=of.last_comment_at or of.published_at,
    )


def _image_details(of: FullPost, origin: str) -> ImageDetails | None:
    if of.picture_name is None or of.media_type is None or not of.width or not of.height:
        return None
    return ImageDetails(
        link=media_url(origin, of.picture_name),
        width=of.width,
        height=of.height,
        content_type=of.media_type,
    )

"""Posts: reading, writing, voting, saving, hiding, and what their moderators do."""

from collections.abc import Mapping
from typing import Literal

from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.lock import Lock
from fedcom.actions.pin import Pin
from fedcom.actions.post import CreatePost as Create, EditPost as Edit
from fedcom.actions.vote import Vote
from fedcom.api.caller import Call, Caller, unless_unchanged
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import (
    moderator_views,
    one_community,
    one_post,
    post_views,
    vote_views,
)
from fedcom.api.v3.params import (
    Id,
    Limit,
    PageAt,
    Score,
    check_honeypot,
    check_reason,
    community_of,
    no_id,
    only_one_of,
    shows_nsfw,
    start_of,
)
from fedcom.api.v3.shapes.responses import (
    SUCCESS,
    GetPostResponse,
    GetPostsResponse,
    PostResponse,
    SuccessResponse,
    VoteView,
)
from fedcom.api.v3.shapes.site import SCOPES, SORTS, ListingType, SortType
from fedcom.api.v3.shapes.text import without_warning
from fedcom.errors import NotFound
from fedcom.personal.saved import hide, save, unhide, unsave
from fedcom.personal.visits import mark_as_read, mark_as_unread, note_visit
from fedcom.queries.actors import get_community
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.rules.lemmy_languages import language_of_number
from fedcom.rules.limits import check_alt, check_body, check_title, check_url
from fedcom.site.front_page import pin_on_site
from fedcom.site.removal import remove_content, restore_content
from fedcom.views.feed import FeedQuery, Only, list_post_ids
from fedcom.views.post import PostView as View, get_post_view, list_cross_post_ids
from fedcom.views.scopes import Scope
from fedcom.views.viewer import NOBODY
from fedcom.wire.illustration import Illustration, is_picture_url

resource = Resource()

_ONLY: Mapping[str, Only] = {
    "saved_only": "saved",
    "liked_only": "liked",
    "disliked_only": "disliked",
}


class GetPost(Parameters):
    """One of the two."""

    id: Id | None = None
    comment_id: Id | None = None


@resource.serves("GET", "/post", is_shared=True)
async def read_post(call: Call, wanted: GetPost) -> GetPostResponse:
    """A post, by its id or by that of a comment on it. A member has then read it."""
    answer, visited = await call.read(lambda caller: _read_post(caller, wanted))
    if visited is not None:
        await call.unit(
            lambda caller: note_visit(
                caller.conn, caller.viewer_id, visited, visited.last_visit, caller.now
            )
        )
    return answer


def _read_post(caller: Caller, wanted: GetPost) -> tuple[GetPostResponse, View | None]:
    if wanted.id is None and wanted.comment_id is None:
        no_id()
    post_id = wanted.id or get_comment(caller.conn, wanted.comment_id or 0).post_id
    view = get_post_view(caller.conn, post_id, viewer_id=caller.viewer_id, now=caller.now)
    if not view.is_readable:
        raise NotFound("couldnt_find_post", "This post was deleted or removed.")
    others = list_cross_post_ids(caller.conn, view)
    shown, *also = post_views(caller, [view.id, *others])
    answer = GetPostResponse(
        post_view=shown,
        community_view=one_community(caller, view.community.id),
        moderators=moderator_views(caller, view.community.id),
        cross_posts=also,
    )
    is_visit = not caller.is_guest and (
        view.last_visit is None or view.last_visit.is_to_be_noted(view.comments, caller.now)
    )
    return answer, view if is_visit else None


class GetPosts(Parameters):
    """A list of posts: of everything, of a community, or of the caller's own."""

    type_: ListingType = "All"
    sort: SortType = "Active"
    page: PageAt | None = None
    limit: Limit = 10
    community_id: Id | None = None
    community_name: str | None = None
    saved_only: bool = False
    liked_only: bool = False
    disliked_only: bool = False
    show_hidden: bool = False
    show_read: bool | None = None
    show_nsfw: bool | None = None
    page_cursor: str | None = None


@resource.reads("/post/list")
def list_all(caller: Caller, wanted: GetPosts) -> GetPostsResponse:
    """A page of posts, the pinned ones above the others of the first page."""
    only = only_one_of(
        saved_only=wanted.saved_only,
        liked_only=wanted.liked_only,
        disliked_only=wanted.disliked_only,
    )
    sort, span = SORTS[wanted.sort]
    scope: Scope = SCOPES[wanted.type_]
    subject = NOBODY
    if wanted.community_id or wanted.community_name:
        inside = community_of(caller, wanted.community_id, wanted.community_name)
        scope, subject = "community", inside.id
    feed = FeedQuery(
        scope=scope,
        sort=sort,
        span=span,
        subject_id=subject,
        after=start_of(wanted.page, wanted.page_cursor, sort),
        limit=wanted.limit,
        nsfw=shows_nsfw(caller, wanted.show_nsfw) if scope != "community" else wanted.show_nsfw,
        only=_ONLY.get(only or ""),
        show_read=True if wanted.show_read is None else wanted.show_read,
        show_hidden=wanted.show_hidden,
    )
    found = list_post_ids(caller.conn, feed, viewer_id=caller.viewer_id, now=caller.now)
    return GetPostsResponse(
        posts=post_views(caller, found.items),
        next_page=str(found.next) if found.next else None,
    )


class CreatePost(Parameters):
    """A new post."""

    name: str
    community_id: Id
    url: str | None = None
    body: str | None = None
    alt_text: str | None = None
    honeypot: str | None = None
    nsfw: bool = False
    language_id: int | None = None
    # Thumbnails are made from the link.
    custom_thumbnail: str | None = None


@resource.serves("POST", "/post")
async def create_post(call: Call, wanted: CreatePost) -> PostResponse:
    """Write a post in a community."""
    check_honeypot(wanted.honeypot)
    by = (await call.member()).person
    url = check_url(call.own_address(wanted.url)) if wanted.url else None
    title = check_title(wanted.name)
    body = await call.parse_markdown(by, check_body(wanted.body or ""))

    def work(caller: Caller) -> PostResponse:
        community = get_community(caller.conn, wanted.community_id)
        made = caller.act(
            Create(
                by=caller.person,
                community=community,
                title=title,
                url=url,
                image=_image(url, wanted.alt_text),
                body=body,
                nsfw=wanted.nsfw,
                language=language_of_number(wanted.language_id),
            )
        )
        return _answer(caller, made.id)

    return await call.unit(work)


def _image(url: str | None, alt: str | None) -> Illustration | None:
    """A link to a picture is the picture of the post, as in Lemmy."""
    if url is None or not is_picture_url(url):
        return None
    return Illustration(url, check_alt(alt or ""))


class GetSiteMetadata(Parameters):
    """A link."""

    url: str


class LinkMetadata(Shape):
    """What the page behind a link says of itself."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    embed_video_url: str | None = None
    content_type: str | None = None


class GetSiteMetadataResponse(Shape):
    """What is behind the link."""

    metadata: LinkMetadata


@resource.serves("GET", "/post/site_metadata")
async def read_link(call: Call, wanted: GetSiteMetadata) -> GetSiteMetadataResponse:
    """What is behind a link, fetched now; for members, within their limit of look-ups."""
    found = await call.read_link((await call.member()).person, wanted.url)
    return GetSiteMetadataResponse(
        metadata=LinkMetadata(
            title=found.title or None,
            description=found.description or None,
            image=found.image_url,
            embed_video_url=found.video_url,
            content_type=found.content_type or None,
        )
    )


class EditPost(Parameters):
    """What is not given stays as it is."""

    post_id: Id
    name: str | None = None
    url: str | None = None
    body: str | None = None
    alt_text: str | None = None
    nsfw: bool | None = None
    language_id: int | None = None
    custom_thumbnail: str | None = None


@resource.serves("PUT", "/post")
async def edit_post(call: Call, wanted: EditPost) -> PostResponse:
    """Change a post of one's own."""
    by = (await call.member()).person
    before = await call.read(lambda caller: get_post(caller.conn, wanted.post_id))
    text = before.body_source
    if wanted.body is not None:
        text = without_warning(wanted.body, before.content_warning)
    url = before.url
    if wanted.url is not None:
        url = check_url(call.own_address(wanted.url)) if wanted.url else None
    alt = before.image_alt if wanted.alt_text is None else wanted.alt_text
    image = _image(url, alt)
    if image is None and before.image_url and url == before.url:
        image = Illustration(before.image_url, check_alt(alt))
    language = before.language
    if wanted.language_id is not None:
        language = language_of_number(wanted.language_id)
    title = before.title if wanted.name is None else check_title(wanted.name)
    body = await call.parse_markdown(by, check_body(text))

    def work(caller: Caller) -> PostResponse:
        post = get_post(caller.conn, wanted.post_id)
        caller.act(
            Edit(
                by=caller.person,
                post=post,
                title=title,
                url=url,
                image=image,
                body=body,
                nsfw=before.nsfw if wanted.nsfw is None else wanted.nsfw,
                language=language,
                content_warning=before.content_warning,
            )
        )
        return _answer(caller, post.id)

    return await call.unit(work)


class DeletePost(Parameters):
    """Delete, or restore what was deleted."""

    post_id: Id
    deleted: bool


@resource.writes("POST", "/post/delete")
def delete_post(caller: Caller, wanted: DeletePost) -> PostResponse:
    """Delete a post of one's own, or restore it."""
    action = Delete if wanted.deleted else Undelete
    caller.ensure(action(by=caller.person, target=get_post(caller.conn, wanted.post_id)))
    return _answer(caller, wanted.post_id)


class RemovePost(Parameters):
    """Remove, or restore what was removed."""

    post_id: Id
    removed: bool
    reason: str | None = None


@resource.writes("POST", "/post/remove")
def remove_post(caller: Caller, wanted: RemovePost) -> PostResponse:
    """Remove a post as a moderator or an admin, or restore it."""
    post = get_post(caller.conn, wanted.post_id)
    with unless_unchanged():
        if wanted.removed:
            remove_content(caller.ctx, caller.person, post, check_reason(wanted.reason))
        else:
            restore_content(caller.ctx, caller.person, post)
    return _answer(caller, wanted.post_id)


class LockPost(Parameters):
    """Lock or unlock."""

    post_id: Id
    locked: bool


@resource.writes("POST", "/post/lock")
def lock_post(caller: Caller, wanted: LockPost) -> PostResponse:
    """Close a post to replies as a moderator, or reopen it."""
    post = get_post(caller.conn, wanted.post_id)
    caller.ensure(Lock(by=caller.person, target=post, locked=wanted.locked))
    return _answer(caller, wanted.post_id)


class FeaturePost(Parameters):
    """Pin in the community, or as an admin on the whole site."""

    post_id: Id
    featured: bool
    feature_type: Literal["Local", "Community"]


@resource.writes("POST", "/post/feature")
def feature_post(caller: Caller, wanted: FeaturePost) -> PostResponse:
    """Pin a post to the top of its community or of the site, or unpin it."""
    post = get_post(caller.conn, wanted.post_id)
    if wanted.feature_type == "Community":
        caller.ensure(Pin(by=caller.person, post=post, pinned=wanted.featured))
    else:
        with unless_unchanged():
            pin_on_site(caller.ctx, caller.person, post, pinned=wanted.featured)
    return _answer(caller, wanted.post_id)


class CreatePostLike(Parameters):
    """A vote; 0 takes it back."""

    post_id: Id
    score: Score


@resource.writes("POST", "/post/like")
def like_post(caller: Caller, wanted: CreatePostLike) -> PostResponse:
    """Vote on a post."""
    post = get_post(caller.conn, wanted.post_id)
    caller.act(Vote(by=caller.person, target=post, score=wanted.score))
    return _answer(caller, wanted.post_id)


class ListPostLikes(Parameters):
    """The votes on a post."""

    post_id: Id
    page: PageAt | None = None
    limit: Limit = 10


class ListPostLikesResponse(Shape):
    """A page of votes."""

    post_likes: list[VoteView]


@resource.reads("/post/like/list")
def list_post_likes(caller: Caller, wanted: ListPostLikes) -> ListPostLikesResponse:
    """Who voted on a post, for its moderators and for admins."""
    target = get_post(caller.conn, wanted.post_id)
    found = vote_views(caller, target, start_of(wanted.page), wanted.limit)
    return ListPostLikesResponse(post_likes=found)


class SavePost(Parameters):
    """Save, or drop what was saved."""

    post_id: Id
    save: bool


@resource.writes("PUT", "/post/save")
def save_post(caller: Caller, wanted: SavePost) -> PostResponse:
    """Save a post for later."""
    post = get_post(caller.conn, wanted.post_id)
    if wanted.save:
        save(caller.ctx, caller.person, post)
    else:
        unsave(caller.conn, caller.person, post)
    return _answer(caller, wanted.post_id)


class MarkPostAsRead(Parameters):
    """Posts to mark as read, or as not read."""

    post_ids: list[Id]
    read: bool


@resource.writes("POST", "/post/mark_as_read")
def mark_posts(caller: Caller, wanted: MarkPostAsRead) -> SuccessResponse:
    """Mark posts as read, or as not read."""
    mark = mark_as_read if wanted.read else mark_as_unread
    mark(caller.ctx, caller.person, wanted.post_ids)
    return SUCCESS


class HidePost(Parameters):
    """Posts to hide, or to show again."""

    post_ids: list[Id]
    hide: bool


@resource.writes("POST", "/post/hide")
def hide_some(caller: Caller, wanted: HidePost) -> SuccessResponse:
    """Leave posts out of one's lists, or show them there again."""
    if wanted.hide:
        hide(caller.ctx, caller.person, wanted.post_ids)
    else:
        unhide(caller.conn, caller.person, wanted.post_ids)
    return SUCCESS


def _answer(caller: Caller, post_id: int) -> PostResponse:
    return PostResponse(post_view=one_post(caller, post_id))

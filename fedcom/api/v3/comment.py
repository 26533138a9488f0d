"""Comments: reading, writing, voting, saving, and what moderators do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import msgspec

from fedcom.actions.comment import CreateComment as Create, EditComment as Edit
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.vote import Vote
from fedcom.api.caller import Call, Caller, unless_unchanged
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import comment_views, one_comment, read_known, vote_views
from fedcom.api.v3.params import (
    ORDERS,
    CommentSortType,
    Id,
    Limit,
    PageAt,
    Score,
    check_reason,
    community_of,
    only_one_of,
    shows_nsfw,
    start_of,
)
from fedcom.api.v3.shapes.comment import comment_view
from fedcom.api.v3.shapes.responses import CommentResponse, GetCommentsResponse, VoteView
from fedcom.api.v3.shapes.site import SCOPES, ListingType
from fedcom.api.v3.shapes.text import without_warning
from fedcom.errors import NotFound
from fedcom.models.comment import Comment as Row
from fedcom.personal.saved import save, unsave
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.rules.lemmy_languages import language_of_number
from fedcom.rules.limits import check_comment
from fedcom.site.removal import remove_content, restore_content
from fedcom.views.comment import PostOfComment
from fedcom.views.comment_feed import CommentQuery, Only, list_comments
from fedcom.views.full import find_people, find_posts
from fedcom.views.thread import AroundComments, Levels, list_levels

resource = Resource(not_the_author="no_comment_edit_allowed")

Depth = Annotated[int, msgspec.Meta(ge=1, le=300)]

_ONLY: Mapping[str, Only] = {
    "saved_only": "saved",
    "liked_only": "liked",
    "disliked_only": "disliked",
}


class GetComment(Parameters):
    """One comment."""

    id: Id


@resource.reads("/comment")
def read_comment(caller: Caller, wanted: GetComment) -> CommentResponse:
    """A comment by its id."""
    return _answer(caller, wanted.id)


class GetComments(Parameters):
    """A list of comments: of everything, of a community, on a post, or of the caller's own.

    With `max_depth`, levels of a thread: from the post on, or below `parent_id`.
    """

    type_: ListingType = "All"
    sort: CommentSortType = "Hot"
    max_depth: Depth | None = None
    page: PageAt | None = None
    limit: Limit = 10
    community_id: Id | None = None
    community_name: str | None = None
    post_id: Id | None = None
    parent_id: Id | None = None
    saved_only: bool = False
    liked_only: bool = False
    disliked_only: bool = False


@resource.reads("/comment/list")
def list_all(caller: Caller, wanted: GetComments) -> GetCommentsResponse:
    """A page of comments, or levels of a thread."""
    only = only_one_of(
        saved_only=wanted.saved_only,
        liked_only=wanted.liked_only,
        disliked_only=wanted.disliked_only,
    )
    top = get_comment(caller.conn, wanted.parent_id) if wanted.parent_id else None
    post_id = top.post_id if top else wanted.post_id
    if post_id is not None and wanted.max_depth is not None:
        return _levels(caller, wanted, post_id, top)
    query = CommentQuery(
        scope=SCOPES[wanted.type_],
        sort=ORDERS[wanted.sort],
        after=start_of(wanted.page),
        limit=wanted.limit,
        nsfw=shows_nsfw(caller, None),
        only=_ONLY.get(only or ""),
    )
    if post_id is not None:
        query = replace(
            query, scope="post", subject_id=post_id, below=top.path if top else "", nsfw=None
        )
    elif wanted.community_id or wanted.community_name:
        inside = community_of(caller, wanted.community_id, wanted.community_name)
        query = replace(query, scope="community", subject_id=inside.id, nsfw=None)
    found = list_comments(caller.conn, query, viewer_id=caller.viewer_id, now=caller.now)
    return GetCommentsResponse(comments=comment_views(caller, found.items))


def _levels(
    caller: Caller, wanted: GetComments, post_id: int, top: Row | None
) -> GetCommentsResponse:
    posts = find_posts(caller.conn, [post_id], viewer_id=caller.viewer_id)
    on = posts.get(post_id)
    if on is None or not on.is_readable:
        raise NotFound("couldnt_find_post", "This post does not exist, or was removed.")
    known = read_known(caller, communities=[on.community_id])
    place = AroundComments(
        PostOfComment(on.id, on.iri, on.title, on.nsfw, on.locked_at),
        known.communities[on.community_id],
    )
    levels = Levels(ORDERS[wanted.sort], wanted.max_depth or 0, top)
    found = list_levels(caller.conn, place, levels, viewer_id=caller.viewer_id, now=caller.now)
    people = find_people(caller.conn, {one.author.id for one in found.comments})
    around = replace(known, posts=posts, people=people)
    shown = [comment_view(one, found.sources[one.id], around) for one in found.comments]
    return GetCommentsResponse(comments=shown)


class CreateComment(Parameters):
    """A new comment, on the post or below a comment on it."""

    content: str
    post_id: Id
    parent_id: Id | None = None
    language_id: int | None = None


@resource.serves("POST", "/comment")
async def create_comment(call: Call, wanted: CreateComment) -> CommentResponse:
    """Write a comment."""
    by = (await call.member()).person
    body = await call.parse_markdown(by, check_comment(wanted.content))
    language = language_of_number(wanted.language_id)

    def work(caller: Caller) -> CommentResponse:
        parent = get_comment(caller.conn, wanted.parent_id) if wanted.parent_id else None
        post = get_post(caller.conn, wanted.post_id)
        action = Create(by=caller.person, post=post, parent=parent, body=body, language=language)
        return _answer(caller, caller.act(action).id)

    return await call.unit(work)


class EditComment(Parameters):
    """What is not given stays as it is."""

    comment_id: Id
    content: str | None = None
    language_id: int | None = None


@resource.serves("PUT", "/comment")
async def edit_comment(call: Call, wanted: EditComment) -> CommentResponse:
    """Change a comment of one's own."""
    by = (await call.member()).person
    before = await call.read(lambda caller: get_comment(caller.conn, wanted.comment_id))
    text = before.body_source
    if wanted.content is not None:
        text = without_warning(wanted.content, before.content_warning)
    body = await call.parse_markdown(by, check_comment(text))
    language = before.language
    if wanted.language_id is not None:
        language = language_of_number(wanted.language_id)

    def work(caller: Caller) -> CommentResponse:
        action = Edit(
            by=caller.person,
            comment=get_comment(caller.conn, wanted.comment_id),
            body=body,
            language=language,
            content_warning=before.content_warning,
        )
        return _answer(caller, caller.act(action).id)

    return await call.unit(work)


class DeleteComment(Parameters):
    """Delete, or restore what was deleted."""

    comment_id: Id
    deleted: bool


@resource.writes("POST", "/comment/delete")
def delete_comment(caller: Caller, wanted: DeleteComment) -> CommentResponse:
    """Delete a comment of one's own, or restore it."""
    action = Delete if wanted.deleted else Undelete
    caller.ensure(action(by=caller.person, target=get_comment(caller.conn, wanted.comment_id)))
    return _answer(caller, wanted.comment_id)


class RemoveComment(Parameters):
    """Remove, or restore what was removed."""

    comment_id: Id
    removed: bool
    reason: str | None = None


@resource.writes("POST", "/comment/remove")
def remove_comment(caller: Caller, wanted: RemoveComment) -> CommentResponse:
    """Remove a comment as a moderator or an admin, or restore it."""
    comment = get_comment(caller.conn, wanted.comment_id)
    with unless_unchanged():
        if wanted.removed:
            remove_content(caller.ctx, caller.person, comment, check_reason(wanted.reason))
        else:
            restore_content(caller.ctx, caller.person, comment)
    return _answer(caller, wanted.comment_id)


class DistinguishComment(Parameters):
    """Speak as a moderator, or no longer."""

    comment_id: Id
    distinguished: bool


@resource.writes("POST", "/comment/distinguish")
def distinguish_comment(caller: Caller, wanted: DistinguishComment) -> CommentResponse:
    """Mark a comment of one's own as that of a moderator."""
    comment = get_comment(caller.conn, wanted.comment_id)
    caller.ensure(
        Distinguish(by=caller.person, comment=comment, distinguished=wanted.distinguished)
    )
    return _answer(caller, wanted.comment_id)


class CreateCommentLike(Parameters):
    """A vote; 0 takes it back."""

    comment_id: Id
    score: Score


@resource.writes("POST", "/comment/like")
def like_comment(caller: Caller, wanted: CreateCommentLike) -> CommentResponse:
    """Vote on a comment."""
    comment = get_comment(caller.conn, wanted.comment_id)
    caller.act(Vote(by=caller.person, target=comment, score=wanted.score))
    return _answer(caller, wanted.comment_id)


class ListCommentLikes(Parameters):
    """The votes on a comment."""

    comment_id: Id
    page: PageAt | None = None
    limit: Limit = 10


class ListCommentLikesResponse(Shape):
    """A page of votes."""

    comment_likes: list[VoteView]


@resource.reads("/comment/like/list")
def list_comment_likes(caller: Caller, wanted: ListCommentLikes) -> ListCommentLikesResponse:
    """Who voted on a comment, for its moderators and for admins."""
    target = get_comment(caller.conn, wanted.comment_id)
    found = vote_views(caller, target, start_of(wanted.page), wanted.limit)
    return ListCommentLikesResponse(comment_likes=found)


class SaveComment(Parameters):
    """Save, or drop what was saved."""

    comment_id: Id
    save: bool


@resource.writes("PUT", "/comment/save")
def save_comment(caller: Caller, wanted: SaveComment) -> CommentResponse:
    """Save a comment for later."""
    comment = get_comment(caller.conn, wanted.comment_id)
    if wanted.save:
        save(caller.ctx, caller.person, comment)
    else:
        unsave(caller.conn, caller.person, comment)
    return _answer(caller, wanted.comment_id)


def _answer(caller: Caller, comment_id: int) -> CommentResponse:
    return CommentResponse(comment_view=one_comment(caller, comment_id), recipient_ids=[])

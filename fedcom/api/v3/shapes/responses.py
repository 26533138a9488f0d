"""Answers that are a view and a little more, or only that it worked."""

from fedcom.api.endpoint import Shape
from fedcom.api.v3.shapes.comment import CommentView
from fedcom.api.v3.shapes.community import CommunityModeratorView, CommunityView
from fedcom.api.v3.shapes.person import Person, PersonView
from fedcom.api.v3.shapes.post import PostView
from fedcom.api.v3.shapes.site import Site


class SuccessResponse(Shape):
    """It worked."""

    success: bool


class PostResponse(Shape):
    """A post after a change."""

    post_view: PostView


class GetPostResponse(Shape):
    """A post with its community and the other posts with its link."""

    post_view: PostView
    community_view: CommunityView
    moderators: list[CommunityModeratorView]
    cross_posts: list[PostView]


class GetPostsResponse(Shape):
    """A page of posts, and the cursor of the next one."""

    posts: list[PostView]
    next_page: str | None = None


class CommentResponse(Shape):
    """A comment after a change. `recipient_ids` was for websockets; Lemmy 0.19 sends it empty."""

    comment_view: CommentView
    recipient_ids: list[int]


class GetCommentsResponse(Shape):
    """A page of comments."""

    comments: list[CommentView]


class VoteView(Shape):
    """Who voted, and how."""

    creator: Person
    creator_banned_from_community: bool
    score: int


class CommunityResponse(Shape):
    """A community after a change."""

    community_view: CommunityView
    discussion_languages: list[int]


class GetCommunityResponse(Shape):
    """A community with its moderators; `site` is that of its server, if it is known."""

    community_view: CommunityView
    site: Site | None = None
    moderators: list[CommunityModeratorView]
    discussion_languages: list[int]


class GetPersonDetailsResponse(Shape):
    """A person with a page of what they wrote."""

    person_view: PersonView
    site: Site | None = None
    comments: list[CommentView]
    posts: list[PostView]
    moderates: list[CommunityModeratorView]


SUCCESS = SuccessResponse(success=True)

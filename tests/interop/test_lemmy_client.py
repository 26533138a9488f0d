"""Every method of Lemmy's own client, as guest, member, moderator and admin.

The client compares each answer with the types that it declares (`tests/npm/lemmy.mjs`). A case is
one line: the method, its form, what to look at in the answer, and to whom it is refused. `on` is
the scene (`lemmy_scene.Scene`) that the case is about.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.routing import Match

from fedcom.api import pictrs
from fedcom.api.v3 import routes as api
from fedcom.rules.dialects import LEMMY_VERSION
from tests.interop.lemmy_scene import ROLES, Clients, Role, Scene, at, differences
from tests.support.javascript import Program
from tests.support.lemmy_client import Json, Refused
from tests.support.pictures import picture

Refusals = Mapping[Role, str]

TO_GUESTS: Refusals = {"guest": "not_logged_in"}
"""For members only."""

TO_OTHERS: Refusals = TO_GUESTS | {
    "moderator": "no_post_edit_allowed",
    "admin": "no_post_edit_allowed",
}
"""For the author, who is the member."""

TO_MEMBERS: Refusals = TO_GUESTS | {"member": "not_a_mod_or_admin"}
"""For moderators and admins."""

TO_MODERATORS: Refusals = TO_GUESTS | {"member": "not_an_admin", "moderator": "not_an_admin"}
"""For admins."""


@dataclass(frozen=True, slots=True)
class Case:
    """A call, what its answer shows (values by path), and Lemmy's code for those it is refused
    to.
    """

    method: str
    form: Callable[[Scene], Json] = lambda on: {}
    shows: Callable[[Scene], Json] = lambda on: {}
    refused: Refusals = field(default_factory=dict)


CASES = [
    Case("getSite", shows=lambda on: {"version": LEMMY_VERSION, "site_view.site.name": "Live"}),
    Case(
        "createPost",
        lambda on: {"name": "Lilies", "community_id": on.garden, "url": "https://example.org/"},
        lambda on: {"post_view.post.name": "Lilies", "post_view.my_vote": 1},
        TO_GUESTS,
    ),
    Case("getPost", lambda on: {"id": on.post}, lambda on: {"post_view.post.id": on.post}),
    Case(
        "getPost",
        lambda on: {"comment_id": on.comment},
        lambda on: {"post_view.post.id": on.post, "community_view.community.id": on.garden},
    ),
    Case(
        "editPost",
        lambda on: {"post_id": on.post, "name": "Lilacs"},
        lambda on: {"post_view.post.name": "Lilacs", "post_view.post.body": "Red"},
        TO_OTHERS,
    ),
    Case(
        "deletePost",
        lambda on: {"post_id": on.post, "deleted": True},
        lambda on: {"post_view.post.deleted": True},
        TO_OTHERS,
    ),
    Case(
        "removePost",
        lambda on: {"post_id": on.post, "removed": True, "reason": "Off topic"},
        lambda on: {"post_view.post.removed": True},
        TO_MEMBERS,
    ),
    Case(
        "markPostAsRead",
        lambda on: {"post_ids": [on.post], "read": True},
        lambda on: {"success": True},
        TO_GUESTS,
    ),
    Case(
        "hidePost",
        lambda on: {"post_ids": [on.post], "hide": True},
        lambda on: {"success": True},
        TO_GUESTS,
    ),
    Case(
        "lockPost",
        lambda on: {"post_id": on.post, "locked": True},
        lambda on: {"post_view.post.locked": True},
        TO_MEMBERS,
    ),
    Case(
        "featurePost",
        lambda on: {"post_id": on.post, "featured": True, "feature_type": "Community"},
        lambda on: {"post_view.post.featured_community": True},
        TO_MEMBERS,
    ),
    Case(
        "featurePost",
        lambda on: {"post_id": on.post, "featured": True, "feature_type": "Local"},
        lambda on: {"post_view.post.featured_local": True},
        TO_MODERATORS,
    ),
    Case(
        "getPosts",
        lambda on: {"community_id": on.garden, "sort": "New", "limit": 1, "show_read": True}
        | ({} if on.post else {}),
        lambda on: {"posts.0.community.name": "garden"},
    ),
    Case(
        "likePost",
        lambda on: {"post_id": on.post, "score": -1},
        lambda on: {"post_view.my_vote": -1, "post_view.counts.downvotes": 1},
        TO_GUESTS,
    ),
    Case(
        "listPostLikes",
        lambda on: {"post_id": on.post},
        lambda on: {"post_likes.0.creator.id": on.bob, "post_likes.0.score": 1},
        TO_MEMBERS,
    ),
    Case(
        "savePost",
        lambda on: {"post_id": on.post, "save": True},
        lambda on: {"post_view.saved": True},
        TO_GUESTS,
    ),
    Case(
        "createComment",
        lambda on: {"content": "Why?", "post_id": on.post, "parent_id": on.comment},
        lambda on: {"comment_view.comment.content": "Why?", "comment_view.my_vote": 1},
        TO_GUESTS,
    ),
    Case(
        "editComment",
        lambda on: {"comment_id": on.comment, "content": "Theirs"},
        lambda on: {"comment_view.comment.content": "Theirs"},
        TO_OTHERS,
    ),
    Case(
        "deleteComment",
        lambda on: {"comment_id": on.comment, "deleted": True},
        lambda on: {"comment_view.comment.deleted": True},
        TO_OTHERS,
    ),
    Case(
        "removeComment",
        lambda on: {"comment_id": on.comment, "removed": True},
        lambda on: {"comment_view.comment.removed": True},
        TO_MEMBERS,
    ),
    Case(
        "likeComment",
        lambda on: {"comment_id": on.comment, "score": 1},
        lambda on: {"comment_view.my_vote": 1},
        TO_GUESTS,
    ),
    Case(
        "listCommentLikes",
        lambda on: {"comment_id": on.comment},
        lambda on: {"comment_likes.0.creator.id": on.bob},
        TO_MEMBERS,
    ),
    Case(
        "saveComment",
        lambda on: {"comment_id": on.comment, "save": True},
        lambda on: {"comment_view.saved": True},
        TO_GUESTS,
    ),
    Case(
        "distinguishComment",
        lambda on: {"comment_id": on.comment, "distinguished": True},
        lambda on: {"comment_view.comment.distinguished": True},
        TO_MEMBERS | {"moderator": "no_comment_edit_allowed", "admin": "no_comment_edit_allowed"},
    ),
    Case(
        "getComments",
        lambda on: {"post_id": on.post, "max_depth": 8, "sort": "Old"} | ({} if on.reply else {}),
        lambda on: {
            "comments.0.comment.path": f"0.{on.comment}",
            "comments.1.comment.path": f"0.{on.comment}.{on.reply}",
        },
    ),
    Case(
        "getComment",
        lambda on: {"id": on.comment},
        lambda on: {"comment_view.comment.content": "*Mine* too"},
    ),
    Case(
        "createCommunity",
        lambda on: {"name": on.name, "title": "Bees"},
        lambda on: {
            "community_view.community.name": on.name,
            "community_view.subscribed": "Subscribed",
        },
        TO_GUESTS,
    ),
    Case(
        "getCommunity",
        lambda on: {"name": "garden"},
        lambda on: {"community_view.community.id": on.garden},
    ),
    Case(
        "editCommunity",
        lambda on: {"community_id": on.community, "title": "Wasps", "description": "Of *all* kinds"},
        lambda on: {"community_view.community.title": "Wasps"},
        TO_GUESTS | {"member": "not_a_moderator", "admin": "not_a_moderator"},
    ),
    Case(
        "listCommunities",
        lambda on: {"type_": "Local", "sort": "Old", "limit": 1},
        lambda on: {"communities.0.community.name": "garden"},
    ),
    Case(
        "followCommunity",
        lambda on: {"community_id": on.community, "follow": True},
        lambda on: {"community_view.subscribed": "Subscribed"},
        TO_GUESTS,
    ),
    Case(
        "blockCommunity",
        lambda on: {"community_id": on.community, "block": True},
        lambda on: {"blocked": True, "community_view.blocked": True},
        TO_GUESTS,
    ),
    Case(
        "deleteCommunity",
        lambda on: {"community_id": on.community, "deleted": True},
        lambda on: {"community_view.community.deleted": True},
        TO_GUESTS | {"member": "not_a_moderator", "admin": "not_a_moderator"},
    ),
    Case(
        "hideCommunity",
        lambda on: {"community_id": on.community, "hidden": True, "reason": "Quiet"},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case(
        "removeCommunity",
        lambda on: {"community_id": on.community, "removed": True, "reason": "Spam"},
        lambda on: {"community_view.community.removed": True},
        TO_MODERATORS,
    ),
    Case(
        "transferCommunity",
        lambda on: {"community_id": on.community, "person_id": on.mia},
        lambda on: {"moderators.0.moderator.name": "mia"},
        TO_GUESTS | {"member": "not_top_mod"},
    ),
    Case(
        "banFromCommunity",
        lambda on: {"community_id": on.community, "person_id": on.eve, "ban": True},
        lambda on: {"banned": True, "person_view.person.name": "eve"},
        TO_MEMBERS,
    ),
    Case(
        "addModToCommunity",
        lambda on: {"community_id": on.community, "person_id": on.eve, "added": True},
        lambda on: {"moderators.1.moderator.name": "eve"},
        TO_MEMBERS,
    ),
    Case(
        "getPrivateMessages",
        lambda on: {"creator_id": on.eve, "limit": 1} | ({} if on.answer else {}),
        lambda on: {"private_messages.0.private_message.id": on.answer},
        TO_GUESTS,
    ),
    Case(
        "createPrivateMessage",
        lambda on: {"content": "Hi", "recipient_id": on.eve},
        lambda on: {"private_message_view.recipient.name": "eve"},
        TO_GUESTS,
    ),
    Case(
        "editPrivateMessage",
        lambda on: {"private_message_id": on.message, "content": "Hi!"},
        lambda on: {"private_message_view.private_message.content": "Hi!"},
        TO_GUESTS,
    ),
    Case(
        "deletePrivateMessage",
        lambda on: {"private_message_id": on.message, "deleted": True},
        lambda on: {"private_message_view.private_message.deleted": True},
        TO_GUESTS,
    ),
    Case(
        "markPrivateMessageAsRead",
        lambda on: {"private_message_id": on.answer, "read": True},
        lambda on: {"private_message_view.private_message.read": True},
        TO_GUESTS,
    ),
    Case(
        "resolveObject",
        lambda on: {"q": on.post_iri},
        lambda on: {"post.post.id": on.post},
        TO_GUESTS,
    ),
    Case("uploadImage", lambda on: {"image": PICTURE}, lambda on: {"msg": "ok"}, TO_GUESTS),
    Case(
        "deleteImage",
        lambda on: {"filename": on.upload["file"], "token": on.upload["delete_token"]},
    ),
]

NOT_SERVED_YET = frozenset(
    """
    createSite editSite leaveAdmin generateTotpSecret exportSettings importSettings listLogins
    validateAuth listMedia listAllMedia updateTotp getModlog search createPostReport
    resolvePostReport listPostReports getSiteMetadata markCommentReplyAsRead createCommentReport
    resolveCommentReport listCommentReports createPrivateMessageReport
    resolvePrivateMessageReport listPrivateMessageReports register login logout getPersonDetails
    getPersonMentions markPersonMentionAsRead getReplies banPerson getBannedPersons blockPerson
    getCaptcha deleteAccount passwordReset passwordChangeAfterReset markAllAsRead
    saveUserSettings changePassword getReportCount getUnreadCount verifyEmail addAdmin
    getUnreadRegistrationApplicationCount listRegistrationApplications
    approveRegistrationApplication getRegistrationApplication purgePerson purgeCommunity
    purgePost purgeComment createCustomEmoji editCustomEmoji deleteCustomEmoji
    getFederatedInstances blockInstance donation_dialog_shown
    """.split()  # noqa: SIM905 - a list of words reads better than one of strings
)
"""Methods without an endpoint here. Each leaves this list for a case when it is served."""

PICTURE = base64.b64encode(picture()).decode()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)
def test_a_method_answers_as_its_client_declares(
    case: Case, role: Role, clients: Clients
) -> None:
    on = Scene(clients, role)
    form = case.form(on)
    if role in case.refused:
        with pytest.raises(Refused) as refused:
            on.caller.call(case.method, **form)
        assert refused.value.code == case.refused[role]
    else:
        assert differences(on.caller.call(case.method, **form), case.shows(on)) == {}


def test_every_method_of_the_client_has_a_case_or_is_not_served_yet(lemmy_js: Program) -> None:
    requests: dict[str, list[str]] = lemmy_js.ask("requests")
    covered = {case.method for case in CASES}

    assert covered | NOT_SERVED_YET == requests.keys()
    assert {method for method in requests if _is_served(*requests[method])} == covered
    assert not covered & NOT_SERVED_YET


def _is_served(verb: str, path: str) -> bool:
    scope: dict[str, Any] = {"type": "http", "method": verb, "path": path, "headers": []}
    routes = [*api.routes(), *pictrs.ROUTES]
    return any(route.matches(scope)[0] is Match.FULL for route in routes)

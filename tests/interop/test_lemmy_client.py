"""Every method of Lemmy's own client, as guest, member, moderator and admin.

The client compares each answer with the types that it declares (`tests/npm/lemmy.mjs`). A case is
one line: the method, its form, what to look at in the answer, and to whom it is refused. `on` is
the scene (`tests.support.lemmy_scene`) that the case is about.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.routing import Match

from fedcom.api import pictrs
from fedcom.api.errors import KNOWN, SAME
from fedcom.api.v3 import routes as api
from fedcom.rules.dialects import LEMMY_VERSION
from tests.support.javascript import Program
from tests.support.lemmy_client import Json, Refused
from tests.support.lemmy_scene import EMOJI, ROLES, Clients, FarScene, Role, Scene, differences
from tests.support.pictures import picture
from tests.support.visitor import PASSWORD

Refusals = Mapping[Role, str]

GUESTS: tuple[Role, ...] = ("guest",)
NEWCOMERS: tuple[Role, ...] = ("guest", "newcomer")
"""For what a session or an account does not survive."""

TO_GUESTS: Refusals = {"guest": "not_logged_in"}
"""For members only."""


def to_others(code: str) -> Refusals:
    """For the author, who is the member."""
    return TO_GUESTS | {"moderator": code, "admin": code}


TO_MEMBERS: Refusals = TO_GUESTS | {"member": "not_a_mod_or_admin"}
"""For moderators and admins."""

TO_ALL_BUT_MODERATORS: Refusals = TO_MEMBERS | {"admin": "not_a_mod_or_admin"}
"""For moderators: admins are none in the communities of other instances."""

TO_MODERATORS: Refusals = TO_GUESTS | {"member": "not_an_admin", "moderator": "not_an_admin"}
"""For admins."""


@dataclass(frozen=True, slots=True)
class Case:
    """A call, what its answer shows (values by path), Lemmy's code for those it is refused to, and
    the roles of those who call.
    """

    method: str
    form: Callable[[Scene], Json] = lambda on: {}
    shows: Callable[[Scene], Json] = lambda on: {}
    refused: Refusals = field(default_factory=dict)
    roles: tuple[Role, ...] = ROLES
    # The same two about what is on another instance, where that differs.
    far_shows: Callable[[Scene], Json] | None = None
    far_refused: Refusals | None = None


CASES = [
    Case("getSite", shows=lambda on: {"version": LEMMY_VERSION, "site_view.site.name": "Live"}),
    Case(
        "createSite",
        lambda on: {"name": "Second"},
        refused=TO_MODERATORS | {"admin": "site_already_exists"},
    ),
    Case(
        "editSite",
        lambda on: {"description": "For *gardeners*"},
        lambda on: {"site_view.site.description": "For *gardeners*", "taglines": []},
        TO_MODERATORS,
    ),
    Case(
        "createCustomEmoji",
        lambda on: {"shortcode": on.name, **EMOJI},
        lambda on: {"custom_emoji.custom_emoji.shortcode": on.name},
        TO_MODERATORS,
    ),
    Case(
        "editCustomEmoji",
        lambda on: {"id": on.emoji, **EMOJI, "category": "roots"},
        lambda on: {"custom_emoji.custom_emoji.category": "roots"},
        TO_MODERATORS,
    ),
    Case(
        "deleteCustomEmoji",
        lambda on: {"id": on.emoji},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case(
        "saveUserSettings",
        lambda on: {"show_nsfw": True, "bio": "Digs", "default_sort_type": "TopSixHour"},
        lambda on: {"success": True},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case("exportSettings", refused=TO_GUESTS),
    Case(
        "importSettings",
        lambda on: on.newcomer.call("exportSettings"),
        lambda on: {"success": True},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case(
        "leaveAdmin",
        lambda on: on.promoted,
        lambda on: {"site_view.site.name": "Live"},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case(
        "addAdmin",
        lambda on: {"person_id": on.stranger, "added": True},
        lambda on: {"admins.0.person.name": "ann"},
        TO_MODERATORS,
    ),
    Case(
        "banPerson",
        lambda on: {"person_id": on.stranger, "ban": True, "reason": "Spam"},
        lambda on: {"banned": True, "person_view.person.banned": True},
        TO_MODERATORS,
    ),
    Case("getBannedPersons", refused=TO_MODERATORS),
    Case(
        "purgePerson",
        lambda on: {"person_id": on.stranger},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case(
        "purgeCommunity",
        lambda on: {"community_id": on.community},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case(
        "purgePost",
        lambda on: {"post_id": on.post, "reason": "Spam"},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case(
        "purgeComment",
        lambda on: {"comment_id": on.comment},
        lambda on: {"success": True},
        TO_MODERATORS,
    ),
    Case("getUnreadRegistrationApplicationCount", refused=TO_MODERATORS),
    Case(
        "listRegistrationApplications",
        lambda on: {"unread_only": True},
        lambda on: {"registration_applications.0.creator.name": on.applicant.name},
        TO_MODERATORS,
    ),
    Case(
        "getRegistrationApplication",
        lambda on: {"person_id": on.applicant.person},
        lambda on: {"registration_application.registration_application.answer": "Please"},
        TO_MODERATORS,
    ),
    Case(
        "approveRegistrationApplication",
        lambda on: {"id": on.applicant.application, "approve": True},
        lambda on: {"registration_application.creator.name": on.applicant.name},
        TO_MODERATORS,
    ),
    Case(
        "listMedia",
        lambda on: {"limit": 1},
        lambda on: {"images.0.local_image.pictrs_alias": on.upload["file"]},
        TO_GUESTS,
    ),
    Case(
        "listAllMedia",
        lambda on: {"limit": 1},
        lambda on: {"images.0.local_image.pictrs_alias": on.upload["file"]},
        TO_MODERATORS,
    ),
    Case("getModlog", lambda on: {"limit": 50}),
    Case(
        "getModlog",
        lambda on: {"community_id": on.community},
        lambda on: {"removed_posts.0.post.id": on.removed_post},
    ),
    Case(
        "createPostReport",
        lambda on: {"post_id": on.post, "reason": "Spam"},
        lambda on: {"post_report_view.post.id": on.post},
        TO_GUESTS | {"member": "couldnt_create_report"},
    ),
    Case(
        "listPostReports",
        lambda on: {"community_id": on.garden, "limit": 1},
        lambda on: {"post_reports.0.post_report.id": on.post_report},
        TO_MEMBERS,
    ),
    Case(
        "resolvePostReport",
        lambda on: {"report_id": on.post_report, "resolved": True},
        lambda on: {"post_report_view.post_report.resolved": True},
        TO_MEMBERS,
    ),
    Case(
        "createCommentReport",
        lambda on: {"comment_id": on.comment, "reason": "Spam"},
        lambda on: {"comment_report_view.comment.id": on.comment},
        TO_GUESTS | {"member": "couldnt_create_report"},
    ),
    Case(
        "listCommentReports",
        lambda on: {"community_id": on.garden, "limit": 1},
        lambda on: {"comment_reports.0.comment_report.id": on.comment_report},
        TO_MEMBERS,
    ),
    Case(
        "resolveCommentReport",
        lambda on: {"report_id": on.comment_report, "resolved": True},
        lambda on: {"comment_report_view.comment_report.resolved": True},
        TO_MEMBERS,
    ),
    Case(
        "createPrivateMessageReport",
        lambda on: {"private_message_id": on.answer, "reason": "Rude"},
        lambda on: {"private_message_report_view.private_message.id": on.answer},
        TO_GUESTS,
    ),
    Case(
        "listPrivateMessageReports",
        lambda on: {"limit": 1},
        lambda on: {"private_message_reports.0.private_message_report.id": on.message_report},
        TO_MODERATORS,
    ),
    Case(
        "resolvePrivateMessageReport",
        lambda on: {"report_id": on.message_report, "resolved": True},
        lambda on: {"private_message_report_view.private_message_report.resolved": True},
        TO_MODERATORS,
    ),
    Case(
        "getReportCount",
        lambda on: {"community_id": on.garden},
        lambda on: {"community_id": on.garden},
        TO_MEMBERS,
    ),
    Case(
        "listCommunities",
        lambda on: {"type_": "Local", "sort": "Old", "limit": 1},
        lambda on: {"communities.0.community.name": "garden"},
    ),
    Case(
        "deleteCommunity",
        lambda on: {"community_id": on.community, "deleted": True},
        lambda on: {"community_view.community.deleted": True},
        TO_GUESTS | {"member": "not_top_mod", "admin": "not_top_mod"},
        far_refused=TO_GUESTS | dict.fromkeys(ROLES[1:], "unknown"),
    ),
    Case(
        "search",
        lambda on: {"q": on.name, "type_": "All"},
        lambda on: {"communities.0.community.id": on.community},
    ),
    Case(
        "getPersonDetails",
        lambda on: {"username": "bob", "sort": "New"},
        lambda on: {"person_view.person.id": on.bob, "posts.0.post.id": on.post},
    ),
    Case(
        "getReplies",
        lambda on: {"sort": "New", "unread_only": True},
        lambda on: {"replies.0.comment_reply.id": on.notice},
        TO_GUESTS,
    ),
    Case(
        "markCommentReplyAsRead",
        lambda on: {"comment_reply_id": on.notice, "read": True},
        lambda on: {"comment_reply_view.comment_reply.read": True},
        TO_GUESTS,
    ),
    Case(
        "getPersonMentions",
        lambda on: {"sort": "New"},
        lambda on: {"mentions.0.person_mention.id": on.mention},
        TO_GUESTS,
    ),
    Case(
        "markPersonMentionAsRead",
        lambda on: {"person_mention_id": on.mention, "read": True},
        lambda on: {"person_mention_view.person_mention.read": True},
        TO_GUESTS,
    ),
    Case("markAllAsRead", lambda on: {}, lambda on: {"replies": []}, TO_GUESTS),
    Case(
        "getUnreadCount",
        lambda on: {},
        lambda on: {"replies": 0, "mentions": 0, "private_messages": 0},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case(
        "blockPerson",
        lambda on: {"person_id": on.eve, "block": True},
        lambda on: {"blocked": True, "person_view.person.id": on.eve},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case("getFederatedInstances"),
    Case(
        "blockInstance",
        lambda on: {"instance_id": on.instance, "block": True},
        lambda on: {"blocked": True},
        TO_GUESTS | {"newcomer": "cant_block_local_instance"},
        NEWCOMERS,
        far_refused=TO_GUESTS,
    ),
    Case(
        "getSiteMetadata",
        lambda on: {"url": UNREACHABLE},
        refused=TO_GUESTS | dict.fromkeys(ROLES[1:], "invalid_url"),
    ),
    Case("donation_dialog_shown", lambda on: {}, lambda on: {"success": True}, TO_GUESTS),
    Case(
        "login",
        lambda on: {"username_or_email": "bob", "password": PASSWORD},
        lambda on: {"registration_created": False, "verify_email_sent": False},
        roles=GUESTS,
    ),
    Case(
        "register",
        lambda on: {"username": on.name, "password": PASSWORD, "password_verify": PASSWORD},
        lambda on: {"registration_created": False, "verify_email_sent": False},
        roles=GUESTS,
    ),
    Case("getCaptcha", roles=GUESTS),
    Case(
        "verifyEmail",
        lambda on: {"token": on.token_for("ivy")},
        lambda on: {"success": True},
        roles=GUESTS,
    ),
    Case(
        "verifyEmail",
        lambda on: {"token": "none"},
        refused={"guest": "token_not_found"},
        roles=GUESTS,
    ),
    Case(
        "passwordReset",
        lambda on: {"email": "bob@example.org"},
        lambda on: {"success": True},
        roles=GUESTS,
    ),
    Case(
        "passwordChangeAfterReset",
        lambda on: {
            "token": on.token_for("kit"),
            "password": NEW_PASSWORD,
            "password_verify": NEW_PASSWORD,
        },
        lambda on: {"success": True},
        roles=GUESTS,
    ),
    Case(
        "passwordChangeAfterReset",
        lambda on: {"token": "none", "password": PASSWORD, "password_verify": PASSWORD},
        refused={"guest": "token_not_found"},
        roles=GUESTS,
    ),
    Case("validateAuth", lambda on: {}, lambda on: {"success": True}, TO_GUESTS),
    Case("logout", lambda on: {}, lambda on: {"success": True}, TO_GUESTS, NEWCOMERS),
    Case("listLogins", lambda on: {}, lambda on: {"0.user_id": on.me}, TO_GUESTS, NEWCOMERS),
    Case("generateTotpSecret", refused=TO_GUESTS, roles=NEWCOMERS),
    Case(
        "updateTotp",
        lambda on: {"totp_token": on.code, "enabled": True},
        lambda on: {"enabled": True},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case(
        "changePassword",
        lambda on: {
            "old_password": PASSWORD,
            "new_password": "staple-battery-horse",
            "new_password_verify": "staple-battery-horse",
        },
        lambda on: {"registration_created": False},
        TO_GUESTS,
        NEWCOMERS,
    ),
    Case(
        "deleteAccount",
        lambda on: {"password": PASSWORD, "delete_content": True},
        lambda on: {"success": True},
        TO_GUESTS,
        NEWCOMERS,
    ),
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
        to_others("no_post_edit_allowed"),
    ),
    Case(
        "deletePost",
        lambda on: {"post_id": on.post, "deleted": True},
        lambda on: {"post_view.post.deleted": True},
        to_others("no_post_edit_allowed"),
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
        far_refused=TO_ALL_BUT_MODERATORS,
    ),
    Case(
        "featurePost",
        lambda on: {"post_id": on.post, "featured": True, "feature_type": "Community"},
        lambda on: {"post_view.post.featured_community": True},
        TO_MEMBERS,
        far_refused=TO_ALL_BUT_MODERATORS,
    ),
    Case(
        "featurePost",
        lambda on: {"post_id": on.post, "featured": True, "feature_type": "Local"},
        lambda on: {"post_view.post.featured_local": True},
        TO_MODERATORS,
    ),
    Case(
        "getPosts",
        lambda on: {"community_id": on.community, "sort": "New", "show_read": True},
        lambda on: {"posts.0.post.id": on.only_post},
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
        to_others("no_comment_edit_allowed"),
    ),
    Case(
        "deleteComment",
        lambda on: {"comment_id": on.comment, "deleted": True},
        lambda on: {"comment_view.comment.deleted": True},
        to_others("no_comment_edit_allowed"),
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
        TO_MEMBERS | to_others("no_comment_edit_allowed"),
    ),
    Case(
        "getComments",
        lambda on: {"post_id": on.post, "max_depth": 8, "sort": "Old"},
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
        lambda on: {"name": f"{on.name}c", "title": "Bees"},
        lambda on: {
            "community_view.community.name": f"{on.name}c",
            "community_view.subscribed": "Subscribed",
        },
        TO_GUESTS,
        # A member, but not the one who is to moderate nothing.
        ("guest", "newcomer", "moderator", "admin"),
    ),
    Case(
        "getCommunity",
        lambda on: {"name": "garden"},
        lambda on: {"community_view.community.id": on.garden},
    ),
    Case(
        "editCommunity",
        lambda on: {
            "community_id": on.community,
            "title": "Wasps",
            "description": "Of *all* kinds",
        },
        lambda on: {"community_view.community.title": "Wasps"},
        TO_MEMBERS,
        far_refused=TO_ALL_BUT_MODERATORS,
    ),
    Case(
        "followCommunity",
        lambda on: {"community_id": on.community, "follow": True},
        lambda on: {"community_view.subscribed": "Subscribed"},
        TO_GUESTS,
        far_shows=lambda on: {"community_view.subscribed": "Pending"},
    ),
    Case(
        "blockCommunity",
        lambda on: {"community_id": on.community, "block": True},
        lambda on: {"blocked": True, "community_view.blocked": True},
        TO_GUESTS,
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
        far_refused=TO_GUESTS | dict.fromkeys(ROLES[1:], "unknown"),
    ),
    Case(
        "banFromCommunity",
        lambda on: {"community_id": on.community, "person_id": on.eve, "ban": True},
        lambda on: {"banned": True, "person_view.person.name": "eve"},
        TO_MEMBERS,
        far_refused=TO_ALL_BUT_MODERATORS,
    ),
    Case(
        "addModToCommunity",
        lambda on: {"community_id": on.community, "person_id": on.eve, "added": True},
        lambda on: {"moderators.1.moderator.name": "eve"},
        TO_MEMBERS,
        far_shows=lambda on: {"moderators.2.moderator.name": "eve"},
        far_refused=TO_ALL_BUT_MODERATORS,
    ),
    Case(
        "getPrivateMessages",
        lambda on: {"creator_id": on.eve, "limit": 1},
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

REMOTE = frozenset(
    {
        "garden",
        "community",
        "post",
        "comment",
        "only_post",
        "reply",
        "eve",
        "answer",
        "message",
        "instance",
    }
)
"""What is on another instance in a `FarScene`."""

NEW_PASSWORD = "roses are red here"
UNREACHABLE = "http://127.0.0.1:9/"

PICTURE = base64.b64encode(picture()).decode()


def calls(names: frozenset[str] | None = None) -> list[Any]:
    """Each case with each of its roles; with `names`, of cases that name one of these."""
    return [
        pytest.param(case, role, id=f"{case.method}-{role}")
        for case in CASES
        for role in case.roles
        if names is None or names & set(case.form.__code__.co_names)
    ]


@pytest.mark.parametrize(("case", "role"), calls())
def test_a_method_answers_as_its_client_declares(case: Case, role: Role, clients: Clients) -> None:
    check(case, Scene(clients, role))


@pytest.mark.parametrize(("case", "role"), calls(REMOTE))
def test_a_method_answers_the_same_about_what_is_on_another_instance(
    case: Case, role: Role, clients: Clients, far: Clients
) -> None:
    check(on_another_instance(case), FarScene(clients, far, role))


def test_a_client_set_the_other_instance_up(far: Clients) -> None:
    shown = far.guest.call("getSite")["site_view"]

    assert (shown["site"]["name"], shown["local_site"]["site_setup"]) == ("Far", True)
    assert shown["local_site"]["registration_mode"] == "Open"


def test_a_member_reads_what_a_page_says_of_itself(clients: Clients, far: Clients) -> None:
    found = clients.member.call("getSiteMetadata", url=f"{far.node.origin}/c/garden")

    expected = {
        "metadata.title": "The Garden",
        "metadata.content_type": "text/html; charset=utf-8",
    }
    assert differences(found, expected) == {}


def on_another_instance(case: Case) -> Case:
    """The case about what is there."""
    shows, refused = case.far_shows, case.far_refused
    return replace(
        case,
        shows=case.shows if shows is None else shows,
        refused=case.refused if refused is None else refused,
    )


def check(case: Case, on: Scene) -> None:
    """Call, and compare."""
    form, expected = case.form(on), case.shows(on)
    if on.role in case.refused:
        with pytest.raises(Refused) as refused:
            on.caller.call(case.method, **form)
        assert refused.value.code == case.refused[on.role]
    else:
        assert differences(on.caller.call(case.method, **form), expected) == {}


def test_every_method_of_the_client_has_a_case(lemmy_js: Program) -> None:
    requests: dict[str, list[str]] = lemmy_js.ask("requests")
    covered = {case.method for case in CASES}

    assert covered == requests.keys()
    assert {method for method in requests if _is_served(*requests[method])} == covered


def test_our_codes_for_errors_are_those_of_the_client(lemmy_js: Program) -> None:
    assert set(lemmy_js.ask("errors")) == KNOWN
    assert set(SAME.values()) <= KNOWN


def _is_served(verb: str, path: str) -> bool:
    scope: dict[str, Any] = {"type": "http", "method": verb, "path": path, "headers": []}
    routes = [*api.routes(), *pictrs.ROUTES]
    return any(route.matches(scope)[0] is Match.FULL for route in routes)

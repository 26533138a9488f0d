"""`threadiverse`, the library inside Voyager: it finds out what we are, and checks every answer
with schemas of its own (`tests/npm/threadiverse.mjs`).
"""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest

from fedcom.rules.dialects import LEMMY_VERSION
from tests.support.javascript import Program, running
from tests.support.lemmy_client import Json
from tests.support.lemmy_scene import Clients, FarScene, Role, Scene, differences
from tests.support.pictures import picture
from tests.support.visitor import PASSWORD


@dataclass(frozen=True, slots=True)
class Case:
    """A call of `role`, and what its answer shows: values by path."""

    method: str
    payload: Callable[[Scene], Json] = lambda on: {}
    shows: Callable[[Scene], Json] = lambda on: {}
    role: Role = "member"


CASES = [
    Case("getSite", lambda on: None, lambda on: {"version": LEMMY_VERSION}, "guest"),
    Case("getSite", lambda on: None, lambda on: {"my_user.local_user_view.person.name": "bob"}),
    Case("getPosts", lambda on: {"limit": 50, "sort": "Active", "type_": "all"}, role="guest"),
    Case(
        "getPosts",
        lambda on: {"community_id": on.community, "limit": 1, "sort": "New", "show_read": True},
        lambda on: {"data.0.post.id": on.only_post},
    ),
    Case("getPost", lambda on: {"id": on.post}, lambda on: {"post_view.post.name": "Roses"}),
    Case(
        "getComments",
        lambda on: {"post_id": on.post, "sort": "Hot", "max_depth": 8, "type_": "all"},
        lambda on: {"data.0.comment.id": on.comment, "data.1.comment.id": on.reply},
        "guest",
    ),
    Case(
        "likePost",
        lambda on: {"post_id": on.post, "is_upvote": False},
        lambda on: {"post_view.post.downvotes": 1},
    ),
    Case(
        "likeComment",
        lambda on: {"comment_id": on.reply, "is_upvote": True},
        lambda on: {"comment_view.comment.upvotes": 2},
    ),
    Case(
        "createPost",
        lambda on: {"name": "Ferns", "community_id": on.garden},
        lambda on: {"post_view.post.name": "Ferns"},
    ),
    Case(
        "editPost",
        lambda on: {"post_id": on.post, "name": "Lilacs"},
        lambda on: {"post_view.post.name": "Lilacs"},
    ),
    Case(
        "deletePost",
        lambda on: {"post_id": on.post, "deleted": True},
        lambda on: {"post_view.post.deleted": True},
    ),
    Case(
        "savePost",
        lambda on: {"post_id": on.post, "save": True},
        lambda on: {"post_view.saved": True},
    ),
    Case("markPostAsRead", lambda on: {"post_ids": [on.post], "read": True}),
    Case(
        "createComment",
        lambda on: {"content": "Why?", "post_id": on.post},
        lambda on: {"comment_view.comment.content": "Why?"},
    ),
    Case(
        "editComment",
        lambda on: {"comment_id": on.comment, "content": "Theirs"},
        lambda on: {"comment_view.comment.content": "Theirs"},
    ),
    Case(
        "deleteComment",
        lambda on: {"comment_id": on.comment, "deleted": True},
        lambda on: {"comment_view.comment.deleted": True},
    ),
    Case(
        "saveComment",
        lambda on: {"comment_id": on.comment, "save": True},
        lambda on: {"comment_view.saved": True},
    ),
    Case(
        "getCommunity",
        lambda on: {"name": "garden"},
        lambda on: {"community_view.community.id": on.garden},
        "guest",
    ),
    Case(
        "followCommunity",
        lambda on: {"community_id": on.community, "follow": True},
        lambda on: {"community_view.subscribed": "Subscribed"},
    ),
    Case(
        "blockCommunity",
        lambda on: {"community_id": on.community, "block": True},
        lambda on: {"community_view.community.id": on.community},
    ),
    Case("resolveObject", lambda on: {"q": on.post_iri}, lambda on: {"post.post.id": on.post}),
    Case(
        "listPersonLiked",
        lambda on: {"like_type": "liked_only"},
    ),
    Case(
        "createPrivateMessage",
        lambda on: {"content": "Hi", "recipient_id": on.eve},
        lambda on: {"private_message_view.recipient.name": "eve"},
    ),
    Case(
        "removePost",
        lambda on: {"post_id": on.post, "removed": True, "reason": "Off topic"},
        lambda on: {"post_view.post.removed": True},
        "moderator",
    ),
    Case(
        "lockPost",
        lambda on: {"post_id": on.post, "locked": True},
        lambda on: {"post_view.post.locked": True},
        "moderator",
    ),
    Case(
        "featurePost",
        lambda on: {"post_id": on.post, "featured": True, "feature_type": "community"},
        lambda on: {"post_view.post.featured_community": True},
        "moderator",
    ),
    Case(
        "removeComment",
        lambda on: {"comment_id": on.comment, "removed": True},
        lambda on: {"comment_view.comment.removed": True},
        "moderator",
    ),
    Case(
        "distinguishComment",
        lambda on: {"comment_id": on.own_comment, "distinguished": True},
        lambda on: {"comment_view.comment.distinguished": True},
        "moderator",
    ),
    Case(
        "banFromCommunity",
        lambda on: {"community_id": on.community, "person_id": on.eve, "ban": True},
        role="moderator",
    ),
    Case(
        "getModlog",
        lambda on: {"community_id": on.community} if on.removed_post else {},
        lambda on: {"data.0.target_post.id": on.removed_post, "data.0.moderator.id": on.mia},
        "guest",
    ),
    Case(
        "createPostReport",
        lambda on: {"post_id": on.post, "reason": "Spam"},
        role="moderator",
    ),
    Case(
        "createCommentReport",
        lambda on: {"comment_id": on.comment, "reason": "Spam"},
        role="moderator",
    ),
    Case(
        "createPrivateMessageReport",
        lambda on: {"private_message_id": on.answer, "reason": "Rude"},
    ),
    Case(
        "listPostReports",
        lambda on: {"community_id": on.garden} if on.post_report else {},
        lambda on: {"data.0.post_report.id": on.post_report},
        "moderator",
    ),
    Case(
        "listCommentReports",
        lambda on: {"community_id": on.garden} if on.comment_report else {},
        lambda on: {"data.0.comment_report.id": on.comment_report},
        "moderator",
    ),
    Case(
        "listReports",
        lambda on: {"community_id": on.garden} if on.post_report and on.comment_report else {},
        lambda on: {
            "data.0.comment_report.id": on.comment_report,
            "data.1.post_report.id": on.post_report,
        },
        "moderator",
    ),
    Case(
        "resolvePostReport",
        lambda on: {"report_id": on.post_report, "resolved": True},
        role="moderator",
    ),
    Case(
        "resolveCommentReport",
        lambda on: {"report_id": on.comment_report, "resolved": True},
        role="moderator",
    ),
    Case("getCaptcha", lambda on: None, role="guest"),
    Case("login", lambda on: {"username_or_email": "bob", "password": PASSWORD}, role="guest"),
    Case(
        "register",
        lambda on: {"username": on.name, "password": PASSWORD, "password_verify": PASSWORD},
        role="guest",
    ),
    Case("getFederatedInstances", lambda on: None, role="guest"),
    Case("getUnreadCount", lambda on: None, lambda on: {"replies": 0}, "newcomer"),
    Case(
        "getPersonDetails",
        lambda on: {"username": "bob"},
        lambda on: {"person_view.person.id": on.bob},
        "guest",
    ),
    Case(
        "listPersonContent",
        lambda on: {"person_id": on.bob},
        lambda on: {"data.0.creator.id": on.bob},
        "guest",
    ),
    Case("listPersonSaved", lambda on: {"person_id": on.bob}),
    Case("listCommunities", lambda on: {"type_": "all", "sort": "Hot"}, role="guest"),
    Case(
        "search",
        lambda on: {"search_term": on.name, "type_": "communities"},
        lambda on: {"data.0.community.id": on.community},
    ),
    Case("getNotifications", lambda on: {"type_": "all"} if on.notice else {}),
    Case(
        "markNotificationAsRead",
        lambda on: {"kind": "reply", "notification_id": on.notice, "read": True},
    ),
    Case("markAllAsRead", lambda on: None),
    Case(
        "blockPerson",
        lambda on: {"person_id": on.eve, "block": True},
        lambda on: {"person_view.person.id": on.eve},
        "newcomer",
    ),
    Case("saveUserSettings", lambda on: {"show_nsfw": True}, role="newcomer"),
    Case("logout", lambda on: None, role="newcomer"),
    Case("uploadImage", lambda on: {"image": base64.b64encode(picture()).decode()}),
    Case(
        "deleteImage",
        lambda on: {
            "url": f"{on.caller.origin}/pictrs/image/{on.upload['file']}",
            "delete_token": on.upload["delete_token"],
        },
    ),
]

UNSUPPORTED = {"editCommunityNotifications", "editPostNotifications", "getRandomCommunity"}
"""What the library does not have for Lemmy 0.19."""


@pytest.fixture(scope="module")
def threadiverse() -> Iterator[Program]:
    """The library."""
    with running("threadiverse.mjs") as program:
        yield program


def test_it_takes_us_for_a_version_of_lemmy_that_it_supports(
    threadiverse: Program, clients: Clients
) -> None:
    found = threadiverse.ask("connect", base=clients.guest.origin)

    assert found == {
        "mode": "lemmyv0",
        "software": {"name": "lemmy", "version": LEMMY_VERSION},
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method}-{case.role}")
def test_it_accepts_every_answer(case: Case, threadiverse: Program, clients: Clients) -> None:
    on = Scene(clients, case.role)
    payload, expected = case.payload(on), case.shows(on)

    told = call(threadiverse, on, case.method, payload)

    assert "refusal" not in told, told
    assert differences(told["answer"], expected) == {}


def test_it_logs_in_with_a_second_factor(threadiverse: Program, clients: Clients) -> None:
    on = Scene(clients, "newcomer")
    app = pyotp.parse_uri(on.newcomer.call("generateTotpSecret")["totp_secret_url"])
    on.newcomer.call("updateTotp", totp_token=app.now(), enabled=True)
    given = {"username_or_email": on.name, "password": PASSWORD}
    guest = Scene(clients, "guest")

    refused = call(threadiverse, guest, "login", given)
    # The code of the next half minute: each is valid once.
    code = app.at(int(time.time()) + 30)
    told = call(threadiverse, guest, "login", given | {"totp_2fa_token": code})

    assert refused["refusal"] == "missing_totp_token"
    assert told["answer"]["jwt"].count(".") == 2


def test_it_blocks_an_instance(threadiverse: Program, clients: Clients, far: Clients) -> None:
    on = FarScene(clients, far, "newcomer")
    payload = {"instance_id": on.instance, "block": True}

    assert call(threadiverse, on, "blockInstance", payload) == {"answer": None}
    blocked = on.newcomer.call("getSite")["my_user"]["instance_blocks"]
    assert [one["instance"]["id"] for one in blocked] == [on.instance]


def test_it_is_told_that_a_page_cannot_be_read(threadiverse: Program, clients: Clients) -> None:
    told = call(
        threadiverse, Scene(clients, "member"), "getSiteMetadata", {"url": "http://127.0.0.1:9/"}
    )

    assert told["refusal"] == "invalid_url"


def test_every_method_has_a_case(threadiverse: Program) -> None:
    covered = {case.method for case in CASES} | {"blockInstance", "getSiteMetadata"}

    assert {*covered, *UNSUPPORTED} == set(threadiverse.ask("methods"))


def call(threadiverse: Program, on: Scene, method: str, payload: Json) -> dict[str, Any]:
    """The answer, or the refusal, of a method that the scene's caller calls."""
    client = on.caller
    return dict(
        threadiverse.ask(
            "call", base=client.origin, jwt=client.token, method=method, payload=payload
        )
    )

"""The server that is asked: an admin who stays, and people and content made anew for each round,
because the round before has banned, purged and deleted most of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from tests.support.pictures import draw, picture
from tests.support.server_processes import Node
from tests.support.visitor import PASSWORD, Visitor

Json = dict[str, Any]

SITE: Json = {
    **dict.fromkeys(("private_instance", "require_email_verification", "captcha_enabled"), False),
    **dict.fromkeys(("community_creation_admin_only", "hide_modlog_mod_names"), False),
    **dict.fromkeys(("enable_downvotes", "enable_nsfw", "federation_enabled"), True),
    "registration_mode": "Open",
    "slur_filter_regex": "",
    "actor_name_max_length": 20,
    "blocked_urls": [],
    "allowed_instances": [],
    "blocked_instances": [],
}
"""What a round begins with, whatever the admin of the round before has set."""

UNREACHABLE = "http://127.0.0.1:9/"

addresses = (f"198.18.{number // 250 % 256}.{number % 250 + 1}" for number in count())
"""Each request comes from another client, behind a proxy that the server trusts: the limits of one
address stay in force.
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends requests: the role, the row id (0 for a guest) and the token ("" for a guest)."""

    role: str
    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Round:
    """The callers of one round, and values that exist for them, by the names of parameters."""

    origin: str
    callers: tuple[Caller, ...]
    known: Mapping[str, list[Any]]


class Api:
    """The API as one person uses it."""

    def __init__(self, origin: str, token: str = "") -> None:
        self._origin = origin
        self.token = token
        headers = {"X-Forwarded-For": next(addresses)}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=origin, headers=headers, trust_env=False, timeout=30.0)

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """The response to a call."""
        carried: Json = {"params" if method == "GET" else "json": given}
        return self._http.request(method, f"/api/v3{path}", **carried)

    def call(self, method: str, path: str, **given: Any) -> Json:
        """The answer to a call. Raises RuntimeError if it is refused."""
        return _json_of(self.ask(method, path, **given))

    def make(self, path: str, kind: str, **given: Any) -> int:
        """The row id of what a POST makes: `kind` names it in the answer."""
        made: int = self.call("POST", path, **given)[f"{kind}_view"][kind]["id"]
        return made

    def upload(self, content: bytes) -> str:
        """The address of a new picture. Raises RuntimeError if it is refused."""
        files = {"images[]": ("p.png", content, "image/png")}
        kept = _json_of(self._http.post("/pictrs/image", files=files))
        return f"{self._origin}/pictrs/image/{kept['files'][0]['file']}"

    def find_me(self) -> int:
        """The row id of the person."""
        number: int = self.call("GET", "/site")["my_user"]["local_user_view"]["person"]["id"]
        return number


class Scene:
    """A running server and its admin, ann."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._numbers = count(1)
        with Visitor(node.origin, "ann") as ann:
            ann.set_up("Fuzzed", "garden", "The Garden")
        self._ann = self._log_in("ann")
        self.document = self._ann.call("GET", "/openapi.json")

    def begin_round(self) -> Round:
        """New people (bob, a member; mia, who moderates a new community; eve and others), and what
        they write, report and upload.
        """
        number = next(self._numbers)
        self._ann.call("PUT", "/site", **SITE)
        names = [f"{name}{number}" for name in ("bob", "mia", "eve", "pat", "sam", "tom")]
        apis = [self._sign_up(name) for name in names]
        bob, mia, eve, *_ = apis
        people = [api.find_me() for api in apis]
        callers = (
            Caller("guest", 0, ""),
            Caller("member", people[0], bob.token),
            Caller("moderator", people[1], mia.token),
            Caller("admin", self._ann.find_me(), self._ann.token),
        )
        yard = mia.make("/community", "community", name=f"yard{number}", title="A yard")
        posts = [
            api.make("/post", "post", name="Roses", body=f"Red, @{names[0]}", community_id=yard)
            for api in (bob, mia, eve, self._ann, bob)
        ]
        comments = [
            api.make("/comment", "comment", content="*Mine* too", post_id=post)
            for post in posts
            for api in (eve, bob, mia)
        ]
        reports = [
            eve.make("/post/report", "post_report", post_id=posts[0], reason="Rude"),
            eve.make("/comment/report", "comment_report", comment_id=comments[1], reason="Rude"),
        ]
        messages = [
            api.make("/private_message", "private_message", content="Hello", recipient_id=person)
            for api in (bob, mia, eve)
            for person in people[:3]
            if person != api.find_me()
        ]
        image = bob.upload(picture(image=draw(width=20 + number)))
        emoji = self._ann.call(
            "POST", "/custom_emoji", shortcode=f"leaf{number}", category="plants",
            image_url=image, alt_text="a leaf", keywords=["seed"],
        )["custom_emoji"]["custom_emoji"]["id"]  # fmt: skip
        replies = [
            one["comment_reply"]["id"] for one in bob.call("GET", "/user/replies")["replies"]
        ]
        mentions = bob.call("GET", "/user/mention")["mentions"]
        images, passwords = [image], [PASSWORD]
        pages = [image, f"{self._node.origin}/post/{posts[0]}", UNREACHABLE]
        known: dict[str, list[Any]] = {
            **dict.fromkeys(("person_id", "recipient_id", "creator_id"), people),
            **dict.fromkeys(("mod_person_id", "other_person_id"), people),
            **dict.fromkeys(("comment_id", "parent_id"), comments),
            "post_id": posts,
            "community_id": [yard],
            "private_message_id": messages,
            "report_id": reports,
            "comment_reply_id": replies,
            "person_mention_id": [one["person_mention"]["id"] for one in mentions] or [1],
            "id": [emoji, posts[0], comments[0], yard],
            **dict.fromkeys(("username", "username_or_email"), names),
            **dict.fromkeys(("password", "password_verify"), passwords),
            **dict.fromkeys(("image_url", "icon", "banner", "avatar"), images),
            "community_name": [f"yard{number}"],
            "url": pages,
            "q": ["roses", f"!yard{number}", f"@{names[0]}", *pages],
        }
        return Round(self._node.origin, callers, known)

    def is_logged_in(self, caller: Caller) -> bool:
        """Whether the login of a caller still counts, and an admin still is one."""
        if not caller.token:
            return True
        found = Api(self._node.origin, caller.token).call("GET", "/site").get("my_user")
        return found is not None and (
            caller.role != "admin" or found["local_user_view"]["local_user"]["admin"]
        )

    def _sign_up(self, name: str) -> Api:
        self._node.command("user", "create", name, typed=f"{PASSWORD}\n{PASSWORD}\n")
        return self._log_in(name)

    def _log_in(self, name: str) -> Api:
        asked = {"username_or_email": name, "password": PASSWORD}
        token = Api(self._node.origin).call("POST", "/user/login", **asked)["jwt"]
        return Api(self._node.origin, token)


def _json_of(response: httpx.Response) -> Json:
    if not response.is_success:
        raise RuntimeError(f"{response.url} answers {response.status_code}: {response.text}")
    answer: Json = response.json()
    return answer

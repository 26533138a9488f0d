"""What the calls of Lemmy's client are about: people of each role, and things made for one case."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal

from tests.support.lemmy_client import Json, LemmyClient
from tests.support.pictures import picture

Role = Literal["guest", "member", "moderator", "admin"]
ROLES: tuple[Role, ...] = ("guest", "member", "moderator", "admin")

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients at one instance with the community !garden, by role; and eve's, a member whom
    the others write to and act upon.

    The admin is ann, the moderator of !garden mia, and the member bob, who writes what a case is
    about.
    """

    guest: LemmyClient
    member: LemmyClient
    moderator: LemmyClient
    admin: LemmyClient
    eve: LemmyClient

    def of(self, role: Role) -> LemmyClient:
        """The client of this role."""
        client: LemmyClient = getattr(self, role)
        return client


class Scene:
    """What one case is about, when `role` calls: rows made when first named, each by its id."""

    def __init__(self, clients: Clients, role: Role) -> None:
        self.clients = clients
        self.role = role
        self.caller = clients.of(role)
        self._bob, self._mia, self._eve = clients.member, clients.moderator, clients.eve

    @cached_property
    def name(self) -> str:
        """A name that nothing has yet."""
        return f"name{next(_numbers)}"

    @cached_property
    def garden(self) -> int:
        """!garden."""
        return _id(self._bob.call("getCommunity", name="garden"), "community_view.community")

    @cached_property
    def me(self) -> int:
        """Whoever calls; bob for a guest."""
        return _me(self._bob if self.role == "guest" else self.caller)

    @cached_property
    def bob(self) -> int:
        """The member."""
        return _me(self._bob)

    @cached_property
    def mia(self) -> int:
        """The moderator."""
        return _me(self._mia)

    @cached_property
    def eve(self) -> int:
        """The other member."""
        return _me(self._eve)

    @cached_property
    def community(self) -> int:
        """A community of mia's."""
        made = self._mia.call("createCommunity", name=self.name, title="A shed")
        return _id(made, "community_view.community")

    @cached_property
    def deleted_community(self) -> int:
        """One that mia has deleted."""
        self._mia.call("deleteCommunity", community_id=self.community, deleted=True)
        return self.community

    @cached_property
    def post(self) -> int:
        """A post of bob's in !garden."""
        made = self._bob.call("createPost", name="Roses", body="Red", community_id=self.garden)
        return _id(made, "post_view.post")

    @cached_property
    def comment(self) -> int:
        """A comment of bob's on it."""
        made = self._bob.call("createComment", content="*Mine* too", post_id=self.post)
        return _id(made, "comment_view.comment")

    @cached_property
    def reply(self) -> int:
        """A reply of eve's to that."""
        made = self._eve.call(
            "createComment", content="Sure", post_id=self.post, parent_id=self.comment
        )
        return _id(made, "comment_view.comment")

    @cached_property
    def message(self) -> int:
        """A private message from whoever calls (bob for a guest) to eve."""
        sender = self._bob if self.role == "guest" else self.caller
        made = sender.call("createPrivateMessage", content="Hello", recipient_id=self.eve)
        return _id(made, "private_message_view.private_message")

    @cached_property
    def answer(self) -> int:
        """A private message from eve to whoever calls (bob for a guest)."""
        made = self._eve.call("createPrivateMessage", content="Good day", recipient_id=self.me)
        return _id(made, "private_message_view.private_message")

    @cached_property
    def upload(self) -> Json:
        """A picture of whoever calls (bob for a guest): its `file` name and `delete_token`."""
        uploader = self._bob if self.role == "guest" else self.caller
        return uploader.upload(picture())["files"][0]

    @cached_property
    def post_iri(self) -> str:
        """The ActivityPub id of the post."""
        found: str = self._bob.call("getPost", id=self.post)["post_view"]["post"]["ap_id"]
        return found


def at(answer: Json, path: str) -> Json:
    """The value at a path such as `posts.0.post.id`."""
    for step in path.split("."):
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer


def differences(answer: Json, expected: Mapping[str, Json]) -> dict[str, Json]:
    """Of the values at these paths, those that are not as expected."""
    found = {path: at(answer, path) for path in expected}
    return {path: value for path, value in found.items() if value != expected[path]}


def _id(answer: Json, path: str) -> int:
    number: int = at(answer, path)["id"]
    return number


def _me(client: LemmyClient) -> int:
    return _id(client.call("getSite"), "my_user.local_user_view.person")

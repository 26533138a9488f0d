"""What the calls of Lemmy's client are about: people of each role, and things made for one case."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal, TypeVar

import pyotp

from tests.support.javascript import Program
from tests.support.lemmy_client import Json, LemmyClient, Refused
from tests.support.pictures import draw, picture
from tests.support.server_processes import Node
from tests.support.smtp_server import SmtpServer
from tests.support.visitor import PASSWORD
from tests.support.waiting import eventually

Role = Literal["guest", "member", "moderator", "admin", "newcomer"]
ROLES: tuple[Role, ...] = ("guest", "member", "moderator", "admin")

EMOJI = {
    "category": "plants",
    "image_url": "https://example.org/sprout.png",
    "alt_text": "a sprout",
    "keywords": ["seed"],
}
"""A custom emoji, without its name."""

T = TypeVar("T")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients at one instance with the community !garden, by role; and eve's, a member whom
    the others write to and act upon.

    The admin is ann, the moderator of !garden mia, and the member bob, who writes what a case is
    about.
    """

    node: Node
    guest: LemmyClient
    member: LemmyClient
    moderator: LemmyClient
    admin: LemmyClient
    eve: LemmyClient
    # To ivy, who signed up with an address, and to kit, who forgot a password; None without mail.
    mail: SmtpServer | None = None


def found_site(program: Program, node: Node) -> None:
    """Set an instance up by the client alone: ann becomes its admin, and bob signs up."""
    guest = LemmyClient(program, node.origin)
    node.command("user", "create", "ann", typed=f"{PASSWORD}\n{PASSWORD}\n")
    node.command("user", "promote", "ann")
    ann = guest.log_in("ann")
    ann.call("createSite", name="Far", registration_mode="Open")
    ann.call("createCommunity", name="garden", title="The Garden")
    guest.register("bob")


def open_clients(program: Program, node: Node, mail: SmtpServer | None = None) -> Clients:
    """Log ann and bob in, and sign mia and eve up; with `mail`, also have the two letters sent."""
    guest = LemmyClient(program, node.origin)
    ann, bob = (guest.log_in(name) for name in ("ann", "bob"))
    mia, eve = (guest.register(name) for name in ("mia", "eve"))
    garden = _id(ann.call("getCommunity", name="garden"), "community_view.community")
    ann.call("addModToCommunity", community_id=garden, person_id=_me(mia), added=True)
    if mail is not None:
        passwords = {"password": PASSWORD, "password_verify": PASSWORD}
        guest.call("register", username="ivy", email=address_of("ivy"), **passwords)
        kit = ("user", "create", "kit", "--email", address_of("kit"))
        node.command(*kit, typed=f"{PASSWORD}\n{PASSWORD}\n")
        guest.call("passwordReset", email=address_of("kit"))
    return Clients(node, guest, bob, mia, ann, eve, mail)


def address_of(name: str) -> str:
    """The e-mail address of ivy or kit."""
    return f"{name}@example.org"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody whose application for an account waits: their name, and the ids."""

    name: str
    person: int
    application: int


class Scene:
    """What one case is about, when `role` calls: rows made when first named, each by its id."""

    def __init__(self, clients: Clients, role: Role) -> None:
        self.clients = clients
        self.role = role
        self._bob, self._mia, self._eve = clients.member, clients.moderator, clients.eve

    @cached_property
    def caller(self) -> LemmyClient:
        """Their client."""
        if self.role == "newcomer":
            return self.newcomer
        client: LemmyClient = getattr(self.clients, self.role)
        return client

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
    def newcomer(self) -> LemmyClient:
        """The client of a member who has just signed up, with this name."""
        self.clients.node.command("user", "create", self.name, typed=f"{PASSWORD}\n{PASSWORD}\n")
        return self.clients.guest.log_in(self.name)

    @cached_property
    def code(self) -> str:
        """What the newcomer's authenticator app shows."""
        secret = self.newcomer.call("generateTotpSecret")["totp_secret_url"]
        return str(pyotp.parse_uri(secret).now())

    def token_for(self, name: str) -> str:
        """The token in the letter to ivy or kit."""
        mail, address = self.clients.mail, address_of(name)
        assert mail is not None
        eventually(lambda: any(one["To"] == address for one in mail.messages))
        (text,) = (one.get_content() for one in mail.messages if one["To"] == address)
        return text.partition("token=")[2].split()[0]

    @cached_property
    def community(self) -> int:
        """A community of mia's."""
        made = self._mia.call("createCommunity", name=self.name, title="A shed")
        return _id(made, "community_view.community")

    @cached_property
    def post(self) -> int:
        """A post of bob's in !garden."""
        made = self._bob.call("createPost", name="Roses", body="Red", community_id=self.garden)
        return _id(made, "post_view.post")

    @cached_property
    def only_post(self) -> int:
        """A post of bob's in mia's community."""
        made = self._bob.call("createPost", name="Lawns", community_id=self.community)
        return _id(made, "post_view.post")

    @cached_property
    def comment(self) -> int:
        """A comment of bob's on it."""
        made = self._bob.call("createComment", content="*Mine* too", post_id=self.post)
        return _id(made, "comment_view.comment")

    @cached_property
    def own_comment(self) -> int:
        """A comment on it of whoever calls."""
        made = self.caller.call("createComment", content="Read this", post_id=self.post)
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
        different = draw(width=next(_numbers))
        return uploader.upload(picture(image=different))["files"][0]

    @cached_property
    def removed_post(self) -> int:
        """The only post, removed by mia."""
        self._mia.call("removePost", post_id=self.only_post, removed=True)
        return self.only_post

    @cached_property
    def stranger(self) -> int:
        """Another new member."""
        return _me(Scene(self.clients, "newcomer").newcomer)

    @cached_property
    def promoted(self) -> Json:
        """An empty form; a newcomer who calls is an admin now."""
        if self.role != "newcomer":
            return {}
        self.clients.admin.call("addAdmin", person_id=_me(self.newcomer), added=True)
        # A change of role ends all sessions.
        self.caller = self.newcomer.log_in(self.name)
        return {}

    @cached_property
    def applicant(self) -> Applicant:
        """Somebody who has applied for an account."""
        if self.role != "admin":
            return Applicant("", 1, 1)  # not shown to anybody else
        admin, name = self.clients.admin, f"{self.name}a"
        admin.call("editSite", registration_mode="RequireApplication", application_question="Why?")
        self.clients.guest.call(
            "register",
            username=name,
            password=PASSWORD,
            password_verify=PASSWORD,
            answer="Please",
        )
        admin.call("editSite", registration_mode="Open")
        waiting = admin.call("listRegistrationApplications", unread_only=True, limit=50)
        found = next(
            one for one in waiting["registration_applications"] if one["creator"]["name"] == name
        )
        return Applicant(name, _id(found, "creator"), _id(found, "registration_application"))

    @cached_property
    def post_report(self) -> int:
        """A report of the newcomer's about the post."""
        made = self.newcomer.call("createPostReport", post_id=self.post, reason="Spam")
        return _id(made, "post_report_view.post_report")

    @cached_property
    def comment_report(self) -> int:
        """A report of the newcomer's about the comment."""
        made = self.newcomer.call("createCommentReport", comment_id=self.comment, reason="Spam")
        return _id(made, "comment_report_view.comment_report")

    @cached_property
    def message_report(self) -> int:
        """A report of the newcomer's about a message of bob's."""
        sent = self._bob.call(
            "createPrivateMessage", content="Weed!", recipient_id=_me(self.newcomer)
        )
        made = self.newcomer.call(
            "createPrivateMessageReport",
            private_message_id=_id(sent, "private_message_view.private_message"),
            reason="Rude",
        )
        return _id(made, "private_message_report_view.private_message_report")

    @cached_property
    def notice(self) -> int:
        """That eve replied to a comment of whoever calls (bob for a guest)."""
        reader = self._bob if self.role == "guest" else self.caller
        made = reader.call("createComment", content="So?", post_id=self.post)
        self._eve.call(
            "createComment",
            content="Yes",
            post_id=self.post,
            parent_id=_id(made, "comment_view.comment"),
        )
        return _id(reader.call("getReplies", sort="New", limit=1), "replies.0.comment_reply")

    @cached_property
    def mention(self) -> int:
        """That eve mentioned whoever calls (bob for a guest)."""
        reader = self._bob if self.role == "guest" else self.caller
        name = reader.call("getSite")["my_user"]["local_user_view"]["person"]["name"]
        host = reader.origin.removeprefix("http://")
        made = self._eve.call("createPost", name="Roots", community_id=self.garden)
        self._eve.call(
            "createComment",
            content=f"@{name}@{host}, look",
            post_id=_id(made, "post_view.post"),
        )
        found = reader.call("getPersonMentions", sort="New", limit=1)
        return _id(found, "mentions.0.person_mention")

    @cached_property
    def instance(self) -> int:
        """The instance of !garden."""
        view = self._bob.call("getCommunity", id=self.garden)["community_view"]
        return int(view["community"]["instance_id"])

    @cached_property
    def emoji(self) -> int:
        """A custom emoji of the site."""
        made = self.clients.admin.call("createCustomEmoji", shortcode=self.name, **EMOJI)
        return _id(made, "custom_emoji.custom_emoji")

    @cached_property
    def post_iri(self) -> str:
        """The ActivityPub id of the post."""
        found: str = self._bob.call("getPost", id=self.post)["post_view"]["post"]["ap_id"]
        return found


class FarScene(Scene):
    """The same, where everything is in communities of another instance, `far`: !garden there, which
    our bob follows; and eve is a member there.
    """

    def __init__(self, clients: Clients, far: Clients, role: Role) -> None:
        super().__init__(clients, role)
        self.far = far

    @cached_property
    def garden(self) -> int:
        """!garden at the other instance, which mia moderates."""
        return self._moderated(self.far.admin.call("getCommunity", name="garden"))

    @cached_property
    def community(self) -> int:
        """Another community there, which mia moderates."""
        return self._moderated(
            self.far.admin.call("createCommunity", name=self.name, title="A shed")
        )

    @cached_property
    def eve(self) -> int:
        """The member there."""
        there = self.far.eve.call("getSite")["my_user"]["local_user_view"]["person"]
        return _id(self._bob.call("resolveObject", q=there["actor_id"]), "person.person")

    @cached_property
    def reply(self) -> int:
        """A reply of theirs to our comment."""
        iri = self._bob.call("getComment", id=self.comment)["comment_view"]["comment"]["ap_id"]
        theirs = until(lambda: self.far.eve.call("resolveObject", q=iri))["comment"]
        made = self.far.eve.call(
            "createComment",
            content="Sure",
            post_id=theirs["post"]["id"],
            parent_id=theirs["comment"]["id"],
        )
        reply = made["comment_view"]["comment"]["ap_id"]
        return _id(until(lambda: self._bob.call("resolveObject", q=reply)), "comment.comment")

    @cached_property
    def answer(self) -> int:
        """A private message of theirs."""
        reader = self._bob if self.role == "guest" else self.caller
        here = reader.call("getSite")["my_user"]["local_user_view"]["person"]["actor_id"]
        us = _id(self.far.eve.call("resolveObject", q=here), "person.person")
        content = f"Good day, {self.name}"
        self.far.eve.call("createPrivateMessage", content=content, recipient_id=us)

        def arrived() -> int:
            messages = reader.call("getPrivateMessages", creator_id=self.eve)["private_messages"]
            numbers = (
                _id(one, "private_message")
                for one in messages
                if one["private_message"]["content"] == content
            )
            return next(numbers)

        return until(arrived)

    def _moderated(self, there: Json) -> int:
        """Have the other admin appoint mia, and find the community here."""
        community = there["community_view"]["community"]
        admin, mia = self.far.admin, self._mia
        here = mia.call("getSite")["my_user"]["local_user_view"]["person"]["actor_id"]
        us = _id(admin.call("resolveObject", q=here), "person.person")
        admin.call("addModToCommunity", community_id=community["id"], person_id=us, added=True)
        iri = community["actor_id"]

        def known() -> int:
            found = self._bob.call("resolveObject", q=iri)["community"]["community"]["id"]
            moderators = self._bob.call("getCommunity", id=found)["moderators"]
            assert any(one["moderator"]["actor_id"] == here for one in moderators)
            return int(found)

        return until(known)


def until(look: Callable[[], T]) -> T:
    """What `look` returns as soon as it neither fails nor is refused."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return look()
        except (Refused, AssertionError, StopIteration):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


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

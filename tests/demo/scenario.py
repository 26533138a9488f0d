"""The scenario of the demo: people of three servers meet in communities on two of them.

Alpha has the community !garden, which people of beta and gamma follow; beta has !kitchen, which
alpha follows. Everything is done with forms of the web pages. Two servers with other software
follow !garden as well, a microblog and a forum, with a person called pia on each.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.demo.stage import ExpectedDelivery, Stage, Watch
from tests.support.emulated_peers import KINDS, EmulatedPeer
from tests.support.server_processes import Node
from tests.support.visitor import Page, Unexpected, Visitor


@dataclass(slots=True)
class Server:
    """One instance, its people, and the guest who reads its pages."""

    node: Node
    guest: Visitor
    people: dict[str, Visitor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the demo."""
        return self.node.name

    def path(self, community: str, home: "Server") -> str:
        """The page here of a community at `home`."""
        return f"/c/{community}" if home is self else f"/c/{community}@{home.node.host}"

    def post_path(self, community: str, home: "Server", title: str) -> str:
        """The page here of the newest post with this title."""
        page = self.guest.open(self.path(community, home) + "?sort=new")
        number = page.find_post(title)
        if number is None:
            raise Unexpected(f"{self.name} does not list “{title}”")
        return f"/post/{number}"

    def comment_path(self, post: str, text: str) -> str:
        """The page here of a comment with this text below the post at `post`."""
        number = self.guest.open(post).find_comment(text)
        if number is None:
            raise Unexpected(f"{self.name} does not show “{text}”")
        return f"/comment/{number}"


class Play:
    """The demo's scenario, scene by scene."""

    def __init__(self, stage: Stage, nodes: list[Node], *, more_posts: int = 12) -> None:
        """`more_posts` are only there to be measured."""
        self.stage = stage
        self.more_posts = more_posts
        self.alpha, self.beta, self.gamma = (
            Server(node, Visitor(node.origin, "guest")) for node in nodes
        )
        self.servers = [self.alpha, self.beta, self.gamma]
        self._opened = ExitStack()
        garden = f"{self.alpha.node.origin}/c/garden"
        self.microblog, self.forum = self.emulated_peers = [
            self._opened.enter_context(EmulatedPeer(KINDS[software], "127.0.0.1", garden))
            for software in ("mastodon", "lemmy")
        ]

    def run(self) -> None:
        """Run all scenes, after `people_arrive`."""
        self.they_follow()
        self.they_post()
        self.they_talk()
        self.they_vote()
        self.neighbours_take_part()
        self.they_edit()
        self.they_take_back()
        self.they_moderate()
        self.a_moderator_elsewhere()
        self.there_and_back()
        self.and_they_go_on()
        self.they_leave()

    def close(self) -> None:
        """Close all browsers, and stop the servers with other software."""
        for server in self.servers:
            for visitor in (server.guest, *server.people.values()):
                visitor.client.close()
        self._opened.close()

    def refused(self) -> list[str]:
        """Messages that the servers with other software could not read."""
        return [
            f"{one.software}: {reason}" for one in self.emulated_peers for reason in one.refused
        ]

    def people_arrive(self) -> None:
        """Each server is set up by its admin, who makes the first community; one more signs up."""
        casting = [
            (self.alpha, "ada", "alan", "garden", "The Garden"),
            (self.beta, "bea", "ben", "kitchen", "The Kitchen"),
            (self.gamma, "gil", "gia", "studio", "The Studio"),
        ]
        for server, admin, member, community, title in casting:
            server.people = {name: Visitor(server.node.origin, name) for name in (admin, member)}
            server.people[admin].set_up(server.name.title(), community, title)
            server.people[member].register()
            self.stage.say(
                f"     {server.name}: {admin} sets it up with !{community}, {member} signs up"
            )

    def they_follow(self) -> None:
        """Look up by handle, follow, get accepted."""
        for server, who, community, home in (
            (self.beta, "ben", "garden", self.alpha),
            (self.gamma, "gia", "garden", self.alpha),
            (self.alpha, "alan", "kitchen", self.beta),
        ):
            person = server.people[who]
            path = person.look_up(f"!{community}@{home.node.host}")
            accepted = Watch(server.node, person, path, lambda page: "Unfollow" in page.text)
            text = f"{who}@{server.name} follows !{community}@{home.name}: accepted"
            self.stage.play("follow", text, person, partial(person.follow, path), [accepted])
        for pia in self.emulated_peers:
            self.stage.play(
                "follow",
                f"pia@{pia.software} follows !garden@alpha: accepted",
                pia,
                partial(pia.send_new, "Follow", pia.group, to=[pia.group], cc=[]),
                [ExpectedDelivery(pia, "accepted")],
            )

    def they_post(self) -> None:
        """From the community's own server, and from another."""
        self._post(self.alpha, "ada", "Tomatoes in November", body="Mine are *still* red.")
        self._post(self.beta, "ben", "What to do with green ones", body="Chutney, I say.")
        self._post(self.gamma, "gia", "A list of seeds", url="https://seeds.example/list")
        self._post(self.alpha, "alan", "Bread", community="kitchen", home=self.beta)

    def they_talk(self) -> None:
        """Comments from everywhere, as replies to each other."""
        self._reply(self.gamma, "gia", "Chutney needs ginger.")
        self._reply(self.beta, "ben", "Half of it does.", below="Chutney needs ginger.")
        self._reply(self.alpha, "ada", "No ginger in mine.", below="Half of it does.")

    def they_vote(self) -> None:
        """The author's own vote counts, so a post begins with one point."""
        title = "What to do with green ones"
        for server, who, score, points in (
            (self.gamma, "gia", 1, 2),
            (self.alpha, "ada", 1, 3),
            (self.alpha, "alan", -1, 2),
            (self.alpha, "alan", 0, 3),
        ):
            verb = {1: "votes up", -1: "votes down", 0: "takes the vote back"}[score]
            person, path = server.people[who], server.post_path("garden", self.alpha, title)
            self.stage.play(
                "vote",
                f"{who}@{server.name} {verb}: {points} points",
                person,
                partial(person.vote, path, score),
                self._elsewhere(server, title, _has_points(points)),
            )
        person, path = self.beta.people["ben"], self._comment(self.beta, "Chutney needs ginger.")
        self.stage.play(
            "vote",
            "ben@beta votes a comment up: 2 points",
            person,
            lambda: person.vote(path, 1),
            self._elsewhere(self.beta, title, _comment_has_points("Chutney needs ginger.", 2)),
        )

    def neighbours_take_part(self) -> None:
        """People on servers with other software reply, vote, get replies and are moderated."""
        title = "What to do with green ones"
        self._reply_of(self.forum, "Fry them.")
        self._reply_of(self.microblog, "Wait for red.")
        self.stage.play(
            "vote",
            "pia@mastodon favours the post: 4 points",
            self.microblog,
            lambda: self.microblog.send_new("Like", self._post_iri()),
            self._everywhere(title, _has_points(4)),
        )
        ben, post = self.beta.people["ben"], self._post_path(self.beta)
        parent = _number(self._comment(self.beta, "Wait for red."))
        self.stage.play(
            "comment",
            "ben@beta answers pia@mastodon: “In November?”",
            ben,
            lambda: ben.reply(post, "In November?", parent=parent),
            [
                *self._elsewhere(self.beta, title, _shows("In November?")),
                ExpectedDelivery(self.microblog, "comment"),
                ExpectedDelivery(self.forum, "comment"),
            ],
        )
        ada, comment = self.alpha.people["ada"], self._comment(self.alpha, "Fry them.")
        self.stage.play(
            "remove",
            "ada@alpha removes pia@lemmy's comment as a moderator",
            ada,
            lambda: ada.remove(comment, "Too fat"),
            [
                *self._elsewhere(self.alpha, title, _hides("Fry them.", "Removed by a moderator.")),
                ExpectedDelivery(self.forum, "removal"),
            ],
        )

    def they_edit(self) -> None:
        """A post and a comment."""
        ben, post = self.beta.people["ben"], self._post_path(self.beta)
        self.stage.play(
            "edit",
            "ben@beta edits his post",
            ben,
            lambda: ben.edit_post(post, body="Chutney, I say, and soup."),
            self._elsewhere(self.beta, "What to do with green ones", _shows("and soup.")),
        )
        gia, comment = self.gamma.people["gia"], self._comment(self.gamma, "Chutney needs ginger.")
        self.stage.play(
            "edit",
            "gia@gamma edits her comment",
            gia,
            lambda: gia.edit_comment(_number(comment), "Chutney needs *fresh* ginger."),
            self._elsewhere(self.gamma, "What to do with green ones", _shows("needs fresh ginger")),
        )

    def they_take_back(self) -> None:
        """Deleting and restoring one's own content."""
        gia, text = self.gamma.people["gia"], "Chutney needs fresh ginger."
        comment = self._comment(self.gamma, text)
        title = "What to do with green ones"
        self.stage.play(
            "delete",
            "gia@gamma deletes her comment",
            gia,
            lambda: gia.delete(comment),
            self._elsewhere(self.gamma, title, _hides(text, "Deleted by its author.")),
        )
        self.stage.play(
            "undelete",
            "gia@gamma restores it",
            gia,
            lambda: gia.undelete(comment),
            self._elsewhere(self.gamma, title, _shows(text)),
        )
        self._post_goes_and_comes(
            self.beta,
            "ben",
            title,
            ("delete", "deletes his post", lambda ben, at: ben.delete(at)),
            ("undelete", "restores it", lambda ben, at: ben.undelete(at)),
        )

    def they_moderate(self) -> None:
        """The community's own moderator, with a public reason."""
        ada, text = self.alpha.people["ada"], "Half of it does."
        comment = self._comment(self.alpha, text)
        title = "What to do with green ones"
        logs = [
            Watch(
                server.node, server.guest, f"{server.path('garden', self.alpha)}/modlog", _log_shows
            )
            for server in (self.beta, self.gamma)
        ]
        self.stage.play(
            "remove",
            "ada@alpha removes ben's comment as a moderator (and the modlog says why)",
            ada,
            lambda: ada.remove(comment, "Beside the point"),
            self._elsewhere(self.alpha, title, _hides(text, "Removed by a moderator.")) + logs,
        )
        self.stage.play(
            "restore",
            "ada@alpha puts it back",
            ada,
            lambda: ada.restore(comment),
            self._elsewhere(self.alpha, title, _shows(text)),
        )

    def a_moderator_elsewhere(self) -> None:
        """Appointed from alpha, moderating from beta."""
        ada = self.alpha.people["ada"]
        boards = [
            Watch(server.node, server.guest, server.path("garden", self.alpha), _lists_moderator)
            for server in (self.beta, self.gamma)
        ]
        self.stage.play(
            "appoint",
            "ada@alpha appoints ben@beta a moderator of !garden",
            ada,
            lambda: ada.appoint("/c/garden", f"@ben@{self.beta.node.host}"),
            boards,
        )
        self._post_goes_and_comes(
            self.beta,
            "ben",
            "Tomatoes in November",
            ("remove", "removes ada's post", lambda ben, at: ben.remove(at, "Nobody believes it")),
            ("restore", "puts it back", lambda ben, at: ben.restore(at)),
        )

    def there_and_back(self) -> None:
        """The description of a community."""
        ada = self.alpha.people["ada"]
        title = "The Winter Garden"
        self.stage.play(
            "community",
            f"ada@alpha renames !garden to “{title}”",
            ada,
            lambda: _rename(ada, "/c/garden", title),
            [
                Watch(server.node, server.guest, server.path("garden", self.alpha), _shows(title))
                for server in (self.beta, self.gamma)
            ],
        )

    def and_they_go_on(self) -> None:
        """More posts, for the measurement."""
        writers = [(self.alpha, "ada"), (self.beta, "ben"), (self.gamma, "gia")]
        for number in range(self.more_posts):
            server, who = writers[number % len(writers)]
            self._post(server, who, f"Page {number + 1} of the diary", body="It rains.")

    def they_leave(self) -> None:
        """Unfollow: the community has one follower less (ada, ben and both pias are left)."""
        gia, path = self.gamma.people["gia"], self.gamma.path("garden", self.alpha)
        self.stage.play(
            "unfollow",
            "gia@gamma unfollows !garden@alpha",
            gia,
            lambda: gia.unfollow(path),
            [Watch(self.alpha.node, self.alpha.guest, "/c/garden", _shows("4 followers"))],
        )

    def _post(
        self,
        server: Server,
        who: str,
        title: str,
        *,
        community: str = "garden",
        home: Server | None = None,
        body: str = "",
        url: str = "",
    ) -> None:
        home = home or self.alpha
        person = server.people[who]
        readers = self.servers if home is self.alpha else [home]
        expected = [
            ExpectedDelivery(one, "post") for one in self.emulated_peers if home is self.alpha
        ]
        self.stage.play(
            "post",
            f"{who}@{server.name} posts “{title}” in !{community}@{home.name}",
            person,
            lambda: person.submit(server.path(community, home), title, body=body, url=url),
            [
                Watch(one.node, one.guest, f"{one.path(community, home)}?sort=new", _lists(title))
                for one in readers
                if one is not server
            ]
            + expected,
        )

    def _reply(self, server: Server, who: str, text: str, *, below: str = "") -> None:
        person, post = server.people[who], self._post_path(server)
        parent = _number(self._comment(server, below)) if below else None
        self.stage.play(
            "comment",
            f"{who}@{server.name} answers {'a comment' if below else 'the post'}: “{text}”",
            person,
            lambda: person.reply(post, text, parent=parent),
            self._elsewhere(server, "What to do with green ones", _shows(text)),
        )

    def _reply_of(self, pia: EmulatedPeer, text: str) -> None:
        author, handle = f"{self.beta.node.origin}/u/ben", f"@garden@{self.alpha.node.host}"
        self.stage.play(
            "comment",
            f"pia@{pia.software} answers the post: “{text}”",
            pia,
            lambda: pia.reply(self._post_iri(), text, author=author, handle=handle),
            self._everywhere("What to do with green ones", _shows(text)),
        )

    def _post_goes_and_comes(
        self,
        server: Server,
        who: str,
        title: str,
        *acts: tuple[str, str, Callable[[Visitor, str], None]],
    ) -> None:
        person, path = server.people[who], server.post_path("garden", self.alpha, title)
        others = [
            (one, one.post_path("garden", self.alpha, title))
            for one in self.servers
            if one is not server
        ]
        for (kind, text, act), shows in zip(acts, (_is_gone, _is_there), strict=True):
            self.stage.play(
                kind,
                f"{who}@{server.name} {text}",
                person,
                partial(act, person, path),
                [Watch(one.node, one.guest, at, shows) for one, at in others],
            )

    def _elsewhere(self, server: Server, title: str, shows: Callable[[Page], bool]) -> list[Watch]:
        """The page of a post of !garden on the other two servers."""
        return [one for one in self._everywhere(title, shows) if one.node is not server.node]

    def _everywhere(self, title: str, shows: Callable[[Page], bool]) -> list[Watch]:
        """The page of a post of !garden on all three servers."""
        return [
            Watch(one.node, one.guest, one.post_path("garden", self.alpha, title), shows)
            for one in self.servers
        ]

    def _post_iri(self) -> str:
        return self.beta.node.origin + self._post_path(self.beta)

    def _post_path(self, server: Server) -> str:
        return server.post_path("garden", self.alpha, "What to do with green ones")

    def _comment(self, server: Server, text: str) -> str:
        return server.comment_path(self._post_path(server), text)


def _number(path: str) -> int:
    return int(path.rpartition("/")[2])


def _rename(moderator: Visitor, community: str, title: str) -> None:
    page = moderator.open(f"{community}/edit")
    moderator.send(page, page.form(having="display_name"), display_name=title)


def _lists(title: str) -> Callable[[Page], bool]:
    return lambda page: page.find_post(title) is not None


def _shows(text: str) -> Callable[[Page], bool]:
    return lambda page: page.status == 200 and text in page.text


def _hides(text: str, instead: str) -> Callable[[Page], bool]:
    return lambda page: text not in page.text and instead in page.text


def _has_points(points: int) -> Callable[[Page], bool]:
    return lambda page: page.points("post", _number(page.path)) == points


def _comment_has_points(text: str, points: int) -> Callable[[Page], bool]:
    def shows(page: Page) -> bool:
        number = page.find_comment(text)
        return number is not None and page.points("comment", number) == points

    return shows


def _is_gone(page: Page) -> bool:
    return page.status == 410


def _is_there(page: Page) -> bool:
    return page.status == 200


def _lists_moderator(page: Page) -> bool:
    _, _, side = page.html.partition(">Moderators<")
    return ">ben" in side.partition("</ul>")[0]


def _log_shows(page: Page) -> bool:
    """The reason is in the modlog."""
    return "Beside the point" in page.text

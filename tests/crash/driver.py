"""Simulated members: they post, comment and vote with the forms of the pages, whatever the servers
do.

A request that a killed server did not answer is tried again, as a person would: check whether its
effect is there, and if not, send it again. The driver records the content that both servers must
have at the end.

Who does what is decided before (`write_script`), by a seed, so that the same story can be played on
other servers; only the order differs.
"""

import itertools
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import httpx

from tests.crash.contents import Contents
from tests.crash.people import Member
from tests.support.server_processes import Node
from tests.support.visitor import FORM_HEADERS, HEADERS, Page, path_of, read_page

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds for which one request is tried."""

PAUSE = 0.1
PAUSE_AFTER_LOSS = 0.5
"""A killed server's last commit may still be on its way in PostgreSQL: no person checks sooner."""

LOOK_AHEAD = 300
"""Comments and votes among which one is chosen that can be done by now."""

LOOK_AROUND = 0.25
"""Seconds between two reads of the lists that find the local ids of new posts."""

WHOLE_LIST = 20
"""One of so many reads goes to the end of a list."""


class Stuck(Exception):
    """A request failed, however often it was tried."""


class Down(Exception):
    """No response, or a server error: try again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The amount of work, and the number of parallel clients."""

    posts: int
    comments: int
    votes: int
    hands: int = 6

    @property
    def total(self) -> int:
        """The total of requests."""
        return self.posts + self.comments + self.votes


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do: by the member with this number, about the post with this number."""

    kind: str
    member: int
    post: int
    community: str = ""
    text: str = ""
    score: int = 0


def write_script(plan: Plan, members: int, communities: list[str], seed: int) -> list[Job]:
    """What happens: posts in order, and comments and votes roughly in the order of their posts."""
    chance = random.Random(seed)
    posts = [
        Job(
            *("post", chance.randrange(members), number),
            community=chance.choice(communities),
            text=f"Post {number:04} of the story",
        )
        for number in range(plan.posts)
    ]
    others = [
        Job(
            *("comment", chance.randrange(members), chance.randrange(plan.posts)),
            text=f"Comment {number:04} of the story",
        )
        for number in range(plan.comments)
    ]
    taken = {(one.member, one.post) for one in posts}
    while len(taken) < plan.posts + plan.votes:
        pair = chance.randrange(members), chance.randrange(plan.posts)
        if pair not in taken:
            taken.add(pair)
            others.append(Job("vote", *pair, score=chance.choice((1, 1, 1, -1))))
    others.sort(key=lambda one: one.post + chance.gauss(0, plan.posts / 10))
    return posts + others


@dataclass(slots=True)
class Written:
    """A post as the driver knows it: its IRI, its id on each server, its expected content."""

    iri: str
    title: str
    author: Member
    numbers: dict[str, int]
    up: int = 1
    down: int = 0
    comments: int = 0


class Hand:
    """One HTTP client, used for one member after the other."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.Client] = {}

    def get(self, member: Member, path: str) -> Page:
        """The page as the member sees it. Raises Down."""
        answer = self._ask(member, "GET", path)
        return read_page(path, answer.status_code, answer.text)

    def send(self, member: Member, path: str, **fields: str) -> str:
        """Send a form with the member's token; returns the redirect target. Raises Down."""
        if not member.form_token:
            page = self.get(member, "/settings")
            member.form_token = page.form(having="form_token").fields["form_token"]
        answer = self._ask(member, "POST", path, {"form_token": member.form_token, **fields})
        if answer.status_code != 303:
            reason = read_page(path, answer.status_code, answer.text).text
            raise Stuck(f"POST {path} by {member.name}: {answer.status_code} {reason[:300]}")
        return answer.headers["location"]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _ask(
        self, member: Member, method: str, path: str, fields: dict[str, str] | None = None
    ) -> httpx.Response:
        client = self._clients.get(member.node.name)
        if client is None:
            client = httpx.Client(
                base_url=member.node.origin, headers=HEADERS, trust_env=False, timeout=60.0
            )
            self._clients[member.node.name] = client
        headers = {"Cookie": f"session={member.session}", **(FORM_HEADERS if fields else {})}
        try:
            answer = client.request(method, path, data=fields, headers=headers)
        except httpx.TransportError as error:
            raise Down(str(error) or type(error).__name__) from error
        if answer.status_code >= 500:
            raise Down(f"{answer.status_code}")
        return answer


class Driver:
    """Carries out a plan with several clients at once, and records the expected result."""

    def __init__(
        self, plan: Plan, members: list[Member], homes: dict[str, Node], seed: int
    ) -> None:
        """`homes` has the communities and their home servers."""
        self.plan = plan
        self.done = 0
        self.retried = 0
        self.permitted = plan.total
        """How much may be begun: with kills, not more than until the next one."""
        self._begun = 0
        self.written: dict[int, Written] = {}
        self.comments: dict[str, str] = {}
        self.failure: BaseException | None = None
        self._members = members
        self._homes = homes
        script = write_script(plan, len(members), sorted(homes), seed)
        self._posts = [one for one in script if one.kind == "post"][::-1]
        self._others = [one for one in script if one.kind != "post"]
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._guarded(self._work)) for _ in range(plan.hands)
        ]
        self._scouts = [
            threading.Thread(target=self._guarded(partial(self._look_around, node)))
            for node in {member.node.name: member.node for member in members}.values()
        ]
        self._over = threading.Event()

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, *self._scouts):
            thread.start()

    def is_over(self) -> bool:
        """Whether everything is done (or a request failed for good)."""
        return self.failure is not None or not any(thread.is_alive() for thread in self._threads)

    def finish(self) -> None:
        """Wait for the end. Raises the failure, if there was one."""
        for thread in self._threads:
            thread.join()
        self._over.set()
        for thread in self._scouts:
            thread.join()
        if self.failure is not None:
            raise self.failure

    def contents(self) -> Contents:
        """The expected content of each server."""
        posts = {
            one.iri: (one.title, one.up, one.down, one.comments) for one in self.written.values()
        }
        comments = {iri: (text, 1, 0) for iri, text in self.comments.items()}
        return Contents(dict(posts), dict(comments))

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again in `finish`
                self.failure = self.failure or error

        return run

    def _work(self) -> None:
        hand = Hand()
        try:
            while self.failure is None and (job := self._next_job()) is not None:
                job(hand)
                with self._lock:
                    self.done += 1
        finally:
            hand.close()

    def _next_job(self) -> Callable[[Hand], None] | None:
        while self.failure is None:
            with self._lock:
                if not (self._posts or self._others):
                    return None
                job = self._choose() if self._begun < self.permitted else None
                self._begun += job is not None
            if job is not None:
                return job
            time.sleep(PAUSE)
        return None

    def _choose(self) -> Callable[[Hand], None] | None:
        """One of the things that are left, in proportion to their numbers; None if none can be done
        yet.
        """
        is_post = self._random.randrange(len(self._posts) + len(self._others)) < len(self._posts)
        if is_post:
            return partial(self._post, job=self._posts.pop())
        for job in self._others[:LOOK_AHEAD]:
            about, member = self.written.get(job.post), self._members[job.member]
            if about is not None and member.node.name in about.numbers:
                self._others.remove(job)
                do = self._comment if job.kind == "comment" else self._vote
                return partial(do, job=job, about=about)
        return partial(self._post, job=self._posts.pop()) if self._posts else None

    def _post(self, hand: Hand, job: Job) -> None:
        author, title = self._members[job.member], job.text
        path = self._path(job.community, author.node)

        def send() -> int:
            to = hand.send(author, "/submit", community=path[3:], title=title, body="Hi.")
            return int(path_of(to).rpartition("/")[2])

        number = self._until_done(
            send, lambda: hand.get(author, f"/u/{author.name}").find_post(title)
        )
        one = Written(
            f"{author.node.origin}/post/{number}", title, author, {author.node.name: number}
        )
        with self._lock:
            self.written[job.post] = one

    def _comment(self, hand: Hand, job: Job, about: Written) -> None:
        author, text = self._members[job.member], job.text
        post = f"/post/{about.numbers[author.node.name]}"

        def send() -> int:
            return int(hand.send(author, f"{post}/comment", body=text).rpartition("-")[2])

        number = self._until_done(send, lambda: hand.get(author, post).find_comment(text))
        with self._lock:
            self.comments[f"{author.node.origin}/comment/{number}"] = text
            about.comments += 1

    def _vote(self, hand: Hand, job: Job, about: Written) -> None:
        voter, score = self._members[job.member], job.score
        path = f"/post/{about.numbers[voter.node.name]}/vote"
        # A repeated vote counts once: there is nothing to check in between.
        self._until_done(lambda: hand.send(voter, path, score=str(score)), lambda: None)
        with self._lock:
            about.up += score > 0
            about.down += score < 0

    def _until_done(self, send: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Send it; without a response check whether it was done, else send it again."""
        deadline = time.monotonic() + PATIENCE
        uncertain = False
        while time.monotonic() < deadline:
            try:
                if uncertain and (found := find()) is not None:
                    return found
                uncertain = False
                return send()
            except Down:
                uncertain = True
                with self._lock:
                    self.retried += 1
                time.sleep(PAUSE_AFTER_LOSS)
        raise Stuck("a server did not come back")

    def _path(self, community: str, node: Node) -> str:
        home = self._homes[community]
        return f"/c/{community}" if home is node else f"/c/{community}@{home.host}"

    def _look_around(self, node: Node) -> None:
        hand, guest = Hand(), Member(node, "guest", "")
        for turn in itertools.count():
            if self._over.wait(LOOK_AROUND) or self.failure is not None:
                break
            for community in self._homes:
                path = self._path(community, node)
                try:
                    self._read_list(hand, guest, path, whole=turn % WHOLE_LIST == 0)
                except Down:
                    break
        hand.close()

    def _read_list(self, hand: Hand, guest: Member, path: str, *, whole: bool) -> None:
        """Read the list of a community from the newest post to a page of known ones; the `whole` of
        it finds those that arrived after many newer ones.
        """
        query = "?sort=new"
        while query:
            page = hand.get(guest, path + query)
            news = self._note(guest.node, page)
            older = re.search(r'rel="next" href="([^"]+)"', page.html)
            query = older[1].replace("&amp;", "&") if older and (news or whole) else ""

    def _note(self, node: Node, page: Page) -> bool:
        """Store the ids of the posts on a page; returns whether any was new."""
        news = False
        with self._lock:
            known = {one.title: one for one in self.written.values()}
            for number, text in page.entries("post"):
                title = re.search(r"Post \d{4} of the story", text)
                one = known.get(title[0]) if title else None
                if one is not None and node.name not in one.numbers:
                    one.numbers[node.name] = number
                    news = True
        return news

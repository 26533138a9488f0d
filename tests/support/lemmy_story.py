"""A story that members of several instances of ours tell through Lemmy's API alone: each step is
done by one of them, and then shows at all the instances that learn of it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.lemmy_client import Refused
from tests.support.visitor import PASSWORD

Json = Any
P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 60.0
"""Seconds after which a step counts as never arrived."""
POLL_SECONDS = 0.04
LONGEST = 50
"""The longest page that the API gives."""
NEWEST = 3
"""As many of the newest things are read to find one that has just been written."""


class Member:
    """A member of an instance, with a session of their own."""

    def __init__(self, name: str, origin: str) -> None:
        self.name = name
        self.iri = f"{origin}/u/{name}"
        self._http = httpx.Client(base_url=f"{origin}/api/v3", trust_env=False, timeout=30.0)

    def log_in(self) -> None:
        """Begin a session."""
        told = self.post("/user/login", username_or_email=self.name, password=PASSWORD)
        self._http.headers["Authorization"] = f"Bearer {told['jwt']}"

    def register(self) -> None:
        """Sign up, and begin a session."""
        told = self.post(
            "/user/register", username=self.name, password=PASSWORD, password_verify=PASSWORD
        )
        self._http.headers["Authorization"] = f"Bearer {told['jwt']}"

    def get(self, path: str, **wanted: Json) -> Json:
        """The answer to a GET. Raises Refused, as all of these."""
        return _answer(self._http.get(path, params=wanted))

    def post(self, path: str, **form: Json) -> Json:
        """The answer to a POST."""
        return _answer(self._http.post(path, json=form))

    def put(self, path: str, **form: Json) -> Json:
        """The answer to a PUT."""
        return _answer(self._http.put(path, json=form))

    def close(self) -> None:
        """Hang up."""
        self._http.close()


def _answer(response: httpx.Response) -> Json:
    answer = response.json()
    if response.status_code != 200:
        raise Refused(answer["error"], answer.get("message", ""), response.status_code)
    return answer


class Instance:
    """An instance as its admin sees it: what is there, by the ids that all instances share.

    It never asks another instance for anything that is not there.
    """

    def __init__(self, name: str, origin: str, admin: str) -> None:
        self.name = name
        self.origin = origin
        self.admin = Member(admin, origin)
        self.members = [self.admin]
        self._numbers: dict[str, int] = {}

    def member(self, name: str) -> Member:
        """Another member here."""
        made = Member(name, self.origin)
        self.members.append(made)
        return made

    def has(self, who: Member) -> bool:
        """Whether it is their instance."""
        return who in self.members

    def close(self) -> None:
        """Hang up."""
        for one in self.members:
            one.close()

    def number(self, iri: str, inside: str = "") -> int:
        """The row id here of a person, of a community, or of a post or comment `inside` one.

        Raises Refused or AssertionError if it is not here.
        """
        if iri not in self._numbers:
            kind = urlsplit(iri).path.split("/")[1]
            if kind == "u":
                found = self.admin.get("/user", username=slug(iri), limit=1)
                self._numbers[iri] = found["person_view"]["person"]["id"]
            elif kind == "c":
                found = self.admin.get("/community", name=slug(iri))
                self._numbers[iri] = found["community_view"]["community"]["id"]
            else:
                self._find_newest(iri, inside)
        assert iri in self._numbers, f"{self.name} does not list {iri}"
        return self._numbers[iri]

    def _find_newest(self, iri: str, inside: str) -> Json:
        """A post or a comment among the newest; None if it is not there."""
        kind = kind_of(iri)
        where = {"community_name": slug(inside), "sort": "New", "limit": NEWEST}
        listed = {
            view[kind]["ap_id"]: view
            for view in self.admin.get(f"/{kind}/list", **where)[f"{kind}s"]
        }
        if iri in listed:
            self._numbers[iri] = listed[iri][kind]["id"]
        return listed.get(iri)

    def view(self, iri: str, inside: str) -> Json:
        """A post or a comment; None for one that only its author may read, or that is not here."""
        kind = kind_of(iri)
        if iri not in self._numbers:
            return self._find_newest(iri, inside)
        try:
            return self.admin.get(f"/{kind}", id=self._numbers[iri])[f"{kind}_view"]
        except Refused as refused:
            if refused.code != f"couldnt_find_{kind}":
                raise
            return None

    def is_removed(self, iri: str, inside: str) -> bool:
        """Whether a post or a comment was removed, or even erased."""
        view = self.view(iri, inside)
        return view is None or view[kind_of(iri)]["removed"]

    def community(self, iri: str) -> Json:
        """A community with its moderators."""
        return self.admin.get("/community", name=slug(iri))


def slug(iri: str) -> str:
    """`name@host` of a person or a community."""
    found = urlsplit(iri)
    return f"{found.path.rpartition('/')[2]}@{found.netloc}"


def kind_of(iri: str) -> str:
    """`post` or `comment`."""
    return urlsplit(iri).path.split("/")[1]


def _names(args: Iterable[Json]) -> list[str]:
    return [str(getattr(one, "name", one)) for one in args if not callable(one)]


def step(
    method: "Callable[Concatenate[Story, P], R]",
) -> "Callable[Concatenate[Story, P], R]":
    """Count the step, and say in which one something failed."""

    @wraps(method)
    def counted(story: "Story", *args: P.args, **kwargs: P.kwargs) -> R:
        told = ", ".join(_names(args) + [f"{name}={kwargs[name]!r}" for name in kwargs])
        story.steps.append(f"{method.__name__}({told})")
        try:
            return method(story, *args, **kwargs)
        except Exception as error:
            error.add_note(f"in step {len(story.steps)}: {story.steps[-1]}")
            raise

    return counted


@dataclass
class Story:
    """What happens in one community, on all its `instances`; the first one is its home."""

    instances: list[Instance]
    steps: list[str] = field(default_factory=list)
    community: str = ""
    followers: set[str] = field(default_factory=set)
    posts: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    """The comments by their ids, each with that of its post."""
    voted: set[str] = field(default_factory=set)
    """What others than the author voted on."""

    @property
    def home(self) -> Instance:
        """The community's own instance."""
        return self.instances[0]

    def at(self, who: Member) -> Instance:
        """A member's own instance."""
        return next(one for one in self.instances if one.has(who))

    def number(self, iri: str, who: Member) -> int:
        """The row id of something at a member's own instance."""
        return self.at(who).number(iri, self.community)

    def soon(
        self,
        look: Callable[[Instance], Json],
        expected: Json,
        among: Iterable[Instance] | None = None,
    ) -> None:
        """Wait until all instances, or these, show what is expected."""
        deadline = time.monotonic() + PATIENCE
        for one in self.instances if among is None else among:
            while (found := _look(look, one)) != expected:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{one.name} shows {found!r}, not {expected!r}")
                time.sleep(POLL_SECONDS)

    def soon_has(self, iri: str, among: Iterable[Instance] | None = None, **expected: Json) -> None:
        """Wait until a post or a comment has these properties, or counts, at all instances."""

        def look(one: Instance) -> Json:
            view = one.view(iri, self.community)
            if view is None:
                return None
            shown = {**view["counts"], **view[kind_of(iri)]}
            return {name: shown.get(name) for name in expected}

        self.soon(look, expected, among)

    # Coming and going

    @step
    def logs_in(self, who: Member) -> None:
        """Begin a session."""
        who.log_in()

    @step
    def registers(self, who: Member) -> None:
        """Sign up."""
        who.register()

    @step
    def founds(self, who: Member, name: str, title: str) -> None:
        """The community; its founder moderates and follows it."""
        made = who.post("/community", name=name, title=title)["community_view"]["community"]
        self.community = made["actor_id"]
        self.followers = {who.iri}

    @step
    def looks_up(self, who: Member) -> None:
        """The community, by its handle."""
        found = who.get("/resolve_object", q=f"!{slug(self.community)}")["community"]
        assert found["community"]["actor_id"] == self.community

    @step
    def follows(self, who: Member, *, follow: bool = True) -> None:
        """Follow the community, until it has accepted; or leave it."""
        number = self.number(self.community, who)
        who.post("/community/follow", community_id=number, follow=follow)
        self.followers = self.followers | {who.iri} if follow else self.followers - {who.iri}

        def look(_own: Instance) -> Json:
            return who.get("/community", id=number)["community_view"]["subscribed"]

        self.soon(look, "Subscribed" if follow else "NotSubscribed", [self.at(who)])
        self.counts_followers()

    def counts_followers(self) -> None:
        """The community counts all its followers, and every instance its own. How many there are in
        all, others read once a day, as Lemmy does.
        """

        def local(one: Instance) -> Json:
            return one.community(self.community)["community_view"]["counts"]["subscribers_local"]

        def all_of_them(one: Instance) -> Json:
            return one.community(self.community)["community_view"]["counts"]["subscribers"]

        for one in self.instances:
            mine = [iri for iri in self.followers if iri.startswith(f"{one.origin}/")]
            self.soon(local, len(mine), [one])
        self.soon(all_of_them, len(self.followers), [self.home])

    @step
    def edits_community(self, who: Member, **changes: Json) -> None:
        """Its title or its description."""
        who.put("/community", community_id=self.number(self.community, who), **changes)
        self._community_has(**changes)

    @step
    def deletes_community(self, who: Member, *, deleted: bool = True) -> None:
        """As its first moderator; or restore it."""
        number = self.number(self.community, who)
        who.post("/community/delete", community_id=number, deleted=deleted)
        self._community_has(deleted=deleted, removed=False)

    @step
    def removes_community(self, who: Member, *, removed: bool = True, reason: str = "") -> None:
        """As an admin; or restore it."""
        number = self.number(self.community, who)
        who.post("/community/remove", community_id=number, removed=removed, reason=reason)
        self._community_has(removed=removed, deleted=False)

    def _community_has(self, **expected: Json) -> None:
        def look(one: Instance) -> Json:
            shown = one.community(self.community)["community_view"]["community"]
            return {name: shown.get(name) for name in expected}

        self.soon(look, expected)

    # Writing

    @step
    def submits(self, who: Member, name: str, **more: Json) -> str:
        """The id of a new post."""
        number = self.number(self.community, who)
        made = who.post("/post", name=name, community_id=number, **more)["post_view"]["post"]
        iri: str = made["ap_id"]
        self.posts.append(iri)
        self.soon_has(iri, name=name, score=1, **more)
        return iri

    @step
    def comments_on(self, who: Member, on: str, content: str) -> str:
        """The id of a new comment on a post, or below a comment."""
        return self._comment(who, on, content)

    @step
    def talk(self, on: str, depth: int, *people: Member) -> None:
        """Comments by these in turn, each an answer to the one before, which has arrived where the
        next one is.
        """
        for number in range(depth):
            who, then = (people[index % len(people)] for index in (number, number + 1))
            on = self._comment(who, on, f"Level {number + 1}", [self.at(then)])
        self.soon_has(on, content=f"Level {depth}")

    def _comment(
        self, who: Member, on: str, content: str, among: Iterable[Instance] | None = None
    ) -> str:
        post = self.comments.get(on, on)
        where = {"post_id": self.number(post, who)}
        if on != post:
            where["parent_id"] = self.number(on, who)
        made = who.post("/comment", content=content, **where)["comment_view"]["comment"]
        iri: str = made["ap_id"]
        self.comments[iri] = post
        self.soon_has(iri, among, content=content, score=1)
        return iri

    @step
    def edits(self, who: Member, iri: str, **changes: Json) -> None:
        """What one wrote."""
        kind = kind_of(iri)
        who.put(f"/{kind}", **{f"{kind}_id": self.number(iri, who)}, **changes)
        self.soon_has(iri, **changes)

    @step
    def deletes(self, who: Member, iri: str, *, deleted: bool = True) -> None:
        """What one wrote; or restore it."""
        kind = kind_of(iri)
        who.post(f"/{kind}/delete", **{f"{kind}_id": self.number(iri, who)}, deleted=deleted)

        def look(one: Instance) -> Json:
            view = one.view(iri, self.community)
            return view is None or view[kind]["deleted"]

        self.soon(look, deleted)

    @step
    def votes(self, who: Member, iri: str, score: int, *, up: int, down: int) -> None:
        """1, -1, or 0 for none; the votes that are shown then."""
        self.voted.add(iri)
        kind = kind_of(iri)
        who.post(f"/{kind}/like", **{f"{kind}_id": self.number(iri, who)}, score=score)
        self.soon_has(iri, upvotes=up, downvotes=down, score=up - down)

    # Moderating

    @step
    def removes(self, who: Member, iri: str, reason: str, *, removed: bool = True) -> None:
        """A post or a comment; or restore it."""
        kind = kind_of(iri)
        what = {f"{kind}_id": self.number(iri, who)}
        who.post(f"/{kind}/remove", **what, removed=removed, reason=reason)
        self.soon_has(iri, removed=removed)

    @step
    def locks(self, who: Member, post: str, *, locked: bool = True) -> None:
        """A post; or unlock it."""
        who.post("/post/lock", post_id=self.number(post, who), locked=locked)
        self.soon_has(post, locked=locked)

    @step
    def pins(self, who: Member, post: str, *, featured: bool = True) -> None:
        """A post to the top of the community; or unpin it."""
        number = self.number(post, who)
        who.post("/post/feature", post_id=number, featured=featured, feature_type="Community")
        self.soon_has(post, featured_community=featured)

    @step
    def speaks(self, who: Member, comment: str, *, distinguished: bool = True) -> None:
        """As a moderator, in a comment of their own."""
        number = self.number(comment, who)
        who.post("/comment/distinguish", comment_id=number, distinguished=distinguished)
        self.soon_has(comment, distinguished=distinguished)

    @step
    def appoints(self, who: Member, person: Member, *, added: bool = True) -> None:
        """A moderator; or dismiss one."""
        them = self.number(person.iri, who)
        number = self.number(self.community, who)
        who.post("/community/mod", community_id=number, person_id=them, added=added)
        self.soon(lambda one: person.iri in self.moderators(one), added)

    @step
    def transfers(self, who: Member, person: Member) -> None:
        """Make another moderator the first one."""
        them = self.number(person.iri, who)
        number = self.number(self.community, who)
        who.post("/community/transfer", community_id=number, person_id=them)
        self.soon(lambda one: self.moderators(one)[0], person.iri)

    def moderators(self, one: Instance) -> list[str]:
        """The ids of the moderators, the first one first."""
        listed = one.community(self.community)["moderators"]
        return [moderator["moderator"]["actor_id"] for moderator in listed]

    @step
    def bans(
        self,
        who: Member,
        person: Member,
        reason: str,
        *,
        by_post: str,
        ban: bool = True,
        remove_data: bool = False,
        expires: int | None = None,
    ) -> None:
        """From the community, or end the ban; it shows beside a post of theirs, `by_post`."""
        who.post(
            "/community/ban_user",
            community_id=self.number(self.community, who),
            person_id=self.number(person.iri, who),
            ban=ban,
            reason=reason,
            remove_data=remove_data,
            expires=expires,
        )
        if ban:
            self.followers -= {person.iri}

        def look(one: Instance) -> Json:
            view = one.view(by_post, self.community)
            return view["creator_banned_from_community"], view["post"]["removed"]

        self.soon(look, (ban, ban and remove_data))

    @step
    def bans_from_site(
        self,
        who: Member,
        person: Member,
        reason: str,
        *,
        among: list[Instance],
        ban: bool = True,
        remove_data: bool = False,
    ) -> None:
        """As an admin, or end the ban; it shows at these instances, and at no other."""
        them = self.number(person.iri, who)
        who.post("/user/ban", person_id=them, ban=ban, reason=reason, remove_data=remove_data)

        def look(one: Instance) -> Json:
            return person.iri in banned_from_site(one)

        self.soon(look, ban, among)
        self.soon(look, False, [one for one in self.instances if one not in among])

    @step
    def is_refused(self, code: str, act: Callable[[], object]) -> None:
        """What somebody may not do."""
        with pytest.raises(Refused, match=code):
            act()

    @step
    def purges(
        self, who: Member, iri: str, reason: str, *, removed_at: Iterable[Instance] = ()
    ) -> None:
        """A post or a comment, from one's own instance; it is removed there at once, until it is
        erased, and at these others.
        """
        kind = kind_of(iri)
        what = {f"{kind}_id": self.number(iri, who)}
        who.post(f"/admin/purge/{kind}", **what, reason=reason)
        self.soon(lambda one: one.is_removed(iri, self.community), True, [self.at(who)])
        self.soon_has(iri, removed_at, removed=True)

    @step
    def purges_person(
        self, who: Member, person: Member, reason: str, *, deleted_at: Iterable[Instance] = ()
    ) -> None:
        """From one's own instance; at these others, they deleted all that they wrote."""
        them = self.number(person.iri, who)
        who.post("/admin/purge/person", person_id=them, reason=reason)

        def look(one: Instance) -> Json:
            found = one.admin.get("/user", username=slug(person.iri))
            return found["person_view"]["person"]["deleted"], found["posts"], found["comments"]

        self.soon(look, (True, [], []), deleted_at)

    # Reports

    @step
    def reports(self, who: Member, iri: str, reason: str) -> None:
        """A post or a comment; here, the reporter, the author and the community are all of
        different instances, so that each has the report.
        """
        kind = kind_of(iri)
        what = {f"{kind}_id": self.number(iri, who)}
        who.post(f"/{kind}/report", **what, reason=reason)
        self.soon(lambda one: reports_of(one, iri, self.community), [(reason, False)])

    @step
    def resolves(self, who: Member, iri: str, *, resolved: bool = True) -> None:
        """The reports of a post or a comment, at one's own instance."""
        kind, own = kind_of(iri), self.at(who)
        for one in list_reports(own, iri, self.community):
            number = one[f"{kind}_report"]["id"]
            who.put(f"/{kind}/report/resolve", report_id=number, resolved=resolved)
        shown = reports_of(own, iri, self.community)
        assert [is_done for _, is_done in shown] == [resolved] * len(shown)
        assert shown

    # Between two people

    @step
    def writes(self, who: Member, to: Member, content: str) -> str:
        """The id of a private message."""
        them = self.number(to.iri, who)
        made = who.post("/private_message", content=content, recipient_id=them)
        iri: str = made["private_message_view"]["private_message"]["ap_id"]
        self._message_has([who, to], iri, content=content, deleted=False)
        return iri

    @step
    def edits_message(self, who: Member, to: Member, iri: str, content: str) -> None:
        """A message of one's own."""
        number = message_at(who, iri)["id"]
        who.put("/private_message", private_message_id=number, content=content)
        self._message_has([who, to], iri, content=content, deleted=False)

    @step
    def deletes_message(self, who: Member, to: Member, iri: str, *, deleted: bool = True) -> None:
        """A message of one's own; or restore it."""
        number = message_at(who, iri)["id"]
        who.post("/private_message/delete", private_message_id=number, deleted=deleted)
        self._message_has([who], iri, deleted=deleted)
        # Whoever received it is not shown that there was one.
        self.soon(lambda _own: iri in messages_at(to), not deleted, [self.at(to)])

    @step
    def reads(self, who: Member, iri: str) -> None:
        """Mark a message as read: that concerns nobody else."""
        number = message_at(who, iri)["id"]
        who.post("/private_message/mark_as_read", private_message_id=number, read=True)
        self._message_has([who], iri, read=True)

    @step
    def reports_message(self, who: Member, iri: str, reason: str) -> None:
        """To the admins of one's own instance."""
        number = message_at(who, iri)["id"]
        who.post("/private_message/report", private_message_id=number, reason=reason)
        assert message_reports(self.at(who), iri) == [(reason, False)]

    @step
    def resolves_message_report(self, who: Member, iri: str) -> None:
        """As an admin of the instance."""
        (number,) = (one["id"] for one in list_message_reports(self.at(who), iri))
        who.put("/private_message/report/resolve", report_id=number, resolved=True)
        assert [is_done for _, is_done in message_reports(self.at(who), iri)] == [True]

    def _message_has(self, people: list[Member], iri: str, **expected: Json) -> None:
        for who in people:

            def look(_own: Instance, who: Member = who) -> Json:
                message = message_at(who, iri)
                return {name: message[name] for name in expected}

            self.soon(look, expected, [self.at(who)])

    # For oneself

    @step
    def blocks(self, who: Member, person: Member, *, block: bool = True) -> None:
        """See no more of a person, or see them again; nobody else is concerned."""
        them = self.number(person.iri, who)
        assert who.post("/user/block", person_id=them, block=block)["blocked"] == block

    @step
    def blocks_community(self, who: Member, *, block: bool = True) -> None:
        """See no more of the community, which ends a follow; or see it again."""
        number = self.number(self.community, who)
        assert who.post("/community/block", community_id=number, block=block)["blocked"] == block
        self.followers -= {who.iri}
        self.counts_followers()

    @step
    def blocks_instance(self, who: Member, of: Member, *, block: bool = True) -> None:
        """See no more of somebody's instance, or see it again."""
        them = self.number(of.iri, who)
        shown = who.get("/user", person_id=them)["person_view"]["person"]["instance_id"]
        assert who.post("/site/block", instance_id=shown, block=block)["blocked"] == block

    def sees(self, who: Member) -> set[str]:
        """The posts of the community that a member is shown."""
        number = self.number(self.community, who)
        listed = who.get("/post/list", community_id=number, sort="New", limit=LONGEST)
        return {view["post"]["ap_id"] for view in listed["posts"]}


def _look(look: Callable[[Instance], Json], one: Instance) -> Json:
    try:
        return look(one)
    except (Refused, AssertionError) as error:
        return f"{type(error).__name__}: {error}"


def banned_from_site(one: Instance) -> list[str]:
    """The ids of those banned from the whole instance."""
    return [view["person"]["actor_id"] for view in one.admin.get("/user/banned")["banned"]]


def list_reports(one: Instance, iri: str, inside: str) -> list[Json]:
    """The reports of a post or a comment, oldest first."""
    kind = kind_of(iri)
    what = {f"{kind}_id": one.number(iri, inside)}
    found: list[Json] = one.admin.get(f"/{kind}/report/list", **what)[f"{kind}_reports"]
    return found[::-1]


def reports_of(one: Instance, iri: str, inside: str) -> list[tuple[str, bool]]:
    """The same: why, and whether it is resolved."""
    name = f"{kind_of(iri)}_report"
    found = [view[name] for view in list_reports(one, iri, inside)]
    return [(report["reason"], report["resolved"]) for report in found]


def list_message_reports(one: Instance, iri: str) -> list[Json]:
    """The reports of a message."""
    found = one.admin.get("/private_message/report/list", limit=LONGEST)["private_message_reports"]
    return [
        view["private_message_report"] for view in found if view["private_message"]["ap_id"] == iri
    ]


def message_reports(one: Instance, iri: str) -> list[tuple[str, bool]]:
    """The same: why, and whether it is resolved."""
    return [(view["reason"], view["resolved"]) for view in list_message_reports(one, iri)]


def messages_at(who: Member) -> dict[str, Json]:
    """The messages that a member sent and received, by their ids."""
    listed = who.get("/private_message/list", limit=LONGEST)["private_messages"]
    return {view["private_message"]["ap_id"]: view["private_message"] for view in listed}


def message_at(who: Member, iri: str) -> Json:
    """One of them."""
    found = messages_at(who)
    assert iri in found, f"{who.name} has no {iri}"
    return found[iri]

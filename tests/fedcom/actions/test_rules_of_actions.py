"""Permissions, by the actions themselves: the same for members and for remote people."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, EditPost, Provenance
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.errors import FedcomError
from fedcom.models.actor import Person, actor, community as community_table
from fedcom.models.post import post as post_table
from fedcom.queries.actors import get_person
from fedcom.rules.limits import MAX_DEPTH
from fedcom.wire.body import EMPTY, Body
from tests.support.people import NO_KEY, ORIGIN, Home, received

KIM = "https://kim.example/u/kim"
TEXT = Body.of_markdown("Words.")
WHO = ("bob", "kim")


class Stage:
    """!cats with a post and a comment by `by`, and one of each by ann."""

    def __init__(self, home: Home, who: str) -> None:
        self.home = home
        self.by: Person = home.bob if who == "bob" else home.person(KIM)
        self.post, self.anns = home.post(by=self.by), home.post(by=home.ann, title="By ann")
        self.comment = home.comment(self.post, by=self.by)
        self.anns_comment = home.comment(self.anns, by=home.ann)

    def source(self, name: str = "new") -> Provenance | None:
        return None if self.by.local else Provenance(f"{KIM}/{name}", "Note", None, None)

    def code(self, action: Action[Any]) -> str:
        """The code of the refusal, or "allowed"; the same for `perform` as for the check alone."""
        incoming = None if self.by.local else received(self.by.iri)
        try:
            self.home.perform(action, incoming)
        except FedcomError as error:
            return error.code
        return "allowed"


Make = Callable[[Stage], Action[Any]]
ACTIONS: dict[str, Make] = {
    "post": lambda s: CreatePost(
        by=s.by, community=s.home.cats, title="New", source=s.source("post")
    ),
    "comment": lambda s: CreateComment(
        by=s.by, post=s.anns, parent=None, body=TEXT, source=s.source()
    ),
    "reply": lambda s: CreateComment(
        by=s.by, post=s.anns, parent=s.anns_comment, body=TEXT, source=s.source()
    ),
    "vote": lambda s: Vote(by=s.by, target=s.anns, score=1),
    "vote comment": lambda s: Vote(by=s.by, target=s.anns_comment, score=-1),
    "edit": lambda s: EditPost(by=s.by, post=s.post, title="Other", body=TEXT),
    "edit comment": lambda s: EditComment(by=s.by, comment=s.comment, body=TEXT),
    "edit of another's": lambda s: EditPost(by=s.by, post=s.anns, title="Other"),
    "edit of another's comment": lambda s: EditComment(by=s.by, comment=s.anns_comment, body=TEXT),
    "delete": lambda s: Delete(by=s.by, target=s.post),
    "delete of another's": lambda s: Delete(by=s.by, target=s.anns),
    "remove": lambda s: RemoveContent(by=s.by, target=s.anns, reason="spam"),
    "add moderator": lambda s: AddModerator(by=s.by, community=s.home.cats, person=s.by),
    "remove moderator": lambda s: RemoveModerator(
        by=s.by, community=s.home.cats, person=s.home.ann
    ),
    "follow": lambda s: Follow(by=s.by, target=s.home.cats),
    "unfollow": lambda s: Unfollow(by=s.by, target=s.home.cats),
    "edit community": lambda s: EditCommunity(
        by=s.by,
        community=s.home.cats,
        title="Mine",
        description=EMPTY,
        nsfw=False,
        posting_restricted=False,
    ),
}


def nothing(stage: Stage) -> None:
    pass


def ban(stage: Stage) -> None:
    stage.home.follow(stage.by, stage.home.cats)
    by = stage.by

    def work(ctx: Context) -> Person:
        ctx.conn.execute(update(actor).where(actor.c.id == by.id).values(banned_at=ctx.now))
        return get_person(ctx.conn, by.id)

    stage.by = stage.home(work)


def close(stage: Stage) -> None:
    def work(ctx: Context) -> None:
        ctx.conn.execute(update(community_table).values(removed_at=ctx.now))

    stage.home.follow(stage.by, stage.home.cats)
    stage.home(work)
    _read_place_again(stage)


def restrict(stage: Stage) -> None:
    def work(ctx: Context) -> None:
        ctx.conn.execute(update(community_table).values(posting_restricted=True))

    stage.home(work)
    _read_place_again(stage)


def lock(stage: Stage) -> None:
    def work(ctx: Context) -> None:
        ctx.conn.execute(update(post_table).values(locked_at=ctx.now))

    stage.home(work)
    stage.anns = stage.home.fresh(stage.anns)


def take_down(stage: Stage) -> None:
    for target in (stage.anns, stage.anns_comment, stage.post, stage.comment):
        stage.home.perform(RemoveContent(by=stage.home.ann, target=target))
    _read_again(stage)


def appoint(stage: Stage) -> None:
    stage.home.clock.advance(seconds=1)
    stage.home.perform(AddModerator(by=stage.home.ann, community=stage.home.cats, person=stage.by))


def _read_place_again(stage: Stage) -> None:
    stage.home.cats = stage.home.fresh(stage.home.cats)


def _read_again(stage: Stage) -> None:
    stage.post, stage.anns = stage.home.fresh(stage.post), stage.home.fresh(stage.anns)
    stage.comment = stage.home.fresh(stage.comment)
    stage.anns_comment = stage.home.fresh(stage.anns_comment)


NOT_MINE = {
    "edit of another's": "not_the_author",
    "edit of another's comment": "not_the_author",
    "delete of another's": "not_the_author",
}
NO_MODERATOR = {
    "remove": "not_a_moderator",
    "add moderator": "not_a_moderator",
    "remove moderator": "not_a_moderator",
    "edit community": "not_a_moderator",
}
CASES: list[tuple[Callable[[Stage], None], dict[str, str]]] = [
    (nothing, NOT_MINE | NO_MODERATOR | {"unfollow": "couldnt_find_follow"}),
    (
        ban,
        dict.fromkeys(ACTIONS, "site_ban") | {"delete": "allowed", "unfollow": "allowed"},
    ),
    (
        close,
        dict.fromkeys(ACTIONS, "community_closed")
        | NOT_MINE
        | NO_MODERATOR
        | {"delete": "allowed", "unfollow": "allowed"},
    ),
    (
        restrict,
        NOT_MINE
        | NO_MODERATOR
        | {"post": "only_mods_can_post_in_community", "unfollow": "couldnt_find_follow"},
    ),
    (
        lock,
        NOT_MINE
        | NO_MODERATOR
        | {"comment": "locked", "reply": "locked", "unfollow": "couldnt_find_follow"},
    ),
    (
        take_down,
        NOT_MINE
        | NO_MODERATOR
        | {
            **dict.fromkeys(("comment", "reply", "vote", "vote comment"), "deleted"),
            **dict.fromkeys(("edit", "edit comment"), "deleted"),
            "unfollow": "couldnt_find_follow",
        },
    ),
    (
        appoint,
        NOT_MINE
        | {
            "add moderator": "already_moderator",
            "remove moderator": "not_higher_mod",
            "unfollow": "couldnt_find_follow",
        },
    ),
]


@pytest.fixture
def dialect() -> str:
    """A rule does not depend on the database; the tests of the effects ask both."""
    return "sqlite"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("situation", "refused"), CASES)
def test_the_same_rules_apply_to_members_and_remote_people(
    home: Home, who: str, situation: Callable[[Stage], None], refused: dict[str, str]
) -> None:
    stage = Stage(home, who)
    situation(stage)

    found = {name: _code_and_back(stage, make) for name, make in ACTIONS.items()}

    assert found == dict.fromkeys(ACTIONS, "allowed") | refused


class _Undone(Exception):
    """Raised to roll a transaction back."""


def _code_and_back(stage: Stage, make: Make) -> str:
    """As `Stage.code`, rolled back."""
    found = "allowed"
    incoming = None if stage.by.local else received(stage.by.iri)

    def work(ctx: Context) -> None:
        nonlocal found
        try:
            perform(ctx, make(stage), incoming)
        except FedcomError as error:
            found = error.code
        raise _Undone

    with pytest.raises(_Undone):
        stage.home(work)
    return found


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda s: CreatePost(by=s.by, community=s.home.cats, title="x"), "title_too_short"),
        (
            lambda s: CreatePost(by=s.by, community=s.home.cats, title="Fine", url="ftp://x"),
            "url_scheme",
        ),
        (lambda s: CreateComment(by=s.by, post=s.post, parent=None, body=EMPTY), None),
        (lambda s: EditComment(by=s.by, comment=s.comment, body=EMPTY), None),
        (
            lambda s: CreateComment(by=s.by, post=s.post, parent=s.anns_comment, body=TEXT),
            "wrong_thread",
        ),
        (lambda s: Undelete(by=s.by, target=s.post), "not_deleted"),
        (lambda s: RestoreContent(by=s.home.ann, target=s.post), "not_removed"),
        (lambda s: Follow(by=s.by, target=s.by), "cannot_follow"),
        (
            lambda s: RemoveModerator(by=s.home.ann, community=s.home.cats, person=s.by),
            "not_a_moderator",
        ),
        (
            lambda s: CreateCommunity(by=s.by, name="cats", key=NO_KEY),
            "name_taken",
        ),
        (lambda s: CreateCommunity(by=s.by, name="C!", key=NO_KEY), None),
        (lambda s: EditProfile(by=s.by, title="x" * 500, summary=EMPTY), None),
    ],
)
def test_meaningless_actions_are_refused(home: Home, make: Make, code: str | None) -> None:
    found = Stage(home, "bob").code(make(Stage(home, "bob")))

    assert found != "allowed"
    assert code is None or found == code


def test_the_depth_of_a_thread_is_limited(home: Home) -> None:
    post = home.post()
    parent = home.comment(post)
    for _ in range(MAX_DEPTH - 1):
        parent = home.comment(home.fresh(post), parent=parent)

    with pytest.raises(FedcomError) as caught:
        home.comment(home.fresh(post), parent=parent)
    assert caught.value.code == "max_comment_depth_reached"


def test_communities_are_made_by_members_only(home: Home) -> None:
    kim = home.person(KIM)

    with pytest.raises(FedcomError) as caught:
        home.perform(CreateCommunity(by=kim, name="mine", key=NO_KEY))
    assert caught.value.code == "not_local"


def test_a_local_moderator_edits_a_remote_community(home: Home) -> None:
    dogs = home.group("https://dogs.example/c/dogs")
    home(lambda ctx: AddModerator(by=home.ann, community=dogs, person=home.ann).apply(ctx))
    action = EditCommunity(
        by=home.ann,
        community=dogs,
        title="Mine",
        description=Body.of_markdown("Of *all* dogs"),
        nsfw=False,
        posting_restricted=False,
    )
    home.sent()

    home.perform(action)

    ((sent, body),) = home.sent_bodies()
    document = json.loads(body)["object"]
    assert (sent.shape, sent.by) == ("Update{Group}", "u/ann")
    assert sent.inbox == "https://dogs.example/inbox"
    assert (document["id"], document["name"]) == (dogs.iri, "Mine")
    assert document["source"]["content"] == "Of *all* dogs"
    assert document["attributedTo"] == dogs.moderators_iri
    assert ORIGIN not in json.dumps(document)
    assert home.fresh(dogs).title == "Mine"
    with pytest.raises(FedcomError) as caught:
        home.perform(replace(action, by=home.bob))
    assert caught.value.code == "not_a_moderator"


def test_an_older_moderator_and_an_admin_dismiss_a_younger_one(home: Home) -> None:
    kim = home.person(KIM)
    for person in (home.bob, kim):
        home.clock.advance(seconds=1)
        home.perform(AddModerator(by=home.ann, community=home.cats, person=person))

    home.perform(RemoveModerator(by=home.bob, community=home.cats, person=kim))
    home.perform(RemoveModerator(by=home.bob, community=home.cats, person=home.bob))
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    home.perform(RemoveModerator(by=home.ann, community=home.cats, person=home.ann))


def test_banned_and_gone_people_cannot_become_moderators(home: Home) -> None:
    kim = home.person(KIM)
    home.perform(DeleteActor(by=kim))
    gone = home.person("https://kim.example/u/ken")
    banned = home.perform(Ban(by=home.ann, person=gone, community=None))

    with pytest.raises(FedcomError) as caught:
        home.perform(AddModerator(by=home.ann, community=home.cats, person=banned))
    assert caught.value.code == "cannot_moderate"


@pytest.mark.parametrize(
    "text",
    [
        "\u200b", "\u2800", "\u3164", "&nbsp;", ">", "#", "[](https://x.example)",
        "[a]: https://x.example", "```\n```", "\u200e\u202e", "&#8203;",
        "::: spoiler\n:::", "::: spoiler\n\u200b\n:::",
    ],
)  # fmt: skip
def test_a_text_of_invisible_characters_is_empty(home: Home, text: str) -> None:
    body = Body.of_markdown(text)
    post = home.post()
    comment = home.comment(post)
    actions = [
        (CreateComment(by=home.bob, post=post, parent=None, body=body), "comment_empty"),
        (EditComment(by=home.bob, comment=comment, body=body), "comment_empty"),
        (SendMessage(by=home.bob, to=home.ann, body=body), "message_empty"),
    ]
    for action, code in actions:
        with pytest.raises(FedcomError) as caught:
            home.perform(action)
        assert caught.value.code == code


def test_a_picture_counts_as_visible_text(home: Home) -> None:
    home.comment(home.post(), text="![](https://x.example/a.png)")

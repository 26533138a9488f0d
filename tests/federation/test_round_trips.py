"""Every action is read as it was done, through its activity and back.

An action is done at `home`; the bytes delivered to `away` go through every check that a peer's
activity has to pass and must result in the same action. Rows are the same if their ids are, because
each server has its own counters. The exceptions are `as_done` and `as_sent`: no other field may
differ.
"""

import inspect
import os
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

import fedcom.actions
from activitypub.document import Document
from activitypub.iri import PUBLIC, host_of
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from activitypub.signatures.keys import PublicKey, generate_ed25519_pem
from activitypub.vocab.activities import (
    announce,
    announce_of,
    block,
    create,
    delete as delete_activity,
    move,
    undo,
    update,
)
from activitypub.vocab.base import dump, timestamp
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import CreateCommunity, EditCommunity, RefreshCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.delete_community import DeleteCommunity, UndeleteCommunity
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.follow import AnswerFollow, Follow, RefuseFollow, Unfollow
from fedcom.actions.keys import RotateKeys
from fedcom.actions.lock import Lock
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.move import MovePost
from fedcom.actions.outside_mention import ForgetMention, RecordMention
from fedcom.actions.perform import perform
from fedcom.actions.personal_block import BlockPerson
from fedcom.actions.pictures import ChangePictures
from fedcom.actions.pin import Pin
from fedcom.actions.post import CreatePost, EditPost, Provenance
from fedcom.actions.profile import EditProfile, RefreshProfile
from fedcom.actions.purge_actor import PurgeActor
from fedcom.actions.record_deletion import ForgetDeletion, RecordDeletion
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report, WithdrawReport
from fedcom.actions.take_down import Reinstate, TakeDown
from fedcom.actions.transfer import TransferCommunity
from fedcom.actions.unban import Unban
from fedcom.actions.vote import Vote
from fedcom.actions.warn import Warn
from fedcom.context import Context, NewKey
from fedcom.effects.mentions import with_links
from fedcom.effects.outside_mentions import find_outside_mention
from fedcom.errors import Invalid
from fedcom.models.actor import Actor
from fedcom.models.comment import Comment
from fedcom.models.follow import FollowRow
from fedcom.models.message import Message
from fedcom.models.post import Post
from fedcom.queries.actors import find_moderators
from fedcom.queries.content import community_of
from fedcom.remote.actors import community_at
from fedcom.remote.peers import put_peer
from fedcom.rules.limits import (
    MAX_BODY,
    MAX_COMMENT,
    MAX_DISPLAY_NAME,
    MAX_REASON,
    MAX_SUMMARY,
    MAX_TITLE,
    check_alt,
    check_body,
    check_content_warning,
    check_display_name,
    check_seen,
    check_title,
    check_url,
)
from fedcom.text.html import escape_text
from fedcom.wire.actor import to_document
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration, is_title_again
from tests.support.pair import AWAY, ORIGINS, Pair, Stage, fetching, receive
from tests.support.people import ORIGIN, received

Draw = Callable[[st.SearchStrategy[Any]], Any]

ANN, BOB, GUEST = f"{ORIGIN}/u/ann", f"{ORIGIN}/u/bob", f"{AWAY}/u/bob"
CATS, DOGS = (f"{origin}/c/cats" for origin in ORIGINS)


# People's texts.

# An unpaired surrogate is refused in every text, and so is NUL.
ANYTHING = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PHRASES = st.sampled_from(
    [
        "**bold** _and_ ~~gone~~",
        "# Title",
        "<script>alert(1)</script>",
        "<b>&amp;</b> < 1 && 2 > 1",
        "@bob, @bob@away.example and !cats@home.example",
        "@nobody@nowhere.example",
        "https://peer.example/x_(y)?a=b&c=d#e",
        '[link](https://peer.example/\u00fc "what") ![cat](https://peer.example/cat.png)',
        "\u202ethgir\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069",
        "\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 \u0645\u06cc\u200c\u062e",
        "e\u0301 \u00e9 \u0958 \ufb01 \u212b",
        "::: spoiler What\nthat\n:::",
        "```html\n<i>code</i>\n```",
        "one  \ntwo\r\nthree\rfour\\\nfive",
        "| a | b |\n|---|---|\n| 1 | `2` |",
        "said[^1]\n\n[^1]: by whom",
        "[only]: https://peer.example/a-definition",
        "1. a\n2. b\n   > c",
    ]
)


def written(limit: int) -> st.SearchStrategy[str]:
    """Texts of many lines, including the empty one."""
    parts = st.lists(PHRASES | st.text(ANYTHING, max_size=20), max_size=5)
    texts = st.builds(str.join, st.sampled_from(["\n\n", "\n", " "]), parts)
    return texts.map(lambda text: check_body(text[:limit]))


def kept(check: Callable[[str], str], texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Those that `check` accepts, as they are stored."""

    def passes(text: str) -> bool:
        try:
            check(text)
        except Invalid:
            return False
        return True

    return texts.filter(passes).map(check)


def is_seen(body: Body) -> bool:
    """Whether it may be a comment or a message: some of it is visible."""
    try:
        check_seen(body.html, "nothing_seen")
    except Invalid:
        return False
    return bool(body.source)


LINES = st.text(ANYTHING | st.sampled_from(" \t\n"), max_size=40) | PHRASES
TITLES = kept(check_title, st.builds(str.__add__, st.sampled_from(["", "Cats", "e\u0301 "]), LINES))
TITLES |= st.just("x" * MAX_TITLE) | kept(check_title, st.just("\u0958" * (MAX_TITLE // 2)))
NAMES = kept(check_display_name, LINES.map(lambda text: text[:MAX_DISPLAY_NAME]))
HOSTS = st.sampled_from(
    ["peer.example", "b\u00fccher.example", "[2001:db8::1]:8443", "127.0.0.1", "a_b.example"]
)
SCHEMES = st.sampled_from(["https://", "http://", "HTTP://"])
PATHS = st.sampled_from(["", "/", "/\u00fc?x=[y]#z", "/@ann"]) | st.text(ANYTHING).map("/".__add__)
URLS = kept(check_url, st.builds(lambda *parts: "".join(parts), SCHEMES, HOSTS, PATHS))
BODIES = written(MAX_BODY).map(Body.of_markdown)
REMARKS = written(MAX_COMMENT).map(Body.of_markdown).filter(is_seen)
SUMMARIES = written(MAX_SUMMARY).map(Body.of_markdown)
REASONS = written(MAX_REASON)
LANGUAGES = st.sampled_from([None, "de", "pt-BR", "zh-Hant"])
LANGUAGE_SETS = st.sampled_from([(), ("de",), ("de", "pt", "zh")])
FLAGS = st.booleans()
ALTS = kept(check_alt, LINES)
WARNINGS = kept(check_content_warning, LINES)
PICTURES = st.sampled_from([f"{ORIGIN}/media/1.webp", "https://peer.example/cat.png?b=1&c=%20"])


def in_form(post: dict[str, Any]) -> dict[str, Any]:
    """Normalised: a picture without a link is the link, a post with a warning is sensitive, and the
    title is no warning.
    """
    url = post["image"].url if post["image"] and post["url"] is None else post["url"]
    warning = post["content_warning"]
    warning = "" if is_title_again(warning, post["title"]) else warning
    nsfw = post["nsfw"] or bool(warning)
    return post | {"url": url, "nsfw": nsfw, "content_warning": warning}


POSTS = st.fixed_dictionaries(
    {
        "title": TITLES,
        "url": st.none() | URLS,
        "body": BODIES,
        "nsfw": FLAGS,
        "language": LANGUAGES,
        "image": st.none() | st.builds(Illustration, PICTURES, ALTS),
        "content_warning": WARNINGS,
    }
).map(in_form)
PEMS = [generate_ed25519_pem()[1] for _ in range(2)]
MULTIBASES = [PublicKey(id="", owner="", pem=pem).multibase for pem in PEMS]
KEYS = st.builds(
    NewKey,
    public_pem=st.sampled_from(PEMS),
    encrypted_private=st.just(b"sealed"),
    proof_multibase=st.none() | st.sampled_from(MULTIBASES),
    encrypted_proof=st.just(b"sealed"),
)


def every_field(kind: type[Action[Any]], **values: Any) -> Any:
    """The action, with a value for each of its fields except those that nobody chooses.

    So a new field fails here until it is drawn, and then until it is federated.
    """
    unchosen = {"iri", "is_part", "others", "source", "vouched", "columns", "erases"}
    assert values.keys() - unchosen == {field.name for field in fields(kind)} - unchosen
    return kind(**values)


# Members' actions: home's ann and bob, in the local and in the remote community.


def one_of(pair: Pair, draw: Draw, *iris: str) -> Any:
    return pair.find(draw(st.sampled_from(iris)))


def content(pair: Pair, draw: Draw, origin: str, kinds: Any = Post | Comment) -> Any:
    """A post or comment by `origin`'s bob."""
    found = [pair.find(iri) for iri in pair.written if iri.startswith(origin)]
    return draw(st.sampled_from([one for one in found if isinstance(one, kinds)]))


def create_post(pair: Pair, draw: Draw) -> CreatePost:
    community = one_of(pair, draw, CATS, DOGS)
    return every_field(CreatePost, by=pair.find(BOB), community=community, **draw(POSTS))


def edit_post(pair: Pair, draw: Draw) -> EditPost:
    return every_field(
        EditPost, by=pair.find(BOB), post=content(pair, draw, ORIGIN, Post), **draw(POSTS)
    )


def create_comment(pair: Pair, draw: Draw) -> CreateComment:
    above = content(pair, draw, draw(st.sampled_from(ORIGINS)))
    parent, about = None, above
    if isinstance(above, Comment):
        posts = [pair.find(iri) for iri in pair.written]
        parent = above
        about = next(one for one in posts if isinstance(one, Post) and one.id == above.post_id)
    fields = {
        "body": draw(REMARKS),
        "language": draw(LANGUAGES),
        "content_warning": draw(WARNINGS),
    }
    return every_field(CreateComment, by=pair.find(BOB), post=about, parent=parent, **fields)


def edit_comment(pair: Pair, draw: Draw) -> EditComment:
    target = content(pair, draw, ORIGIN, Comment)
    before = Body(target.body_source, target.body_html)
    fields = {
        "body": draw(REMARKS | st.just(before)),
        "language": draw(LANGUAGES),
        "content_warning": draw(WARNINGS | st.just(target.content_warning)),
    }
    assume([*fields.values()] != [before, target.language, target.content_warning])
    return every_field(EditComment, by=pair.find(BOB), comment=target, **fields)


def distinguish(pair: Pair, draw: Draw) -> Distinguish:
    target, by = content(pair, draw, ORIGIN, Comment), pair.find(BOB)
    moderated = community_of(pair.home.conn, target)
    pair.send(AddModerator(by=pair.find(ANN), community=moderated, person=by))
    distinguished = draw(FLAGS)
    if not distinguished:
        pair.send(Distinguish(by=by, comment=target, distinguished=True))
    return every_field(
        Distinguish, by=by, comment=pair.find(target.iri), distinguished=distinguished
    )


def vote(pair: Pair, draw: Draw) -> Vote:
    target, by = content(pair, draw, draw(st.sampled_from(ORIGINS))), pair.find(ANN)
    before, score = draw(st.permutations([-1, 0, 1]))[:2]
    if before:
        pair.send(Vote(by=by, target=target, score=before))
    return every_field(Vote, by=by, target=target, score=score)


def delete(pair: Pair, draw: Draw) -> Delete:
    return every_field(Delete, by=pair.find(BOB), target=content(pair, draw, ORIGIN))


def undelete(pair: Pair, draw: Draw) -> Undelete:
    target = content(pair, draw, ORIGIN)
    if isinstance(target, Post):
        target, _ = pair.send(EditPost(by=pair.find(BOB), post=target, **draw(POSTS)))
    pair.send(Delete(by=pair.find(BOB), target=target))
    return every_field(Undelete, by=pair.find(BOB), target=pair.find(target.iri))


def remove(pair: Pair, draw: Draw) -> RemoveContent:
    """For other authors' content: a moderator who removes their own deletes it (`remove.py`)."""
    target = content(pair, draw, draw(st.sampled_from(ORIGINS)))
    return every_field(RemoveContent, by=pair.find(ANN), target=target, reason=draw(REASONS))


def restore(pair: Pair, draw: Draw) -> RestoreContent:
    removed = remove(pair, draw)
    pair.send(removed)
    target = pair.find(removed.target.iri)
    return every_field(RestoreContent, by=removed.by, target=target, reason=draw(REASONS))


def follow(pair: Pair, draw: Draw) -> Follow:
    return every_field(Follow, by=pair.find(ANN), target=one_of(pair, draw, DOGS, GUEST))


def unfollow(pair: Pair, draw: Draw) -> Unfollow:
    return every_field(Unfollow, by=pair.find(BOB), target=one_of(pair, draw, DOGS, GUEST))


def add_moderator(pair: Pair, draw: Draw) -> AddModerator:
    return every_field(
        AddModerator,
        by=pair.find(ANN),
        community=one_of(pair, draw, CATS, DOGS),
        person=one_of(pair, draw, BOB, GUEST),
    )


def remove_moderator(pair: Pair, draw: Draw) -> RemoveModerator:
    added = add_moderator(pair, draw)
    pair.send(added)
    return every_field(RemoveModerator, by=added.by, community=added.community, person=added.person)


def edit_community(pair: Pair, draw: Draw) -> EditCommunity:
    return every_field(
        EditCommunity,
        by=pair.find(ANN),
        community=one_of(pair, draw, CATS, DOGS),
        title=draw(NAMES),
        description=draw(BODIES),
        nsfw=draw(FLAGS),
        posting_restricted=draw(FLAGS),
        languages=draw(LANGUAGE_SETS),
        indexable=draw(FLAGS),
    )


def create_community(pair: Pair, draw: Draw) -> CreateCommunity:
    return every_field(
        CreateCommunity,
        by=pair.find(BOB),
        name="birds",
        key=draw(KEYS),
        title=draw(NAMES),
        description=draw(BODIES),
        nsfw=draw(FLAGS),
        posting_restricted=draw(FLAGS),
        languages=draw(LANGUAGE_SETS),
    )


def edit_profile(pair: Pair, draw: Draw) -> EditProfile:
    return every_field(
        EditProfile,
        by=pair.find(BOB),
        title=draw(NAMES),
        summary=draw(SUMMARIES),
        matrix_user_id=draw(st.sampled_from(["", "@bob:matrix.example"])),
        is_bot=draw(FLAGS),
        indexable=draw(FLAGS),
    )


def send_message(pair: Pair, draw: Draw) -> SendMessage:
    """As a ChatMessage, or as a Note."""
    version = draw(st.sampled_from(["0.19.20", "1.0.0"]))
    put_peer(pair.home.conn, host_of(AWAY), Software("lemmy", version), pair.home.now)
    return every_field(SendMessage, by=pair.find(BOB), to=pair.find(GUEST), body=draw(REMARKS))


def edit_message(pair: Pair, draw: Draw) -> EditMessage:
    sent, _ = pair.send(send_message(pair, draw))
    body = draw(REMARKS)
    assume(body.source != sent.body_source)
    return every_field(EditMessage, by=pair.find(BOB), message=sent, body=body)


def delete_message(pair: Pair, draw: Draw) -> DeleteMessage:
    sent, _ = pair.send(send_message(pair, draw))
    return every_field(DeleteMessage, by=pair.find(BOB), message=sent)


def undelete_message(pair: Pair, draw: Draw) -> UndeleteMessage:
    deleted, _ = pair.send(delete_message(pair, draw))
    return every_field(UndeleteMessage, by=pair.find(BOB), message=deleted)


def change_pictures(pair: Pair, draw: Draw) -> ChangePictures:
    by, subject = draw(st.sampled_from([(BOB, BOB), (ANN, CATS)]))
    return every_field(
        ChangePictures,
        by=pair.find(by),
        subject=pair.find(subject),
        icon_url=draw(st.none() | PICTURES),
        image_url=draw(st.none() | PICTURES),
    )


def rotate_keys(pair: Pair, draw: Draw) -> RotateKeys:
    return every_field(RotateKeys, by=one_of(pair, draw, BOB, CATS), key=draw(KEYS))


# What only other servers do. Home receives it from away.


def answer_follow(pair: Pair, draw: Draw) -> AnswerFollow:
    target = one_of(pair, draw, DOGS, GUEST)
    asked, _ = pair.send(Follow(by=pair.find(ANN), target=target))
    return every_field(AnswerFollow, by=target, asked=asked, accepted=draw(FLAGS))


def refuse_follow(pair: Pair, draw: Draw) -> RefuseFollow:
    community, guest = pair.find(CATS), pair.find(GUEST)
    perform(pair.home, Ban(by=pair.find(ANN), person=guest, community=community))
    asked = f"{AWAY}/activities/follow/1"
    return every_field(RefuseFollow, by=pair.find(GUEST), target=community, iri=asked)


def leave(pair: Pair, draw: Draw) -> DeleteActor:
    leaver = one_of(pair, draw, GUEST, DOGS)
    takes_all = leaver.kind == "Group" or draw(FLAGS)
    return every_field(DeleteActor, by=leaver, removes_content=takes_all)


def refresh_profile(pair: Pair, draw: Draw) -> RefreshProfile:
    return every_field(RefreshProfile, by=pair.find(GUEST))


def refresh_community(pair: Pair, draw: Draw) -> RefreshCommunity:
    by = one_of(pair, draw, DOGS, f"{AWAY}/u/ann")
    return every_field(RefreshCommunity, by=by, community=pair.find(DOGS))


def record_deletion(pair: Pair, draw: Draw) -> RecordDeletion:
    return RecordDeletion(iri=f"{AWAY}/unknown/1", actor_iri=GUEST)


def block_person(pair: Pair, draw: Draw) -> BlockPerson:
    blocked = draw(FLAGS)
    return every_field(BlockPerson, by=pair.find(GUEST), person=pair.find(BOB), blocked=blocked)


def record_mention(pair: Pair, draw: Draw) -> RecordMention:
    return every_field(
        RecordMention,
        by=pair.find(GUEST),
        members=(pair.find(BOB), pair.find(ANN)),
        url=draw(st.sampled_from([None, f"{AWAY}/@bob/1"])),
        excerpt=draw(st.sampled_from(["Look, @bob", "1 < 2 & 3"])),
        updated=draw(st.sampled_from([None, pair.home.now])),
        iri=f"{AWAY}/note/1",
    )


def forget_mention(pair: Pair, draw: Draw) -> ForgetMention:
    made = record_mention(pair, draw)
    perform(pair.home, made, received(GUEST))
    mention = find_outside_mention(pair.home, made.iri)
    assert mention is not None
    return ForgetMention(iri=made.iri, actor_iri=GUEST, mention=mention)


def withdraw_report(pair: Pair, draw: Draw) -> WithdrawReport:
    made = replace(flagged(pair, draw, GUEST, ORIGIN), iri=f"{AWAY}/activities/flag/1")
    row = perform(pair.home, made, received(GUEST))
    return every_field(WithdrawReport, by=made.by, report=row)


def move_post(pair: Pair, draw: Draw) -> MovePost:
    """Out of !cats there, or into a new community, by the author or announced for ann."""
    inside = [pair.find(iri) for iri in pair.written if iri.startswith(f"{AWAY}/post/")]
    about = next(post for post in inside if post.community_id == pair.find(DOGS).id)
    if draw(FLAGS):
        return every_field(MovePost, by=pair.find(DOGS), post=about, target=None, reason="")
    by, key = draw(st.sampled_from([GUEST, f"{AWAY}/u/ann"])), public_half(pair.again(DOGS))
    birds = CreateCommunity(by=pair.again(f"{AWAY}/u/ann"), name="birds", key=key).apply(pair.away)
    moved = MovePost(by=pair.again(by), post=pair.again(about.iri), target=birds)
    moved.apply(pair.away)
    target = fetching(pair.home, pair.away, lambda ctx: community_at(ctx, birds.iri))
    return every_field(MovePost, by=pair.find(by), post=about, target=target, reason=draw(REASONS))


def forget_deletion(pair: Pair, draw: Draw) -> ForgetDeletion:
    return ForgetDeletion(iri=f"{AWAY}/unknown/1", actor_iri=GUEST)


def close_community(pair: Pair, draw: Draw) -> CloseCommunity:
    by, community = pair.find(ANN), pair.find(CATS)
    return CloseCommunity(by=by, community=community, reason=draw(REASONS))


def reopen_community(pair: Pair, draw: Draw) -> ReopenCommunity:
    pair.send(close_community(pair, draw))
    return ReopenCommunity(by=pair.find(ANN), community=pair.find(CATS))


def delete_community(pair: Pair, draw: Draw) -> DeleteCommunity:
    return DeleteCommunity(by=pair.find(ANN), community=pair.find(CATS))


def undelete_community(pair: Pair, draw: Draw) -> UndeleteCommunity:
    pair.send(delete_community(pair, draw))
    return UndeleteCommunity(by=pair.find(ANN), community=pair.find(CATS))


def lock(pair: Pair, draw: Draw) -> Lock:
    target, by = content(pair, draw, draw(st.sampled_from(ORIGINS))), pair.find(ANN)
    locked = draw(FLAGS)
    if not locked:
        pair.send(Lock(by=by, target=target, locked=True))
    return every_field(
        Lock, by=by, target=pair.find(target.iri), locked=locked, reason=draw(REASONS)
    )


def pin(pair: Pair, draw: Draw) -> Pin:
    target, by = content(pair, draw, draw(st.sampled_from(ORIGINS)), Post), pair.find(ANN)
    pinned = draw(FLAGS)
    if not pinned:
        pair.send(Pin(by=by, post=target, pinned=True))
    return every_field(Pin, by=by, post=pair.find(target.iri), pinned=pinned)


def barred(pair: Pair, draw: Draw) -> dict[str, Any]:
    """The person and their server. A remote person who is banned here is sent one Block per
    community.
    """
    who, where = draw(
        st.sampled_from(
            [(BOB, None), *((who, where) for who in (BOB, GUEST) for where in (CATS, DOGS))]
        )
    )
    return {
        "by": pair.find(ANN),
        "person": pair.find(who),
        "community": None if where is None else pair.find(where),
    }


def ban(pair: Pair, draw: Draw) -> Ban:
    now = pair.home.now
    ends = st.timedeltas(timedelta(microseconds=1), timedelta(days=3650)).map(now.__add__)
    return every_field(
        Ban,
        **barred(pair, draw),
        reason=draw(REASONS),
        expires_at=draw(st.none() | ends),
        removes_content=draw(FLAGS),
    )


def unban(pair: Pair, draw: Draw) -> Unban:
    whom = barred(pair, draw)
    pair.send(Ban(**whom, removes_content=draw(FLAGS)))
    return every_field(Unban, **whom, reason=draw(REASONS), restores_content=draw(FLAGS))


def flagged(pair: Pair, draw: Draw, by: str, origin: str) -> Report:
    """A report about others' content, by a person of `by`; Mastodon alone names several objects."""
    target = content(pair, draw, origin)
    reason = draw(REASONS.filter(bool))
    return every_field(Report, by=pair.find(by), target=target, reason=reason)


def report(pair: Pair, draw: Draw) -> Report:
    return flagged(pair, draw, ANN, AWAY)


def warning(pair: Pair, draw: Draw) -> Warn:
    """About what somebody elsewhere wrote, whose server reads it."""
    put_peer(pair.home.conn, host_of(AWAY), Software("lemmy", "1.0.0"), pair.home.now)
    about, reason = content(pair, draw, AWAY), draw(REASONS.filter(bool))
    return every_field(
        Warn,
        by=pair.find(ANN),
        person=pair.find(GUEST),
        community=community_of(pair.home.conn, about),
        reason=reason,
        about=about,
    )


DONE: dict[type[Action[Any]], Callable[[Pair, Draw], Action[Any]]] = {
    AddModerator: add_moderator,
    Ban: ban,
    ChangePictures: change_pictures,
    CloseCommunity: close_community,
    CreateComment: create_comment,
    CreateCommunity: create_community,
    CreatePost: create_post,
    Delete: delete,
    DeleteCommunity: delete_community,
    DeleteMessage: delete_message,
    Distinguish: distinguish,
    EditComment: edit_comment,
    EditCommunity: edit_community,
    EditMessage: edit_message,
    EditPost: edit_post,
    EditProfile: edit_profile,
    Follow: follow,
    Lock: lock,
    Pin: pin,
    RemoveContent: remove,
    RemoveModerator: remove_moderator,
    ReopenCommunity: reopen_community,
    RestoreContent: restore,
    Report: report,
    RotateKeys: rotate_keys,
    SendMessage: send_message,
    Unban: unban,
    Undelete: undelete,
    UndeleteCommunity: undelete_community,
    UndeleteMessage: undelete_message,
    Unfollow: unfollow,
    Vote: vote,
    Warn: warning,
}
RECEIVED: dict[type[Action[Any]], Callable[[Pair, Draw], Action[Any]]] = {
    AnswerFollow: answer_follow,
    BlockPerson: block_person,
    ForgetDeletion: forget_deletion,
    ForgetMention: forget_mention,
    DeleteActor: leave,
    MovePost: move_post,
    RecordDeletion: record_deletion,
    RecordMention: record_mention,
    RefreshCommunity: refresh_community,
    RefreshProfile: refresh_profile,
    RefuseFollow: refuse_follow,
    WithdrawReport: withdraw_report,
}
# Activities that others read as another action, or not at all: an author's Delete and its Undo, the
# Delete of an actor, and the Update of a community.
SENT_DIFFERENTLY: set[type[Action[Any]]] = {
    TakeDown,
    Reinstate,
    PurgeActor,
    TransferCommunity,
}


# Round trips.


def carry(pair: Pair, action: Action[Any]) -> tuple[Any, Any]:
    """The result at home, and the action that away reads."""
    if isinstance(action, CreateCommunity):
        made = action.apply(pair.home)
        return made, found_there(pair, action, made)
    if isinstance(action, EditCommunity) and not action.community.local:
        # None of our actors may, until remote communities accept it; some peers' moderators do.
        result = action.apply(pair.home)
        return result, receive(pair.away, pair.home, dump(action.to_activity(pair.home, result)))
    result, read = pair.send(action)
    if isinstance(read, RefreshProfile | RefreshCommunity):
        return result, as_reread(pair, action, read)
    return result, read


def found_there(pair: Pair, action: CreateCommunity, made: Actor) -> CreateCommunity:
    """Nothing is sent; a look-up finds the object of the activity."""
    document = action.to_activity(pair.home, made)["object"]

    def look_up(ctx: Any) -> Any:
        ctx.fetched.documents[made.iri] = Document(parse(dump(document)))
        return community_at(ctx, made.iri)

    row = fetching(pair.away, pair.home, look_up)
    return CreateCommunity(
        by=find_moderators(pair.away.conn, row)[0],
        name=row.name,
        key=public_half(row),
        title=row.title,
        description=Body(row.summary_source, row.summary_html),
        nsfw=row.nsfw,
        posting_restricted=row.posting_restricted,
        languages=tuple(row.languages.split()),
    )


def as_reread(pair: Pair, action: Action[Any], read: Any) -> Action[Any]:
    """Actors are fetched from their origin, never read from an activity: the properties it
    serves.
    """
    about = read.community if isinstance(read, RefreshCommunity) else read.by
    row = pair.again(about.iri)
    summary = Body(row.summary_source, row.summary_html)
    if isinstance(action, RotateKeys):
        return RotateKeys(by=row, key=public_half(row))
    if isinstance(action, EditCommunity):
        return EditCommunity(
            by=read.by,
            community=row,
            title=row.title,
            description=summary,
            nsfw=row.nsfw,
            posting_restricted=row.posting_restricted,
            languages=tuple(row.languages.split()),
            indexable=row.indexable,
        )
    if isinstance(action, ChangePictures):
        by = row if isinstance(read, RefreshProfile) else read.by
        pictures = {"icon_url": row.icon_url, "image_url": row.image_url}
        return ChangePictures(by=by, subject=row, **pictures)
    return EditProfile(
        by=row,
        title=row.title,
        summary=summary,
        matrix_user_id=row.matrix_user_id or "",
        is_bot=row.kind == "Service",
        indexable=row.indexable,
    )


def public_half(row: Actor) -> NewKey:
    return NewKey(row.public_key_pem or "", b"", row.proof_key)


def linked(pair: Pair, body: Body) -> Body:
    """With a link at each mention to the person, wherever the author's pages link."""
    return with_links(pair.home, body, here=False)


def as_done(pair: Pair, action: Any, result: Any) -> Action[Any]:
    """With values that only exist once it is done: ids, times, and links at the mentions in a
    text.
    """
    match action:
        case CreatePost() | EditPost() | CreateComment() | EditComment():
            kind, thread = "Note", None
            if isinstance(result, Post):
                kind, thread = "Page", f"{result.iri}/context"
            source = Provenance(result.iri, kind, result.published_at, result.updated_at, thread)
            return replace(action, body=linked(pair, action.body), source=source)
        case SendMessage() | EditMessage():
            kind = action.to_activity(pair.home, result)["object"]["type"]
            source = Provenance(result.iri, kind, result.published_at, result.updated_at)
            return replace(action, body=linked(pair, action.body), source=source)
        case Undelete():
            names = []
            if isinstance(result, Post):
                names = ["title", "url", "image_url", "image_alt"]
            names += ["body_source", "body_html", "content_warning"]
            values = {name: getattr(result, name) for name in names}
            values["body_html"] = linked(pair, Body(result.body_source, result.body_html)).html
            return replace(action, columns=values)
        case Follow() | Report() | Vote(score=1 | -1):
            return replace(action, iri=result.iri)
        case CloseCommunity() | ReopenCommunity() | DeleteCommunity() | UndeleteCommunity():
            return replace(action, vouched=True)
    return action


def as_sent(action: Any) -> Action[Any]:
    """Without values that are not sent: an actor without a title is shown by its name, a moderator
    elsewhere can only wish a community not to be listed, and the private halves of keys stay here.
    """
    match action:
        case EditProfile():
            return replace(action, title=action.title or action.by.name)
        case EditCommunity():
            title = action.title or action.community.name
            is_sent = action.community.local or not action.indexable
            return replace(action, title=title, indexable=action.indexable if is_sent else None)
        case CreateCommunity():
            key = replace(action.key, encrypted_private=b"", encrypted_proof=None)
            return replace(action, title=action.title or action.name, key=key)
        case RotateKeys():
            return replace(
                action, key=replace(action.key, encrypted_private=b"", encrypted_proof=None)
            )
    return action


def activity_elsewhere(ctx: Context, action: Any) -> Any:
    """Peers' form of actions that have no sent form here, since nobody here does them."""
    match action:
        case RecordDeletion():  # and its subclasses
            sent_activity = delete_activity(ctx.new_iri("delete"), action.actor_iri, action.iri)
        case RecordMention():
            sent_activity = create(ctx.new_iri("create"), action.by.iri, note_that_names(action))
        case RefreshProfile():
            document = to_document(action.by, ctx.origin)
            sent_activity = update(ctx.new_iri("update"), action.by.iri, document)
        case RefreshCommunity():
            document = to_document(action.community, ctx.origin)
            sent_activity = update(ctx.new_iri("update"), action.by.iri, document)
        case BlockPerson():
            sent_activity = block(ctx.new_iri("block"), action.by.iri, action.person.iri, None)
        case MovePost():
            sent_activity = moved_elsewhere(ctx, action)
        case _:
            sent_activity = action.to_activity(ctx, getattr(action, "by", None))
    is_taken_back = isinstance(action, ForgetDeletion) or (
        isinstance(action, BlockPerson) and not action.blocked
    )
    return undo(ctx.new_iri("undo"), sent_activity) if is_taken_back else sent_activity


def note_that_names(action: RecordMention) -> dict[str, Any]:
    return {
        "id": action.iri,
        "type": "Note",
        "attributedTo": action.by.iri,
        "to": [PUBLIC],
        "cc": [member.iri for member in action.members],
        "content": f"<p>{escape_text(action.excerpt)}</p>",
        "url": action.url,
        "updated": timestamp(action.updated),
    }


def moved_elsewhere(ctx: Context, action: MovePost) -> dict[str, Any]:
    """Move, or the Undo of the Announce."""
    community, about = community_of(ctx.conn, action.post), action.post.iri
    if action.target is not None:
        way = (community.iri, action.target.iri)
        return move(ctx.new_iri("move"), action.by.iri, about, way, reason=action.reason or None)
    announced = announce(
        ctx.new_iri("announce"),
        action.by.iri,
        about,
        followers=community.followers_iri,
        published=ctx.now,
    )
    return undo(ctx.new_iri("undo"), announced)


def overhear(pair: Pair, action: Any) -> Action[Any] | None:
    """The action that home reads when away sends it."""
    activity = activity_elsewhere(replace(pair.home, origin=AWAY), action)
    body = dump(activity)
    if activity["actor"] == f"{AWAY}/u/ann":
        envelope = {"followers": f"{DOGS}/followers", "published": pair.home.now}
        body = announce_of(body, f"{AWAY}/activities/announce/1", DOGS, **envelope)
    return receive(pair.home, pair.away, body)


def portrait(action: Action[Any] | None) -> dict[str, Any]:
    """Every field; rows by their ids."""
    if action is None:
        return {}
    values = {field.name: getattr(action, field.name) for field in fields(action)}
    rows = Actor | Post | Comment | FollowRow | Message
    named = {name: one.iri if isinstance(one, rows) else one for name, one in values.items()}
    return {"does": type(action).__name__} | named


# The tests.


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One for all, since every example is undone."""
    opened = Stage(tmp_path_factory.mktemp("pair"))
    yield opened
    opened.close()


def each(kinds: dict[type[Action[Any]], Any]) -> Any:
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.__name__)


examples = settings(
    max_examples=int(os.environ.get("FEDCOM_TEST_EXAMPLES", "25")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@each(DONE)
@examples
@given(data=st.data())
def test_actions_round_trip_between_two_instances(
    stage: Stage, kind: type[Action[Any]], data: st.DataObject
) -> None:
    with stage.pair() as pair:
        action = DONE[kind](pair, data.draw)
        result, read = carry(pair, action)

        assert portrait(read) == portrait(as_sent(as_done(pair, action, result)))


@each(RECEIVED)
@examples
@given(data=st.data())
def test_activities_only_others_send_are_read(
    stage: Stage, kind: type[Action[Any]], data: st.DataObject
) -> None:
    with stage.pair() as pair:
        action = RECEIVED[kind](pair, data.draw)

        assert portrait(overhear(pair, action)) == portrait(action)


@pytest.mark.parametrize(
    "text", ["a", "<", "&", '"', "\u00e9", "*a* ", "@bob ", "http://a.example "]
)
def test_the_longest_post_arrives_whole(stage: Stage, text: str) -> None:
    body = Body.of_markdown(text * (MAX_BODY // len(text)))
    with stage.pair() as pair:
        action = CreatePost(by=pair.find(BOB), community=pair.find(CATS), title="Long", body=body)
        result, read = carry(pair, action)

        assert portrait(read) == portrait(as_done(pair, action, result))


def actions() -> set[type[Action[Any]]]:
    """Every concrete action; not their common base classes."""
    names = [
        f"fedcom.actions.{module.name}" for module in pkgutil.iter_modules(fedcom.actions.__path__)
    ]
    return {
        one
        for module in map(import_module, names)
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Action)
        and not inspect.isabstract(one)
        and one.__module__ == module.__name__
    }


def test_no_action_is_left_out() -> None:
    """A new action needs a function above that draws one, in `DONE` or `RECEIVED`."""
    assert DONE.keys() | RECEIVED.keys() | SENT_DIFFERENTLY == actions()

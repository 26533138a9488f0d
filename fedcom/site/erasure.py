"""Erasing what was purged: which rows, in which order, each kind in steps for `database.pruning`.

What refers to a row goes before it, and comments from the deepest up. All of it is found again each
time, so the work can stop and start anywhere. Nothing here decides who may purge (`purge`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    true,
    union,
    update,
)

from database.pruning import Outdated, outdated_in
from fedcom.actions.ban import boost_posts
from fedcom.actions.base import Microblogs
from fedcom.actions.follow import Unfollow
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.effects.bulk_removal import COUNTED, count_comments, count_posts
from fedcom.effects.counts import count_subscribers, count_written, rank, rank_comment
from fedcom.media.records import name_in
from fedcom.models.account import (
    account,
    application_decision,
    invitation,
    invited_member,
    passkey,
    passkey_challenge,
    password_reset,
    recovery_code,
    session,
    two_factor,
)
from fedcom.models.actor import actor, actor_key, author_counts, community
from fedcom.models.appeal import appeal, appeal_message
from fedcom.models.base import columns_of, to_row
from fedcom.models.boost import boost
from fedcom.models.comment import comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.media import link_preview, media
from fedcom.models.message import message
from fedcom.models.moderation import (
    community_ban,
    moderator,
    moderator_note,
    modlog,
    report,
)
from fedcom.models.notification import muted_community, notification, notification_choice
from fedcom.models.omission import omission
from fedcom.models.outside_mention import outside_mention
from fedcom.models.personal import (
    actor_block,
    draft,
    followed_post,
    hidden_post,
    host_block,
    muted_post,
    post_visit,
    saved_comment,
    saved_post,
    sent_form,
)
from fedcom.models.post import Post, post, post_rank
from fedcom.models.purge import Purge, PurgeKind, purge
from fedcom.models.push import push_subscription
from fedcom.models.restriction import restriction
from fedcom.models.revision import revision
from fedcom.models.rule import rule
from fedcom.models.settings_import import import_item
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.actors import get_community, get_person
from fedcom.text.pictures import pictures_in
from outbox.maintenance import forget_subjects

BATCH = 10
"""How many servers or posts one transaction tells others about."""

OF_COMMENT: tuple[Column[Any], ...] = (
    comment_rank.c.comment_id,
    comment_vote.c.comment_id,
    saved_comment.c.comment_id,
    notification.c.comment_id,
    report.c.comment_id,
    revision.c.comment_id,
)
"""What refers to a comment, and is deleted before it."""

OF_POST: tuple[Column[Any], ...] = (
    post_vote.c.post_id,
    post_visit.c.post_id,
    saved_post.c.post_id,
    hidden_post.c.post_id,
    followed_post.c.post_id,
    muted_post.c.post_id,
    notification.c.post_id,
    report.c.post_id,
    revision.c.post_id,
    link_preview.c.post_id,
    post_rank.c.post_id,
)
"""What refers to a post, and is deleted before it, beside its comments."""

OF_ACTOR: tuple[Column[Any], ...] = (
    author_counts.c.author_id,
    saved_post.c.person_id,
    saved_comment.c.person_id,
    hidden_post.c.person_id,
    followed_post.c.person_id,
    muted_post.c.person_id,
    host_block.c.person_id,
    actor_block.c.person_id,
    actor_block.c.blocked_id,
    post_visit.c.person_id,
    draft.c.person_id,
    sent_form.c.person_id,
    import_item.c.person_id,
    appeal.c.person_id,
    moderator_note.c.person_id,
    moderator_note.c.community_id,
    notification.c.recipient_id,
    notification_choice.c.person_id,
    muted_community.c.person_id,
    muted_community.c.community_id,
    notification.c.actor_id,
    notification.c.community_id,
    report.c.reporter_id,
    report.c.community_id,
    moderator.c.person_id,
    moderator.c.community_id,
    community_ban.c.person_id,
    community_ban.c.community_id,
    modlog.c.community_id,
    rule.c.community_id,
    omission.c.community_id,
    invitation.c.by_id,
    invited_member.c.account_id,
    invited_member.c.by_id,
    push_subscription.c.account_id,
    session.c.account_id,
    password_reset.c.account_id,
    application_decision.c.account_id,
    passkey.c.account_id,
    passkey_challenge.c.account_id,
    recovery_code.c.account_id,
    two_factor.c.account_id,
    account.c.actor_id,
)
"""What refers to a person or a community, and is deleted before it."""

FREED: tuple[Column[Any], ...] = (
    appeal.c.resolver_id,
    appeal_message.c.author_id,
    application_decision.c.admin_id,
    modlog.c.moderator_id,
    modlog.c.person_id,
    report.c.resolver_id,
    report.c.assignee_id,
    moderator_note.c.author_id,
    report.c.person_id,
)
"""What stays, without the name: a decision about somebody else, or about what they wrote."""

IN_STEPS: tuple[Column[Any], ...] = (
    comment.c.author_id,
    post.c.author_id,
    post.c.community_id,
    post_rank.c.community_id,
    comment_rank.c.community_id,
    post_vote.c.voter_id,
    comment_vote.c.voter_id,
    message.c.author_id,
    message.c.recipient_id,
    outside_mention.c.author_id,
    follow.c.follower_id,
    follow.c.target_id,
    media.c.owner_id,
)
"""What refers to a person or a community, and has a step of its own."""

AT_LAST: tuple[Column[Any], ...] = (actor_key.c.actor_id, community.c.actor_id)
"""What is deleted together with the actor."""

_PREVIEWS = select(link_preview.c.media_id).where(link_preview.c.media_id.is_not(None))


class Erasure:
    """The rows of one purge. `origin` is this instance's, `now` the time that rows are given."""

    def __init__(self, todo: Purge, origin: str, now: datetime) -> None:
        self._todo, self._origin, self._now = todo, origin, now

    def steps(self, conn: Connection) -> Iterator[Outdated]:
        """Everything but the actor itself, in an order that foreign keys permit. `conn` is used for
        the first only: it reads the top of a branch.
        """
        comments, posts = self._comments(conn), self._posts()
        yield _numerous(comment_vote.c.comment_id, select(comment.c.id).where(comments))
        yield Outdated(_finding(comment.c.id, comments, comment.c.path.desc()), self._drop_comments)
        for column in OF_POST:
            yield _numerous(column, select(post.c.id).where(posts))
        yield Outdated(_finding(post.c.id, posts, post.c.id), self._drop_posts)
        if self._todo.kind in {"person", "community"}:
            yield from self._of_actor()
        yield self._drafts()

    def _comments(self, conn: Connection) -> ColumnElement[bool]:
        """Which comments go."""
        target = self._todo.target_id
        if self._todo.kind == "comment":
            where = comment.c.id == target
            top = conn.execute(select(comment.c.post_id, comment.c.path).where(where)).first()
            if top is None:
                return false()
            below = and_(comment.c.path > f"{top.path}.", comment.c.path < f"{top.path}/")
            return and_(comment.c.post_id == top.post_id, or_(where, below))
        if self._todo.kind == "post":
            return comment.c.post_id == target
        on_posts = comment.c.post_id.in_(select(post.c.id).where(self._posts()))
        if self._todo.kind == "community":
            return on_posts
        top_one = comment.alias("top")
        below_theirs = (
            select(comment.c.id)
            .join(
                top_one,
                and_(
                    comment.c.post_id == top_one.c.post_id,
                    comment.c.path > top_one.c.path.concat("."),
                    comment.c.path < top_one.c.path.concat("/"),
                ),
            )
            .where(top_one.c.author_id == target)
        )
        own = select(comment.c.id).where(comment.c.author_id == target)
        on_theirs = (
            select(comment.c.id)
            .join(post, post.c.id == comment.c.post_id)
            .where(post.c.author_id == target)
        )
        return comment.c.id.in_(union(below_theirs, own, on_theirs))

    def _posts(self) -> ColumnElement[bool]:
        """Which posts go."""
        columns: dict[PurgeKind, Column[Any]] = {
            "post": post.c.id,
            "community": post.c.community_id,
            "person": post.c.author_id,
        }
        column = columns.get(self._todo.kind)
        return false() if column is None else column == self._todo.target_id

    def _drop_comments(self, conn: Connection, ids: Sequence[int]) -> int:
        ctx = Context(conn, self._now, self._origin)
        is_here = comment.c.id.in_(ids)
        columns = (comment.c.author_id, comment.c.body_html, comment.c.removed_at)
        found = select(*COUNTED, *columns).where(is_here)
        rows: list[Any] = list(conn.execute(found))
        self._note_pictures(conn, rows, revision.c.comment_id)
        shown = [row for row in rows if row.deleted_at is None and row.removed_at is None]
        count_comments(ctx, shown, back=False)
        for author_id, number in sorted(Counter(row.author_id for row in shown).items()):
            count_written(ctx, author_id, comments=-number)
        for column in OF_COMMENT:
            conn.execute(delete(column.table).where(column.in_(ids)))
        self._forget_ids(conn, [row.iri for row in rows])
        return conn.execute(delete(comment).where(is_here)).rowcount

    def _drop_posts(self, conn: Connection, ids: Sequence[int]) -> int:
        ctx = Context(conn, self._now, self._origin)
        is_here = post.c.id.in_(ids)
        columns = ("id", "iri", "community_id", "author_id", "body_html", "url", "image_url")
        states = (post.c.deleted_at, post.c.removed_at)
        found = select(*(post.c[name] for name in columns), *states).where(is_here)
        rows: list[Any] = list(conn.execute(found))
        self._note_pictures(conn, rows, revision.c.post_id)
        self._note_addresses(conn, (url for row in rows for url in (row.url, row.image_url)))
        previews = _PREVIEWS.where(link_preview.c.post_id.in_(ids))
        self._note(conn, "picture", conn.execute(previews).scalars().all())
        shown = [row for row in rows if row.deleted_at is None and row.removed_at is None]
        count_posts(ctx, shown)
        for column in OF_POST:
            conn.execute(delete(column.table).where(column.in_(ids)))
        iris = [row.iri for row in rows]
        conn.execute(delete(omission).where(omission.c.source.in_(iris)))
        self._forget_ids(conn, iris)
        return conn.execute(delete(post).where(is_here)).rowcount

    def _forget_ids(self, conn: Connection, iris: Sequence[str]) -> None:
        """What names these posts, comments or messages by their ids. What was published after the
        purge tells other servers of it.
        """
        conn.execute(delete(boost).where(boost.c.subject_iri.in_(iris)))
        conn.execute(delete(restriction).where(restriction.c.iri.in_(iris)))
        conn.execute(delete(modlog).where(modlog.c.target_iri.in_(iris)))
        forget_subjects(conn, iris, self._todo.created_at.timestamp())

    # Pictures, which may be used elsewhere.

    def _note_pictures(self, conn: Connection, rows: Sequence[Any], versions: Column[Any]) -> None:
        """Enqueue the pictures in these texts and in their earlier versions."""
        earlier = select(revision.c.body_html).where(versions.in_([row.id for row in rows]))
        texts = [row.body_html for row in rows] + list(conn.execute(earlier).scalars())
        self._note_addresses(conn, (url for text in texts for url, _ in pictures_in(text)))

    def _note_addresses(self, conn: Connection, urls: Iterable[str | None]) -> None:
        found = {url for url in urls if url}
        names = {name for url in found if (name := name_in(self._origin, url)) is not None}
        if names:
            ids = select(media.c.id).where(media.c.name.in_(names))
            self._note(conn, "picture", conn.execute(ids).scalars().all())
        copies = [url for url in found if name_in(self._origin, url) is None]
        if copies:
            rows = [self._row("copy", 0) | {"url": url} for url in sorted(copies)]
            conn.execute(insert(purge), rows)

    def _note(self, conn: Connection, kind: PurgeKind, ids: Iterable[int]) -> None:
        rows = [self._row(kind, row_id) | {"url": ""} for row_id in sorted(set(ids))]
        if rows:
            conn.execute(insert(purge), rows)

    def _row(self, kind: PurgeKind, target_id: int) -> dict[str, object]:
        moment = {"created_at": self._todo.created_at, "due_at": self._now}
        return {"kind": kind, "target_id": target_id, **moment}

    # What else people and communities leave.

    def _of_actor(self) -> Iterator[Outdated]:
        target = self._todo.target_id
        for votes, key in ((post_vote, "post_id"), (comment_vote, "comment_id")):
            cast = votes.c.voter_id == target
            yield Outdated(_finding(votes.c[key], cast, votes.c[key]), self._drop_votes(votes, key))
        sent = or_(message.c.author_id == target, message.c.recipient_id == target)
        yield Outdated(_finding(message.c.id, sent, message.c.id), self._drop_messages)
        theirs = outside_mention.c.author_id == target
        mentions = _finding(outside_mention.c.id, theirs, outside_mention.c.id)
        yield Outdated(mentions, _drop_outside_mentions)
        either = or_(follow.c.follower_id == target, follow.c.target_id == target)
        yield Outdated(_finding(follow.c.id, either, follow.c.id), self._drop_follows)
        owned = media.c.owner_id == target
        yield Outdated(_finding(media.c.id, owned, media.c.id), self._free_media)
        for column in OF_ACTOR:
            yield outdated_in(column.table, column == target)
        for column in FREED:
            (row_id,) = column.table.primary_key.columns
            finding = _finding(row_id, column == target, row_id)
            yield Outdated(finding, _freeing(column, row_id, target))
        iri = select(actor.c.iri).where(actor.c.id == target).scalar_subquery()
        yield outdated_in(boost, boost.c.actor_iri == iri)
        yield outdated_in(modlog, modlog.c.target_iri == iri)
        yield outdated_in(report, and_(_IS_OF_ACCOUNT, report.c.reported_text == iri))

    def _drop_votes(self, votes: Table, key: str) -> Callable[[Connection, Sequence[int]], int]:
        counted = post if votes is post_vote else comment

        def drop(conn: Connection, ids: Sequence[int]) -> int:
            theirs = votes.c.voter_id == self._todo.target_id, votes.c[key].in_(ids)
            gone = conn.execute(delete(votes).where(*theirs).returning(votes.c[key], votes.c.score))
            found = [tuple(row) for row in gone]
            for score, counter in ((1, counted.c.upvotes), (-1, counted.c.downvotes)):
                alike = sorted(row_id for row_id, given in found if given == score)
                fewer = update(counted).where(counted.c.id.in_(alike))
                conn.execute(fewer.values({counter: counter - 1}))
            ctx = Context(conn, self._now, self._origin)
            for row_id, _ in sorted(found):
                if counted is post:
                    rank(ctx, row_id)
                else:
                    rank_comment(ctx, row_id)
            return len(found)

        return drop

    def _drop_messages(self, conn: Connection, ids: Sequence[int]) -> int:
        is_here = message.c.id.in_(ids)
        rows = conn.execute(select(message.c.iri, message.c.body_html).where(is_here)).all()
        shown = (url for row in rows for url, _ in pictures_in(row.body_html))
        self._note_addresses(conn, shown)
        for column in (notification.c.message_id, report.c.message_id):
            conn.execute(delete(column.table).where(column.in_(ids)))
        self._forget_ids(conn, [row.iri for row in rows])
        return conn.execute(delete(message).where(is_here)).rowcount

    def _drop_follows(self, conn: Connection, ids: Sequence[int]) -> int:
        gone = delete(follow).where(follow.c.id.in_(ids)).returning(follow.c.target_id)
        targets = conn.execute(gone).scalars().all()
        ctx = Context(conn, self._now, self._origin)
        for community_id in sorted(set(targets)):
            count_subscribers(ctx, community_id)
        return len(targets)

    def _free_media(self, conn: Connection, ids: Sequence[int]) -> int:
        self._note(conn, "picture", ids)
        freed = update(media).where(media.c.id.in_(ids), media.c.owner_id == self._todo.target_id)
        return conn.execute(freed.values(owner_id=None)).rowcount

    def _drafts(self) -> Outdated:
        """Unsent replies to, and edits of, what is gone."""

        def find(conn: Connection, most: int) -> Sequence[Any]:
            places = or_(draft.c.form.like("post/%"), draft.c.form.like("comment/%"))
            rows = conn.execute(select(draft.c.person_id, draft.c.form).where(places)).all()
            gone = _gone_forms(conn, {row.form for row in rows})
            return [tuple(row) for row in rows if row.form in gone][:most]

        def drop(conn: Connection, keys: Sequence[Any]) -> int:
            return sum(
                conn.execute(
                    delete(draft).where(draft.c.person_id == person_id, draft.c.form == form)
                ).rowcount
                for person_id, form in keys
            )

        return Outdated(find, drop)

    def drop_actor(self, conn: Connection) -> None:
        """Delete the actor, which nothing refers to any more."""
        which = actor.c.id == self._todo.target_id
        row = conn.execute(select(actor.c.iri, *_PICTURES).where(which)).first()
        if row is None:
            return
        self._note_addresses(conn, (row.icon_url, row.image_url))
        for column in AT_LAST:
            conn.execute(delete(column.table).where(column == self._todo.target_id))
        conn.execute(delete(actor).where(which))


_PICTURES = (actor.c.icon_url, actor.c.image_url)
_IS_OF_ACCOUNT = and_(
    report.c.post_id.is_(None), report.c.comment_id.is_(None), report.c.message_id.is_(None)
)


def _finding(
    key: Column[Any], which: ColumnElement[bool], order: ColumnElement[Any]
) -> Callable[[Connection, int], Sequence[int]]:
    found = select(key).where(which).order_by(order)

    def find(conn: Connection, most: int) -> Sequence[int]:
        return conn.execute(found.limit(most)).scalars().all()

    return find


def _numerous(column: Column[Any], which: Select[Any]) -> Outdated:
    """Rows of which one post or comment may have more than a transaction should delete."""
    return outdated_in(column.table, column.in_(which), rechecked=False)


def _freeing(
    column: Column[Any], key: Column[Any], target: int
) -> Callable[[Connection, Sequence[int]], int]:
    def drop(conn: Connection, ids: Sequence[int]) -> int:
        which = key.in_(ids), column == target
        return conn.execute(update(column.table).where(*which).values({column: None})).rowcount

    return drop


def _drop_outside_mentions(conn: Connection, ids: Sequence[int]) -> int:
    conn.execute(delete(notification).where(notification.c.outside_mention_id.in_(ids)))
    return conn.execute(delete(outside_mention).where(outside_mention.c.id.in_(ids))).rowcount


def _gone_forms(conn: Connection, forms: Iterable[str]) -> set[str]:
    """Those of these names of forms whose post or comment does not exist."""
    found = set()
    for table in (post, comment):
        named = {
            int(number): form
            for form in forms
            for kind, _, number in (form.partition("/"),)
            if kind == table.name and number.isdecimal()
        }
        there = select(table.c.id).where(table.c.id.in_(sorted(named)))
        found |= {named[row_id] for row_id in named.keys() - set(conn.execute(there).scalars())}
    return found


def leave_next(ctx: Context, todo: Purge) -> bool:
    """Have some members unfollow a purged remote community, whose server would otherwise go on
    sending. Whether there may be more.
    """
    found = select(follow.c.follower_id).join(actor, actor.c.id == follow.c.follower_id)
    ours = follow.c.target_id == todo.target_id, actor.c.local
    ids = ctx.conn.execute(found.where(*ours).order_by(follow.c.id).limit(BATCH)).scalars().all()
    if not ids:
        return False
    target = get_community(ctx.conn, todo.target_id)
    if target.local:
        return False
    for person_id in ids:
        perform(ctx, Unfollow(by=get_person(ctx.conn, person_id), target=target))
    return True


def unboost_next(ctx: Context, todo: Purge) -> bool:
    """Undo the boosts of some of a purged person's posts, by which microblog servers know them.
    Whether there may be more.
    """
    boosted = select(*columns_of(Post, post)).join(actor, actor.c.id == post.c.community_id)
    theirs = post.c.author_id == todo.target_id, post.c.announce_iri.is_not(None), actor.c.local
    rows = ctx.conn.execute(boosted.where(*theirs).order_by(post.c.id).limit(BATCH)).mappings()
    posts = [to_row(Post, row) for row in rows]
    boost_posts(ctx, posts, Microblogs.UNBOOST)
    return bool(posts)


def is_preview(conn: Connection, media_id: int) -> bool:
    """Whether the preview of a link shows this picture."""
    shown = exists().where(link_preview.c.media_id == media_id)
    return bool(conn.execute(select(true()).where(shown)).scalar())

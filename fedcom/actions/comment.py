"""CreateComment and EditComment: Create and Update of a Note that answers something."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar
from uuid import uuid4

from sqlalchemy import insert, select, update

from activitypub.authority import Known, Refuse, judge_fetched
from activitypub.document import Document
from activitypub.iri import same_host
from activitypub.vocab.activities import create, update as update_activity
from fedcom.actions.base import Action, Activity, Audience
from fedcom.actions.outside_mention import adopt_mention
from fedcom.actions.perform import perform
from fedcom.actions.personal_block import refuse_reply_to_blocker
from fedcom.actions.post import (
    Provenance,
    check_content,
    check_public,
    create_from,
    edit_from,
    is_overtaken,
)
from fedcom.actions.replies import first_replies
from fedcom.context import Context
from fedcom.effects.counts import count_comment, locked, put_vote
from fedcom.effects.mentions import mentioned, tell_named, with_links
from fedcom.effects.notify import News, notify
from fedcom.effects.restrictions import check_answerable, keep_restrictions
from fedcom.effects.revisions import keep_revision
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied, Invalid, NotFound
from fedcom.models.actor import Actor, Community, Person, actor
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post
from fedcom.queries.actors import get_community, get_person, standing
from fedcom.queries.comments import find_comment, get_comment
from fedcom.queries.content import find_content
from fedcom.queries.follows import is_followed_here
from fedcom.queries.posts import find_post, get_post
from fedcom.remote.actors import participant_at, refuse_blocked, with_author
from fedcom.rules.limits import MAX_DEPTH, check_comment, check_seen, check_warning
from fedcom.rules.permissions import may_comment, may_edit, may_take_part
from fedcom.wire.addressing import comment_iri, create_iri
from fedcom.wire.body import Body
from fedcom.wire.comment import Above, CommentContent, read_comment, to_note
from fedcom.wire.post import TYPES, thread_of
from inbox.ports import ReceivedActivity

MOST_ADDRESSED = 500
"""Of whom an object is addressed to or names, so many are looked for here."""

IDS_NAMED = 5
"""Of the ids in a circle, so many are named to whoever sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording(Action[Comment]):
    """The words of a comment, new or edited, and whom they concern."""

    by: Person
    body: Body
    language: str | None = None
    content_warning: str = ""
    # Null for words that are written here.
    source: Provenance | None = None
    is_content: ClassVar[bool] = True

    def check_words(self) -> None:
        """Raises Invalid unless they fit; a peer's were cut to size when read."""
        if self.source is None:
            check_comment(self.body.source)
            check_seen(self.body.html, "comment_empty")
            check_warning(self.content_warning)

    def stored(self, ctx: Context) -> dict[str, object]:
        """The columns that hold them."""
        body, warning = self.body, self.content_warning
        if self.source is None:
            body, warning = with_links(ctx, body), check_warning(warning)
        return {
            "body_source": body.source,
            "body_html": body.html,
            "language": self.language,
            "content_warning": warning,
        }

    def tell(self, ctx: Context, about: Comment, answered_id: int | None = None) -> None:
        """Tell whom the comment answers, when it is new, and whom it names."""
        news = News(
            kind="reply",
            by_id=self.by.id,
            community_id=get_post(ctx.conn, about.post_id).community_id,
            post_id=about.post_id,
            comment_id=about.id,
            written_at=about.updated_at or about.published_at,
        )
        told = adopt_mention(ctx, about.iri, news) if self.source is not None else frozenset()
        if answered_id is not None and answered_id not in told:
            notify(ctx, answered_id, news)
        tagged = None if self.source is None else self.source.mentions
        tell_named(ctx, about, tagged, replace(news, kind="mention"))

    def audience(self, ctx: Context, result: Comment) -> Audience:
        """The community, whom it answers and names, and who follows the author."""
        _, people = answered(ctx, result)
        return Audience(
            subject=result.iri,
            community=get_community(ctx.conn, get_post(ctx.conn, result.post_id).community_id),
            people=people,
            to_followers=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateComment(_Wording):
    """An answer to a post, or to a comment below it."""

    post: Post
    parent: Comment | None

    def check(self, ctx: Context) -> None:
        """Open to this person, and for comments of others: below something that is kept here."""
        community = get_community(ctx.conn, self.post.community_id)
        mine = standing(ctx.conn, self.by, community)
        may_comment(self.by, community, mine, self.post, self.parent, ctx.now)
        if self.parent is not None and self.parent.post_id != self.post.id:
            raise Invalid("wrong_thread", "The parent comment belongs to another post.")
        if self.parent is not None and self.parent.depth + 1 >= MAX_DEPTH:
            raise Invalid("max_comment_depth_reached", "The thread cannot get any deeper.")
        author = get_person(ctx.conn, (self.parent or self.post).author_id)
        refuse_reply_to_blocker(ctx, self.by, author)
        self.check_words()
        if self.source is not None:
            refuse_deleted(ctx, self.source.iri, self.by.iri)
        else:
            check_answerable(ctx, (self.parent or self.post).iri)

    def apply(self, ctx: Context) -> Comment:
        """Insert the comment with its author's own vote, as Lemmy counts it."""
        source = self.source or Provenance(f"new:{uuid4().hex}", "Note", None, None)
        comment_id = ctx.conn.execute(
            insert(comment)
            .values(
                iri=source.iri,
                local=self.source is None,
                post_id=self.post.id,
                parent_id=self.parent.id if self.parent else None,
                depth=self.parent.depth + 1 if self.parent else 0,
                locked_at=self.parent.locked_at if self.parent else None,
                author_id=self.by.id,
                **self.stored(ctx),
                published_at=min(source.published or ctx.now, ctx.now),
                updated_at=source.updated,
            )
            .returning(comment.c.id)
        ).scalar_one()
        above = f"{self.parent.path}." if self.parent else ""
        changes = {"path": f"{above}{comment_id:012d}"}
        if self.source is None:
            changes["iri"] = comment_iri(ctx.origin, comment_id)
        ctx.conn.execute(update(comment).where(comment.c.id == comment_id).values(**changes))
        made = get_comment(ctx.conn, comment_id)
        if self.source is not None:
            keep_restrictions(ctx, made.iri, self.source.restrictions)
        put_vote(ctx, self.by, made, 1, ctx.new_iri("like"))
        count_comment(ctx, made, 1)
        self.tell(ctx, made, (self.parent or self.post).author_id)
        return get_comment(ctx.conn, comment_id)

    def to_activity(self, ctx: Context, result: Comment) -> Activity:
        """Create{Note}."""
        return create(create_iri(result.iri), self.by.iri, note_of(ctx, result))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditComment(_Wording):
    """New words for a comment, by its author."""

    comment: Comment

    def check(self, ctx: Context) -> None:
        """The author's own, in a community that is open."""
        may_edit(self.by, self.comment, ctx.now)
        about = get_post(ctx.conn, self.comment.post_id)
        community = get_community(ctx.conn, about.community_id)
        may_take_part(self.by, community, standing(ctx.conn, self.by, community), ctx.now)
        _check_shown(self.comment)
        self.check_words()

    def apply(self, ctx: Context) -> Comment:
        """Replace the words and keep the former ones."""
        before = locked(ctx, self.comment)
        _check_shown(before)
        ctx.conn.execute(
            update(comment)
            .where(comment.c.id == self.comment.id)
            .values(
                **self.stored(ctx),
                updated_at=(self.source.updated if self.source else None) or ctx.now,
            )
        )
        edited = get_comment(ctx.conn, self.comment.id)
        if self.source is not None:
            keep_restrictions(ctx, edited.iri, self.source.restrictions)
        self.tell(ctx, edited)
        keep_revision(ctx, before, edited)
        return edited

    def to_activity(self, ctx: Context, result: Comment) -> Activity:
        """Update{Note}."""
        return update_activity(ctx.new_iri("update"), self.by.iri, note_of(ctx, result))


def _check_shown(about: Post | Comment) -> None:
    if not about.is_shown:
        raise Denied("deleted", "A deleted comment cannot be edited; restore it first.")


def note_of(ctx: Context, about: Comment) -> dict[str, object]:
    """A comment as a Note, with whom it answers and names."""
    parent_iri, people = answered(ctx, about)
    thread = get_post(ctx.conn, about.post_id)
    community = get_community(ctx.conn, thread.community_id)
    author = get_person(ctx.conn, about.author_id)
    is_open = thread.locked_at is None and about.locked_at is None
    above = Above(parent_iri, thread_of(thread), is_open=is_open)
    return to_note(about, author, community, above, people, first_replies(ctx, about))


def answered(ctx: Context, about: Comment) -> tuple[str, tuple[Actor, ...]]:
    """The id of what a comment answers, and whom the comment concerns: its author, the named."""
    above: Post | Comment = (
        get_comment(ctx.conn, about.parent_id)
        if about.parent_id is not None
        else get_post(ctx.conn, about.post_id)
    )
    people = [get_person(ctx.conn, above.author_id), *mentioned(ctx, about)]
    others = {someone.id: someone for someone in people if someone.id != about.author_id}
    return above.iri, tuple(others.values())


def content_at(
    ctx: Context, iri: str, via: str | None = None, *, below: str | None = None
) -> Post | Comment:
    """The post or comment with this id: ours, one we know, or made now from what its origin serves,
    with whatever it answers: the caller has seen that it concerns us.

    `via` is the community that speaks of it as its own, `below` the id of a comment that answers
    it. Raises Missing (to be fetched), NotFound, FetchFailed, and whatever refuses the making of
    it; Invalid `thread_circular` and `max_comment_depth_reached` for threads without a beginning.
    """
    above, comments = _climb(ctx, iri, via, below)
    for document in reversed(comments):
        above = perform(ctx, _comment_below(ctx, above, document, via), _told(document, via))
    return above


def _climb(
    ctx: Context, iri: str, via: str | None, below: str | None
) -> tuple[Post | Comment, list[Document]]:
    """What is kept here, or made now of a post, and the unknown comments from `iri` up to it."""
    comments: list[Document] = []
    passed = {} if below is None else {below: None}
    while True:
        if iri in passed:
            raise _circular(passed)
        known = _find_content(ctx, iri)
        if known is not None:
            return known, comments
        document = _document_at(ctx, iri)
        # Its id may be another than the address it was found at.
        real = document.id or iri
        if real != iri and (known := _find_content(ctx, real)) is not None:
            return known, comments
        _check_fetched(ctx, document, iri)
        document = with_author(ctx, document)
        if document.in_reply_to is None:
            return perform(ctx, create_from(ctx, document, via), _told(document, via)), comments
        if real in passed:
            raise _circular(passed)
        check_content(document)
        comments.append(document)
        if len(comments) > MAX_DEPTH:
            raise Invalid("max_comment_depth_reached", "The thread cannot get any deeper.")
        passed[real] = None
        iri = document.in_reply_to


def _circular(passed: Iterable[str]) -> Invalid:
    return Invalid(
        "thread_circular",
        "These comments reply to each other in a circle: %(ids)s.",
        ids=", ".join(islice(passed, IDS_NAMED)),
    )


def _find_content(ctx: Context, iri: str) -> Post | Comment | None:
    return find_content(ctx.conn, iri)


def _document_at(ctx: Context, iri: str) -> Document:
    if ctx.is_ours(iri):
        raise NotFound(
            "unknown_object", "There is no post or comment with the id %(iri)s here.", iri=iri
        )
    refuse_blocked(ctx, iri)
    return ctx.document(iri)


def _check_fetched(ctx: Context, document: Document, iri: str) -> None:
    """Raises Invalid for what is no content, and Denied for what a host serves in the name of
    somebody on another one.
    """
    if document.type not in TYPES or ctx.is_ours(document.id or iri):
        raise Invalid(
            "not_content",
            "%(iri)s is of type %(type)s, not a post or comment.",
            iri=iri,
            type=document.type,
        )
    verdict = judge_fetched(document, document.id or "", Known(hosts=frozenset({ctx.host})))
    if isinstance(verdict, Refuse):
        raise Denied(verdict.code, verdict.detail)


def _told(document: Document, via: str | None) -> ReceivedActivity:
    return ReceivedActivity(document, document.owner or "", via=via)


def content_from(
    ctx: Context, document: Document, via: str | None
) -> Action[Post] | Action[Comment]:
    """The action that a proven document stands for: a comment if it answers something."""
    if document.in_reply_to is None:
        return create_from(ctx, document, via)
    check_content(document)
    return _comment_below(ctx, _above(ctx, document, via), document, via)


def _comment_below(
    ctx: Context, above: Post | Comment, document: Document, via: str | None
) -> CreateComment:
    author_iri = check_content(document)
    about = above if isinstance(above, Post) else get_post(ctx.conn, above.post_id)
    _check_place(ctx, document, get_community(ctx.conn, about.community_id), via)
    content = read_comment(document)
    return CreateComment(
        by=participant_at(ctx, author_iri),
        post=about,
        parent=_parent(ctx, above) if isinstance(above, Comment) else None,
        body=content.body,
        language=content.language,
        content_warning=content.content_warning,
        source=_provenance(document, content),
    )


def _parent(ctx: Context, above: Comment) -> Comment:
    """The comment below which a peer's reply to `above` stands: beside the deepest ones there is
    room, so that a reply to one of these is not lost.
    """
    if above.depth + 1 < MAX_DEPTH or above.parent_id is None:
        return above
    return get_comment(ctx.conn, above.parent_id)


def _provenance(document: Document, content: CommentContent) -> Provenance:
    return Provenance(
        content.iri,
        document.type,
        content.published,
        content.updated,
        mentions=content.mentions,
        restrictions=content.restrictions,
    )


def _above(ctx: Context, document: Document, via: str | None) -> Post | Comment:
    """What is answered. An unknown parent is fetched only if the thread concerns somebody here."""
    iri = document.in_reply_to or ""
    known = _find_content(ctx, iri)
    if known is not None:
        return known
    if not (via is not None or ctx.wanted or concerns_us(ctx, document)):
        raise Denied(
            "not_followed", "It replies to nothing known here and mentions nobody on this server."
        )
    return content_at(ctx, iri, via, below=document.id)


def concerns_us(ctx: Context, document: Document) -> bool:
    """Whether the object is addressed to a local actor, or to one that somebody here follows."""
    named = (*document.addressed, *(mention.href for mention in document.mentions))
    addressed = tuple(dict.fromkeys(named))[:MOST_ADDRESSED]
    if not addressed:
        return False
    rows = ctx.conn.execute(
        select(actor.c.id, actor.c.local).where(actor.c.iri.in_(addressed))
    ).all()
    return any(row.local or is_followed_here(ctx.conn, row.id) for row in rows)


def _check_place(ctx: Context, document: Document, community: Community, via: str | None) -> None:
    if via is not None and via != community.iri:
        raise Denied(
            "wrong_community",
            "The thread is in %(community)s, not in %(via)s.",
            community=community.handle,
            via=via,
        )
    if (
        via is not None
        or community.local
        or ctx.wanted
        or same_host(document.owner or "", community.iri)
    ):
        return
    raise Denied(
        "waits_for_announce",
        "Comments in %(community)s are accepted once the community has announced them.",
        community=community.handle,
    )


def read_content(ctx: Context, received: ReceivedActivity) -> Action[Post] | Action[Comment] | None:
    """What a Note, a Page or whatever peers call it says to everybody: a post or a comment, or an
    edit of one. What answers something is a comment, whatever its type: Mastodon makes a Question
    of a reply with a poll.

    Raises Denied for what is not public.
    """
    document = received.object
    about = find_post(ctx.conn, document.id or "")
    if about is not None:
        return edit_from(ctx, about, received, document)
    known = find_comment(ctx.conn, document.id or "")
    if known is None:
        return content_from(ctx, document, received.via)
    check_public(document)
    content = read_comment(document)
    if is_overtaken(received, content, known):
        return None
    stored = Body(known.body_source, known.body_html)
    written = (content.body, content.language, content.content_warning)
    if written == (stored, known.language, known.content_warning):
        return None
    return EditComment(
        by=participant_at(ctx, document.owner or ""),
        comment=known,
        body=content.body,
        language=content.language,
        content_warning=content.content_warning,
        source=_provenance(document, content),
    )

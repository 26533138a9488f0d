"""The post or comment with an id: local, known, or now stored from its origin's document."""

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import select

from activitypub.authority import Known, Refuse, judge_fetched
from activitypub.document import Document
from fedcom.actions.base import Action
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.errors import Denied, Invalid, NotFound
from fedcom.inbound.comment import comment_below
from fedcom.inbound.post import check_content, create_post_from
from fedcom.models.actor import actor
from fedcom.models.comment import Comment
from fedcom.models.located import Located
from fedcom.models.post import Post
from fedcom.queries.content import find_content
from fedcom.queries.follows import is_followed_here
from fedcom.queries.located import find_located, locate
from fedcom.remote.actors import refuse_blocked, with_author
from fedcom.rules.limits import MAX_DEPTH
from fedcom.wire.post import TYPES
from inbox.ports import ReceivedActivity

IDS_NAMED = 5
"""How many ids of a circular thread are reported to the sender."""


MOST_ADDRESSED = 500
"""How many of an object's recipients and mentions are looked up here."""


def content_at(
    ctx: Context, iri: str, via: str | None = None, *, below: str | None = None
) -> Post | Comment:
    """The post or comment with this id: local, known, or now stored from its origin's document,
    with
    its unknown parents: the caller has checked that it concerns us.

    `via` is the community that claims it as its own, `below` the id of a comment that replies to
    it. Raises NeedsFetch, NotFound, FetchFailed, and the errors of the action that stores it;
    Invalid `thread_circular` and `max_comment_depth_reached` for threads without a beginning.
    """
    above, comments = _find_parents(ctx, iri, via, below)
    for document in reversed(comments):
        action = comment_below(ctx, locate(ctx, above), document, via)
        above = perform(ctx, action, _as_received(document, via))
    return above


def _find_parents(
    ctx: Context, iri: str, via: str | None, below: str | None
) -> tuple[Post | Comment, list[Document]]:
    """The stored content, or a post stored now, and the unknown comments from `iri` up to it."""
    comments: list[Document] = []
    passed = {} if below is None else {below: None}
    while True:
        if iri in passed:
            raise _circular(passed)
        known = find_content(ctx.conn, iri)
        if known is not None:
            return known, comments
        document = _document_at(ctx, iri)
        # Its id may differ from the address it was found at.
        real = document.id or iri
        if real != iri and (known := find_content(ctx.conn, real)) is not None:
            return known, comments
        _check_fetched(ctx, document, iri)
        document = with_author(ctx, document)
        if document.in_reply_to is None:
            return perform(
                ctx, create_post_from(ctx, document, via), _as_received(document, via)
            ), comments
        if real in passed:
            raise _circular(passed)
        check_content(document)
        comments.append(document)
        if len(comments) > MAX_DEPTH:
            raise Invalid("max_comment_depth_reached", "This thread can't go any deeper.")
        passed[real] = None
        iri = document.in_reply_to


def _circular(passed: Iterable[str]) -> Invalid:
    return Invalid(
        "thread_circular",
        "These comments reply to each other in a circle: %(ids)s.",
        ids=", ".join(islice(passed, IDS_NAMED)),
    )


def _document_at(ctx: Context, iri: str) -> Document:
    if ctx.is_ours(iri):
        raise NotFound(
            "unknown_object", "There is no post or comment with the id %(iri)s here.", iri=iri
        )
    refuse_blocked(ctx, iri)
    return ctx.document(iri)


def _check_fetched(ctx: Context, document: Document, iri: str) -> None:
    """Raises Invalid for other kinds of objects, and Denied for a document whose author is on
    another host than the one that serves it.
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


def _as_received(document: Document, via: str | None) -> ReceivedActivity:
    return ReceivedActivity(document, document.owner or "", via=via)


def content_from(
    ctx: Context, document: Document, via: str | None
) -> Action[Post] | Action[Comment]:
    """The action for a proven document: a comment if it is a reply, else a post."""
    if document.in_reply_to is None:
        return create_post_from(ctx, document, via)
    check_content(document)
    return comment_below(ctx, _above(ctx, document, via), document, via)


def _above(ctx: Context, document: Document, via: str | None) -> Located:
    """The parent. An unknown one is fetched only if the thread concerns a local actor."""
    iri = document.in_reply_to or ""
    known = find_located(ctx, iri, document.owner or "")
    if known is not None:
        return known
    if not (via is not None or ctx.wanted or concerns_us(ctx, document)):
        raise Denied(
            "not_followed", "It replies to nothing known here and mentions nobody on this server."
        )
    return locate(ctx, content_at(ctx, iri, via, below=document.id))


def concerns_us(ctx: Context, document: Document) -> bool:
    """Whether the object is addressed to a local actor, or to one that a member follows."""
    named = (*document.addressed, *(mention.href for mention in document.mentions))
    addressed = tuple(dict.fromkeys(named))[:MOST_ADDRESSED]
    if not addressed:
        return False
    rows = ctx.conn.execute(
        select(actor.c.id, actor.c.local).where(actor.c.iri.in_(addressed))
    ).all()
    return any(row.local or is_followed_here(ctx.conn, row.id) for row in rows)

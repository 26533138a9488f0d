"""The collections of a conversation: the whole thread of a post, and the replies to one object.

`context` (FEP-7888, FEP-f228) lists the ids of a post and all its comments; it belongs to the
community (FEP-11dd). `replies` (FEP-7458) lists the direct replies to a post or a comment. Both
exist only for local content; requests for a peer's are redirected. They list ids, so that readers
get each object from its own origin. PieFed 1.7 reads comments only from the objects in the
`orderedItems` of a post's `replies`, of the whole tree, as it lists them itself: so there local
comments are embedded, beside the `first` page of direct replies that others read.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activitypub.vocab.base import dump
from activitypub.vocab.collections import (
    collection_page,
    ordered_collection,
    ordered_collection_page,
)
from activitypub.vocab.objects import tombstone
from fedcom.actions.comment import note_of
from fedcom.context import Context
from fedcom.federation.documents import (
    Json,
    check_federated,
    context_of,
    open_community,
    to_be_found_at,
)
from fedcom.federation.paging import (
    check_page,
    count_pages,
    next_page,
    page_iri,
    previous_page,
)
from fedcom.federation.serving import ServedElsewhere, to_origin, to_response
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of
from fedcom.http.paging import page_in_query
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.comments import get_comment
from fedcom.queries.content import post_of
from fedcom.queries.conversations import (
    count_replies,
    count_thread,
    find_reply_ids,
    find_thread,
    find_thread_ids,
)
from fedcom.queries.located import keep_all_located
from fedcom.queries.posts import get_post
from fedcom.queries.replies import PAGE, first_replies, keep_replies
from fedcom.wire.addressing import context_iri, replies_iri

INLINE = 50
"""Comments of a tree that are listed at once, the oldest first."""


async def answer_context(request: Request) -> Response:
    """The thread of a local post; `?page=1` and so on are its pages.

    The ETag is NodeBB's digest of the ids, so a requester that has all of them gets 304.
    """
    row_id, page = number_of(request), page_in_query(request)

    def find(ctx: Context) -> tuple[Json | ServedElsewhere, str | None]:
        content = get_post(ctx.conn, row_id)
        community = open_community(ctx, content)
        if not content.local:
            return to_be_found_at(content, content.context_iri), None
        iri = context_iri(content.iri)
        if not content.is_shown:
            return _gone(iri, "OrderedCollection", content), None
        if page is not None:
            return _thread_page(ctx, content, iri, page), None
        ids = [content.iri, *find_thread_ids(ctx.conn, content.id)]
        document = ordered_collection(
            iri,
            len(ids),
            first=page_iri(iri, 1),
            last=page_iri(iri, count_pages(len(ids), PAGE)),
            owner=community.iri,
            audience=community.iri,
        )
        return document, digest(ids)

    return await _answer(request, find)


async def answer_post_replies(request: Request) -> Response:
    """The direct replies to a local post."""
    row_id, page = number_of(request), page_in_query(request)
    return await _answer(
        request, lambda ctx: (_replies_to_post(ctx, get_post(ctx.conn, row_id), page), None)
    )


async def answer_comment_replies(request: Request) -> Response:
    """The direct replies to a local comment."""
    row_id, page = number_of(request), page_in_query(request)
    return await _answer(
        request, lambda ctx: (_replies_to_comment(ctx, get_comment(ctx.conn, row_id), page), None)
    )


def digest(ids: Iterable[str]) -> str:
    """A digest by which two servers check whether they know the same posts: 64 hexadecimal digits.

    The XOR of the SHA-256 of each id, in any order (NodeBB 4, as FEP-8fcf does it).
    """
    total = 0
    for iri in ids:
        total ^= int.from_bytes(hashlib.sha256(iri.encode()).digest())
    return f"{total:064x}"


async def _answer(
    request: Request, work: Callable[[Context], tuple[Json | ServedElsewhere, str | None]]
) -> Response:
    instance = instance_of(request)

    def find(conn: Connection) -> tuple[Json | ServedElsewhere, str | None]:
        check_federated(conn)
        return work(context_of(conn, instance))

    found, tag = await instance.read(find)
    if isinstance(found, ServedElsewhere):
        return to_origin(found)
    gone = found["type"] == "Tombstone"
    return to_response(request, dump(found), 410 if gone else 200, tag=tag)


def _thread_page(ctx: Context, post: Post, iri: str, page: int) -> Json:
    total = 1 + count_thread(ctx.conn, post.id)
    check_page(page, total, PAGE)
    # The post itself is the first item of the first page.
    skip = max(0, (page - 1) * PAGE - 1)
    root = [post.iri] if page == 1 else []
    ids = root + find_thread_ids(ctx.conn, post.id, offset=skip, limit=PAGE - len(root))
    return ordered_collection_page(
        page_iri(iri, page),
        iri,
        ids,
        total=total,
        next_page=next_page(iri, page, total, PAGE),
        previous_page=previous_page(iri, page),
    )


def _replies_to_post(ctx: Context, post: Post, page: int | None) -> Json | ServedElsewhere:
    """In order, with the whole tree beside the first page."""
    other = _instead(ctx, post, "OrderedCollection")
    if other is not None:
        return other
    found = _reply_page(ctx, post, page or 1)
    iri = replies_iri(post.iri)
    listed = ordered_collection_page(found.iri, iri, found.ids, next_page=found.following)
    if page is not None:
        return listed
    return ordered_collection(iri, found.total, items=_tree(ctx, post), first=listed)


def _replies_to_comment(ctx: Context, comment: Comment, page: int | None) -> Json | ServedElsewhere:
    """As they are embedded in its Note."""
    other = _instead(ctx, comment, "Collection")
    if other is not None:
        return other
    if page is None:
        return first_replies(ctx, comment)
    found = _reply_page(ctx, comment, page)
    return collection_page(
        found.iri, replies_iri(comment.iri), found.ids, next_page=found.following
    )


def _instead(ctx: Context, content: Post | Comment, kind: str) -> Json | ServedElsewhere | None:
    """The answer for another server's content, which names the collection, and for hidden content.

    Raises NotFound if the community is closed.
    """
    open_community(ctx, post_of(ctx.conn, content))
    if not content.local:
        return to_be_found_at(content)
    return None if content.is_shown else _gone(replies_iri(content.iri), kind, content)


@dataclass(frozen=True, slots=True)
class _ReplyPage:
    """One page of direct replies: its address, their ids, and the address of the next page."""

    iri: str
    ids: list[str]
    following: str | None
    total: int


def _reply_page(ctx: Context, content: Post | Comment, page: int) -> _ReplyPage:
    iri, total = replies_iri(content.iri), count_replies(ctx.conn, content)
    check_page(page, total, PAGE)
    ids = find_reply_ids(ctx.conn, content, offset=(page - 1) * PAGE, limit=PAGE)
    return _ReplyPage(page_iri(iri, page), ids, next_page(iri, page, total, PAGE), total)


def _tree(ctx: Context, post: Post) -> list[str | Json]:
    """The first comments of a post: local ones as Notes, remote ones by their ids."""
    found = find_thread(ctx.conn, post.id, limit=INLINE)
    ours = [content for content in found if content.local]
    keep_all_located(ctx, ours)
    keep_replies(ctx, ours)
    return [note_of(ctx, content) if content.local else content.iri for content in found]


def _gone(iri: str, kind: str, content: Post | Comment) -> Json:
    return tombstone(iri, former_type=kind, deleted=content.deleted_at or content.removed_at)


ROUTES = [
    Route("/post/{number:int}/context", answer_context, methods=["GET"]),
    Route("/post/{number:int}/replies", answer_post_replies, methods=["GET"]),
    Route("/comment/{number:int}/replies", answer_comment_replies, methods=["GET"]),
]

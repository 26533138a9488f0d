"""The direct replies to a post or a comment, as embedded in its Note and at their own address.

Whoever writes the Notes of many comments calls `keep_replies` first, which reads the replies to all
of them at once and keeps them in the context; otherwise each Note would read its own. Only for
documents, which change nothing: what is kept would not include a reply that is made afterwards.
"""

from collections.abc import Collection
from typing import Any

from activitypub.vocab.collections import collection, collection_page
from fedcom.context import Context
from fedcom.models.comment import Comment
from fedcom.models.located import DirectReplies
from fedcom.models.post import Post
from fedcom.queries.conversations import count_replies, find_replies_to, find_reply_ids
from fedcom.wire.addressing import replies_iri

PAGE = 100
"""Ids per page."""


def first_replies(ctx: Context, content: Post | Comment) -> dict[str, Any]:
    """The collection of replies with its first page embedded.

    A Note contains it whole: GoToSocial 0.20 ignores a collection given by its id alone, and logs
    an error; Mastodon takes the first five from here.
    """
    iri = replies_iri(content.iri)
    kept = None if isinstance(content, Post) else ctx.cache.replies.get(content.id)
    found = kept or _read(ctx, content)
    following = page_iri(iri, 2) if found.total > PAGE else None
    first = collection_page(page_iri(iri, 1), iri, found.ids, next_page=following)
    return collection(iri, found.total, first=first)


def keep_replies(ctx: Context, comments: Collection[Comment]) -> None:
    """Read the first page of replies to each of these comments, for `first_replies`."""
    ids = [content.id for content in comments]
    found = find_replies_to(ctx.conn, ids, limit=PAGE) if ids else {}
    ctx.cache.replies.update(dict.fromkeys(ids, DirectReplies([], 0)) | dict(found))


def _read(ctx: Context, content: Post | Comment) -> DirectReplies:
    ids = find_reply_ids(ctx.conn, content, limit=PAGE)
    return DirectReplies(ids, len(ids) if len(ids) < PAGE else count_replies(ctx.conn, content))


def page_iri(iri: str, page: int) -> str:
    """The address of a page of a collection; the first is 1."""
    return f"{iri}?page={page}"

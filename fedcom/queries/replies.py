"""The direct replies to a post or a comment, as embedded in its Note and at their own address."""

from typing import Any

from activitypub.vocab.collections import collection, collection_page
from fedcom.context import Context
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.conversations import count_replies, find_reply_ids
from fedcom.wire.addressing import replies_iri

PAGE = 100
"""Ids per page."""


def first_replies(ctx: Context, content: Post | Comment) -> dict[str, Any]:
    """The collection of replies with its first page embedded.

    A Note contains it whole: GoToSocial 0.20 ignores a collection given by its id alone, and logs
    an error; Mastodon takes the first five from here.
    """
    iri = replies_iri(content.iri)
    ids = find_reply_ids(ctx.conn, content, limit=PAGE)
    total = len(ids) if len(ids) < PAGE else count_replies(ctx.conn, content)
    following = page_iri(iri, 2) if total > PAGE else None
    return collection(
        iri, total, first=collection_page(page_iri(iri, 1), iri, ids, next_page=following)
    )


def page_iri(iri: str, page: int) -> str:
    """The address of a page of a collection; the first is 1."""
    return f"{iri}?page={page}"

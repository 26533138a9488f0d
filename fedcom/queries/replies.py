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
    post_id, parent_id = parents_of_replies(content)
    ids = find_reply_ids(ctx.conn, post_id, parent_id, limit=PAGE)
    total = len(ids) if len(ids) < PAGE else count_replies(ctx.conn, post_id, parent_id)
    following = page_iri(iri, 2) if total > PAGE else None
    return collection(
        iri, total, first=collection_page(page_iri(iri, 1), iri, ids, next_page=following)
    )


def parents_of_replies(content: Post | Comment) -> tuple[int, int | None]:
    """The row ids of the post and of the comment that are the parents of replies to `content`."""
    return (content.id, None) if isinstance(content, Post) else (content.post_id, content.id)


def page_iri(iri: str, page: int) -> str:
    """The address of a page of a collection; the first is 1."""
    return f"{iri}?page={page}"

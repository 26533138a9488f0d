"""Posts by id and by IRI."""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, exists, select

from fedcom.errors import NotFound
from fedcom.models.base import columns_of, first_row
from fedcom.models.post import Post, post

POST = select(*columns_of(Post, post))
_BY_IRI = POST.where(post.c.iri == bindparam("iri"))
_BY_ID = POST.where(post.c.id == bindparam("id"))


def find_post(conn: Connection, iri: str) -> Post | None:
    """The post with this ActivityPub id, deleted or not."""
    return first_row(Post, conn.execute(_BY_IRI, {"iri": iri}))


def find_post_of_thread(conn: Connection, community_ids: Collection[int], iri: str) -> Post | None:
    """The post in one of these communities whose origin gives `iri` as its thread (FEP-7888)."""
    inside = post.c.community_id.in_(community_ids) & (post.c.context_iri == iri)
    return first_row(Post, conn.execute(POST.where(inside).order_by(post.c.id).limit(1)))


def get_post(conn: Connection, post_id: int) -> Post:
    """The post with this row id, deleted or not. Raises NotFound."""
    found = first_row(Post, conn.execute(_BY_ID, {"id": post_id}))
    if found is None:
        raise NotFound("couldnt_find_post", "Post not found.")
    return found


def has_posted(conn: Connection, person_id: int, community_id: int) -> bool:
    """Whether a person has written a post in a community, deleted or not."""
    theirs = post.c.author_id == person_id, post.c.community_id == community_id
    return bool(conn.execute(select(exists().where(*theirs))).scalar())

"""Ids under which nothing is stored, as those of new posts and comments: one statement asks all
tables that reading the Create of one asks, one after the other.

Only "nothing at all" is kept, in the context, until the action is over. If there is something, each
reader asks its own table, as for other activities.
"""

from sqlalchemy import BindParameter, bindparam, exists, or_, select

from activitypub.document import Document
from fedcom.context import Context
from fedcom.models.comment import comment
from fedcom.models.digest import digest_of
from fedcom.models.moderation import tombstone
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import post
from fedcom.models.purge import purged


def look_up_ids(ctx: Context, create: Document) -> None:
    """Find out whether the id of a Create's object and the digest of its own id are unused."""
    iri = create.object_id
    if iri is None or create.id is None:
        return
    digest = digest_of(create.id)
    keys = {"object": iri, "object_digest": digest_of(iri), "digest": digest}
    if not ctx.conn.execute(_IS_USED, keys).scalar_one():
        # Not the Create's id, which may be that of a post here: only a digest of it was looked for.
        ctx.cache.unused.update((iri, digest))


def is_unused(ctx: Context, key: str) -> bool:
    """Whether it is known that nothing is stored under `key`: if that is an id, no post, comment,
    tombstone, mention elsewhere or trace of a purge, and if it is an activity's digest, no
    tombstone. False if `look_up_ids` was not asked.
    """
    return key in ctx.cache.unused


# Built in advance, because building a statement costs more than running it.
_OBJECT: BindParameter[str] = bindparam("object")
_IS_USED = select(
    or_(
        exists().where(post.c.iri == _OBJECT),
        exists().where(comment.c.iri == _OBJECT),
        exists().where(outside_mention.c.iri == _OBJECT),
        exists().where(tombstone.c.iri.in_([_OBJECT, bindparam("digest")])),
        exists().where(purged.c.digest == bindparam("object_digest")),
    )
)

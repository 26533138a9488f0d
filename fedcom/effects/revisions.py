"""Previous versions of posts and comments: kept on an edit, erased with a deletion."""

from sqlalchemy import delete, insert, select

from fedcom.context import Context
from fedcom.models.actor import Actor
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post
from fedcom.models.revision import revision
from fedcom.queries.content import is_about, reference_to

KEPT = 50
"""Previous versions of one post or comment; a peer that keeps editing does not fill the disk."""


def keep_revision(ctx: Context, before: Post | Comment, after: Post | Comment) -> None:
    """Store the version before an edit if a reader could see the difference."""
    if _read(before) == _read(after):
        return
    ctx.conn.execute(
        insert(revision).values(
            **reference_to(before),
            title=before.title,
            url=before.url,
            body_html=before.body_html,
            written_at=before.updated_at or before.published_at,
            replaced_at=after.updated_at or ctx.now,
        )
    )
    newest = select(revision.c.id).where(is_about(revision, before)).order_by(revision.c.id.desc())
    oldest_kept = newest.offset(KEPT - 1).limit(1).scalar_subquery()
    ctx.conn.execute(
        delete(revision).where(is_about(revision, before), revision.c.id < oldest_kept)
    )


def forget_revisions(ctx: Context, content: Post | Comment) -> None:
    """Erase all previous versions of a post or comment."""
    ctx.conn.execute(delete(revision).where(is_about(revision, content)))


def forget_revisions_of(ctx: Context, author: Actor) -> None:
    """Erase all previous versions of a person's posts and comments."""
    posts = select(post.c.id).where(post.c.author_id == author.id)
    comments = select(comment.c.id).where(comment.c.author_id == author.id)
    ctx.conn.execute(delete(revision).where(revision.c.post_id.in_(posts)))
    ctx.conn.execute(delete(revision).where(revision.c.comment_id.in_(comments)))


def _read(content: Post | Comment) -> tuple[str, str | None, str]:
    return content.title, content.url, content.body_html

"""The posts that wait for a preview of their link: the table `link_preview` is the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from database.inserts import upsert
from fedcom.context import Context
from fedcom.media.records import find_media, name_in
from fedcom.models.media import link_preview
from fedcom.models.post import Post, post

LEASE = timedelta(minutes=5)
"""How long a process may work on a preview; after a crash another takes it after this time."""

PAUSES = (timedelta(minutes=2), timedelta(hours=1), timedelta(hours=12))
"""Pauses before further attempts; after the last one it has failed."""

ATTEMPTS = len(PAUSES) + 1


@dataclass(frozen=True, slots=True)
class PreviewJob:
    """A post whose preview is to be made: its link, and the picture that came with it."""

    post_id: int
    url: str | None
    image_url: str | None
    target: str
    attempts: int


def want_preview(ctx: Context, about: Post) -> None:
    """Enqueue the preview of a new or edited post. Nothing is fetched here.

    A picture that was uploaded here is its own preview.
    """
    target = about.image_url or about.url
    if target is None:
        ctx.conn.execute(delete(link_preview).where(link_preview.c.post_id == about.id))
        return
    known = ctx.conn.execute(
        select(link_preview.c.url).where(link_preview.c.post_id == about.id)
    ).scalar()
    if known == target:
        return
    name = name_in(ctx.origin, target)
    ours = find_media(ctx.conn, name) if name else None
    values = {
        "post_id": about.id,
        "url": target,
        "state": "waiting" if name is None else "done",
        "title": "",
        "description": "",
        "media_id": ours.id if ours else None,
        "attempts": 0,
        "due_at": ctx.now,
    }
    upsert(ctx.conn, link_preview, values, key=["post_id"])


def claim_previews(ctx: Context, limit: int) -> Sequence[PreviewJob]:
    """Claim some that are due; no other process gets them meanwhile."""
    due = (
        select(link_preview.c.post_id)
        .where(link_preview.c.state == "waiting", link_preview.c.due_at <= ctx.now)
        .order_by(link_preview.c.due_at)
        .limit(limit)
    )
    rows = ctx.conn.execute(
        update(link_preview)
        .where(
            link_preview.c.post_id.in_(due.scalar_subquery()),
            # Checked again under the row's lock: on PostgreSQL another process may be faster.
            link_preview.c.due_at <= ctx.now,
        )
        .values(due_at=ctx.now + LEASE, attempts=link_preview.c.attempts + 1)
        .returning(link_preview.c.post_id, link_preview.c.url, link_preview.c.attempts)
    ).all()
    taken = {row.post_id: row for row in rows}
    about = ctx.conn.execute(
        select(post.c.id, post.c.url, post.c.image_url).where(post.c.id.in_(sorted(taken)))
    ).all()
    return [
        PreviewJob(one.id, one.url, one.image_url, taken[one.id].url, taken[one.id].attempts)
        for one in about
    ]


def finish_preview(
    ctx: Context, job: PreviewJob, *, title: str, description: str, media_id: int | None
) -> None:
    """Store the result, unless the post was edited meanwhile."""
    _update(ctx, job, state="done", title=title, description=description, media_id=media_id)


def fail_preview(ctx: Context, job: PreviewJob, *, passing: bool) -> None:
    """Store that an attempt failed: with `passing` it is retried later, up to a number of times."""
    if passing and job.attempts < ATTEMPTS:
        _update(ctx, job, due_at=ctx.now + PAUSES[job.attempts - 1])
    else:
        _update(ctx, job, state="failed")


def _update(ctx: Context, job: PreviewJob, **values: object) -> None:
    ctx.conn.execute(
        update(link_preview)
        .where(link_preview.c.post_id == job.post_id, link_preview.c.url == job.target)
        .values(**values)
    )


def next_due(conn: Connection) -> datetime | None:
    """When the next preview is due; None without one."""
    return conn.execute(
        select(link_preview.c.due_at)
        .where(link_preview.c.state == "waiting")
        .order_by(link_preview.c.due_at)
        .limit(1)
    ).scalar()

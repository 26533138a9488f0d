"""The rows of pictures: whose they are, what they are for, and whether anything shows them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, exists, func, literal, or_, select, update

from database.inserts import insert_ignoring
from fedcom.context import Context
from fedcom.media.picture import MEDIA_TYPE, POST, PREVIEW
from fedcom.media.pictures import StoredPicture
from fedcom.models.actor import actor
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.comment import comment
from fedcom.models.decoration import custom_emoji
from fedcom.models.media import Media, Purpose, link_preview, media
from fedcom.models.message import message
from fedcom.models.personal import draft
from fedcom.models.post import post
from fedcom.models.rule import rule
from fedcom.models.site import site, site_page
from fedcom.queries.visibility import is_not_deleted, is_shown

FOLDER = "/media/"
"""The path of all pictures except copies from other servers."""

PICTRS = "/pictrs/image"
"""The path under which Lemmy's apps know them (`fedcom.api.pictrs`)."""

UNDELETABLE_AFTER = timedelta(days=1)
"""How long the pictures of a deleted post stay, so that it can be brought back with them."""

ASKED_FOR = timedelta(days=14)
"""For how long a new picture, and those of something just deleted, are checked every time."""

TURNS = 720
"""Of the older ones, each hour one in this many is checked too: each of them once a month."""

BATCH = 100
PREVIEWS_KEPT = timedelta(days=180)

MAX_SIZES = 200
"""The maximum of pictures on one page whose sizes are looked up."""

_MEDIA = select(*columns_of(Media, media))
_SIZES = select(media.c.name, media.c.source_url, media.c.width, media.c.height)


def media_url(origin: str, name: str) -> str:
    """The address of a picture, for texts and for other servers."""
    return f"{origin}{FOLDER}{name}"


def to_own_addresses(text: str, origin: str) -> str:
    """A text in which an app names our pictures as pict-rs would, with their addresses as we store
    them, so that the pictures count as used.
    """
    return text.replace(f"{origin}{PICTRS}/", media_url(origin, ""))


def name_in(origin: str, url: str | None) -> str | None:
    """The name of the picture at an address of ours; None for all other addresses."""
    start = media_url(origin, "")
    return url.removeprefix(start) if url and url.startswith(start) else None


def put_media(
    ctx: Context,
    kept: StoredPicture,
    purpose: Purpose,
    *,
    owner_id: int | None = None,
    source_url: str | None = None,
) -> Media:
    """Store a picture whose files are written; the same picture again gets its existing row."""
    values = {
        "name": kept.name,
        "thumbnail": kept.thumbnail,
        "owner_id": owner_id,
        "purpose": purpose,
        "media_type": MEDIA_TYPE,
        "width": kept.width,
        "height": kept.height,
        "bytes": kept.bytes,
        "source_url": source_url,
        "created_at": ctx.now,
    }
    # The same picture may be uploaded twice at the same time.
    if not insert_ignoring(ctx.conn, media, values) and owner_id is not None:
        # A picture that was fetched for a preview has no owner until somebody uploads it.
        ctx.conn.execute(
            update(media)
            .where(media.c.name == kept.name, media.c.owner_id.is_(None))
            .values(owner_id=owner_id, purpose=purpose, created_at=ctx.now)
        )
    return to_row(Media, ctx.conn.execute(_MEDIA.where(media.c.name == kept.name)).mappings().one())


def find_media(conn: Connection, name: str) -> Media | None:
    """The picture with this name."""
    return first_row(Media, conn.execute(_MEDIA.where(media.c.name == name)))


def find_media_by_id(conn: Connection, media_id: int) -> Media | None:
    """The picture with this row id."""
    return first_row(Media, conn.execute(_MEDIA.where(media.c.id == media_id)))


def find_media_of(conn: Connection, source_url: str) -> Media | None:
    """The newest picture that was fetched from this address."""
    found = conn.execute(
        _MEDIA.where(media.c.source_url == source_url).order_by(media.c.id.desc()).limit(1)
    )
    return first_row(Media, found)


def find_sizes(conn: Connection, origin: str, urls: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Width and height of the pictures at these addresses, as far as they are known: of ours, and
    of those that were fetched for previews.
    """
    wanted = [*dict.fromkeys(urls)][:MAX_SIZES]
    names = {name: url for url in wanted if (name := name_in(origin, url))}
    found: dict[str, tuple[int, int]] = {}
    if names:
        rows = conn.execute(_SIZES.where(media.c.name.in_(names)))
        found |= {names[row.name]: (row.width, row.height) for row in rows}
    remote = [url for url in wanted if url not in found]
    if remote:
        rows = conn.execute(_SIZES.where(media.c.source_url.in_(remote)))
        found |= {row.source_url: _as_fetched(row.width, row.height) for row in rows}
    return found


def _as_fetched(width: int, height: int) -> tuple[int, int]:
    """The size of a picture of which the preview has this size.

    One that fills its preview may have been larger, and is then shown as wide as the page.
    """
    is_full = max(width, height) >= max(PREVIEW.width, PREVIEW.height)
    factor = POST.width / PREVIEW.width if is_full else 1
    return round(width * factor), round(height * factor)


def list_uploads(conn: Connection, owner_id: int, *, before: int, limit: int) -> Sequence[Media]:
    """A member's uploads, newest first, with ids below `before` (0: from the newest)."""
    wanted = _MEDIA.where(media.c.owner_id == owner_id)
    if before:
        wanted = wanted.where(media.c.id < before)
    rows = conn.execute(wanted.order_by(media.c.id.desc()).limit(limit)).mappings()
    return [to_row(Media, row) for row in rows]


def sum_uploads(conn: Connection, owner_ids: Sequence[int]) -> dict[int, int]:
    """How many bytes the uploads of each of these members have; those without any are left out."""
    rows = conn.execute(
        select(media.c.owner_id, func.sum(media.c.bytes).label("bytes"))
        .where(media.c.owner_id.in_(owner_ids))
        .group_by(media.c.owner_id)
    )
    # PostgreSQL gives a decimal number for a sum.
    return {row.owner_id: int(row.bytes) for row in rows}


def forget_media(ctx: Context, found: Media) -> list[str]:
    """Delete the row; the names of the files that are to be removed after the commit."""
    ctx.conn.execute(
        update(link_preview).where(link_preview.c.media_id == found.id).values(media_id=None)
    )
    ctx.conn.execute(delete(media).where(media.c.id == found.id))
    names = [name for name in (found.name, found.thumbnail) if name]
    return [name for name in names if not _is_named(ctx.conn, name)]


def _is_named(conn: Connection, name: str) -> bool:
    return bool(
        conn.execute(
            select(exists().where(or_(media.c.name == name, media.c.thumbnail == name)))
        ).scalar()
    )


def list_names(conn: Connection) -> set[str]:
    """The names of all files that rows name."""
    rows = conn.execute(select(media.c.name, media.c.thumbnail))
    return {name for row in rows for name in row if name}


def is_used(conn: Connection, found: Media, origin: str, now: datetime) -> bool:
    """Whether this picture is used by anything that is shown here or may be restored.

    First the owner's own content is searched, by an index; everything else only if it is not there.
    """
    url = media_url(origin, found.name)
    return _is_avatar(conn, found, url) or any(
        bool(conn.execute(select(exists(statement))).scalar())
        for statement in (*_of_owner(found, url, now), *_anywhere(found, url, now))
    )


def _is_avatar(conn: Connection, found: Media, url: str) -> bool:
    statement = select(
        exists().where(
            actor.c.local.is_(True),
            or_(
                actor.c.icon_url == url,
                actor.c.image_url == url,
                actor.c.summary_source.contains(found.name, autoescape=True),
            ),
        )
        | exists().where(custom_emoji.c.image_url == url)
        | exists().where(rule.c.text_source.contains(found.name, autoescape=True))
        | exists().where(site_page.c.source.contains(found.name, autoescape=True))
        | exists().where(
            or_(
                site.c.logo == found.name,
                site.c.banner == found.name,
                site.c.announcement_source.contains(found.name, autoescape=True),
                site.c.legal_source.contains(found.name, autoescape=True),
                site.c.description_source.contains(found.name, autoescape=True),
                site.c.rules_source.contains(found.name, autoescape=True),
            )
        )
    )
    return bool(conn.execute(statement).scalar())


def _of_owner(found: Media, url: str, now: datetime) -> list[Select[tuple[int]]]:
    return [
        _posts(found, url, now).where(post.c.author_id == found.owner_id),
        _comments(found, now).where(comment.c.author_id == found.owner_id),
    ]


def _anywhere(found: Media, url: str, now: datetime) -> list[Select[tuple[int]]]:
    return [
        select(draft.c.person_id).where(draft.c.fields.contains(found.name, autoescape=True)),
        select(message.c.id).where(message.c.body_source.contains(found.name, autoescape=True)),
        _posts(found, url, now),
        _comments(found, now),
    ]


def _posts(found: Media, url: str, now: datetime) -> Select[tuple[int]]:
    return select(post.c.id).where(
        or_(
            post.c.url == url,
            post.c.image_url == url,
            post.c.body_source.contains(found.name, autoescape=True),
        ),
        or_(is_not_deleted(post), post.c.deleted_at > now - UNDELETABLE_AFTER),
    )


def _comments(found: Media, now: datetime) -> Select[tuple[int]]:
    return select(comment.c.id).where(
        comment.c.body_source.contains(found.name, autoescape=True),
        or_(is_not_deleted(comment), comment.c.deleted_at > now - UNDELETABLE_AFTER),
    )


def list_forgotten_previews(conn: Connection, now: datetime) -> Sequence[Media]:
    """A batch of pictures that no preview shows any more, or that are too old."""
    statement = (
        _MEDIA.where(media.c.purpose == "preview", media.c.created_at < now - UNDELETABLE_AFTER)
        .where(
            or_(
                media.c.created_at < now - PREVIEWS_KEPT,
                ~exists().where(
                    link_preview.c.media_id == media.c.id,
                    post.c.id == link_preview.c.post_id,
                    is_shown(post),
                ),
            )
        )
        .order_by(media.c.id)
        .limit(BATCH)
    )
    return [to_row(Media, row) for row in conn.execute(statement).mappings()]


def list_old_uploads(conn: Connection, origin: str, now: datetime, after: int) -> Sequence[Media]:
    """Uploads to be checked for use now, by id from `after` on.

    These are the ones between a day and two weeks old, those of posts and members that were deleted
    in the last two weeks, and of all others those whose turn it is in this hour.
    """
    hour = int(now.timestamp() // 3600)
    turn = (media.c.created_at > now - ASKED_FOR) | (media.c.id % TURNS == hour % TURNS)
    asked = (media.c.created_at <= now - UNDELETABLE_AFTER) & turn
    departed = select(actor.c.id).where(
        actor.c.local.is_(True), actor.c.deleted_at > now - ASKED_FOR
    )
    gone = (
        select(post.c.image_url)
        .where(
            post.c.local.is_(True),
            post.c.deleted_at > now - ASKED_FOR,
            post.c.deleted_at <= now - UNDELETABLE_AFTER,
        )
        .scalar_subquery()
    )
    address = literal(media_url(origin, "")).concat(media.c.name)
    statement = (
        _MEDIA.where(media.c.purpose != "preview", media.c.id > after)
        .where(or_(asked, address.in_(gone), media.c.owner_id.in_(departed)))
        .order_by(media.c.id)
        .limit(BATCH)
    )
    return [to_row(Media, row) for row in conn.execute(statement).mappings()]

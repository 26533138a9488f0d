"""Uploaded pictures with their owners: one member's, and for admins all of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, select

from fedcom.db import BigId
from fedcom.models.actor import actor
from fedcom.models.base import values_of
from fedcom.models.media import media
from fedcom.views.paging import Page, Start, is_past, one_page, page_values, to_page
from fedcom.views.person import PersonView, actor_columns, to_person

PAGE = 30


@dataclass(frozen=True, slots=True)
class UploadView:
    """A picture; `bytes` is its size without the thumbnail."""

    id: int
    name: str
    thumbnail: str | None
    width: int
    height: int
    bytes: int
    created_at: datetime
    owner: PersonView


@dataclass(frozen=True, slots=True)
class SpaceUsed:
    """How much one member has uploaded."""

    owner: PersonView
    pictures: int
    bytes: int


_FIELDS = ("id", "name", "thumbnail", "width", "height", "bytes", "created_at")
_VALUES = values_of(UploadView, without=("owner",))
_OWNED = media.join(actor, actor.c.id == media.c.owner_id)
_ALL = one_page(
    select(*(media.c[name] for name in _FIELDS), *actor_columns(actor, "owner_"))
    .select_from(_OWNED)
    .where(is_past(media.c.id))
    .order_by(media.c.id.desc())
)
_OF_ONE = _ALL.where(media.c.owner_id == bindparam("owner", type_=BigId))
_sums = (
    select(
        media.c.owner_id,
        func.count().label("pictures"),
        func.sum(media.c.bytes).label("bytes"),
    )
    .where(media.c.owner_id.is_not(None))
    .group_by(media.c.owner_id)
    .order_by(func.sum(media.c.bytes).desc(), media.c.owner_id)
    .limit(bindparam("count"))
    .subquery()
)
_USAGE = (
    select(_sums.c.pictures, _sums.c.bytes, *actor_columns(actor, "owner_"))
    .join(actor, actor.c.id == _sums.c.owner_id)
    .order_by(_sums.c.bytes.desc(), _sums.c.owner_id)
)


def list_all_uploads(
    conn: Connection, *, owner_id: int = 0, after: Start = None, limit: int = PAGE
) -> Page[UploadView]:
    """Uploads, newest first: those of one member, or with `owner_id` 0 of all."""
    wanted = {"owner": owner_id, **page_values(after, limit)}
    rows = conn.execute(_OF_ONE if owner_id else _ALL, wanted).mappings().all()
    return to_page(rows, limit, _to_upload, "id")


def list_space_used(conn: Connection, *, limit: int) -> list[SpaceUsed]:
    """The members whose uploads take up the most space, with how much."""
    rows = conn.execute(_USAGE, {"count": limit}).mappings()
    # PostgreSQL gives a decimal number for a sum.
    return [SpaceUsed(to_person(row, "owner_"), row["pictures"], int(row["bytes"])) for row in rows]


def _to_upload(row: RowMapping) -> UploadView:
    # In the order of the last fields.
    around: tuple[Any, ...] = (to_person(row, "owner_"),)
    return UploadView(*_VALUES(row) + around)

"""Members' uploads: limited, so that nobody fills the disk, listed, and deleted on request."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from fedcom.accounts.rate_limits import UPLOADS, count_action
from fedcom.context import Context
from fedcom.errors import Denied, NotFound
from fedcom.media.pictures import StoredPicture
from fedcom.media.records import find_media, forget_media, list_uploads, put_media, sum_uploads
from fedcom.models.actor import Person
from fedcom.models.media import Media, Purpose
from fedcom.models.site import site
from fedcom.rules.permissions import may_act

PAGE = 30

MEGABYTE = 1_000_000


def begin_upload(ctx: Context, by: Person) -> None:
    """Check that a member may upload, before the picture is read.

    Raises Denied when they are banned or have used up the storage that the site gives each member
    (`upload_quota`), and TooMany.
    """
    may_act(by, ctx.now)
    quota = ctx.conn.execute(select(site.c.upload_quota)).scalar() or 0
    if quota and sum_uploads(ctx.conn, [by.id]).get(by.id, 0) >= quota * MEGABYTE:
        raise Denied(
            "upload_quota",
            "Your pictures take up the %(count)s MB that each member has. Delete some first.",
            count=quota,
        )
    count_action(ctx, by, UPLOADS)


def finish_upload(ctx: Context, by: Person, kept: StoredPicture, purpose: Purpose) -> Media:
    """Store the row of a picture whose files are written."""
    return put_media(ctx, kept, purpose, owner_id=by.id)


def list_uploads_of(conn: Connection, by: Person, before: int = 0) -> Sequence[Media]:
    """The newest `PAGE` pictures of a member, with ids below `before` if that is given."""
    return list_uploads(conn, by.id, before=before, limit=PAGE)


def delete_upload(ctx: Context, by: Person, name: str, *, is_admin: bool = False) -> list[str]:
    """Delete a picture, wherever it is shown; the files to remove after the commit.

    Raises NotFound, and Denied for the pictures of others, unless `is_admin`.
    """
    found = find_media(ctx.conn, name)
    if found is None:
        raise NotFound("couldnt_find_picture", "Picture not found.")
    if found.owner_id != by.id and not is_admin:
        raise Denied("not_the_owner", "This picture belongs to someone else.")
    return forget_media(ctx, found)


def is_upload(conn: Connection, name: str | None) -> bool:
    """Whether this is the name of a picture that some member uploaded.

    It need not have been this member: a picture that two have uploaded is stored once.
    """
    found = find_media(conn, name) if name else None
    return found is not None and found.owner_id is not None

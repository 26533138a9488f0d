"""What remote authors do not allow others to do with their content, and its enforcement.

The post or comment states it in `interactionPolicy` (GoToSocial); `wire.policies` reads it.
"""

from sqlalchemy import bindparam, delete, select

from database.inserts import upsert
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.base import to_row
from fedcom.models.restriction import restriction
from fedcom.wire.policies import UNRESTRICTED, Restrictions


def keep_restrictions(ctx: Context, iri: str, stated: Restrictions) -> None:
    """Store the latest policy of the author of `iri`, replacing an earlier one."""
    if stated == UNRESTRICTED:
        ctx.conn.execute(delete(restriction).where(restriction.c.iri == iri))
        return
    values = {"iri": iri, "no_replies": stated.no_replies, "no_boosts": stated.no_boosts}
    upsert(ctx.conn, restriction, values, key=["iri"])


def find_restrictions(ctx: Context, iri: str) -> Restrictions:
    """The restrictions of the post or comment `iri`."""
    row = ctx.conn.execute(_RESTRICTIONS, {"which": iri}).mappings().first()
    return UNRESTRICTED if row is None else to_row(Restrictions, row)


def check_answerable(ctx: Context, iri: str) -> None:
    """Raises Denied if the author of `iri` allows nobody else to reply."""
    if find_restrictions(ctx, iri).no_replies:
        raise Denied("replies_closed", "The author doesn't allow replies to this.")


# Built in advance, because building a statement costs more than running it.
_RESTRICTIONS = select(restriction.c.no_replies, restriction.c.no_boosts).where(
    restriction.c.iri == bindparam("which")
)

"""What authors elsewhere do not allow others to do with what they wrote, and that it is kept to.

It is said by `interactionPolicy` (GoToSocial) with the post or comment; `wire.policies` reads it.
"""

from sqlalchemy import bindparam, delete, select

from database.inserts import upsert
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.base import to_row
from fedcom.models.restriction import restriction
from fedcom.wire.policies import UNRESTRICTED, Restrictions


def keep_restrictions(ctx: Context, iri: str, told: Restrictions) -> None:
    """Write down what the author of `iri` said last, in place of what was said before."""
    if told == UNRESTRICTED:
        ctx.conn.execute(delete(restriction).where(restriction.c.iri == iri))
        return
    values = {"iri": iri, "no_replies": told.no_replies, "no_boosts": told.no_boosts}
    upsert(ctx.conn, restriction, values, key=["iri"])


def find_restrictions(ctx: Context, iri: str) -> Restrictions:
    """What holds for the post or comment `iri`."""
    row = ctx.conn.execute(_RESTRICTIONS, {"which": iri}).mappings().first()
    return UNRESTRICTED if row is None else to_row(Restrictions, row)


def check_answerable(ctx: Context, iri: str) -> None:
    """Raises Denied when the author of `iri` lets nobody else answer."""
    if find_restrictions(ctx, iri).no_replies:
        raise Denied("replies_closed", "The author doesn't allow replies to this.")


# Prebuilt, because building a statement costs more than running it.
_RESTRICTIONS = select(restriction.c.no_replies, restriction.c.no_boosts).where(
    restriction.c.iri == bindparam("which")
)

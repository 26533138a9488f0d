"""The ids under which our members' activities were sent, so that an Undo names the right one.

Peers that store ids look up the undone activity by them.
"""

from activitypub.parse import parse
from fedcom.context import Context
from fedcom.models.actor import Actor
from outbox.publish import list_issued

MOST = 20
"""Activities of one actor about one object that are searched, the latest first."""


def last_iri(ctx: Context, kind: str, by: Actor, subject: str, **fields: str | None) -> str:
    """The id under which `by` last sent an activity of this `kind` ("delete") about `subject`, with
    these `fields`; a new id if none is stored: it was sent long ago, or by another actor.
    """
    prefix = f"{ctx.origin}/activities/{kind}/"
    for issued in list_issued(ctx.conn, by.iri, subject, prefix, limit=MOST):
        document = parse(issued.body)
        if all(document.get(name) == value for name, value in fields.items()):
            return str(document["id"])
    return ctx.new_iri(kind)

"""The ids under which our members' activities went out, so that an Undo names what it takes back.

Peers that keep ids look for what is undone by them.
"""

from activitypub.parse import parse
from fedcom.context import Context
from fedcom.models.actor import Actor
from outbox.publish import list_issued

MOST = 20
"""Activities of one actor about one thing that are looked through, the latest first."""


def last_iri(ctx: Context, kind: str, by: Actor, subject: str, **fields: str | None) -> str:
    """The id under which `by` last said something of this `kind` ("delete") about `subject`, with
    these `fields`; a new one when nothing of it is kept: it was said long ago, or by another.
    """
    prefix = f"{ctx.origin}/activities/{kind}/"
    for issued in list_issued(ctx.conn, by.iri, subject, prefix, limit=MOST):
        said = parse(issued.body)
        if all(said.get(name) == value for name, value in fields.items()):
            return str(said["id"])
    return ctx.new_iri(kind)

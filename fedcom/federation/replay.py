"""Whether an activity that proves itself is played again.

An integrity proof (FEP-8b32) is good for whoever holds it, for as long as it counts, so a stranger
can show an old one after its actor has thought better of it. What is taken back leaves a tombstone
(`fedcom.effects.tombstones`); here is the other half: a proven activity that somebody else brings
counts the first time its id is heard, and only if its actor has not spoken of the same thing since.
The journal remembers both for longer than a proof counts.
"""

from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.signatures.integrity import IntegrityProof
from fedcom.errors import Denied
from inbox.journal import said_since, was_heard

# Seconds for which a proven activity may be on its way by way of others.
RELAYED_WITHIN = 7 * 86_400.0


def refuse_replay(conn: Connection, activity: Document, actor: str, proof: IntegrityProof) -> None:
    """Raises Denied (`already_heard`, `superseded`) unless this is news.

    `actor` is the id of who said `activity`, and `proof` is that actor's, verified.
    """
    subject = activity.subject_id
    if was_heard(conn, actor, subject, activity.id or ""):
        raise Denied(
            "already_heard",
            "%(iri)s was received before; only its actor may send it again.",
            iri=activity.id,
        )
    if said_since(conn, actor, subject, proof.created.timestamp()):
        raise Denied(
            "superseded",
            "%(actor)s has sent another activity about %(subject)s since this one was created"
            " (%(time)s).",
            actor=actor,
            subject=subject,
            time=proof.created.isoformat(),
        )

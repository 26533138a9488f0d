"""Whether a self-proving activity is a replay.

An integrity proof (FEP-8b32) works for everyone who has a copy, for as long as it is valid, so a
stranger can replay an old one after its actor has undone it. An undone activity leaves a tombstone
(`fedcom.effects.tombstones`); this is the other half: a proven activity that another actor sends
counts the first time its id is received, and only if its actor has sent nothing about the same
object since. The journal keeps both for longer than a proof is valid.
"""

from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.signatures.integrity import IntegrityProof
from fedcom.errors import Denied
from inbox.journal import has_newer_activity, was_received

# Seconds for which a proven activity may be in transit through other servers.
RELAYED_WITHIN = 7 * 86_400.0


def refuse_replay(conn: Connection, activity: Document, actor: str, proof: IntegrityProof) -> None:
    """Raises Denied (`already_received`, `superseded`) unless it is new.

    `actor` is the id of the actor of `activity`, and `proof` is that actor's, verified.
    """
    subject = activity.subject_id
    if was_received(conn, actor, subject, activity.id or ""):
        raise Denied(
            "already_received",
            "%(iri)s was received before; only its actor may send it again.",
            iri=activity.id,
        )
    if has_newer_activity(conn, actor, subject, proof.created.timestamp()):
        raise Denied(
            "superseded",
            "%(actor)s has sent another activity about %(subject)s since this one was created"
            " (%(time)s).",
            actor=actor,
            subject=subject,
            time=proof.created.isoformat(),
        )

"""From the inbox to the actions: the handlers behind the ports of `inbox`.

One reader per activity shape (`inbound.catalog`); here their refusals become responses for peers.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from activitypub.authority import FetchFirst, Known, Refuse, judge_direct, judge_origin
from activitypub.document import Document
from activitypub.errors import FetchFailed, Gone, Malformed, ProtocolError, Unreachable
from activitypub.fetch import Budget
from activitypub.iri import host_of, same_host
from activitypub.signatures.integrity import IntegrityProof, proof_of, verify as verify_proof
from activitypub.types import FEATURES
from fedcom.actions.base import Reader
from fedcom.actions.perform import perform
from fedcom.clock import Clock
from fedcom.context import Context, Fetched
from fedcom.effects.boosts import note_boost
from fedcom.effects.follows import accept_by_announce
from fedcom.effects.tombstones import (
    find_undone,
    forget_undone,
    note_arrival,
    record_undone,
    was_undone,
)
from fedcom.errors import Conflict, FedcomError, NeedsFetch
from fedcom.federation.envelope import Envelope, authenticate, open_envelope
from fedcom.federation.replay import RELAYED_WITHIN, refuse_replay
from fedcom.inbound.catalog import ALL_READERS
from fedcom.models.actor import Community
from fedcom.queries.actors import find_actor
from fedcom.queries.authors import find_author
from fedcom.queries.unused_ids import look_up_ids
from fedcom.refresh import ActorRefresh
from fedcom.remote.keys import PublicKeys
from fedcom.remote.origins import Origins
from fedcom.remote.peers import find_peer
from fedcom.remote.senders import look_at_sender
from fedcom.rules.dialects import id_memory
from fedcom.units import Units
from inbox.errors import Ignored, Later, Refused
from inbox.journal import was_received
from inbox.ports import ReceivedActivity
from inbox.route import Routes
from outbox.peers import mark_reachable

logger = structlog.get_logger(__name__)

# How many requests one activity may cause: a chain of parents, its authors, a community.
DOCUMENTS = 30
# Seconds until a failed fetch is tried again the first time; the inbox waits longer each time after
# that.
AGAIN = 5.0
# Refusals without an error by the peer: the activity just does not concern us (now). They get 202
# like every accepted activity, so that the peer learns that its signature was right, and are listed
# as ignored with their reason.
ANSWERED_WITH_202 = frozenset(
    {
        "waits_for_announce",
        "not_followed",
        "not_a_community",
        "no_community",
        "already_deleted",
        "purged",
        "report_elsewhere",
        "unknown_object",
        # A peer cannot know which activities every other server understands.
        "unsupported_type",
        "not_moved",
        "unknown_collection",
        # The author sees no error either way, and some servers (Takahe 0.11, snac 2.94) take a
        # refusal for a fault and deliver again.
        "not_public",
        # A blocked actor need not learn of it.
        "person_block",
    }
)


class Listeners:
    """The handling of activities that the inbox has verified."""

    def __init__(
        self,
        units: Units,
        keys: PublicKeys,
        origins: Origins,
        refresh: ActorRefresh,
        clock: Clock,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        """`accepted` is called when a remote actor has accepted a follow; it must not block."""
        self._accepted = accepted
        self._units = units
        self._keys = keys
        self._origins = origins
        self._origin = origins.origin
        self._refresh = refresh
        self._clock = clock
        self._routes = activity_routes()

    def check(self, conn: Connection, received: ReceivedActivity) -> None:
        """At the HTTP request, reading only: refuse what the database alone can refuse.

        Raises inbox.Refused with 403, 404 or 422. Unknown objects pass, and so does anything that
        would be refused with 202.
        """
        ctx = Context(conn, self._clock(), self._origin)
        try:
            envelope = open_envelope(ctx, received)
            if len(envelope.contents) > 1:
                return  # refusing one of several must not refuse the others
            for content in envelope.contents:
                self._check_content(ctx, envelope, content)
        except (NeedsFetch, Conflict):
            return
        except FedcomError as error:
            if error.code not in ANSWERED_WITH_202:
                raise _refused(error) from error
        except Malformed as error:
            raise Refused(422, error.code, error.detail, error.facts) from error

    def _authenticate(
        self, ctx: Context, envelope: Envelope, content: Document | str
    ) -> ReceivedActivity | None:
        """As `envelope.authenticate`; raises Unsupported for a type without a reader, alone or
        inside an Announce.
        """
        if isinstance(content, Document) and content.is_activity:
            reader_of(self._routes, content)
        return authenticate(ctx, envelope, content)

    def _check_content(self, ctx: Context, envelope: Envelope, content: Document | str) -> None:
        _expect_new(ctx, content)
        received = self._authenticate(ctx, envelope, content)
        if received is None:
            return
        tombstone = find_undone(ctx, received)
        if tombstone is not None and tombstone.stops(received, ctx.now):
            return
        action = reader_of(self._routes, received.activity)(ctx, received)
        if action is not None:
            action.check(ctx)

    async def handle(self, received: ReceivedActivity, close: Callable[[Connection], None]) -> None:
        """Perform it, and close the journal row in the same transaction.

        Raises inbox.Refused and inbox.Later.
        """
        fetched = Fetched()
        owner = self._keys.owner_document(received.actor)
        # It was fetched with a key, maybe long ago: recent enough to identify the actor, but not
        # for an activity that says that the actor has changed.
        if owner is not None and received.activity.object_id != received.actor:
            fetched.documents[received.actor] = owner
        # The software of a follower's server decides which activities it is sent from now on.
        await self._origins.learn_software(host_of(received.actor))
        try:
            is_accepted, is_sender_stale = await self._units.unit(
                lambda ctx: self._work(ctx, received, close),
                budget=Budget(documents=DOCUMENTS),
                fetched=fetched,
            )
        except FedcomError as error:
            raise _refused(error) from error
        except IntegrityError as error:
            # The same object arrived in two ways at once; the other one is stored by now.
            raise Later(1.0, "duplicate_in_flight") from error
        except Unreachable as error:
            raise Later(error.retry_after or AGAIN, str(error)) from error
        except ProtocolError as error:
            raise Refused(422, error.code, error.detail, error.facts) from error
        if is_accepted:
            self._accepted()
        if is_sender_stale:
            await self._refresh.read_again(received.actor)

    async def authenticate(self, received: ReceivedActivity) -> ReceivedActivity:
        """Another actor sent this: check the author's proof, or ask the origin.

        Raises inbox.Refused if neither confirms it, inbox.Later if the origin cannot be asked now.
        """
        proof = await self._find_proof(received)
        owner = await self._units.read(lambda conn: find_author(conn, received.activity.object_id))
        hosts = frozenset({host_of(self._origin)})
        known = Known(hosts=hosts, owner=owner, proven=proof is not None)
        verdict = judge_direct(received.activity, received.signer, known)
        if isinstance(verdict, Refuse):
            raise Refused(403, verdict.code, verdict.detail)
        if isinstance(verdict, FetchFirst):
            served = await self._ask_origin(verdict.iri)
            confirmed = judge_origin(received.activity, served)
            if isinstance(confirmed, Refuse):
                raise Refused(401, confirmed.code, confirmed.detail)
            return _as_served(received, served)
        if proof is not None:
            await self._refuse_replay(received, proof)
        return replace(received, signer=received.actor, spliceable=True, evidence="proof")

    async def _find_proof(self, received: ReceivedActivity) -> IntegrityProof | None:
        """The actor's own integrity proof on the activity (FEP-8b32), if it holds."""
        try:
            proof = proof_of(received.activity.raw)
            if proof is None or not same_host(proof.verification_method, received.actor):
                return None
            key = await self._keys.find(proof.verification_method)
            # In a thread: half a second for a megabyte, which would block the event loop.
            await asyncio.to_thread(
                verify_proof,
                received.activity.raw,
                key,
                now=self._clock(),
                max_age=RELAYED_WITHIN,
            )
        except ProtocolError as error:
            logger.info("proof_invalid", activity=received.activity.id, error=str(error))
            return None
        return proof if key.owner == received.actor else None

    async def _refuse_replay(self, received: ReceivedActivity, proof: IntegrityProof) -> None:
        try:
            await self._units.read(
                lambda conn: refuse_replay(conn, received.activity, received.actor, proof)
            )
        except FedcomError as error:
            raise _refused(error) from error

    async def _ask_origin(self, iri: str) -> Document | None:
        """The document at `iri`; None if it is gone (410)."""
        try:
            return await self._units.fetch(iri, Budget(documents=3))
        except Gone:
            return None
        except Unreachable as error:
            raise Later(error.retry_after or AGAIN, str(error)) from error
        except FedcomError as error:
            raise _refused(error) from error
        except FetchFailed as error:
            raise Refused(401, error.code, error.detail, error.facts) from error

    def shapes(self) -> list[tuple[str, ...]]:
        """Every activity shape that has a reader."""
        return self._routes.shapes()

    def _work(
        self, ctx: Context, received: ReceivedActivity, close: Callable[[Connection], None]
    ) -> tuple[bool, bool]:
        """Perform an activity; returns whether it shows that a local follow was accepted, and
        whether its sender should be read again.
        """
        is_boost = note_boost(ctx, received.activity, received.actor)
        if not is_boost:
            envelope = open_envelope(ctx, received)
            do = self._perform_content if len(envelope.contents) == 1 else self._perform_in_batch
            for content in envelope.contents:
                do(ctx, envelope, content)
        is_accepted = received.activity.type == "Accept"
        if received.activity.type == "Announce" and received.evidence == "signature":
            group = find_actor(ctx.conn, received.actor)
            is_accepted = isinstance(group, Community) and accept_by_announce(ctx, group)
        sender = look_at_sender(ctx.conn, received.actor, ctx.now)
        if sender.is_failing:
            host = host_of(received.actor)
            known = find_peer(ctx.conn, host)
            memory = id_memory(known.software if known is not None else None)
            mark_reachable(ctx.conn, host, ctx.now.timestamp(), memory)
        close(ctx.conn)
        return is_accepted, sender.is_stale

    def _perform_content(self, ctx: Context, envelope: Envelope, content: Document | str) -> None:
        # The rows read for another of several contents may have changed since.
        ctx.cache.forget()
        _expect_new(ctx, content)
        if envelope.group is None and _is_undo_of_unknown(content):
            _await_undone(ctx, envelope.received, content)
            return
        received = self._authenticate(ctx, envelope, content)
        if received is None:
            return
        tombstone = find_undone(ctx, received)
        if tombstone is not None and tombstone.stops(received, ctx.now):
            note_arrival(ctx, received, tombstone)
            return
        action = reader_of(self._routes, received.activity)(ctx, received)
        if action is not None:
            with suppress(Conflict):  # another process was faster, with the same result
                perform(ctx, action, received)
        if received.activity.type == "Undo":
            _remember_undone(ctx, received, found=action is not None)
        elif tombstone is not None:
            forget_undone(ctx, received)

    def _perform_in_batch(self, ctx: Context, envelope: Envelope, content: Document | str) -> None:
        """PieFed announces votes by the dozen; refusing one must not refuse the others."""
        try:
            with ctx.conn.begin_nested():
                self._perform_content(ctx, envelope, content)
        except (FedcomError, ProtocolError) as error:
            logger.info("announced_activity_refused", code=error.code, error=str(error))
        except NeedsFetch as missing:
            raise NeedsFetch(missing.iri, required=False) from missing


class Unsupported(FedcomError):
    """An activity without a reader."""

    status = 422


def activity_routes() -> Routes[Reader]:
    """The reader of each activity shape."""
    routes: Routes[Reader] = Routes()
    for readers in ALL_READERS:
        for shape, reader in readers.items():
            routes.add(shape, reader)
    return routes


def reader_of(routes: Routes[Reader], activity: Document) -> Reader:
    """The reader of an activity. Raises Unsupported, naming the unknown shape."""
    reader = routes.find(activity)
    if reader is None:
        kind = " of ".join(activity.shape) or "nothing"
        what = next((FEATURES[name] for name in activity.shape if name in FEATURES), None)
        detail = f"{kind} is not supported here"
        raise Unsupported("unsupported_type", f"{detail}: no {what} yet." if what else f"{detail}.")
    return reader


def _expect_new(ctx: Context, content: Document | str) -> None:
    """Of a Create, find out with one statement that all of it is new."""
    if isinstance(content, Document) and content.type == "Create":
        look_up_ids(ctx, content)


def _is_undo_of_unknown(content: Document | str) -> bool:
    """Whether an Undo only names its object, which was found neither here nor at its origin."""
    return (
        isinstance(content, Document) and content.type == "Undo" and isinstance(content.object, str)
    )


def _await_undone(ctx: Context, received: ReceivedActivity, undo: Document | str) -> None:
    """An activity that is undone by its bare id may still be on its way, whatever its type: refuse
    it when it arrives. One that was undone before, and may be sent anew, keeps its tombstone.
    """
    iri, by = (undo.object_id, undo.owner) if isinstance(undo, Document) else (None, None)
    if iri is not None and by is not None and same_host(iri, by) and not was_undone(ctx, iri):
        record_undone(ctx, iri, by, awaited=True, signed_at=received.signed_at)


def _remember_undone(ctx: Context, received: ReceivedActivity, *, found: bool) -> None:
    """Leave a tombstone for the object of an Undo; `found`: there was something to undo."""
    undone = received.activity.object_document
    if undone is None or undone.id is None:
        return
    is_known = found or was_received(
        ctx.conn, undone.owner or received.actor, undone.subject_id, undone.id
    )
    record_undone(
        ctx,
        undone.id,
        received.via or received.actor,
        awaited=not is_known,
        signed_at=received.signed_at,
    )


def _refused(error: FedcomError) -> Refused:
    status = error.status if error.status in (403, 404, 422) else 422
    kind = Ignored if error.code in ANSWERED_WITH_202 else Refused
    return kind(status, error.code, error.detail)


def _as_served(received: ReceivedActivity, served: Document | None) -> ReceivedActivity:
    """The minimum that the origin confirms: its current object, or that it is gone.

    Everything else in the relayed copy (its addressees, a reason) comes from the relaying actor.
    """
    activity: dict[str, Any] = {"type": received.activity.type, "actor": received.actor}
    if served is None or received.activity.type == "Delete":
        activity["object"] = received.activity.object_id
    else:
        served = served.written_by(received.actor)
        activity |= {"object": served.raw, "to": list(served.to), "cc": list(served.cc)}
    return replace(
        received,
        activity=Document(activity),
        signer=received.actor,
        spliceable=False,
        evidence="origin",
    )

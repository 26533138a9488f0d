"""The endpoint: limits, gate, verify, check, store, 202.

The order matters. Nothing is fetched for a blocked host, nothing is stored unless it is verified or
can be verified later, and every response carries the request's id. An activity is processed in
`process`, never here.

    400 malformed document or header   401 not verified   403 blocked, or not authorized
    404, 422 refused by the handlers   405, 408, 413, 415 the request itself
    503 with Retry-After               a temporary fault here or at the host of the key, or more
                                       than one sender's or host's share: some peers drop an
                                       activity for good after a 429
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.iri import check_iri, host_of
from activitypub.parse import parse
from activitypub.problem import Problem, ProblemTypes, to_request_id
from activitypub.signatures import accept
from activitypub.signatures.request import SignedRequest, key_id_of
from inbox import body
from inbox.backlogs import BACKLOG_FULL, Backlogs
from inbox.batch_reads import BatchReader
from inbox.commits import RETRY_AFTER, GroupCommit
from inbox.errors import Later, Refused
from inbox.journal import JournalEntry
from inbox.ports import Gate, Handlers, ReceivedActivity
from inbox.problem import of_error, to_response
from inbox.throttle import Turns
from inbox.validate import activities_in, check_form, check_id, check_relay
from inbox.verify import KeyGone, Verdict, Verifier

log = logging.getLogger(__name__)

REQUESTS_OF_ONE = 16
"""Requests of one sender (a client address) that are read and verified at the same time; the others
wait in line, unread. So a sender with hundreds of connections delays another by a few requests."""

TURN_SECONDS = 10.0
"""How long a request waits in its sender's line before it is answered 503."""

SECONDS_TO_REFUSE = 1.0
"""How late a host hears that it has too much waiting. One that then sends the next at once would
cost as much as if it were served."""

READ_ASIDE_FROM = 16 * 1024
"""Documents of more bytes are parsed in a thread: a megabyte of brackets takes 0.4 s."""

# On nothing but a 202, where it also says that a signature with Ed25519 was no reason to refuse.
_ACCEPTED = {accept.HEADER: accept.REQUESTED}


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """One activity of a request, parsed, before anything is looked up."""

    request: SignedRequest
    activity: Document
    body: bytes
    actor: str
    host: str
    key_id: str
    sender: str
    request_id: str
    received_at: float

    @property
    def is_about_itself(self) -> bool:
        """Whether the actor deletes or updates itself. Servers send such activities to every server
        they know, even when the actor's key is already gone."""
        activity = self.activity
        return activity.type in ("Delete", "Update") and activity.object_id == self.actor


@dataclass(frozen=True, slots=True)
class Receiver:
    """Turns requests into journal rows, or refuses them."""

    reads: BatchReader
    gate: Gate
    handlers: Handlers
    verifier: Verifier
    commits: GroupCommit
    turns: Turns
    backlogs: Backlogs
    hosts: frozenset[str]
    clock: Callable[[], datetime]
    development: bool
    wake: Callable[[str], None]
    to_sender: Callable[[str], str]
    problem_types: ProblemTypes

    async def receive(self, request: Request) -> Response:
        """Answer one request. Never raises, whatever the peer or the database does."""
        request_id = to_request_id(request.scope.get("state", {}).get("request_id"))
        try:
            await self._accept(request, request_id)
        except body.Unreadable as error:
            return self._refuse(error.problem, request_id)
        except (ProtocolError, Refused, Later) as error:
            if isinstance(error, Later) and error.code == BACKLOG_FULL:
                await asyncio.sleep(SECONDS_TO_REFUSE)
            return self._refuse(of_error(error), request_id)
        except SQLAlchemyError:
            log.exception("database_unavailable", extra={"request_id": request_id})
            later = Later(RETRY_AFTER, "Our database is not responding.", code="database_busy")
            return self._refuse(of_error(later), request_id)
        except Exception:
            log.exception("inbox_request_failed", extra={"request_id": request_id})
            fault = Problem(
                500, "internal_error", "Internal error on this server; it has been logged."
            )
            return self._refuse(fault, request_id)
        return Response(status_code=202, headers=_ACCEPTED | {"X-Request-Id": request_id})

    def _refuse(self, problem: Problem, request_id: str) -> Response:
        return to_response(problem, request_id, self.problem_types)

    async def _accept(self, request: Request, request_id: str) -> None:
        sender = self.to_sender(request.client.host if request.client else "")
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self.turns.of(sender, TURN_SECONDS))
            except TimeoutError as error:
                raise Later(
                    RETRY_AFTER,
                    "Too many requests from your address are waiting.",
                    code="sender_queue_full",
                ) from error
            await self._accept_in_turn(request, sender, request_id)

    async def _accept_in_turn(self, request: Request, sender: str, request_id: str) -> None:
        content = await body.read(request)
        opened = await self._open_aside(request, content, sender, request_id)
        refusals = [error for one in opened if (error := await self._try(one)) is not None]
        if len(refusals) == len(opened):
            raise refusals[0]

    async def _try(self, opened: IncomingRequest | ProtocolError) -> ProtocolError | Refused | None:
        """Take one activity; return its error, which must not affect the others of the request."""
        if isinstance(opened, ProtocolError):
            return opened
        try:
            await self._take(opened)
        except (ProtocolError, Refused) as error:
            return error
        return None

    async def _take(self, incoming: IncomingRequest) -> None:
        known = await self._pass_gate(incoming)
        if incoming.is_about_itself and not known and not self.verifier.remembers(incoming.actor):
            # An actor unknown here deletes or updates itself: there is nothing to do, and no reason
            # to fetch its key.
            return
        verdict = await self._verify(incoming)
        if incoming.is_about_itself and verdict.authenticated:
            self.verifier.forget(incoming.actor, incoming.key_id)
        await self._check(incoming, verdict)
        if await self.commits.put(_to_entry(incoming, verdict)):
            self.wake(incoming.host)

    async def _open_aside(
        self, request: Request, content: bytes, sender: str, request_id: str
    ) -> list[IncomingRequest | ProtocolError]:
        """As `_open`; in a thread for a long document, so that other requests do not wait."""
        if len(content) <= READ_ASIDE_FROM:
            return self._open(request, content, sender, request_id)
        return await asyncio.to_thread(self._open, request, content, sender, request_id)

    def _open(
        self, request: Request, content: bytes, sender: str, request_id: str
    ) -> list[IncomingRequest | ProtocolError]:
        """Every activity in the body, or its error."""
        document = Document(parse(content))
        signed = to_signed_request(request, content)
        found = activities_in(document)

        def opened(activity: Document, content: bytes) -> IncomingRequest | ProtocolError:
            try:
                return self._open_one(
                    signed, activity, content, sender=sender, request_id=request_id
                )
            except ProtocolError as error:
                return error

        if found == [document]:
            return [opened(document, content)]
        return [opened(activity, orjson.dumps(activity.raw)) for activity in found]

    def _open_one(
        self,
        signed: SignedRequest,
        activity: Document,
        content: bytes,
        *,
        sender: str,
        request_id: str,
    ) -> IncomingRequest:
        actor = check_form(activity, development=self.development)
        incoming = IncomingRequest(
            request=signed,
            activity=activity,
            body=content,
            actor=actor,
            host=host_of(actor),
            key_id=check_iri(key_id_of(signed), development=self.development),
            sender=sender,
            request_id=request_id,
            received_at=self.clock().timestamp(),
        )
        check_id(activity, actor)
        return incoming

    async def _pass_gate(self, incoming: IncomingRequest) -> bool:
        """Whether the activity is about its own actor and that actor is known here. Raises
        `Refused` for local actors and blocked hosts."""
        hosts = {incoming.host, host_of(incoming.key_id)}
        if hosts & self.hosts:
            raise Refused(
                403,
                "actor_is_ours",
                f"Neither the actor {incoming.actor:.200} nor its key {incoming.key_id:.200} may be"
                " local to this server.",
            )

        def check_hosts(conn: Connection) -> bool:
            for host in sorted(hosts):
                if self.gate.refuses(conn, host) is not None:
                    # The reason may be a note meant for admins, so it is not sent.
                    raise Refused(403, "host_blocked", f"{host} is blocked on this server.")
            return incoming.is_about_itself and self.gate.knows(conn, incoming.actor)

        return await self.reads.read(check_hosts)

    async def _verify(self, incoming: IncomingRequest) -> Verdict:
        try:
            verdict = await self.verifier.verify(
                incoming.request, incoming.key_id, actor=incoming.actor, sender=incoming.sender
            )
        except KeyGone:
            if not (incoming.is_about_itself and host_of(incoming.key_id) == incoming.host):
                raise
            # The key may be gone because the actor is. `process` asks the server about the actor.
            self.verifier.take_relay(incoming.sender)
            return Verdict(signer="", authenticated=False)
        if not verdict.authenticated:
            check_relay(incoming.activity, verdict.signer, self.hosts)
            self.verifier.take_relay(host_of(verdict.signer))
        return verdict

    async def _check(self, incoming: IncomingRequest, verdict: Verdict) -> None:
        if not verdict.authenticated:
            return  # nothing authenticates it yet
        received = ReceivedActivity(
            activity=incoming.activity,
            body=incoming.body,
            actor=incoming.actor,
            signer=verdict.signer,
            spliceable=True,
            request_id=incoming.request_id,
            received_at=incoming.received_at,
            evidence="signature",
            signed_at=verdict.signed_at,
        )

        def check(conn: Connection) -> bool:
            is_open, is_full = self.backlogs.look(conn, incoming.host, incoming.received_at)
            # Earlier activities of this host that are still waiting may change the answer: a Create
            # must not be refused for a missing Follow that is in the journal already.
            if not is_open:
                self.handlers.check(conn, received)
            return is_full

        is_full = await self.reads.read(check)
        self.backlogs.note(incoming.host, is_full=is_full, now=incoming.received_at)


def to_signed_request(request: Request, content: bytes) -> SignedRequest:
    """The request as it was signed: built from the raw path, query and headers.

    Never from `request.url`, which Starlette builds from Host (CVE-2026-48710, CVE-2026-54282).
    """
    scope = request.scope
    target = scope["raw_path"].decode("latin-1")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in scope["headers"]
    )
    return SignedRequest(scope["method"], target, headers, content)


def _to_entry(incoming: IncomingRequest, verdict: Verdict) -> JournalEntry:
    return JournalEntry(
        activity_id=incoming.activity.id,
        activity_type=incoming.activity.type,
        actor=incoming.actor,
        signer=verdict.signer,
        host=incoming.host,
        subject=incoming.activity.subject_id,
        body=incoming.body,
        spliceable=verdict.authenticated,
        authenticated=verdict.authenticated,
        signed_at=verdict.signed_at if verdict.authenticated else None,
        request_id=incoming.request_id,
        received_at=incoming.received_at,
    )

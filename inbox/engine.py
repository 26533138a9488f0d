"""`Inbox`: all steps tied together, as the host mounts and runs them."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from activitypub.problem import ProblemTypes
from database.transactions import Transactions
from inbox.backlogs import Backlogs
from inbox.batch_reads import BatchReader
from inbox.commits import GroupCommit
from inbox.ports import Gate, Handlers, Keys
from inbox.problem import TYPES
from inbox.process import Processor
from inbox.receive import REQUESTS_OF_ONE, Receiver
from inbox.throttle import Turns
from inbox.verify import Verifier


class Inbox:
    """Every inbox of one server; they differ in their addresses only.

    Mount the object itself as an ASGI application, or `receive` as an endpoint for all methods
    (it answers 405 itself).
    """

    def __init__(  # noqa: PLR0913 - the ports of a whole package, named one by one
        self,
        *,
        database: Transactions,
        keys: Keys,
        gate: Gate,
        handlers: Handlers,
        hosts: frozenset[str],
        clock: Callable[[], datetime],
        development: bool,
        scheme: str = "https",
        workers: int = 8,
        to_sender: Callable[[str], str] = str,
        problem_types: ProblemTypes | None = None,
    ) -> None:
        """`hosts` are our public names as `activitypub.iri.host_of` writes them, `clock` returns
        aware UTC times, `development` permits http and ports, `scheme` is that of our own ids, and
        `workers` is how many rows are worked on at the same time. `to_sender` maps a client's
        address to the name that fetches are counted under: one for all addresses of a sender.
        `problem_types` are the types of the problems that `handlers` refuse with, by code.
        """
        self._commits = GroupCommit(database)
        self._processor = Processor(database, handlers, clock=clock, workers=workers)
        self._receiver = Receiver(
            reads=BatchReader(database),
            gate=gate,
            handlers=handlers,
            verifier=Verifier(keys, hosts=hosts, clock=clock, scheme=scheme),
            commits=self._commits,
            hosts=hosts,
            clock=clock,
            development=development,
            wake=self._processor.wake,
            turns=Turns(REQUESTS_OF_ONE),
            backlogs=Backlogs(),
            to_sender=to_sender,
            problem_types={**TYPES, **(problem_types or {})},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        response = await self.receive(Request(scope, receive))
        await response(scope, receive, send)

    async def receive(self, request: Request) -> Response:
        """Answer one delivery: 202 once it is verified and on disk, else a problem document."""
        return await self._receiver.receive(request)

    async def run(self) -> None:
        """Work the journal until cancelled; new rows wake it at once."""
        await self._processor.run()

    async def drain(self) -> None:
        """Work until nothing is due (for tests and commands; needs no `run`)."""
        await self._processor.drain()

    def wake(self) -> None:
        """Query the journal now: another process has added rows."""
        self._processor.wake()

    async def aclose(self) -> None:
        """Commit the waiting entries. Call it before the database is closed."""
        await self._commits.aclose()

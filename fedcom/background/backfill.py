"""Fetches the past of communities that are followed now: old posts, pinned posts, comments.

A peer announces what happens from now on. What happened before is fetched once, in the background:
the newest posts from the community's outbox, its pinned posts, and the comments of each post from
its `context` (FEP-f228) or its `replies`. It is stored as if it had been received, so nobody is
notified of it. Votes are not fetched.

All of it comes from strangers and may be endless, so each visit is limited in documents, in time,
for each host and for each collection, and pauses after each request. A community is done when
`community.backfilled_at` is set. After a crash, when a peer is down, or when a visit has used up
its time, it stays null, and the next round of housekeeping goes on. Only what an object's own
origin serves is believed. Whatever cannot be fetched or stored is left out; what the last visit
left out, and why, is stored for admins (`models.omission`).
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import DBAPIError

from activitypub.authority import Authorize, FetchFirst, Known, judge_listed
from activitypub.document import Document
from activitypub.errors import BudgetSpent, ProtocolError, Unreachable
from activitypub.fetch import Budget
from activitypub.iri import host_of, same_origin
from activitypub.types import COLLECTION_TYPES
from fedcom.clock import Clock
from fedcom.context import Context, Fetched
from fedcom.effects.pins import MAX_PINS, put_pins
from fedcom.errors import Denied, FedcomError, Invalid
from fedcom.inbound.content_at import content_at
from fedcom.models.actor import Community, community as community_table
from fedcom.models.comment import Comment
from fedcom.models.omission import omission
from fedcom.models.post import Post
from fedcom.queries.actors import get_community
from fedcom.queries.content import find_content
from fedcom.queries.follows import find_unfilled
from fedcom.queries.posts import get_post
from fedcom.units import Units

T = TypeVar("T")

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class VisitLimits:
    """Limits of one visit.

    `comments` of one thread, `pages` of one collection, `depth` of nested replies; `documents` in
    total and `of_one_host`; `seconds` in total and `pause` after each request; `faults` of a host
    until it is not asked again, `visits` until a community counts as done whatever is missing.
    """

    posts: int = 50
    comments: int = 300
    pages: int = 20
    depth: int = 50
    documents: int = 2_000
    of_one_host: int = 1_000
    seconds: float = 300.0
    pause: float = 0.1
    faults: int = 3
    visits: int = 3


LIMITS = VisitLimits()
# A thread that a member looked up costs less than a community, and is fetched at most once an hour.
THREAD_DOCUMENTS = 600
THREAD_SECONDS = 60.0
THREAD_FRESH = timedelta(hours=1)
# How many waiting and recently fetched threads are remembered.
THREADS = 1_000
# An Announce of a Create of a post, and one more level of each.
WRAPPINGS = 4
# Pages in a row without anything new: Mastodon's first page of replies may be empty.
MAX_WITHOUT_NEW = 2
# Of one visit: the same fault of a peer usually affects everything that it lists.
OMISSIONS = 50
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One thing that could not be fetched or stored: its id or "", a stable code, a sentence."""

    item: str
    code: str
    reason: str


class VisitBudget(Budget):
    """What one visit has used so far; raises BudgetSpent at its limits.

    The limit for each host keeps a collection of foreign posts from making us flood one server.
    """

    def __init__(self, limits: VisitLimits, timer: Callable[[], float] = time.monotonic) -> None:
        super().__init__(limits.documents, limits.seconds, timer=timer)
        self._limits = limits
        self._asked: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._is_spent = False
        self.unrested = 0
        self.posts = 0
        self.comments = 0
        self.left_out: list[LeftOut] = []

    def leave_out(self, item: str | None, code: str, reason: str) -> None:
        """Remember something that was left out, up to a limit."""
        if len(self.left_out) < OMISSIONS:
            self.left_out.append(LeftOut(item or "", code, reason[:MAX_REASON]))

    @property
    def is_over(self) -> bool:
        """Whether nothing more is fetched."""
        return self._is_spent or self.seconds_left == 0.0

    def spend(self, url: str) -> None:
        """Count one request. Raises BudgetSpent."""
        host = host_of(url)
        if self._asked[host] >= self._limits.of_one_host or self.is_tired(host):
            raise BudgetSpent(
                "budget_host", f"The limit of requests to {host} is reached.", url=url
            )
        try:
            super().spend(url)
        except BudgetSpent:
            self._is_spent = True
            raise
        self._asked[host] += 1
        self.unrested += 1

    def note_fault(self, error: Unreachable) -> None:
        """Count a failure of a host; one that asks us to wait is not asked again in this visit."""
        if error.url:
            waits = error.retry_after is not None
            self._faults[host_of(error.url)] += self._limits.faults if waits else 1

    def is_tired(self, host: str) -> bool:
        """Whether the host has failed too often to be asked again in this visit."""
        return self._faults[host] >= self._limits.faults


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a collection: an id or an embedded document, and the origin that listed it."""

    item: Document | str
    at: str


@dataclass(frozen=True, slots=True)
class UnreadThread:
    """A post whose comments are to be fetched, and where its document says that they are."""

    post: Post
    community: Community
    context: str | None
    replies: Document | str | None


class Backfill:
    """The background work of one instance; `run` does it until cancelled."""

    def __init__(
        self, units: Units, origin: str, clock: Clock, limits: VisitLimits = LIMITS
    ) -> None:
        self._units = units
        self._clock = clock
        self._limits = limits
        self._ours = Known(hosts=frozenset({host_of(origin)}))
        self._followed = asyncio.Event()
        self._looked_up = asyncio.Event()
        self._visits: Counter[int] = Counter()
        self._waiting: deque[int] = deque()
        self._fetched: dict[int, datetime] = {}

    def wake(self) -> None:
        """Look for communities whose old posts are missing."""
        self._followed.set()

    def want_thread(self, about: Post | Comment) -> None:
        """Fetch the comments of something that a member has looked up."""
        number = about.post_id
        last = self._fetched.get(number)
        fresh = last is not None and self._clock() - last < THREAD_FRESH
        if fresh or len(self._waiting) >= THREADS:
            return
        if len(self._fetched) >= THREADS:
            self._fetched.clear()
        self._fetched[number] = self._clock()
        self._waiting.append(number)
        self._looked_up.set()

    async def run(self) -> None:
        """Fetch what is missing whenever woken, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_forever(self._followed, self.fetch_communities))
            tasks.create_task(_forever(self._looked_up, self.fetch_threads))

    async def fetch_communities(self) -> None:
        """Visit every followed community that is not done."""
        for community in await self._units.read(find_unfilled):
            await _safely(self._visit_community(community))

    async def fetch_threads(self) -> None:
        """Fetch the comments of all posts that were looked up."""
        while self._waiting:
            await _safely(self._visit_thread(self._waiting.popleft()))

    async def _visit_community(self, community: Community) -> None:
        visit = VisitBudget(self._limits)
        logger.info("backfill_started", community=community.handle)
        try:
            threads = await self._fetch_posts(community, visit)
        except (Unreachable, Denied) as error:  # Denied: the admin has blocked the instance
            logger.info("backfill_postponed", community=community.handle, error=str(error))
            visit.leave_out(community.outbox, error.code, error.detail)
            await self._report(community, community.iri, visit)
            return
        if community.featured_iri is not None:
            pinning = self._fetch_pins(community, community.featured_iri, visit)
            threads += await self._attempt(pinning, visit, community.featured_iri) or []
        for thread in {thread.post.id: thread for thread in threads}.values():
            if not visit.is_over:
                await self._fetch_thread(thread, visit)
        self._visits[community.id] += 1
        is_whole = not (visit.is_over or visit.is_tired(community.host))
        is_done = is_whole or self._visits[community.id] >= self._limits.visits
        if is_done:
            await self._units.unit(lambda ctx: _mark(ctx, community))
        await self._report(community, community.iri, visit)
        logger.info(
            "backfill_finished",
            community=community.handle,
            posts=visit.posts,
            comments=visit.comments,
            left_out=len(visit.left_out),
            done=is_done,
        )

    async def _report(self, community: Community, source: str, visit: VisitBudget) -> None:
        """Store what this visit to `source` left out, replacing what the last one did."""
        await self._units.unit(lambda ctx: _put_omissions(ctx, community, source, visit.left_out))

    async def _visit_thread(self, post_id: int) -> None:
        visit = VisitBudget(
            replace(self._limits, documents=THREAD_DOCUMENTS, seconds=THREAD_SECONDS)
        )
        about, community = await self._units.read(lambda conn: _find_thread(conn, post_id))
        # Replies to local content and in local communities are delivered to us, and storing others
        # would announce them.
        if about.local or community.local or not about.is_shown:
            return
        document = await self._attempt(self._units.fetch(about.iri, visit), visit, about.iri)
        replies = document.replies if document is not None else None
        context = document.thread if document is not None else None
        await self._fetch_thread(
            UnreadThread(about, community, context or about.context_iri, replies), visit
        )
        await self._report(community, about.iri, visit)
        logger.info("thread_fetched", post=about.iri, comments=visit.comments)

    async def _fetch_posts(self, community: Community, visit: VisitBudget) -> list[UnreadThread]:
        """Store the newest posts of a community. Raises Unreachable or Denied for its outbox."""
        if community.outbox is None:
            return []
        try:
            listed = await self._list(community.outbox, community.iri, visit, self._limits.posts)
        except (Unreachable, Denied):
            raise
        except (ProtocolError, FedcomError) as error:
            visit.leave_out(community.outbox, error.code, error.detail)
            return []
        return await self._keep_posts(listed, community, visit)

    async def _fetch_pins(
        self, community: Community, collection: str, visit: VisitBudget
    ) -> list[UnreadThread]:
        """Store and pin the community's pinned posts, as far as they can be fetched."""
        listed = await self._list(collection, community.iri, visit, MAX_PINS)
        threads = await self._keep_posts(listed, community, visit)
        pinned = [thread.post.iri for thread in threads]
        await self._units.unit(lambda ctx: put_pins(ctx, community, pinned))
        return threads

    async def _keep_posts(
        self, listed: list[Listed], community: Community, visit: VisitBudget
    ) -> list[UnreadThread]:
        threads = []
        for one in listed:
            if visit.is_over:
                break
            thread = await self._attempt(self._keep_post(one, community, visit), visit, one)
            if thread is not None:
                threads.append(thread)
        return threads

    async def _keep_post(
        self, one: Listed, community: Community, visit: VisitBudget
    ) -> UnreadThread | None:
        document = await self._resolve(one, visit)
        if document is None or document.id is None:
            return None
        iri = document.id
        is_new = not await self._is_known(iri)
        found = await self._units.unit(
            lambda ctx: content_at(ctx, iri, via=community.iri),
            budget=visit,
            fetched=Fetched({iri: document}),
        )
        if isinstance(found, Post) and found.community_id != community.id:
            visit.leave_out(iri, "wrong_community", "It belongs to another community.")
        if not isinstance(found, Post) or found.community_id != community.id or not found.is_shown:
            return None
        visit.posts += is_new
        return UnreadThread(found, community, document.thread, document.replies)

    async def _fetch_thread(self, thread: UnreadThread, visit: VisitBudget) -> None:
        """Store the comments of a post: those in its context, else its replies and theirs."""
        seen = {thread.post.iri}
        listed = None
        if thread.context is not None:
            listing = self._list(thread.context, None, visit, self._limits.comments)
            listed = await self._attempt(listing, visit, thread.context)
        answers = [one for one in listed or [] if _id_of(one.item) not in seen]
        if answers:
            for one in answers:
                if visit.is_over:
                    break
                work = self._keep_comment(one, thread, seen, visit)
                await self._attempt(work, visit, one)
            return
        await self._fetch_replies(thread, seen, visit)

    async def _fetch_replies(
        self, thread: UnreadThread, seen: set[str], visit: VisitBudget
    ) -> None:
        waiting = deque([(thread.replies, thread.post.iri, 0)])
        while waiting and len(seen) <= self._limits.comments and not visit.is_over:
            ref, at, depth = waiting.popleft()
            if ref is None or depth >= self._limits.depth:
                continue
            room = self._limits.comments + 1 - len(seen)
            listed = await self._attempt(self._list(ref, at, visit, room), visit, ref)
            for one in listed or []:
                work = self._keep_comment(one, thread, seen, visit, descend=True)
                document = await self._attempt(work, visit, one)
                if document is not None and document.id is not None:
                    waiting.append((document.replies, document.id, depth + 1))

    async def _keep_comment(
        self,
        one: Listed,
        thread: UnreadThread,
        seen: set[str],
        visit: VisitBudget,
        *,
        descend: bool = False,
    ) -> Document | None:
        """Store a comment and those between it and what is here; its document.

        A known comment is not fetched again, unless to `descend` to its replies.
        """
        iri = _id_of(one.item)
        if iri is None or iri in seen:
            return None
        seen.add(iri)
        is_known = await self._is_known(iri)
        if is_known and not descend:
            return None
        document = await self._resolve(one, visit)
        if document is None or is_known:
            return document
        for step in reversed(await self._fetch_parents(document, visit)):
            await self._units.unit(
                partial(_keep, document=step, thread=thread),
                budget=visit,
                fetched=Fetched({step.id or "": step}),
            )
            visit.comments += 1
        return document

    async def _fetch_parents(self, document: Document, visit: VisitBudget) -> list[Document]:
        """The document and its ancestors, up to something that is here.

        Raises Invalid for replies in a circle and for threads that are too deep.
        """
        chain = [document]
        while (above := chain[-1].in_reply_to) is not None and not await self._is_known(above):
            if any(above == step.id for step in chain) or len(chain) >= self._limits.depth:
                raise Invalid(
                    "thread_endless",
                    "The chain of parents of %(iri)s is circular or too long.",
                    iri=document.id,
                )
            found = await self._resolve(Listed(above, above), visit)
            if found is None:
                break
            chain.append(found)
        return chain

    async def _resolve(self, one: Listed, visit: VisitBudget) -> Document | None:
        """The object in one entry of a collection, as its own origin serves it; None without one.

        Entries are ids or documents, of objects or of the Create or Announce of one.
        """
        item, at = one.item, one.at
        for _ in range(WRAPPINGS):
            content = _content_of(item)
            if isinstance(content, Document):
                verdict = judge_listed(content, at, self._ours)
                if isinstance(verdict, Authorize):
                    return content
                content = verdict.iri if isinstance(verdict, FetchFirst) else None
            if content is None or self._ours.is_ours(content):
                return None
            found = await self._units.fetch(content, visit)
            if not found.is_activity:
                return found
            item, at = found, found.id or content
        return None

    async def _list(
        self, ref: Document | str, near: str | None, visit: VisitBudget, limit: int
    ) -> list[Listed]:
        """Up to `limit` distinct entries of a collection, page by page while there are new ones.

        Its pages must be on the host of `near`, or without that on the host of the collection.
        Raises what fetching the collection raises, and Invalid when it is not a collection.
        """
        found: dict[str, Listed] = {}
        seen: set[str] = set()
        page: Document | str | None = ref
        without_new = 0
        for _ in range(self._limits.pages + 1):
            # An embedded page may claim any id.
            is_fetched = isinstance(page, str)
            page = await self._page(page, near, seen, visit)
            if page is None:
                break
            near = page.id if is_fetched else near
            before = len(found)
            for item in page.items:
                iri = _id_of(item)
                if iri is not None and len(found) < limit:
                    found.setdefault(iri, Listed(item, near or iri))
            is_cover = page.first is not None and not page.items
            without_new = 0 if is_cover or len(found) > before else without_new + 1
            if len(found) >= limit or without_new >= MAX_WITHOUT_NEW:
                break
            page = page.first if is_cover else page.next
        return list(found.values())

    async def _page(
        self, page: Document | str | None, near: str | None, seen: set[str], visit: VisitBudget
    ) -> Document | None:
        """The next page to read; None when it was read before or cannot be fetched."""
        if isinstance(page, str):
            if page in seen or not (near is None or same_origin(page, near)):
                return None
            is_first = not seen
            seen.add(page)
            fetching = self._units.fetch(page, visit)
            page = await (fetching if is_first else self._attempt(fetching, visit, page))
            await self._rest(visit)
        if page is not None and page.type not in COLLECTION_TYPES:
            raise Invalid(
                "not_a_collection",
                "%(iri)s is of type %(type)s, not a collection.",
                iri=page.id,
                type=page.type,
            )
        return page

    async def _attempt(
        self, work: Awaitable[T], visit: VisitBudget, what: Listed | Document | str
    ) -> T | None:
        """Do one of many things; if it fails, it is left out."""
        try:
            return await work
        except (ProtocolError, FedcomError, DBAPIError) as error:
            if isinstance(error, Unreachable):
                visit.note_fault(error)
            item = what.item if isinstance(what, Listed) else what
            code, reason = (
                ("database", "It cannot be stored in the database.")
                if isinstance(error, DBAPIError)
                else (error.code, error.detail)
            )
            visit.leave_out(_id_of(item), code, reason)
            return None
        finally:
            await self._rest(visit)

    async def _rest(self, visit: VisitBudget) -> None:
        """Pause after a request, so that peers can serve their members."""
        asked, visit.unrested = visit.unrested, 0
        await asyncio.sleep(self._limits.pause * asked)

    async def _is_known(self, iri: str) -> bool:
        return await self._units.read(lambda conn: find_content(conn, iri) is not None)


async def _forever(due: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await due.wait()
        due.clear()
        await _safely(work())


async def _safely(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:  # the outermost loop: a failed visit must not end all later ones
        logger.exception("backfill_failed")


def _content_of(item: Document | str) -> Document | str | None:
    """The object inside an Announce or a Create; None inside anything else, such as a vote."""
    for _ in range(WRAPPINGS):
        if isinstance(item, str) or not item.is_activity:
            return item
        inner = item.object if item.type in ("Announce", "Create", "Update") else None
        if inner is None:
            return None
        item = inner
    return None


def _id_of(item: Document | str) -> str | None:
    """The id of the object in an entry."""
    content = _content_of(item)
    return content.id if isinstance(content, Document) else content


def _find_thread(conn: Connection, post_id: int) -> tuple[Post, Community]:
    about = get_post(conn, post_id)
    return about, get_community(conn, about.community_id)


def _keep(ctx: Context, document: Document, thread: UnreadThread) -> Post | Comment:
    """Make the comment. Raises Denied for something that is not a reply in this thread."""
    iri = document.in_reply_to or ""
    above = find_content(ctx.conn, iri)
    if above is None or above.post_id != thread.post.id:
        raise Denied(
            "wrong_thread",
            "%(iri)s does not belong to the thread of %(post)s.",
            iri=document.id,
            post=thread.post.iri,
        )
    return content_at(ctx, document.id or "", via=thread.community.iri)


def _put_omissions(
    ctx: Context, community: Community, source: str, left_out: Sequence[LeftOut]
) -> None:
    ctx.conn.execute(delete(omission).where(omission.c.source == source))
    rows = [
        {
            "community_id": community.id,
            "source": source,
            "item": one.item,
            "code": one.code,
            "reason": one.reason,
            "created_at": ctx.now,
        }
        for one in left_out
    ]
    if rows:
        ctx.conn.execute(insert(omission), rows)


def _mark(ctx: Context, community: Community) -> None:
    ctx.conn.execute(
        update(community_table)
        .where(community_table.c.actor_id == community.id)
        .values(backfilled_at=ctx.now)
    )

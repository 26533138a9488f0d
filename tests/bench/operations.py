"""What a node does, one operation after the other, and what each costs."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, get_args

import httpx
from sqlalchemy import Connection

from activitypub.iri import PUBLIC
from activitypub.signatures.keys import PrivateKey
from activitypub.signatures.request import sign
from activitypub.vocab.activities import create, like
from activitypub.vocab.base import dump
from fedcom.accounts.digest import write_digests
from fedcom.background.push import list_due, spread
from fedcom.background.search_words import find_gone, read_some
from fedcom.context import Context
from fedcom.federation.ports import PeerInboxes
from fedcom.models.post import Post
from fedcom.queries.bans import list_banned_people
from fedcom.text.search_terms import parse_terms
from fedcom.views.comment_feed import (
    CommentQuery,
    Only as CommentOnly,
    Order,
    Scope as CommentScope,
    list_comments,
)
from fedcom.views.feed import SPANNED, FeedQuery, Sort, Span, list_posts
from fedcom.views.inbox import InboxQuery, Kind, count_unread, list_inbox
from fedcom.views.post import get_post_view
from fedcom.views.report_entry import EntryQuery, count_open, list_entries
from fedcom.views.scopes import Scope as FeedScope
from fedcom.views.search import SearchQuery, Viewer, search_comments, search_posts
from fedcom.views.thread import Levels, list_levels, place_of
from outbox import claims
from outbox.answers import AnswerKind, AttemptOutcome
from outbox.publish import publish
from outbox.record import Result, record
from tests.bench.fill import COMMON, RARE
from tests.bench.village import HOSTS, ORIGIN, PEER, Node

Measured = tuple[float, float]
"""CPU and wall time of one operation in seconds."""

Operation = Callable[[Node], Awaitable[Measured]]

Read = Callable[[Connection, Node], object]
"""What reads a list for an app, of which there is no page."""


class Clock:
    """CPU and wall time since it was made."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._began = self._now()

    def _now(self) -> Measured:
        cpu = time.process_time() + self._node.backends.seconds()
        return cpu, time.perf_counter()

    def each(self, number: int) -> Measured:
        """Of one of `number` operations since."""
        cpu, wall = self._now()
        return (cpu - self._began[0]) / number, (wall - self._began[1]) / number


SORTS = (
    *(f"sort={sort}" for sort in get_args(Sort) if sort not in SPANNED),
    *(f"sort=top&range={span}" for span in get_args(Span)),
    *(f"sort=controversial&range={span}" for span in ("month", "all")),
)
SEARCHES = [
    f"/search?type={kind}&q={word}&sort={sort}"
    for kind in ("posts", "comments")
    for word in (RARE, COMMON)
    for sort in ("relevance", "new")
]
PAGES: Mapping[str, Sequence[str]] = {
    "guest member": (
        *(f"/?list={scope}&{sort}" for scope in ("all", "local") for sort in SORTS),
        "/c/{cats}",
        *(f"/c/{{busy}}?{sort}" for sort in SORTS),
        "/post/{first}",
        "/post/{longest}",
        "/post/{first}?view=flat",
        "/post/{longest}?view=flat&sort=new",
        "/comment/700",
        *(f"/u/{{founder}}{show}" for show in ("", "?sort=top", "?show=posts", "?show=comments")),
        "/u/{writer}",
        *SEARCHES,
        f"/search?q={RARE}",
        f"/search?q={COMMON}&sort=new",
        "/search?q=words+mispelled",
        "/search?type=people&q=p150",
        "/search?type=communities&q=group",
        *(f"/modlog{only}" for only in ("", "?kind=remove", "?kind=ban", "?person=p1")),
        "/modlog?moderator=p1",
        "/c/{busy}/modlog",
        "/c/{busy}/rules",
        *(
            f"/communities?list={scope}&sort={sort}"
            for scope in ("all", "local")
            for sort in ("subscribers", "active", "new", "old", "comments")
        ),
        "/communities?q=group",
        "/communities?q=group105",
    ),
    "member": (
        *(f"/?list=subscribed&{sort}" for sort in SORTS),
        "/communities?list=subscribed",
        "/welcome",
        "/notifications",
        "/notifications?show=all",
        "/saved",
        *(f"/saved?show={show}" for show in ("comments", "hidden", "followed", "muted")),
        "/submit",
        "/submit/communities?q=group",
        *(f"/complete?q={typed}&at=/post/{{first}}" for typed in ("@", "@p1", "!group", ":cat")),
        "/messages",
        "/post/{first}/news?since=1",
        "/post/{first}/share",
        "/drafts",
        "/settings/notifications",
        "/settings/uploads",
        "/settings/blocks",
    ),
    "app": (
        "/api/v3/site",
        *(
            f"/api/v3/post/list?limit=20&type_={listing}&sort={sort}"
            for listing in ("All", "Local", "Subscribed")
            for sort in ("Active", "Scaled", "New", "TopDay", "TopAll", "MostComments")
        ),
        "/api/v3/post/list?limit=20&community_name={busy}",
        "/api/v3/post/list?limit=20&saved_only=true",
        "/api/v3/post?id={first}",
        "/api/v3/comment/list?post_id={first}&max_depth=8&limit=50",
        "/api/v3/comment/list?post_id={longest}&max_depth=8&limit=50&sort=Top",
        "/api/v3/comment/list?limit=20&type_=All&sort=New",
        "/api/v3/community?name={busy}",
        "/api/v3/user?username={writer}",
        "/api/v3/user/replies?limit=20",
        "/api/v3/user/mention?limit=20",
        "/api/v3/user/unread_count",
        "/api/v3/private_message/list?limit=20",
        f"/api/v3/search?q={RARE}",
        f"/api/v3/search?q={COMMON}&type_=Posts&sort=New",
    ),
    "admin": (
        "/",
        "/c/{cats}",
        "/post/{first}",
        "/reports",
        "/reports?show=resolved",
        "/reports?show=mine",
        "/u/{writer}/moderation",
        "/admin/federation",
        "/admin/instances",
        "/admin/communities",
        "/post/{first}/voters",
        "/admin/members",
        "/admin/registration",
        "/admin/uploads",
        "/admin/statistics",
        "/admin/health",
        "/admin/invitations",
        "/c/{busy}/banned",
    ),
    "guest": (
        "/nodeinfo/2.1",
        "/api/v3/site",
        *(f"/api/v3/modlog?type_={kind}" for kind in ("All", "ModRemovePost", "ModBan")),
        "/feeds/all.xml",
        "/feeds/c/{busy}.xml",
        "/feeds/post/{longest}.xml",
        "/feeds/modlog.xml",
        "/feeds/local.xml",
        "/feeds/u/{writer}.xml",
        "/oembed?url=http%3A%2F%2F127.0.0.1%3A8000%2Fpost%2F{first}",
        "/sitemap.xml",
        *(f"/api/v3/community/list?sort={sort}" for sort in ("Active", "TopDay", "TopWeek")),
        "/api/v3/federated_instances",
    ),
    "peer": (
        "/c/{cats}",
        "/c/{cats}/outbox?page=1",
        "/c/{cats}/followers",
        "/u/{founder}/outbox?page=1",
        "/post/{first}",
        "/post/{first}/context",
        "/post/{first}/replies",
    ),
}
"""The addresses that are visited, and by whom, with `Village.names` in braces."""


def _posts(**wanted: Any) -> Read:
    def read(conn: Connection, node: Node) -> object:
        return list_posts(conn, FeedQuery(**wanted), viewer_id=node.village.ids["member"])

    return read


def _comments(scope: CommentScope, sort: Order, only: CommentOnly | None = None) -> Read:
    def read(conn: Connection, node: Node) -> object:
        ids, first = node.village.ids, node.village.posts[0].id
        subject = {"community": ids["busy"], "author": ids["founder"], "post": first}.get(scope, 0)
        wanted = CommentQuery(scope, sort, subject, only=only)
        return list_comments(conn, wanted, viewer_id=ids["member"])

    return read


def _reports(**wanted: Any) -> Read:
    def read(conn: Connection, node: Node) -> object:
        ids = node.village.ids
        query = EntryQuery(viewer_id=ids["member"], is_admin=False, **wanted)
        return list_entries(conn, query), count_open(conn, ids["member"], is_admin=False)

    return read


def _inbox(kind: Kind, sort: Order, *, unread: bool = False) -> Read:
    def read(conn: Connection, node: Node) -> object:
        wanted = InboxQuery(kind, sort, unread)
        return list_inbox(conn, node.village.ids["member"], wanted)

    return read


def _banned(conn: Connection, node: Node) -> object:
    return list_banned_people(conn, node.instance.clock())


def _levels(order: Order) -> Read:
    def read(conn: Connection, node: Node) -> object:
        member = node.village.ids["member"]
        post = get_post_view(conn, node.village.posts[0].id, viewer_id=member)
        return list_levels(conn, place_of(post), Levels(order, 8), viewer_id=member)

    return read


def _found(find: Callable[..., object], word: str, **wanted: Any) -> Read:
    def read(conn: Connection, node: Node) -> object:
        viewer = Viewer(node.village.ids["member"])
        return find(conn, SearchQuery(parse_terms(word), **wanted), viewer)

    return read


READS: Mapping[str, Read] = {
    **{
        f"posts of {scope} by {sort}, unread": _posts(scope=scope, sort=sort, show_read=False)
        for scope in ("all", "moderated")
        for sort in ("hot", "scaled", "most_comments")
    },
    **{
        f"{only} posts by {sort}": _posts(only=only, sort=sort)
        for only in ("saved", "liked", "disliked")
        for sort in ("hot", "old")
    },
    "posts with a link": _posts(url="https://news.example/1", sort="top"),
    **{
        f"comments of {scope} by {sort}": _comments(scope, sort)
        for scope in (*get_args(FeedScope), "post")
        for sort in get_args(Order)
    },
    **{
        f"{only} comments by {sort}": _comments("all", sort, only)
        for only in get_args(CommentOnly)
        for sort in ("hot", "old")
    },
    **{
        f"reports of {subject}s, unresolved {unresolved}": _reports(
            subject=subject, unresolved=unresolved
        )
        for subject in ("post", "comment")
        for unresolved in (True, False)
    },
    "banned people": _banned,
    **{
        f"{kind} inbox by {order}": _inbox(kind, order, unread=order == "new")
        for kind in get_args(Kind)
        for order in get_args(Order)
    },
    "words of the next texts": lambda conn, _node: read_some(conn),
    "words that no text contains": lambda conn, _node: find_gone(conn, ("", "")),
    "push messages that are due": lambda conn, node: list_due(conn, node.instance.clock()),
    "unread counts": lambda conn, node: count_unread(conn, node.village.ids["member"]),
    **{f"levels of a thread by {order}": _levels(order) for order in get_args(Order)},
    **{
        f"found posts of {word} by {sort}": _found(search_posts, word, sort=sort, title_only=True)
        for word in (RARE, COMMON)
        for sort in ("top", "old", "scaled")
    },
    **{
        f"found comments of {word} by {sort}": _found(search_comments, word, sort=sort)
        for word in (RARE, COMMON)
        for sort in ("top", "hot")
    },
}
"""The lists that are read, by name."""


def reading(read: Read, times: int) -> Operation:
    """Read a list some times."""

    async def operation(node: Node) -> Measured:
        clock = Clock(node)
        for _ in range(times):
            await node.instance.database.read(lambda conn: read(conn, node))
        return clock.each(times)

    return operation


def visit(address: str, who: str, times: int) -> Operation:
    """GET a page some times."""

    async def operation(node: Node) -> Measured:
        path = address.format(**node.village.names)
        accept = "application/activity+json" if who == "peer" else "text/html"
        headers = {"Accept": accept, "Cookie": node.village.cookies.get(who, "")}
        if who == "app":
            headers = {"Authorization": f"Bearer {node.village.tokens['member']}"}
        request = httpx.Request("GET", f"{ORIGIN}{path}", headers=headers)
        # Searches are limited by address.
        client = f"192.0.{node.next() // 250 % 250}.{node.next() % 250}"
        transport = httpx.ASGITransport(app=node.app, client=(client, 1))
        clock = Clock(node)
        for _ in range(times):
            answer = await transport.handle_async_request(request)
            await answer.aread()
        if answer.status_code != 200:
            raise SystemExit(f"{path} ({who}): {answer.status_code}")
        return clock.each(times)

    return operation


class Peer:
    """The peer that sends activities."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def likes(self, node: Node) -> list[bytes]:
        """A Like of each of the village's posts."""
        return [
            dump(like(f"{PEER}/like/{node.next()}", f"{PEER}/u/peer", each.iri))
            for each in node.village.posts
        ]

    def comments(self, node: Node) -> list[bytes]:
        """A comment on each of them."""
        return [dump(self._comment(node, each)) for each in node.village.posts]

    def _comment(self, node: Node, parent: Post) -> dict[str, Any]:
        number = node.next()
        note = {
            "id": f"{PEER}/note/{number}",
            "type": "Note",
            "attributedTo": f"{PEER}/u/peer",
            "to": [PUBLIC],
            "cc": [node.village.cats.iri],
            "inReplyTo": parent.iri,
            "content": "<p>Some words about <strong>cats</strong>.</p>",
            "published": datetime.now(UTC).isoformat(),
        }
        return create(f"{PEER}/create/{number}", f"{PEER}/u/peer", note)

    async def send(self, node: Node, bodies: Sequence[bytes]) -> Measured:
        """POST all of it at once."""
        url = f"{ORIGIN}/inbox"
        requests = [
            (body, sign("POST", url, body, self._key, datetime.now(UTC))) for body in bodies
        ]
        transport = httpx.ASGITransport(app=node.app, client=("127.0.0.2", 1))

        async def post_one(body: bytes, headers: dict[str, str]) -> int:
            request = httpx.Request("POST", url, headers=headers, content=body)
            return (await transport.handle_async_request(request)).status_code

        clock = Clock(node)
        statuses = await asyncio.gather(*(post_one(*one) for one in requests))
        if set(statuses) != {202}:
            raise SystemExit(f"not accepted: {sorted(set(statuses))}")
        return clock.each(len(bodies))

    def posting(self, make: Callable[[Node], list[bytes]]) -> Operation:
        """Receive activities; they are processed outside the measurement."""

        async def operation(node: Node) -> Measured:
            measured = await self.send(node, make(node))
            await node.instance.inbox.drain()
            return measured

        return operation

    def working(self, make: Callable[[Node], list[bytes]]) -> Operation:
        """Process activities that were received outside the measurement."""

        async def operation(node: Node) -> Measured:
            bodies = make(node)
            await self.send(node, bodies)
            clock = Clock(node)
            await node.instance.inbox.drain()
            return clock.each(len(bodies))

        return operation


async def publish_some(node: Node) -> Measured:
    """Publish activities to the village's followers."""
    number = 5

    def work(ctx: Context) -> None:
        for _ in range(number):
            iri = ctx.new_iri("announce")
            publish(
                ctx.conn,
                activity_id=iri,
                actor=node.village.cats.iri,
                body=dump(like(iri, node.village.cats.iri, node.village.posts[0].iri)),
                subject=iri,
                inboxes=[f"http://127.9.0.{host + 1}:8009/inbox" for host in range(HOSTS)],
                now=ctx.now.timestamp(),
            )

    clock = Clock(node)
    await node.instance.units.unit(work)
    return clock.each(number * HOSTS)


async def claim_some(node: Node) -> Measured:
    """Find hosts, claim deliveries, and record them as sent; publishing is not measured."""
    await publish_some(node)
    now = time.time()

    def find(conn: Connection) -> list[str]:
        recent = [one.host for one in claims.find_hosts_due_since(conn, now - 60, now + 1)]
        return [one.host for one in claims.find_hosts(conn) if one.host in recent]

    def claim(conn: Connection) -> list[claims.ClaimedDelivery]:
        bounds = claims.Bounds(slots=50, rows=1000, lease=60)
        return claims.claim(conn, hosts, bounds=bounds, worker="bench", now=now + 1).rows

    def settle(conn: Connection) -> None:
        outcome = AttemptOutcome(AnswerKind.DELIVERED, 202, "")
        results = [Result(row, outcome, now, now + 1) for row in rows]
        inboxes = PeerInboxes(lambda _actor: None, ORIGIN, node.instance.clock)
        record(conn, results, worker="bench", inboxes=inboxes, rng=Random(1))

    clock = Clock(node)
    hosts = await node.instance.database.read(find)
    rows = await node.instance.database.write(claim)
    if not rows:
        raise SystemExit("nothing to claim")
    await node.instance.database.write(settle)
    return clock.each(len(rows))


def looking(look: Callable[[Context], object]) -> Operation:
    """Look for something to do in the background, of which there is nothing."""

    async def operation(node: Node) -> Measured:
        clock = Clock(node)
        await node.instance.unit(look)
        return clock.each(1)

    return operation


def operations(key: PrivateKey, visits: int = 3) -> dict[str, Operation]:
    """All of them by name."""
    peer = Peer(key)
    found: dict[str, Operation] = {
        "inbox POST, Like": peer.posting(peer.likes),
        "inbox POST, comment": peer.posting(peer.comments),
        "work of a Like": peer.working(peer.likes),
        "work of a comment": peer.working(peer.comments),
        "publish one delivery": publish_some,
        "claim and record one delivery": claim_some,
        "look for notifications to mail": looking(partial(write_digests, unsubscribe_url=str)),
        "look for notifications to push": looking(spread),
    }
    for groups, addresses in PAGES.items():
        for address in addresses:
            for who in groups.split():
                found[f"{address} {who}"] = visit(address, who, visits)
    found |= {name: reading(read, visits) for name, read in READS.items()}
    return found

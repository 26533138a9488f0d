"""An instance with local and remote people, made in one line each, without a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Table, func, select

from activitypub.document import Document
from activitypub.errors import NotThere
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from fedcom.accounts.email import confirm_email, propose_email
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, Provenance
from fedcom.context import Context, Fetched, NewKey
from fedcom.db import Database
from fedcom.errors import NeedsFetch
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import get_community
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.remote.actors import community_at, person_at
from fedcom.remote.peers import put_peer
from fedcom.site.setup import finish_setup, start
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from outbox.deliveries import activities, deliveries
from tests.support import documents
from tests.support.clock import SettableClock
from tests.support.foundations import founded

T = TypeVar("T")
R = TypeVar("R")

ORIGIN = "https://home.example"
HOST = "home.example"
NO_KEY = NewKey(public_pem="not a key", encrypted_private=b"not a key")


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """One row of the outbox: its inbox, its shape, its sender.

    A shape is the types from outside in, `Announce{Create{Page}}`; a bare id inside reads `id`.
    """

    inbox: str
    shape: str
    by: str


class Home:
    """The instance `home.example` (or another): ann is its admin and made !cats, bob is a member.

    Called with a function of a `Context`, it runs that in one transaction.
    """

    def __init__(
        self,
        database: Database,
        clock: SettableClock,
        key: NewKey = NO_KEY,
        origin: str = ORIGIN,
    ) -> None:
        self.database = database
        self.clock = clock
        self.origin = origin
        self._key = key
        what = (type(self), clock(), key, origin)
        self.ann, self.bob, self.cats = founded(database, what, self._people)
        self._read = self._newest()

    def _people(self) -> tuple[Person, Person, Community]:
        self(lambda ctx: start(ctx, self._key))
        self.ann = self.member("ann", role="admin")
        bob, cats = self.member("bob"), self.community("cats")
        self(lambda ctx: finish_setup(ctx.conn, name="Home", registration="closed", now=ctx.now))
        return self.ann, bob, cats

    def __call__(
        self,
        work: Callable[[Context], T],
        *,
        fetched: Fetched | None = None,
        wanted: bool = False,
        offline: bool = False,
    ) -> T:
        """`work` in a transaction. `offline`, or without `fetched`: optional documents are missing,
        as for
        a unit that may fetch nothing.
        """
        known = fetched or Fetched()
        while True:
            try:
                with self.database.begin() as conn:
                    return work(Context(conn, self.clock(), self.origin, known, wanted))
            except NeedsFetch as missing:
                if missing.required or not (offline or fetched is None):
                    raise
                known.failures[missing.iri] = NotThere("not_there", "404", url=missing.iri)

    def perform(self, action: Action[R], incoming: ReceivedActivity | None = None) -> R:
        """One action through `perform`."""
        return self(lambda ctx: perform(ctx, action, incoming))

    # People and communities.

    def member(self, name: str, role: str = "member") -> Person:
        """A person with an account here."""
        newcomer = NewAccount(name=name, password_hash="no password fits")
        return self(lambda ctx: create_account(ctx, newcomer, self._key, role)).person

    def community(self, name: str, by: Person | None = None, **more: Any) -> Community:
        """A local community."""
        action = CreateCommunity(by=by or self.ann, name=name, key=self._key, **more)
        return self.perform(action)

    def person(self, iri: str, software: str | None = None) -> Person:
        """A remote person, such as `https://peer.example/u/kim`."""
        return self._known(documents.person(iri), person_at, software)

    def group(self, iri: str, software: str | None = "lemmy", **more: Any) -> Community:
        """A remote community."""
        return self._known(documents.group(iri, **more), community_at, software)

    def _known(
        self, document: documents.Json, find: Callable[[Context, str], T], software: str | None
    ) -> T:
        iri = document["id"]
        fetched = Fetched({iri: Document(document)})
        nothing = NotThere("not_there", "404", url=iri, status=404)
        fetched.failures[f"{iri}/moderators"] = nothing
        found = self(lambda ctx: find(ctx, iri), fetched=fetched)
        if software is not None:
            about = Software(software, "1")
            self(lambda ctx: put_peer(ctx.conn, found.host, about, ctx.now))
        return found

    # Their actions.

    def follow(self, by: Person, target: Community | Person) -> None:
        """A follow: accepted at once by local actors, pending with remote ones."""
        self.perform(Follow(by=by, target=target), received(by.iri))
        self.sent()

    def post(
        self, by: Person | None = None, community: Community | None = None, **fields: Any
    ) -> Post:
        """A post of a member, or of a remote person as if it had been received."""
        author = by or self.bob
        fields.setdefault("title", "Cats sleep")
        fields.setdefault("body", Body.of_markdown("They *do*."))
        incoming = None
        if not author.local:
            iri = fields.pop("iri", f"https://{author.host}/post/{self._count(activities)}")
            fields["source"] = Provenance(iri, "Page", None, None)
            incoming = received(author.iri)
        return self.perform(
            CreatePost(by=author, community=community or self.cats, **fields), incoming
        )

    def comment(
        self,
        post: Post,
        by: Person | None = None,
        parent: Comment | None = None,
        text: str = "Sure",
        iri: str | None = None,
    ) -> Comment:
        """A comment of a member, or of a remote person as if it had been received."""
        author = by or self.bob
        source, received_activity = None, None
        if not author.local:
            iri = iri or f"https://{author.host}/note/{self._count(activities)}"
            source, received_activity = Provenance(iri, "Note", None, None), received(author.iri)
        return self.perform(
            CreateComment(
                by=author, post=post, parent=parent, body=Body.of_markdown(text), source=source
            ),
            received_activity,
        )

    # The stored rows.

    def fresh(self, row: R) -> R:
        """The current row."""
        if isinstance(row, Post):
            return self(lambda ctx: get_post(ctx.conn, row.id))
        if isinstance(row, Comment):
            return self(lambda ctx: get_comment(ctx.conn, row.id))
        assert isinstance(row, Community)
        return self(lambda ctx: get_community(ctx.conn, row.id))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a table, in the order of its primary key."""
        with self.database.connect() as conn:
            statement = select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in conn.execute(statement).mappings()]

    def sent(self) -> list[Sent]:
        """The deliveries that were written since the last call, sorted."""
        return sorted(sent for sent, _ in self.sent_bodies())

    def sent_bodies(self) -> list[tuple[Sent, bytes]]:
        """As `sent`, with the bytes that are sent, in the order of writing."""
        with self.database.connect() as conn:
            rows = conn.execute(
                select(deliveries.c.id, deliveries.c.inbox, activities.c.actor, activities.c.body)
                .join(activities, activities.c.id == deliveries.c.activity)
                .where(deliveries.c.id > self._read)
                .order_by(deliveries.c.id)
            ).all()
        self._read = rows[-1].id if rows else self._read
        return [
            (Sent(row.inbox, shape_of(Document(parse(row.body))), _short(row.actor)), row.body)
            for row in rows
        ]

    def _newest(self) -> int:
        with self.database.connect() as conn:
            return conn.execute(select(func.max(deliveries.c.id))).scalar() or 0

    def _count(self, table: Table) -> int:
        with self.database.connect() as conn:
            return conn.execute(select(func.count()).select_from(table)).scalar_one()


def give_email(ctx: Context, person_id: int, address: str) -> None:
    """A member's address, typed and confirmed."""
    propose_email(ctx.conn, person_id, address, sends_mail=True)
    confirm_email(ctx.conn, person_id, address)


def received(actor: str, body: bytes | None = None, via: str | None = None) -> ReceivedActivity:
    """A received activity, when its content does not matter."""
    return ReceivedActivity(Document({"type": "Create", "actor": actor}), actor, body=body, via=via)


def shape_of(document: Document) -> str:
    """`Announce{Create{Page}}`; a bare id inside reads `id`."""
    if not document.is_activity:
        return document.type
    inner = ", ".join("id" if isinstance(one, str) else shape_of(one) for one in document.objects)
    return f"{document.type}{{{inner}}}"


def _short(actor: str) -> str:
    return actor.removeprefix(f"{ORIGIN}/")

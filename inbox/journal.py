"""The table of received activities. Its unique key tells duplicates: append, query, prune.

States of a row (`append` makes it open, `claims` does the rest):

    open      received and stored; nobody has worked on it
    claimed   a worker has it until `due_at`, the end of its lease
    parked    something was not available; retried at `due_at`
    done      its effect is committed, in the same transaction
    refused   it will never be done; `code` and `reason` say why
    ignored   as refused, but nobody made a mistake

So `due_at` is always the time from which a row may be worked on, and one index finds due rows.
`closed_at IS NULL` means one of the first three, `claimed_by IS NOT NULL` means claimed: partial
indexes use these two, because neither database can use one that compares with a parameter.

No network, no clock and no handler may live here: times are epoch seconds and are passed in.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from database.counting import count_each
from database.inserts import insert_new
from database.partial_indexes import partial_index
from database.pruning import Outdated, outdated_in

BODY_KEPT = 7 * 86_400.0
"""Seconds for which a closed row keeps its body: long enough to look into a refusal. A row that is
done then keeps only what tells duplicates."""

KEY_KEPT = 21 * 86_400.0
"""Seconds for which a closed row is kept. It must outlive everything that could be replayed: a
signed request (half a day, `MAX_LIFETIME`), a peer's longest retries (a week for Lemmy and
Misskey), and an integrity proof (a week, `listeners.RELAYED_WITHIN`)."""

OPEN_STATES, CLOSED_STATES = ("open", "claimed", "parked"), ("done", "refused", "ignored")

_INDEXED_TEXT = 512
"""Longest text that is indexed as it is (PostgreSQL's limit is about 2,700 bytes)."""

metadata = MetaData()

journal = Table(
    "inbox_journal",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("dedupe_key", String(64), nullable=False),
    Column("activity_id", Text),
    Column("activity_type", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("signer", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("subject", Text),
    Column("body", LargeBinary),
    Column("spliceable", Boolean, nullable=False),
    Column("authenticated", Boolean, nullable=False),
    # When the actor signed the request, by its own clock; null when somebody else signed it.
    Column("signed_at", Double),
    Column("request_id", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("state", String(8), nullable=False),
    Column("claimed_by", String(64)),
    Column("tries", Integer, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("code", Text),
    Column("reason", Text),
    UniqueConstraint("dedupe_key", name="uq_inbox_journal_dedupe_key"),
    sqlite_autoincrement=True,
)

_c = journal.c
LIVE = _c.closed_at.is_(None)
"""The row is open, claimed or parked (spelled without a parameter, for the partial indexes)."""


partial_index("ix_inbox_journal_due", _c.due_at, _c.id, where=LIVE)
partial_index("ix_inbox_journal_host_subject", _c.host, _c.subject, _c.id, where=LIVE)
partial_index("ix_inbox_journal_host_due", _c.host, _c.due_at, _c.id, where=LIVE)
partial_index("ix_inbox_journal_claimed", _c.host, _c.subject, where=_c.claimed_by.is_not(None))
partial_index("ix_inbox_journal_closed", _c.state, _c.closed_at, where=_c.closed_at.is_not(None))
# By the time of arrival: of two indexes with `closed_at`, SQLite may choose the one with all closed
# rows.
partial_index(
    "ix_inbox_journal_bodies",
    _c.received_at,
    where=and_(_c.closed_at.is_not(None), _c.body.is_not(None)),
)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One verified activity on its way into the journal.

    `signer` is "" when the signing key is gone (see `verify.KeyGone`). `subject` is the IRI of the
    innermost object: rows of one host with the same subject are worked in order; None means in any
    order.
    `signed_at` is when the actor signed the request (epoch seconds by its clock), None when
    somebody else did.
    """

    activity_id: str | None
    activity_type: str
    actor: str
    signer: str
    host: str
    subject: str | None
    body: bytes
    spliceable: bool
    authenticated: bool
    request_id: str
    received_at: float
    signed_at: float | None = None

    @property
    def dedupe_key(self) -> str:
        """64 hex digits: the first half stands for actor and subject, the second for this delivery.

        The same bytes signed at another time are not a duplicate: NodeBB gives every upvote of a
        post by one person the same id (`uid/3#activity/like/5`). A captured request that is
        replayed keeps its time, and is a duplicate. A relayed copy must not hide what the actor
        itself sends later (the copy may be refused because its origin was out of reach just then),
        so the second half includes the signer of a relay.
        """
        sent = self.signed_at if self.authenticated else self.signer
        body = hashlib.sha256(self.body).hexdigest()
        delivery = _half_digest([self.activity_id, self.authenticated, sent, body])
        return _half_digest([self.actor, _indexable(self.subject)]) + delivery


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """One row that was refused or ignored after its 202, for admins and peers' developers."""

    id: int
    activity_id: str | None
    activity_type: str
    actor: str
    host: str
    request_id: str
    received_at: float
    closed_at: float
    state: str
    code: str
    reason: str


def append(conn: Connection, entries: Sequence[JournalEntry]) -> list[bool]:
    """Store these entries with one statement; for each, True if it was new, False for a
    duplicate."""
    keys = [entry.dedupe_key for entry in entries]
    rows: dict[str, dict[str, object]] = {}
    for key, entry in zip(keys, entries, strict=True):
        rows.setdefault(key, _to_row(key, entry))
    new = set(insert_new(conn, list(rows.values()), _c.dedupe_key))
    answer = []
    for key in keys:
        answer.append(key in new)
        new.discard(key)  # the same entry twice in one batch is new once
    return answer


def measure_clock(conn: Connection, latest: int = 200) -> dict[str, float]:
    """For each host that signed one of the latest activities: by how many seconds our clock was
    ahead of its own when the last of them arrived. The transport takes a moment of that.
    """
    newest = (
        select(_c.host, (_c.received_at - _c.signed_at).label("ahead"))
        .where(_c.signed_at.is_not(None))
        .order_by(_c.id.desc())
        .limit(latest)
    )
    found: dict[str, float] = {}
    for host, ahead in conn.execute(newest):
        found.setdefault(host, ahead)
    return found


def was_received(conn: Connection, actor: str, subject: str | None, activity_id: str) -> bool:
    """Whether the actor itself delivered this activity, or somebody else did and it was done.

    True for as long as the row is kept (`KEY_KEPT`), whatever its state. A relayed copy that was
    refused does not count, or a stranger could use up an id before its owner does.
    """
    ids = {"activity_id": activity_id, "reduced_id": _half_digest([activity_id])}
    which = {**_between(actor, subject), **ids}
    return conn.execute(_received, which).first() is not None


def has_newer_activity(conn: Connection, actor: str, subject: str | None, moment: float) -> bool:
    """Whether the actor itself signed anything about `subject` at `moment` or later (epoch seconds
    by the actor's clock), as far as rows are kept (`KEY_KEPT`)."""
    which = {**_between(actor, subject), "moment": moment}
    return conn.execute(_newer, which).first() is not None


_of_actor_and_subject = (
    select(1)
    .where(_c.dedupe_key >= bindparam("first"), _c.dedupe_key < bindparam("behind"))
    .limit(1)
)
_received = _of_actor_and_subject.where(
    or_(_c.activity_id == bindparam("activity_id"), _c.activity_id == bindparam("reduced_id")),
    or_(_c.authenticated, _c.state == "done"),
)
_newer = _of_actor_and_subject.where(_c.authenticated, _c.signed_at >= bindparam("moment"))


def _between(actor: str, subject: str | None) -> dict[str, str]:
    """The bounds of the dedupe keys with this actor and subject."""
    first = _half_digest([actor, _indexable(subject)])
    # "g" comes after every hexadecimal digit.
    return {"first": first, "behind": f"{first}g"}


def _half_digest(parts: list[object]) -> str:
    """128 bits of SHA-256, as 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _to_row(key: str, entry: JournalEntry) -> dict[str, object]:
    return {
        "dedupe_key": key,
        "activity_id": entry.activity_id,
        "activity_type": entry.activity_type,
        "actor": entry.actor,
        "signer": entry.signer,
        "host": entry.host,
        "subject": _indexable(entry.subject),
        "body": entry.body,
        "spliceable": entry.spliceable,
        "authenticated": entry.authenticated,
        "signed_at": entry.signed_at,
        "request_id": entry.request_id,
        "received_at": entry.received_at,
        "state": "open",
        "tries": 0,
        "due_at": entry.received_at,
    }


def _indexable(text: str | None) -> str | None:
    # The subject is whatever the peer wrote. Only equality matters, so a hash will do.
    if text is None or len(text) <= _INDEXED_TEXT:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


_open_for_host = select(1).where(LIVE, _c.host == bindparam("host"), _c.state != "parked").limit(1)
_nth_for_host = (
    select(1)
    .where(LIVE, _c.host == bindparam("host"))
    .order_by(_c.due_at)
    .offset(bindparam("number"))
    .limit(1)
)
_backlog = select(
    _open_for_host.scalar_subquery().label("first"), _nth_for_host.scalar_subquery().label("nth")
)


def _is_in(state: str) -> ColumnElement[bool]:
    """Written so that both databases see that the partial indexes apply."""
    ended = _c.closed_at.is_not(None) if state in CLOSED_STATES else LIVE
    return and_(_c.state == literal_column(f"'{state}'", String), ended)


_counts = count_each(
    {state: select(_c.closed_at).where(_is_in(state)) for state in (*OPEN_STATES, *CLOSED_STATES)}
)
_waiting = (
    select(_c.host, func.count().label("number"), func.min(_c.received_at).label("since"))
    .where(LIVE, _c.received_at < bindparam("before"))
    .group_by(_c.host)
    .order_by(_c.host)
)
_rows_to_show = (
    select(
        _c.id,
        _c.activity_id,
        _c.activity_type,
        _c.actor,
        _c.host,
        _c.request_id,
        _c.received_at,
        _c.closed_at,
        _c.state,
        _c.code,
        _c.reason,
    )
    .order_by(_c.closed_at.desc(), _c.id.desc())
    .limit(bindparam("limit"))
)
_refusals = [_rows_to_show.where(_is_in(state)) for state in ("refused", "ignored")]


def is_open_for_host(conn: Connection, host: str) -> bool:
    """Whether an activity of this host is waiting or being worked on (parked ones do not count)."""
    return conn.execute(_open_for_host, {"host": host}).first() is not None


def look_at_backlog(conn: Connection, host: str, number: int) -> tuple[bool, bool]:
    """As `is_open_for_host`, and whether at least `number` activities of this host are not done."""
    row = conn.execute(_backlog, {"host": host, "number": number - 1}).one()
    return row.first is not None, row.nth is not None


def counts(conn: Connection) -> dict[str, int]:
    """How many rows there are in each state, up to `COUNTED`; states without rows are left out."""
    return {row.state: row.number for row in conn.execute(_counts) if row.number}


def refusals(conn: Connection, limit: int = 50, host: str | None = None) -> list[RefusedEntry]:
    """Rows that were refused or ignored after their 202, of one host or of all: up to `limit`
    refused ones, then up to `limit` ignored ones, each latest first.
    """
    found: list[RefusedEntry] = []
    for statement in _refusals:
        wanted = statement if host is None else statement.where(_c.host == host)
        found += [RefusedEntry(**row) for row in conn.execute(wanted, {"limit": limit}).mappings()]
    return found


def count_waiting(conn: Connection, before: float) -> list[tuple[str, int, float]]:
    """For each host: how many open rows were received `before` (epoch seconds), and when the first
    of them was."""
    return [(row.host, row.number, row.since) for row in conn.execute(_waiting, {"before": before})]


_with_outdated_body = (
    select(_c.id)
    .where(
        _c.closed_at.is_not(None),
        _c.body.is_not(None),
        _c.received_at < bindparam("before"),
        _c.closed_at + 0.0 < bindparam("before"),  # no index has the sum
    )
    .order_by(_c.received_at)
    .limit(bindparam("most"))
)
_to_reduce = (
    select(_c.id, _c.state, _c.activity_id)
    .where(_c.id.in_(bindparam("ids", expanding=True)))
    .where(_c.body.is_not(None))
)
_drop_body = update(journal).where(_c.id.in_(bindparam("ids", expanding=True))).values(body=None)
_reduce = (
    update(journal)
    .where(_c.id == bindparam("row"))
    .values(
        body=None,
        activity_id=bindparam("reduced_id"),
        activity_type="",
        actor="",
        signer="",
        host="",
        subject=None,
        request_id="",
        reason=None,  # of an earlier attempt
    )
)


def list_outdated(now: float) -> tuple[Outdated, ...]:
    """What `database.pruning` deletes: rows closed `KEY_KEPT` ago, and the bodies of rows closed
    `BODY_KEPT` ago, with everything else of those that are done but what tells duplicates.
    """

    def find(conn: Connection, most: int) -> Sequence[int]:
        which = {"before": now - BODY_KEPT, "most": most}
        return conn.execute(_with_outdated_body, which).scalars().all()

    # State by state, as the index has them.
    old = (and_(_is_in(state), _c.closed_at < now - KEY_KEPT) for state in CLOSED_STATES)
    return *(outdated_in(journal, each) for each in old), Outdated(find, _reduce_rows)


def _reduce_rows(conn: Connection, ids: Sequence[int]) -> int:
    """`ids` are of closed rows."""
    rows = conn.execute(_to_reduce, {"ids": list(ids)}).all()
    done = [
        {"row": row.id, "reduced_id": row.activity_id and _half_digest([row.activity_id])}
        for row in rows
        if row.state == "done"
    ]
    others = [row.id for row in rows if row.state != "done"]
    if done:
        conn.execute(_reduce, done)
    if others:
        conn.execute(_drop_body, {"ids": others})
    return len(rows)

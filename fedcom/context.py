"""The context of every action and query: one transaction, the time, and the fetched documents.

Nothing here uses the network. If an action needs a document that is missing, the context raises
`NeedsFetch`; the code that opened the unit of work rolls back, fetches and runs it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.errors import FetchFailed
from activitypub.iri import host_of
from fedcom.errors import NeedsFetch
from fedcom.models.actor import Community, Person
from fedcom.models.located import DirectReplies, Located
from fedcom.models.site import SitePolicy
from fedcom.rules.permissions import Standing


@dataclass(frozen=True, slots=True)
class NewKey:
    """The keys of a new local actor, made outside the transaction, the private ones encrypted.

    RSA signs requests, as a PEM; Ed25519 proves documents, as a Multikey. An actor without the
    second one sends its documents unproven.
    """

    public_pem: str
    encrypted_private: bytes
    proof_multibase: str | None = None
    encrypted_proof: bytes | None = None


Prover = Callable[[Connection, str, dict[str, Any], datetime], dict[str, Any]]
"""(connection, id of a local actor, its document, now) → the document with the actor's proof."""


@dataclass(slots=True)
class Fetched:
    """The responses of other servers to this unit of work so far, by the requested id."""

    documents: dict[str, Document] = field(default_factory=dict)
    failures: dict[str, FetchFailed] = field(default_factory=dict)


@dataclass(slots=True)
class RowCache:
    """The rows that one action or one document has read; `fedcom.queries.located` fills it.

    `located` is by ActivityPub id, None for unknown objects; `people` are the acting people, by
    their ids. `standings` are by the row ids of a person and a community, `votes` (score and id) by
    the row id of the voter and the id of the target, None for a person who has not voted. `authors`
    and `communities` are by row id, for collections of many posts. `replies` are by the row id of a
    comment, for collections of many comments (`fedcom.queries.replies` fills it). `unused` are ids
    and digests without any row (`fedcom.queries.unused_ids`). `policy` is that of the site
    (`fedcom.queries.policy`).
    """

    located: dict[str, Located | None] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    standings: dict[tuple[int, int], Standing] = field(default_factory=dict)
    votes: dict[tuple[int, str], tuple[int, str] | None] = field(default_factory=dict)
    authors: dict[int, Person] = field(default_factory=dict)
    communities: dict[int, Community] = field(default_factory=dict)
    replies: dict[int, DirectReplies] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)
    policy: SitePolicy | None = None

    def forget(self) -> None:
        """Discard everything: the action is over, and may have changed any of it."""
        for known in (
            self.located,
            self.people,
            self.standings,
            self.votes,
            self.authors,
            self.communities,
            self.replies,
            self.unused,
        ):
            known.clear()
        self.policy = None


@dataclass(frozen=True, slots=True)
class Context:
    """One unit of work: everything in it is committed together or not at all."""

    conn: Connection
    now: datetime
    origin: str
    fetched: Fetched = field(default_factory=Fetched)
    # A member asked for this, so fetched objects are stored although no member follows them.
    wanted: bool = False
    # Adds proofs to our activities (FEP-8b32); without it documents go out unproven.
    prover: Prover | None = None
    # Members' actions are rate-limited (the setting `member_limits`).
    has_limits: bool = True
    cache: RowCache = field(default_factory=RowCache)

    @property
    def host(self) -> str:
        """Our own host, as it stands in our ids."""
        return host_of(self.origin)

    def is_ours(self, iri: str) -> bool:
        """Whether the id is under our origin, whether or not it was ever used."""
        return iri == self.origin or iri.startswith(f"{self.origin}/")

    def new_iri(self, kind: str) -> str:
        """A fresh id for a local activity, such as `…/activities/like/0b6c…`."""
        return f"{self.origin}/activities/{kind}/{uuid4().hex}"

    def proven(self, actor_iri: str, document: dict[str, Any]) -> dict[str, Any]:
        """The document of a local actor with its integrity proof, if the actor can make one."""
        if self.prover is None:
            return document
        return self.prover(self.conn, actor_iri, document, self.now)

    def document(self, iri: str) -> Document:
        """The document at `iri` as its origin serves it now.

        Raises NeedsFetch if it was not fetched yet, and the FetchFailed with which the fetch ended.
        """
        if iri in self.fetched.failures:
            raise self.fetched.failures[iri]
        found = self.fetched.documents.get(iri)
        if found is None:
            raise NeedsFetch(iri)
        return found

    def find_document(self, iri: str) -> Document | None:
        """As `document`, for an optional one: None if its origin does not serve it.

        Raises NeedsFetch, not `required`, if it was not fetched yet.
        """
        if iri not in self.fetched.failures and iri not in self.fetched.documents:
            raise NeedsFetch(iri, required=False)
        return None if iri in self.fetched.failures else self.fetched.documents[iri]

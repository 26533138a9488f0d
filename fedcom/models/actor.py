"""Actors: people and communities, local and remote, with their keys and names.

One table for all of them, because on the wire they are one thing: an id with an inbox and a key.
The columns that only communities have are in `community`, one row for each actor of type Group.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    true,
)

from database.partial_indexes import flagged, partial_index
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

REQUESTS = "rsa-sha256"
"""The algorithm of an actor's main key, which signs requests."""

PROOFS = "ed25519"
"""The algorithm of its other key, which signs proofs of documents."""

BOT_KINDS = ("Application", "Service")
"""The kinds of actors that declare themselves bots."""

actor = Table(
    "actor",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("iri", Text, nullable=False, unique=True),
    # The type on the wire: Person, Group, Application, Service or Organization.
    Column("kind", Text, nullable=False),
    Column("local", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    # The domain of the handle, if WebFinger confirmed another one than the host.
    Column("domain", Text, nullable=True),
    Column("title", Text, nullable=False, default=""),
    Column("summary_source", Text, nullable=False, default=""),
    Column("summary_html", Text, nullable=False, default=""),
    Column("icon_url", Text, nullable=True),
    Column("image_url", Text, nullable=True),
    Column("url", Text, nullable=True),
    # The address for Matrix that a person gives (Lemmy's `matrixUserId`), such as @ann:example.org.
    Column("matrix_user_id", Text, nullable=True),
    Column("inbox", Text, nullable=False),
    Column("shared_inbox", Text, nullable=True),
    Column("outbox", Text, nullable=True),
    Column("followers", Text, nullable=True),
    Column("public_key_id", Text, nullable=True),
    Column("public_key_pem", Text, nullable=True),
    # The Ed25519 key of the actor's integrity proofs, as a Multikey (FEP-521a, FEP-8b32).
    Column("proof_key_id", Text, nullable=True),
    Column("proof_key", Text, nullable=True),
    Column("published_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    # Null for local actors.
    Column("fetched_at", UtcDateTime, nullable=True),
    # Whether search engines may list what it wrote or contains (Mastodon's `indexable`).
    Column("indexable", Boolean, nullable=False, server_default=true()),
    Column("banned_at", UtcDateTime, nullable=True),
    Column("ban_reason", Text, nullable=False, default=""),
    # Null while banned: permanent.
    Column("ban_expires_at", UtcDateTime, nullable=True),
    Column("deleted_at", UtcDateTime, nullable=True),
    Index("ix_actor_name_host", "name", "host"),
    Index("ix_actor_host", "host"),
    # Local communities, which are few among all actors, by name.
    partial_index("ix_actor_local", "kind", "name", where=flagged("local")),
    # Finds the hosts whose handles have another domain.
    partial_index("ix_actor_split_host", "host", where="domain IS NOT NULL"),
    # Those who are banned from the whole instance, few among all actors.
    partial_index("ix_actor_banned_at", "banned_at", where="banned_at IS NOT NULL"),
    Index("ix_actor_public_key_id", "public_key_id"),
    Index("ix_actor_proof_key_id", "proof_key_id"),
    CheckConstraint(
        "kind IN ('Person', 'Group', 'Application', 'Service', 'Organization')", name="kind"
    ),
    sqlite_autoincrement=True,
)

community = Table(
    "community",
    metadata,
    Column("actor_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("moderators_iri", Text, nullable=True),
    Column("featured_iri", Text, nullable=True),
    Column("nsfw", Boolean, nullable=False, default=False),
    Column("posting_restricted", Boolean, nullable=False, default=False),
    # In which members may post, as codes separated by spaces; "" for all.
    Column("languages", Text, nullable=False, server_default=EMPTY),
    Column("removed_at", UtcDateTime, nullable=True),
    # The names of the rules in its list, one per line, for pages that show just these.
    Column("rule_names", Text, nullable=False, server_default=EMPTY),
    # Hue of its pages' links and buttons in degrees, 0 to 359; null: the site's. Not sent to peers.
    Column("hue", Integer, nullable=True),
    # Whether its list shows pictures in the width of the list. Not sent to peers.
    Column("large_pictures", Boolean, nullable=False, server_default=false()),
    # Only its followers find it in lists and in the search.
    Column("hidden_at", UtcDateTime, nullable=True),
    Column("posts", Integer, nullable=False, default=0),
    Column("comments", Integer, nullable=False, default=0),
    # Followers known here.
    Column("subscribers", Integer, nullable=False, default=0),
    # Those of them that are members here.
    Column("local_subscribers", Integer, nullable=False, server_default="0"),
    # The size of a remote community's own `followers` collection; null if it has none.
    Column("claimed_followers", BigId, nullable=True),
    # The larger of the two, by which lists are sorted (fedcom.effects.counts).
    Column("followers", BigId, nullable=False, server_default="0"),
    # The people who posted, commented or voted in the last day, week, month and half-year: counted
    # by fedcom.background.active_users.
    *(
        Column(f"users_active_{span}", Integer, nullable=False, server_default="0")
        for span in ("day", "week", "month", "half_year")
    ),
    # When the old posts and comments of a remote community were fetched, which it had before anyone
    # here followed it (fedcom.background.backfill); null until that is done.
    Column("backfilled_at", UtcDateTime, nullable=True),
    Index("ix_community_followers", "followers", "actor_id"),
    Index("ix_community_users_active_month", "users_active_month", "actor_id"),
)

# One row for each actor that has written something, with what of it is neither deleted nor removed.
author_counts = Table(
    "author_counts",
    metadata,
    Column("author_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("posts", Integer, nullable=False, default=0),
    Column("comments", Integer, nullable=False, default=0),
)

# Users and communities share one name space (Mastodon keys accounts by name and domain), and a name
# is never reused: ids made from it may stay on other servers for ever.
local_name = Table(
    "local_name",
    metadata,
    Column("name", Text, primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
)

actor_key = Table(
    "actor_key",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("actor_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("key_id", Text, nullable=False, unique=True),
    Column("algorithm", Text, nullable=False),
    # Encrypted with the instance's secret (fedcom.remote.keys), never in the clear.
    Column("private_key", LargeBinary, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime, nullable=True),
    Index("ix_actor_key_actor_id", "actor_id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class ListedActor:
    """The part of an actor that lists show."""

    id: int
    iri: str
    kind: str
    local: bool
    name: str
    host: str
    domain: str | None
    title: str
    icon_url: str | None
    published_at: datetime
    banned_at: datetime | None
    ban_expires_at: datetime | None
    deleted_at: datetime | None

    def is_banned(self, now: datetime) -> bool:
        """Whether they are banned from the whole instance; an expired ban does not count."""
        expires = self.ban_expires_at
        return self.banned_at is not None and (expires is None or now < expires)

    @property
    def is_bot(self) -> bool:
        """Whether the account declares itself a bot."""
        return self.kind in BOT_KINDS

    @property
    def handle(self) -> str:
        """`name@domain`, without the leading sign that distinguishes people from communities."""
        return f"{self.name}@{self.domain or self.host}"

    @property
    def display_name(self) -> str:
        """The name that readers see first: the chosen title, else the name."""
        return self.title or self.name


@dataclass(frozen=True, slots=True)
class Actor(ListedActor):
    """An actor with an inbox: a person, a bot, a community or an instance."""

    summary_source: str
    summary_html: str
    image_url: str | None
    url: str | None
    matrix_user_id: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    public_key_id: str | None
    public_key_pem: str | None
    proof_key_id: str | None
    proof_key: str | None
    updated_at: datetime | None
    fetched_at: datetime | None
    indexable: bool
    ban_reason: str

    @property
    def followers_iri(self) -> str:
        """The id of its followers collection, for addressing; guessed if it names none."""
        return self.followers or f"{self.iri}/followers"


@dataclass(frozen=True, slots=True)
class Person(Actor):
    """An actor as an author: a human, a bot, a service; also a Group that writes."""


@dataclass(frozen=True, slots=True)
class Community(Actor):
    """A Group actor, which contains posts, with the columns that only communities have."""

    moderators_iri: str | None
    featured_iri: str | None
    nsfw: bool
    posting_restricted: bool
    languages: str
    removed_at: datetime | None
    hidden_at: datetime | None
    posts: int
    comments: int
    subscribers: int
    claimed_followers: int | None

    @property
    def is_open(self) -> bool:
        """Neither deleted on its own server nor closed here; closed ones show no content."""
        return self.deleted_at is None and self.removed_at is None

"""Keys: ours, encrypted in the database and cached in memory; peers', from their rows or origin.

Private keys leave this module only as objects of `activitypub.signatures.keys`, for signing.
"""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, bindparam, func, select

from activitypub.authority import Authorize, judge_key
from activitypub.document import Document
from activitypub.errors import FetchRefused, Malformed
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of, same_host, without_fragment
from activitypub.signatures import integrity, multikey
from activitypub.signatures.keys import (
    PrivateKey,
    ProofKey,
    PublicKey,
    SigningKeys,
    generate_ed25519_pem,
    generate_rsa_pem,
    load_private,
    load_proof_key,
    load_public,
)
from fedcom.clock import Clock
from fedcom.context import NewKey
from fedcom.db import Database
from fedcom.models.actor import PROOFS, REQUESTS, actor, actor_key
from fedcom.queries.actors import find_key_owner
from fedcom.remote.peers import find_refusal
from inbox.batch_reads import BatchReader

REMEMBERED = 2_000
# How long an actor without a row is remembered: another process may have learned that its keys
# changed.
SEEN_FOR = timedelta(minutes=10)
# A key costs at most two documents: its own and its owner's (GoToSocial serves a stub).
KEY_BUDGET = 3


class WrongSecret(Exception):
    """The database's private keys were encrypted with another secret than the one we have."""


class KeyCipher:
    """Encrypts private keys and other secrets with the instance's secret before they are stored."""

    def __init__(self, secret: bytes) -> None:
        digest = hashlib.sha256(b"fedcom private keys" + secret).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest))

    def encrypt(self, pem: str) -> bytes:
        """The encrypted form of a PEM."""
        return self._fernet.encrypt(pem.encode())

    def decrypt(self, encrypted: bytes) -> str:
        """The decrypted PEM. Raises WrongSecret."""
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken as error:
            raise WrongSecret(
                "The private keys in the database were encrypted with a different secret."
                " Restore the secret.key (or FEDCOM_SECRET_KEY) that belongs to this database."
            ) from error


async def make_key(cipher: KeyCipher) -> NewKey:
    """The keys of a new local actor. RSA takes 30 to 190 ms, in a thread."""
    private_pem, public_pem = await asyncio.to_thread(generate_rsa_pem)
    proof_pem, proof_public = generate_ed25519_pem()
    return NewKey(
        public_pem=public_pem,
        encrypted_private=cipher.encrypt(private_pem),
        proof_multibase=multikey.encode(load_public(proof_public)),
        encrypted_proof=cipher.encrypt(proof_pem),
    )


class KeyRing:
    """The private keys of local actors, parsed once: loading one costs more than signing."""

    def __init__(self, database: Database, cipher: KeyCipher) -> None:
        self._database = database
        self._cipher = cipher
        self._version: tuple[int, int] | None = None
        self._keys: OrderedDict[str, SigningKeys] = OrderedDict()
        self._proof_keys: OrderedDict[str, ProofKey | None] = OrderedDict()

    async def keys(self, actor_iri: str) -> SigningKeys:
        """The newest keys of a local actor. Raises LookupError when there is none for requests."""
        cached = self._keys.get(actor_iri)
        if cached is not None:
            self._keys.move_to_end(actor_iri)
            return cached
        keys = await self._database.read(lambda conn: self._load(conn, actor_iri))
        self._keys[actor_iri] = keys
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)
        return keys

    def prove(
        self, conn: Connection, actor_iri: str, document: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        """The document with the actor's integrity proof (FEP-8b32); a `context.Prover`.

        Called in the threads of units of work. An actor without an Ed25519 key proves nothing.
        """
        if actor_iri not in self._proof_keys:
            self._proof_keys[actor_iri] = self._find_proof_key(conn, actor_iri)
            if len(self._proof_keys) > REMEMBERED:
                self._proof_keys.popitem(last=False)
        key = self._proof_keys[actor_iri]
        return document if key is None else integrity.sign(document, key, now)

    async def refresh(self) -> None:
        """Forget all keys if another process has changed any since the last call."""
        version = await self._database.read(_version)
        if version != self._version:
            self._version = version
            self._keys.clear()
            self._proof_keys.clear()

    def _load(self, conn: Connection, actor_iri: str) -> SigningKeys:
        row = conn.execute(_NEWEST, {"iri": actor_iri, "algorithm": REQUESTS}).first()
        if row is None:
            raise LookupError(f"no key of {actor_iri}")
        key = load_private(row.key_id, self._cipher.decrypt(row.private_key))
        return SigningKeys(key, self._find_proof_key(conn, actor_iri))

    def _find_proof_key(self, conn: Connection, actor_iri: str) -> ProofKey | None:
        row = conn.execute(_NEWEST, {"iri": actor_iri, "algorithm": PROOFS}).first()
        return (
            None
            if row is None
            else load_proof_key(row.key_id, self._cipher.decrypt(row.private_key))
        )


class InstanceKey:
    """The key of the instance actor, which signs our fetches. It is kept in memory, because signing
    cannot wait for the database.
    """

    def __init__(self, ring: KeyRing, actor_iri: str) -> None:
        self._ring = ring
        self._actor_iri = actor_iri
        self._key: PrivateKey | None = None

    async def refresh(self) -> None:
        """Read the key again if any key has changed."""
        await self._ring.refresh()
        self._key = (await self._ring.keys(self._actor_iri)).rsa

    def key(self) -> PrivateKey:
        """The key. Raises LookupError before the first `refresh`."""
        if self._key is None:
            raise LookupError(self._actor_iri)
        return self._key


def _version(conn: Connection) -> tuple[int, int]:
    newest, retired = conn.execute(
        select(func.coalesce(func.max(actor_key.c.id), 0), func.count(actor_key.c.retired_at))
    ).one()
    return int(newest), int(retired)


_NEWEST = (
    select(actor_key.c.key_id, actor_key.c.private_key)
    .join(actor, actor.c.id == actor_key.c.actor_id)
    .where(
        actor.c.iri == bindparam("iri"),
        actor_key.c.algorithm == bindparam("algorithm"),
        actor_key.c.retired_at.is_(None),
    )
    .order_by(actor_key.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An actor as its origin served it at the time `at`, with the keys that it listed, by id."""

    owner: Document
    keys: dict[str, PublicKey]
    at: datetime


class PublicKeys:
    """Public keys of peers, for the inbox: from the owner's row, else from its origin.

    A fetched key stays in memory with its owner's document, so that verifying stores nothing, and
    the work that follows need not fetch the actor again. A key is valid until its owner no longer
    lists it: only the newest document of an owner counts, and a row that was written later than the
    document in memory is newer.
    """

    def __init__(self, database: Database, fetcher: Fetcher, clock: Clock) -> None:
        self._database = database
        # Concurrent look-ups share one query.
        self._reads = BatchReader(database)
        self._fetcher = fetcher
        self._clock = clock
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._owners: dict[str, str] = {}
        self.on_change: Callable[[Document], Awaitable[None]] | None = None

    async def find(self, key_id: str, *, fresh: bool = False) -> PublicKey:
        """The key with this id; with `fresh`, its origin is asked again.

        Raises the FetchFailed family, and Malformed when the key is not usable.
        """
        if not fresh:
            found = await self._remembered(key_id)
            if found is not None:
                return found
        return await self._fetch(key_id)

    async def _remembered(self, key_id: str) -> PublicKey | None:
        owner_iri = self._owners.get(key_id)
        stored, written_at = await self._reads.read(
            lambda conn: (_stored(conn, key_id), _written_at(conn, owner_iri))
        )
        # Read only now, because another request may have changed it meanwhile.
        seen = self._seen.get(owner_iri or "")
        if stored is not None or seen is None:
            return stored
        is_older = written_at is not None and written_at >= seen.at
        if is_older or self._clock() - seen.at > SEEN_FOR:
            return None
        self._seen.move_to_end(owner_iri or "")
        return seen.keys.get(key_id)

    def owner_document(self, actor_iri: str) -> Document | None:
        """The document of a key's owner, if it was fetched for the key and is still in memory."""
        seen = self._seen.get(actor_iri)
        return None if seen is None else seen.owner

    def remembers(self, actor: str) -> bool:
        """Whether keys of this actor are in memory."""
        return actor in self._seen

    def forget(self, actor: str) -> None:
        """Drop this actor's document and keys from memory."""
        seen = self._seen.pop(actor, None)
        for key_id in () if seen is None else seen.keys:
            self._owners.pop(key_id, None)

    async def _fetch(self, key_id: str) -> PublicKey:
        refusal = await self._database.read(lambda conn: find_refusal(conn, host_of(key_id)))
        if refusal is not None:
            raise FetchRefused(refusal.code, refusal.detail, url=key_id)
        budget = Budget(documents=KEY_BUDGET)
        owner = await self._owner_of(key_id, budget)
        listed = keys_of(owner)
        if self.on_change is not None:
            await self.on_change(owner)
        # After the row, which may just have been written from this very document.
        self._remember(owner, listed)
        if key_id not in listed:
            raise FetchRefused(
                "key_not_listed",
                f"The actor {owner.id} does not list the key {key_id}.",
                url=key_id,
                received=", ".join(listed),
            )
        return listed[key_id]

    async def _owner_of(self, key_id: str, budget: Budget) -> Document:
        if "#" in key_id:
            return (await self._fetcher.fetch_document(without_fragment(key_id), budget)).document
        # A key with an address of its own (GoToSocial's /main-key) only points to its owner, and
        # the owner's document has to point back.
        stub = Document(await self._fetcher.fetch_key_document(key_id, budget))
        owners = (*(listed.owner for listed in stub.public_keys), stub.owner)
        owner = next((iri for iri in owners if iri and same_host(iri, key_id)), None)
        if owner is None:
            raise FetchRefused(
                "key_without_owner", f"The key {key_id} has no owner on its own host.", url=key_id
            )
        return (await self._fetcher.fetch_document(owner, budget)).document

    def _remember(self, owner: Document, listed: dict[str, PublicKey]) -> None:
        iri = owner.id or ""
        self.forget(iri)
        self._seen[iri] = _Seen(owner, listed, self._clock())
        self._owners |= dict.fromkeys(listed, iri)
        if len(self._seen) > REMEMBERED:
            self.forget(next(iter(self._seen)))


def keys_of(owner: Document) -> dict[str, PublicKey]:
    """The keys that an actor's document lists as its own, by id: PEMs and Multikeys.

    Unreadable ones are left out. The document must come from the actor's origin. The first PEM is
    also listed under the actor's own id, which some servers use as key id in their signatures.
    """
    found = {
        key.id: PublicKey(id=key.id, owner=key.owner, pem=key.pem)
        for key in owner.public_keys
        if judge_key(key, owner) == Authorize()
    }
    for first in list(found.values())[:1]:
        found.setdefault(first.owner, replace(first, id=first.owner))
    for method in owner.assertion_methods:
        if judge_key(method, owner) == Authorize() and method.id not in found:
            with suppress(Malformed):
                found[method.id] = PublicKey.from_multibase(
                    method.id, method.owner, method.multibase
                )
    return found


def _written_at(conn: Connection, iri: str | None) -> datetime | None:
    """When the row of a peer's actor was last written from its document; None without a row."""
    if iri is None:
        return None
    return conn.execute(_WRITTEN_AT, {"which": iri}).scalar()


def _stored(conn: Connection, key_id: str) -> PublicKey | None:
    owner = find_key_owner(conn, key_id)
    if owner is None:
        return None
    if owner.proof_key_id == key_id and owner.proof_key is not None:
        return PublicKey.from_multibase(key_id, owner.iri, owner.proof_key)
    if owner.public_key_pem is None:
        return None
    return PublicKey(id=key_id, owner=owner.iri, pem=owner.public_key_pem)


# Prebuilt, because building a statement costs more than running it.
_WRITTEN_AT = select(actor.c.fetched_at).where(actor.c.iri == bindparam("which"))

"""A whole instance over a network in memory: incoming requests at one end, fetches at the other."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from activitypub.signatures.keys import PrivateKey
from activitypub.signatures.request import sign
from fedcom.app import create_app
from fedcom.context import NewKey
from fedcom.db import Database
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.message import message
from fedcom.models.moderation import community_ban, moderator, report, tombstone
from fedcom.models.post import post
from fedcom.remote.keys import KeyCipher
from fedcom.settings import Settings
from fedcom.wiring import OpenInstance, open_instance
from inbox.journal import journal
from tests.support.clock import SettableClock
from tests.support.documents import pems, private_key
from tests.support.network import Network
from tests.support.people import HOST, ORIGIN, Home

ACTIVITY = "application/activity+json"
SECRET = "a secret for tests and for nothing else"


class Node:
    """`home.example` as the network sees it. Nothing runs by itself: the journal is processed after
    a
    delivery, and the outbox is only written.
    """

    def __init__(
        self, home: Home, network: Network, instance: OpenInstance, app: Starlette
    ) -> None:
        self.home = home
        self.network = network
        self.instance = instance
        self._transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 4711))

    async def get(
        self, path: str, *, accept: str = ACTIVITY, method: str = "GET", **headers: str
    ) -> httpx.Response:
        """GET a local address, or use another method."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request(method, f"{ORIGIN}{path}", headers={"Accept": accept, **named})
        return await self._send(request)

    async def get_json(self, path: str, *, accept: str = ACTIVITY) -> Any:
        """GET a local address that has a document."""
        return json.loads((await self.get(path, accept=accept)).content)

    async def receive(
        self,
        activity: dict[str, Any] | bytes,
        *,
        signer: str | None = None,
        key: PrivateKey | None = None,
        inbox: str = "/inbox",
        signed_at: datetime | None = None,
    ) -> str:
        """Deliver an activity, signed by its actor or by `signer`, and process it.

        Returns the result as `202`, `403 code` (refused at the request) or `202 code` (refused
        later). `signed_at`: a time other than now; the same activity signed at the same time is the
        same request.
        """
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        url = f"{ORIGIN}{inbox}"
        key = key or private_key(signer or json.loads(body)["actor"])
        headers = sign("POST", url, body, key, signed_at or self.instance.clock())
        known = {row["id"] for row in self.home.rows(journal)}
        answer = await self._send(httpx.Request("POST", url, headers=headers, content=body))
        if answer.status_code != 202:
            return f"{answer.status_code} {json.loads(answer.content)['code']}"
        await self.instance.inbox.drain()
        codes = [row["code"] for row in self.home.rows(journal) if row["id"] not in known]
        return f"202 {codes[-1]}" if codes and codes[-1] else "202"

    async def _send(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        await answer.aread()
        return answer

    def snapshot(self) -> dict[str, str]:
        """Everything a peer could have changed, by kind, as text."""
        names = {row["id"]: row["iri"] for row in self.home.rows(actor)}
        found = {
            row["iri"]: "erased" if row["deleted_at"] else f"{row['kind']} {row['title']}".strip()
            for row in self.home.rows(actor)
        }
        for table, column in ((post, "title"), (comment, "body_html")):
            for row in self.home.rows(table):
                score = row["upvotes"] - row["downvotes"]
                found[row["iri"]] = " | ".join([row[column], _state(row), str(score)])
                found |= _marks(row)
        for row in self.home.rows(message):
            reader = names[row["recipient_id"]]
            found[row["iri"]] = " | ".join([row["body_html"], _state(row), f"for {reader}"])
        found |= self._bans(names)
        for row in self.home.rows(follow):
            found[f"{names[row['follower_id']]} follows {names[row['target_id']]}"] = row["state"]
        for row in self.home.rows(moderator):
            found[f"{names[row['person_id']]} moderates {names[row['community_id']]}"] = "yes"
        for row in self.home.rows(report):
            state = "resolved" if row["resolved_at"] else "open"
            about = next((row[f"{it}_id"] for it in ("post", "comment") if row[f"{it}_id"]), None)
            subject = row["reported_text"] if about is None else f"number {about}"
            found[f"report of {subject} by {names[row['reporter_id']]}"] = state
        for row in self.home.rows(tombstone):
            found[f"{row['kind']} {row['iri']}"] = row["actor_iri"]
        return found

    def _bans(self, names: dict[int, str]) -> dict[str, str]:
        found = {
            f"{row['iri']} is banned": row["ban_reason"] or "yes"
            for row in self.home.rows(actor)
            if row["banned_at"] is not None
        }
        for row in self.home.rows(community_ban):
            who, where = names[row["person_id"]], names[row["community_id"]]
            found[f"{who} is banned from {where}"] = row["reason"] or "yes"
        return found


def _marks(row: dict[str, Any]) -> dict[str, str]:
    set_ones = [mark for mark in ("locked", "featured") if row.get(f"{mark}_at") is not None]
    return {f"{row['iri']} is {mark}": "yes" for mark in set_ones}


def changes(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """The new or changed entries, as text; a deleted one reads "none"."""
    return {
        name: after.get(name, "none")
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


@cache
def _key(secret: bytes) -> NewKey:
    private_pem, public_pem = pems()
    return NewKey(public_pem=public_pem, encrypted_private=KeyCipher(secret).encrypt(private_pem))


@asynccontextmanager
async def open_node(
    database: Database, url: str, clock: SettableClock, folder: Path
) -> AsyncIterator[Node]:
    """The instance on this database, with ann, bob and !cats of `Home`."""
    settings = Settings(origin=ORIGIN, data_dir=folder, database_url=url, secret_key=SECRET)
    home = Home(database, clock, _key(settings.read_secret()))
    network = Network()
    async with open_instance(settings, clock=clock, transport=network) as instance:
        app = create_app(settings)
        app.state.instance = instance
        network.applications[HOST] = app
        yield Node(home, network, instance, app)


def _state(row: dict[str, Any]) -> str:
    if row["deleted_at"] is not None:
        return "deleted"
    return "removed" if row.get("removed_at") is not None else "shown"

"""Runs all checks; each has a time, after which it counts as failed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from fedcom import migrate
from fedcom.catalogues import mark
from fedcom.db import Database
from fedcom.doctor.inside import (
    check_clock,
    check_disks,
    check_pictures,
    check_queues,
    check_settings,
)
from fedcom.doctor.outside import Outside
from fedcom.media.store import PictureStore
from fedcom.remote.peers import is_federated
from fedcom.site.health import Finding

LABELS: Mapping[str, str] = {
    "settings": mark("Settings"),
    "database": mark("Database"),
    "disk": mark("Disk"),
    "pictures": mark("Pictures"),
    "clock": mark("Clock"),
    "queues": mark("Queues"),
    "workers": mark("Workers"),
    "mail": mark("E-mail"),
    "dns": mark("DNS"),
    "certificate": mark("Certificate"),
    "proxy": mark("Proxy"),
    "signature": mark("Signatures"),
    "webfinger": mark("WebFinger"),
    "actor": mark("Keys"),
    "inbox": mark("Inbox"),
}
"""The names of all checks, in the order in which they are shown."""

CHECK_SECONDS = 15.0

Check = Callable[[], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Examination:
    """What is examined: `connect_mail` and `has_worker` are None if there is none to be asked.

    Both raise OSError, and `connect_mail` also ValueError, which say why it cannot be used.
    """

    outside: Outside
    database: Database
    revision: str
    pictures: PictureStore
    connect_mail: Callable[[], Awaitable[None]] | None
    has_worker: Callable[[], Awaitable[bool]] | None

    async def run(self) -> list[Finding]:
        """All findings, in the order of `LABELS`."""
        checks: Sequence[tuple[str, Check]] = (
            ("database", self._check_inside),
            ("pictures", self._check_pictures),
            ("workers", self._check_workers),
            ("mail", self._check_mail),
            ("dns", self._check_outside),
        )
        found = await asyncio.gather(*(_in_time(name, check) for name, check in checks))
        order = list(LABELS)
        every = [check_settings(self.outside.settings), *(one for some in found for one in some)]
        return sorted(every, key=lambda finding: order.index(finding.check))

    async def _check_inside(self) -> list[Finding]:
        try:
            return await self.database.read(self._read)
        except SQLAlchemyError as error:
            return [database_failed(error)]

    def _read(self, conn: Connection) -> list[Finding]:
        settings, now = self.outside.settings, self.outside.clock()
        return [
            judge_revision(migrate.find_revision(conn), self.revision, conn.dialect.name),
            *check_disks(settings),
            check_clock(conn),
            *check_queues(conn, settings, now),
        ]

    async def _check_pictures(self) -> list[Finding]:
        return [await asyncio.to_thread(check_pictures, self.pictures)]

    async def _check_workers(self) -> list[Finding]:
        if self.has_worker is None:
            return []
        try:
            if await self.has_worker():
                return [Finding("workers", "ok", mark("Redis responds, and a worker listens."))]
        except OSError as error:
            remedy = mark("Start Redis, or correct redis_url. Until then, deliveries take longer.")
            found = mark("Redis does not respond: %(reason)s")
            return [Finding("workers", "warning", found, remedy, _because(error))]
        remedy = mark("Start fedcom worker: with a redis_url, nothing is delivered without it.")
        return [Finding("workers", "failed", mark("No worker listens."), remedy)]

    async def _check_mail(self) -> list[Finding]:
        if self.connect_mail is None:
            found = mark("No mail server is set, so members cannot reset their passwords.")
            remedy = mark("Set smtp_url; or make links for them at /admin/members.")
            return [Finding("mail", "warning", found, remedy)]
        try:
            await self.connect_mail()
        except (OSError, ValueError) as error:  # SMTPException is an OSError
            found = mark("The mail server cannot be used: %(reason)s")
            return [Finding("mail", "failed", found, mark("Check smtp_url."), _because(error))]
        return [Finding("mail", "ok", mark("The mail server accepts connections."))]

    async def _check_outside(self) -> list[Finding]:
        outside = self.outside
        found = await outside.check_address()
        if found and found[-1].state == "failed":
            return found
        found += await outside.check_proxy()
        if found[-1].check == "proxy":  # which passes nothing on
            return found
        if not await self.database.read(is_federated):
            text = mark("Federation is turned off, so it was not tried.")
            return [*found, Finding("inbox", "ok", text)]
        for check in (outside.check_webfinger, outside.check_actor, outside.check_inbox):
            found += await check()
        return found


async def _in_time(name: str, check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except TimeoutError:
        facts = {"seconds": f"{CHECK_SECONDS:.0f}"}
        found = mark("There was no response within %(seconds)s seconds.")
        return [Finding(name, "failed", found, mark("Read the log of the server."), facts)]


def judge_revision(current: str | None, needed: str, kind: str) -> Finding:
    """Whether the database is as this version needs it."""
    facts = {
        "current": str(current),
        "needed": needed,
        "kind": {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind],
        "version": version("fedcom"),
    }
    if current == needed:
        found = mark("%(kind)s responds, and is as Fedcom %(version)s needs it.")
        return Finding("database", "ok", found, facts=facts)
    return Finding(
        "database",
        "failed",
        mark("The database has the revision %(current)s, and this version needs %(needed)s."),
        mark("Run fedcom db upgrade, or install the newer version again, and restart the server."),
        facts,
    )


def database_failed(error: Exception) -> Finding:
    """The database does not respond, or a move or a restore has not been finished."""
    reason = getattr(error, "orig", None) or error
    return Finding(
        "database",
        "failed",
        mark("The database cannot be used: %(reason)s"),
        mark("Check that it runs, and database_url."),
        _because(reason),
    )


def _because(error: Any) -> dict[str, str]:
    text = " ".join(str(error).split()) or type(error).__name__
    return {"reason": text[:300]}

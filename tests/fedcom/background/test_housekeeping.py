"""What is forgotten in the end, and what is not yet."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from fedcom.accounts.mail import enqueue_mail
from fedcom.actions.ban import Ban
from fedcom.actions.message import DeleteMessage, SendMessage
from fedcom.background.housekeeping import clean_up, list_outdated
from fedcom.db import open_database
from fedcom.models.actor import actor
from fedcom.models.mail import mail
from fedcom.models.message import message
from fedcom.models.moderation import community_ban
from fedcom.models.notification import notification
from fedcom.models.omission import omission
from fedcom.wire.body import Body
from tests.support.clock import SettableClock
from tests.support.databases import sqlite_database
from tests.support.people import Home

pytestmark = pytest.mark.anyio


async def test_read_notifications_are_deleted_after_half_a_year(
    home: Home, clock: SettableClock
) -> None:
    post = home.post(by=home.bob)
    for _ in range(2):
        home.comment(post, by=home.ann)
    first, second = home.rows(notification)
    read = update(notification).where(notification.c.id == first["id"]).values(read_at=clock())
    home(lambda ctx: ctx.conn.execute(read))

    clock.advance(days=179)
    await clean_up(home.database, clock())
    assert len(home.rows(notification)) == 2
    clock.advance(days=2)
    await clean_up(home.database, clock())

    assert [row["id"] for row in home.rows(notification)] == [second["id"]]


async def test_unsent_mail_is_deleted(home: Home, clock: SettableClock) -> None:
    home(lambda ctx: enqueue_mail(ctx, "bob@mail.example", "Hello", "With a link"))
    clock.advance(days=2)
    await clean_up(home.database, clock())
    assert len(home.rows(mail)) == 1
    clock.advance(seconds=1)
    await clean_up(home.database, clock())

    assert home.rows(mail) == []


async def test_deleted_messages_lose_their_text_after_a_month(
    home: Home, clock: SettableClock
) -> None:
    for text in ("Gone", "Source only", "Here"):
        body = Body.of_markdown(text)
        sent = home.perform(SendMessage(by=home.bob, to=home.ann, body=body))
        if text != "Here":
            home.perform(DeleteMessage(by=home.bob, message=sent))
    rendered_empty = update(message).where(message.c.body_source == "Source only")
    home(lambda ctx: ctx.conn.execute(rendered_empty.values(body_html="")))

    clock.advance(days=29)
    await clean_up(home.database, clock())
    assert home.rows(message)[0]["body_source"] == "Gone"
    clock.advance(days=2)
    await clean_up(home.database, clock())

    assert [row["body_source"] for row in home.rows(message)] == ["", "", "Here"]


async def test_backfill_omissions_are_kept_for_a_month(home: Home, clock: SettableClock) -> None:
    fields = {
        "source": "https://dogs.example/c/dogs",
        "item": "",
        "code": "gone",
        "reason": "Gone.",
    }
    row = {"community_id": home.cats.id, "created_at": clock(), **fields}
    home(lambda ctx: ctx.conn.execute(insert(omission).values(row)))

    clock.advance(days=31)
    await clean_up(home.database, clock())
    assert len(home.rows(omission)) == 1
    clock.advance(seconds=1)
    await clean_up(home.database, clock())

    assert home.rows(omission) == []


async def test_bans_that_have_run_out_are_cleared_and_others_stay(
    home: Home, clock: SettableClock
) -> None:
    ever, days = home.member("ever"), home.member("days")
    ends_at = clock() + timedelta(days=3)
    for community in (home.cats, None):
        home.perform(Ban(by=home.ann, person=ever, community=community, reason="Spam"))
        home.perform(
            Ban(by=home.ann, person=days, community=community, reason="Rest", expires_at=ends_at)
        )

    def kept() -> tuple[list[int], dict[str, tuple[bool, str, bool]]]:
        bans = [row["person_id"] for row in home.rows(community_ban)]
        marks = {
            row["name"]: (
                row["banned_at"] is not None,
                row["ban_reason"],
                row["ban_expires_at"] is None,
            )
            for row in home.rows(actor)
            if row["name"] in ("ever", "days")
        }
        return bans, marks

    clock.set(ends_at - timedelta(seconds=1))
    await clean_up(home.database, clock())
    assert kept() == (
        [ever.id, days.id],
        {"ever": (True, "Spam", True), "days": (True, "Rest", False)},
    )

    clock.set(ends_at)
    await clean_up(home.database, clock())
    assert kept() == ([ever.id], {"ever": (True, "Spam", True), "days": (False, "", True)})


def test_sqlite_deletes_outdated_rows_by_their_keys(tmp_path: Path) -> None:
    """By an index of their condition, each step would read all rows that are outdated."""
    keys: dict[str, list[Any]] = {
        "tombstone": [("https://a.example/1", "undone"), ("https://a.example/2", "undone")],
        "sent_form": [(1, "a"), (2, "b")],
    }
    plans: dict[str, str] = {}
    tables: list[str] = []
    database = open_database(sqlite_database(tmp_path / "rows.sqlite3", migrated=True))

    def note(conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            tables.extend(re.findall(r"^FROM (\w+)", statement, re.MULTILINE)[:1])
        elif statement.startswith(("DELETE", "UPDATE")):
            one = parameters[0] if isinstance(parameters, list) else parameters
            found = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one).all()
            plans[statement] = str(found[0].detail)

    with closing(database), database.begin() as conn:
        event.listen(conn, "before_cursor_execute", note)
        for kind in list_outdated(datetime.now(UTC)):
            kind.find(conn, 1)
            kind.drop(conn, keys.get(tables[-1], [1, 2]))

    assert len(plans) > 12
    by_key = re.compile(r"SEARCH \w+ USING (INTEGER PRIMARY KEY|INDEX sqlite_autoindex_\w+_1) \(")
    assert [plan for plan in plans.values() if not by_key.match(plan)] == []

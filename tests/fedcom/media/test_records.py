"""The rows of pictures: operations on each of many do not read all of them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from fedcom.context import Context
from fedcom.media.pictures import StoredPicture
from fedcom.media.records import (
    UNDELETABLE_AFTER,
    forget_media,
    list_forgotten_previews,
    put_media,
)
from tests.support.people import Home


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # PostgreSQL plans by its statistics
def test_forgetting_a_picture_reads_no_whole_table(home: Home) -> None:
    kept = StoredPicture("a.webp", "b.webp", 640, 480, 1000)
    made = home(lambda ctx: put_media(ctx, kept, "preview", source_url="https://peer.example/a"))
    home.clock.advance(seconds=(UNDELETABLE_AFTER + timedelta(days=1)).total_seconds())

    def plan(ctx: Context) -> list[str]:
        sent: list[tuple[str, Any]] = []
        event.listen(
            ctx.conn, "before_cursor_execute", lambda *executed: sent.append(executed[2:4])
        )
        assert list_forgotten_previews(ctx.conn, ctx.now) == [made]
        assert forget_media(ctx, made) == ["a.webp", "b.webp"]
        return [
            step[3]
            for statement, values in sent.copy()
            for step in ctx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]

    scanned = [step for step in home(plan) if step.startswith("SCAN")]
    assert "SCAN link_preview" not in scanned
    assert scanned.count("SCAN media") == 1  # the list itself, once per hundred pictures

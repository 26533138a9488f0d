import socket
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, update

from fedcom.cli.table import incoming_table
from fedcom.models.omission import omission
from inbox.journal import JournalEntry, append, journal
from outbox.deliveries import deliveries, peers
from outbox.publish import publish
from tests.fedcom.cli.shell import HOST, ORIGIN, Shell

NOW = 1_767_268_800.0  # 2026-01-01 12:00:00Z


def publish_to(conn: Connection, *hosts: str) -> None:
    publish(
        conn,
        activity_id=f"{ORIGIN}/activities/like/1",
        actor=f"{ORIGIN}/u/ann",
        body=b"{}",
        subject=f"{ORIGIN}/post/1",
        inboxes=[f"https://{host}/inbox" for host in hosts],
        now=NOW,
    )


def fail(conn: Connection, host: str, **health: object) -> None:
    """As the outbox writes down an attempt that failed."""
    conn.execute(update(deliveries).where(deliveries.c.host == host).values(tries=1, due_at=4e9))
    row = {"host": host, "failures": 3, "last_status": 503, "last_answer": "<h1>\nnot  now</h1>"}
    conn.execute(insert(peers).values({**row, "gone": False, **health}))


def refuse(conn: Connection, number: int, code: str, closed_at: float) -> None:
    entry = JournalEntry(
        activity_id=f"https://far.example/create/{number}" if number else None,
        activity_type="Create",
        actor="https://far.example/u/eve",
        signer="https://far.example/u/eve",
        host="far.example",
        subject=None,
        body=f"{number}".encode(),
        spliceable=True,
        authenticated=True,
        request_id=f"request-{number}",
        received_at=NOW,
    )
    append(conn, [entry])
    conn.execute(
        update(journal)
        .where(journal.c.dedupe_key == entry.dedupe_key)
        .values(state="refused", closed_at=closed_at, code=code, reason="Because.")
    )


def test_an_empty_queue_is_reported(shell: Shell) -> None:
    assert shell.must("federation", "queue") == "Nothing is waiting.\n"


def test_the_queue_shows_each_peer_with_its_last_answer(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        publish_to(conn, "good.example", "resting.example", "gone.example")
        fail(conn, "resting.example", resting_until=4e9)
        fail(conn, "gone.example", gone=True)
    database.close()

    lines = shell.must("federation", "queue").splitlines()

    assert "good.example: 1 waiting, 0 being sent, 0 failing" in lines
    assert lines[lines.index("    last response: 503 <h1> not now</h1>") - 1].endswith(
        "unreachable for a month: nothing new is sent"
    )
    resting = next(line for line in lines if line.startswith("resting.example"))
    assert resting == (
        "resting.example: 1 waiting, 0 being sent, 1 failing, paused until 2096-10-02 07:06:40Z"
    )


def test_a_retry_ends_the_rest_of_one_peer_or_of_all(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        publish_to(conn, "one.example", "two.example")
        fail(conn, "one.example", resting_until=4e9)
        fail(conn, "two.example", resting_until=4e9)
    database.close()

    one = shell.must("federation", "queue", "--retry", "one.example")
    assert one.startswith("Deliveries to retry now: 1.\n")
    assert one.count("paused until") == 1

    both = shell.must("federation", "queue", "--retry", "all")
    assert both.startswith("Deliveries to retry now: 2.\n")
    assert "paused until" not in both


def test_peers_without_a_queue_are_shown_on_demand(shell: Shell) -> None:
    shell.must("federation", "queue")
    database = shell.open_database()
    with database.begin() as conn:
        conn.execute(insert(peers).values(host="idle.example", failures=0, gone=False))
    database.close()

    assert "idle.example" not in shell.must("federation", "queue")
    assert "idle.example: 0 waiting" in shell.must("federation", "queue", "--all")


def test_the_queue_ends_with_overdue_backlogs(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        publish_to(conn, "slow.example")
        refuse(conn, 1, "", NOW)
        conn.execute(update(journal).values(state="parked", closed_at=None))
        conn.execute(update(deliveries).values(state="waiting", tries=1, due_at=4e9))
    database.close()

    lines = shell.must("federation", "queue").splitlines()

    assert lines[-3:] == [
        "Waiting for more than an hour:",
        "2026-01-01 12:00:00Z  far.example: 1 received activities not processed yet",
        "2026-01-01 12:00:00Z  slow.example: 1 deliveries to it",
    ]


def test_refusals_and_omissions_can_be_those_of_one_peer(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        refuse(conn, 1, "not_public", NOW)
    database.close()

    assert "not_public" in shell.must("federation", "refusals", "--host", "far.example")
    for command in ("refusals", "omissions"):
        assert "Nothing was" in shell.must("federation", command, "--host", "near.example")


def test_refusals_are_listed_with_reason_and_request(shell: Shell) -> None:
    assert shell.must("federation", "refusals") == "Nothing was refused.\n"
    database = shell.open_database()
    with database.begin() as conn:
        refuse(conn, 1, "not_followed", NOW)
        refuse(conn, 0, "not_public", NOW + 60)
    database.close()

    lines = shell.must("federation", "refusals").splitlines()

    assert lines == [
        "2026-01-01 12:01:00Z  Create    (no id)  by https://far.example/u/eve",
        "    refused, not_public: Because.  (request request-0)",
        "2026-01-01 12:00:00Z  Create    https://far.example/create/1"
        "  by https://far.example/u/eve",
        "    refused, not_followed: Because.  (request request-1)",
    ]
    assert len(shell.must("federation", "refusals", "--limit", "1").splitlines()) == 2
    assert shell("federation", "refusals", "--limit", "0").code == 2


def test_deliveries_refused_by_peers_are_listed_separately(shell: Shell) -> None:
    assert shell.must("federation", "refusals", "--sent") == "No peer refused anything.\n"
    database = shell.open_database()
    with database.begin() as conn:
        publish_to(conn, "far.example")
        conn.execute(
            update(deliveries).values(
                state="failed", tries=1, last_status=403, last_answer="go\naway", closed_at=NOW
            )
        )
    database.close()

    lines = shell.must("federation", "refusals", "--sent").splitlines()

    assert lines == [
        f"2026-01-01 12:00:00Z  {ORIGIN}/activities/like/1 → https://far.example/inbox",
        "    failed (attempts: 1): 403 go away",
    ]


def test_a_member_and_a_community_are_found_by_handle_and_address(shell: Shell) -> None:
    shell.create_user("ann")
    shell.must("community", "create", "cats", "--by", "ann")

    for text in (f"@ann@{HOST}", f"ann@{HOST}", f"{ORIGIN}/u/ann"):
        out = shell.must("federation", "lookup", text)
        assert out.splitlines()[:2] == [
            f"person      @ann@{HOST}",
            f"id          {ORIGIN}/u/ann",
        ]
    assert "community   !cats@" in shell.must("federation", "lookup", f"{ORIGIN}/c/cats")


def test_a_failed_look_up_shows_the_reason(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]

        cases = {
            f"zed@{HOST}": "couldnt_find_person",
            f"{ORIGIN}/post/77": "couldnt_find_object",
            f"http://127.0.0.1:{port}/u/eve": "lookup_unreachable",
            "http://10.1.2.3/u/eve": "lookup_private",
            "ftp://far.example/": "lookup_invalid",
            "cats": "lookup_invalid",
        }
        for text, code in cases.items():
            result = shell("federation", "lookup", text)
            assert (result.code, result.out) == (1, ""), text
            assert f"({code}" in result.err, text
            assert len(result.err.splitlines()) == 1


def test_the_table_needs_no_instance(bare_shell: Shell) -> None:
    bare_shell.set(origin="", database_url="")

    assert bare_shell.must("federation", "table") == incoming_table()


@pytest.mark.parametrize(
    ("shape", "module"),
    [
        ("`Undo{Like}`", "`inbound/vote.py`"),
        ("`Follow`", "`actions/follow.py`"),
        ("`Create{Note}`", "`inbound/note.py`"),
        ("`Update{Group}`", "`actions/community.py`"),
    ],
)
def test_the_table_names_the_reader_of_an_activity(shape: str, module: str) -> None:
    lines = [line for line in incoming_table().splitlines() if shape in line]

    assert len(lines) == 1
    assert f"| {module} |" in lines[0]


def test_omissions_are_listed_with_their_source(shell: Shell) -> None:
    assert shell.must("federation", "omissions") == "Nothing was skipped.\n"

    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for minute, item in enumerate(("https://far.example/1", "")):
        row = {
            "community_id": 1,
            "source": "https://far.example/outbox",
            "item": item,
            "code": "not_there",
            "reason": "It is gone.",
            "created_at": moment + timedelta(minutes=minute),
        }
        database = shell.open_database()
        with database.begin() as conn:
            conn.execute(insert(omission).values(row))
        database.close()

    assert shell.must("federation", "omissions").splitlines() == [
        "2026-01-01 12:01:00Z  (no id)  of https://far.example/outbox",
        "    not_there: It is gone.",
        "2026-01-01 12:00:00Z  https://far.example/1  of https://far.example/outbox",
        "    not_there: It is gone.",
    ]
    assert len(shell.must("federation", "omissions", "--limit", "1").splitlines()) == 2
    of_us = shell.must("federation", "omissions", "--host", HOST).splitlines()
    assert len(of_us) == 4, "the community that they belong to is here"
    elsewhere = shell.must("federation", "omissions", "--host", "near.example")
    assert elsewhere == "Nothing was skipped.\n"

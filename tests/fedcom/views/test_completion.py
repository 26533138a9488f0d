"""Who is offered for the beginning of a name."""

import pytest
from sqlalchemy import insert, update

from fedcom.models.account import account
from fedcom.models.personal import actor_block, host_block
from fedcom.models.post import post
from fedcom.views.completion import list_people_called
from tests.support.rows import NOON, Rows


def join(rows: Rows, name: str, state: str = "active", **more: object) -> int:
    """A member."""
    made = rows.person(name, **more)
    values = {"password_hash": "", "role": "member", "state": state, "created_at": NOON}
    rows.conn.execute(insert(account).values(actor_id=made, **values))
    return made


@pytest.mark.each_database
def test_people_of_the_thread_come_first_then_members_then_others(rows: Rows) -> None:
    viewer = join(rows, "bella")
    wrote, early, late = (rows.person(name, host="peer.example") for name in ("bo", "bx", "by"))
    member, titled = join(rows, "bob"), join(rows, "zed", title="Uncle Boris")
    far = rows.person("bonnie", host="peer.example")
    rows.community("boats")
    rows.person("bot", kind="Application")
    talk = rows.post(rows.community("cats"), wrote)
    for author in (early, late, viewer):
        rows.comment(talk, author)
    rows.comment(talk, rows.person("bad"), removed_at=NOON)
    rows.read_words()

    def offered(text: str, post_id: int = talk, limit: int = 8) -> list[int]:
        return [
            one.id
            for one in list_people_called(rows.conn, text, viewer, post_id=post_id, limit=limit)
        ]

    assert offered("b") == [late, early, wrote, member, titled]
    assert offered("BO") == [wrote, member, titled, far]
    assert offered("bo", post_id=0)[:2] == [member, titled]
    assert offered("bob@for") == [member]
    assert offered("b", limit=2) == [late, early]
    assert offered("%") == offered("b_") == []
    rows.conn.execute(update(post).values(removed_at=NOON))
    assert offered("b") == [member, titled]


@pytest.mark.each_database
def test_the_blocked_the_deleted_and_applicants_are_not_offered(rows: Rows) -> None:
    viewer = join(rows, "ann")
    blocked = join(rows, "bill")
    gone = rows.person("bibi", deleted_at=NOON)
    applicant = join(rows, "bina", state="pending")
    away = rows.person("birk", host="bad.example")
    talk = rows.post(rows.community("cats"), blocked)
    for author in (gone, away):
        rows.comment(talk, author)
    rows.read_words()
    found = list_people_called(rows.conn, "bi", viewer, post_id=talk, limit=8)
    assert {one.id for one in found} == {blocked, away}, "as long as nobody is blocked"
    assert applicant not in {one.id for one in found}
    block = {"person_id": viewer, "blocked_at": NOON}
    rows.conn.execute(insert(actor_block).values(blocked_id=blocked, **block))
    rows.conn.execute(insert(host_block).values(host="bad.example", **block))
    assert list_people_called(rows.conn, "bi", viewer, post_id=talk, limit=8) == ()

import pytest
from sqlalchemy import select

from fedcom.accounts.sessions import create_session, find_session
from fedcom.errors import Conflict, Denied
from fedcom.models.account import session
from fedcom.models.moderation import modlog
from fedcom.site.bans import ban_person, unban_person


def test_a_ban_ends_sessions_and_is_taken_back(rig):
    admin, bob = rig.member("ann", role="admin").person, rig.member("bob").person
    token = rig(lambda ctx: create_session(ctx.conn, bob.id, "", ctx.now))
    banned = rig(lambda ctx: ban_person(ctx, bob, " spam ", admin))
    assert (banned.banned_at, banned.ban_reason) == (rig.clock(), "spam")
    assert rig(lambda ctx: ctx.conn.execute(select(session)).first()) is None
    with pytest.raises(Conflict):
        rig(lambda ctx: ban_person(ctx, banned, "again", admin))
    freed = rig(lambda ctx: unban_person(ctx, banned, admin))
    assert freed == bob
    assert rig(lambda ctx: find_session(ctx.conn, token, ctx.now)) is None
    with pytest.raises(Conflict):
        rig(lambda ctx: unban_person(ctx, freed, admin))
    rows = rig(lambda ctx: ctx.conn.execute(select(modlog).order_by(modlog.c.id)).all())
    assert [(row.kind, row.target_iri, row.reason, row.moderator_id) for row in rows] == [
        ("ban", bob.iri, "spam", admin.id),
        ("unban", bob.iri, "", admin.id),
    ]


def test_an_admin_is_not_banned(rig):
    admin = rig.member("ann", role="admin").person
    with pytest.raises(Denied) as caught:
        rig(lambda ctx: ban_person(ctx, admin, "coup"))
    assert caught.value.code == "cannot_ban_admin"

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from fedcom.context import Context, NewKey
from fedcom.errors import Conflict, Invalid, NotFound
from fedcom.models.actor import actor, actor_key
from fedcom.settings import SettingsError
from fedcom.site.settings import find_site, get_site
from fedcom.site.setup import check_origin, finish_setup, is_set_up, start
from tests.fedcom.accounts.rig import ORIGIN, Rig


def test_a_new_database_belongs_to_nobody(database, clock):
    rig = Rig(database, clock)
    assert not rig(lambda ctx: check_origin(ctx.conn, ORIGIN))
    assert rig(lambda ctx: find_site(ctx.conn)) is None
    assert not rig(lambda ctx: is_set_up(ctx.conn))
    with pytest.raises(NotFound):
        rig(lambda ctx: get_site(ctx.conn))


def test_the_first_start_makes_the_instance_actor(rig):
    site = rig(lambda ctx: get_site(ctx.conn))
    assert (site.origin, site.name, site.registration) == (ORIGIN, "here.example", "closed")
    assert (site.set_up_at, site.created_at) == (None, rig.clock())
    assert rig(lambda ctx: check_origin(ctx.conn, ORIGIN))
    voice = rig(lambda ctx: ctx.conn.execute(select(actor)).one())
    assert voice.id == site.actor_id
    assert voice.title == "here.example"
    assert (voice.iri, voice.kind, voice.name) == (f"{ORIGIN}/actor", "Application", "here.example")
    assert (voice.inbox, voice.host, voice.local) == (f"{ORIGIN}/inbox", "here.example", True)
    key = rig(lambda ctx: ctx.conn.execute(select(actor_key)).one())
    assert (key.actor_id, key.key_id) == (voice.id, f"{ORIGIN}/actor#main-key")


def test_a_second_start_changes_nothing(rig):
    first = rig(lambda ctx: get_site(ctx.conn))
    rig.clock.advance(days=1)
    assert rig(lambda ctx: start(ctx, NewKey("other", b"other"))) == first
    assert rig(lambda ctx: ctx.conn.execute(select(func.count(actor.c.id))).scalar()) == 1
    assert rig(lambda ctx: ctx.conn.execute(select(actor_key.c.public_key)).scalar()) != "other"


def test_two_processes_that_start_at_once_make_one_instance(database, clock):
    rig = Rig(database, clock)
    together = Barrier(2)

    def begin(number):
        together.wait(10)
        return rig(lambda ctx: start(ctx, NewKey(f"key {number}", b"sealed")))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(begin, range(2))
    assert one == other
    assert rig(lambda ctx: ctx.conn.execute(select(func.count(actor_key.c.id))).scalar()) == 1


def test_another_origin_is_refused_and_both_are_named(rig):
    other = "https://there.example"
    for refuse in (
        lambda ctx: check_origin(ctx.conn, other),
        lambda ctx: start(Context(ctx.conn, ctx.now, other), NewKey("k", b"k")),
    ):
        with pytest.raises(SettingsError) as caught:
            rig(refuse)
        assert ORIGIN in str(caught.value)
        assert other in str(caught.value)
        assert "data_dir" in str(caught.value)


def finish(rig, name="Our place", registration="open"):
    return rig(
        lambda ctx: finish_setup(ctx.conn, name=name, registration=registration, now=ctx.now)
    )


def test_the_set_up_is_finished_once_and_with_an_admin(rig):
    with pytest.raises(Conflict) as caught:
        finish(rig)
    assert caught.value.code == "no_admin"
    rig.member("ann", role="admin")
    for wrong in ({"name": " "}, {"registration": "sometimes"}):
        with pytest.raises(Invalid):
            finish(rig, **wrong)
    site = finish(rig, "  Our   place ")
    assert (site.name, site.registration, site.set_up_at) == ("Our place", "open", rig.clock())
    assert rig(lambda ctx: is_set_up(ctx.conn))
    with pytest.raises(Conflict) as caught:
        finish(rig, "Taken over")
    assert caught.value.code == "site_already_exists"

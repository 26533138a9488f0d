import pytest
from sqlalchemy import func, select

from fedcom.effects.local_actor import create_local_actor
from fedcom.errors import Conflict, Invalid
from fedcom.models.actor import actor, actor_key
from tests.fedcom.accounts.rig import KEY, ORIGIN, Rig


@pytest.fixture
def rig(database, clock):
    return Rig(database, clock)


@pytest.mark.parametrize(("kind", "prefix"), [("Person", "u"), ("Group", "c")])
def test_a_local_actor_has_its_addresses_below_its_id(rig, kind, prefix):
    made = rig(lambda ctx: create_local_actor(ctx, kind=kind, name="Cats", title="C", key=KEY))
    iri = f"{ORIGIN}/{prefix}/cats"
    assert (made.iri, made.kind, made.name, made.title) == (iri, kind, "cats", "C")
    assert (made.inbox, made.outbox, made.followers) == (
        f"{iri}/inbox",
        f"{iri}/outbox",
        f"{iri}/followers",
    )
    assert (made.local, made.host, made.shared_inbox) == (True, "here.example", f"{ORIGIN}/inbox")
    assert made.published_at == rig.clock()
    sealed = rig(lambda ctx: ctx.conn.execute(select(actor_key.c.private_key)).scalar_one())
    assert bytes(sealed) == KEY.encrypted_private


def test_a_name_is_given_once_and_never_again(rig):
    def take(kind):
        return rig(lambda ctx: create_local_actor(ctx, kind=kind, name="cats", title="", key=KEY))

    assert rig.is_name_free("cats")
    take("Person")
    rig(lambda ctx: ctx.conn.execute(actor_key.delete()))
    rig(lambda ctx: ctx.conn.execute(actor.delete()))
    assert not rig.is_name_free("cats")
    for kind in ("Person", "Group"):
        with pytest.raises(Conflict) as caught:
            take(kind)
        assert caught.value.code == "name_taken"
    assert rig(lambda ctx: ctx.conn.execute(select(func.count(actor.c.id))).scalar()) == 0


def test_an_invalid_name_creates_nothing(rig):
    with pytest.raises(Invalid):
        rig(lambda ctx: create_local_actor(ctx, kind="Person", name="inbox", title="", key=KEY))
    assert rig(lambda ctx: ctx.conn.execute(select(func.count(actor.c.id))).scalar()) == 0

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, update
from starlette.exceptions import HTTPException
from starlette.requests import Request

from fedcom.accounts.members import Member
from fedcom.accounts.rate_limits import LOOK_UPS
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.context import Context, NewKey
from fedcom.errors import Invalid, NotFound, TooMany
from fedcom.http.resolve import (
    MAX_UNKNOWN,
    get_community_named,
    get_person_named,
    look_up,
    look_up_person,
    parse_markdown,
    split_slug,
)
from fedcom.models.actor import Community, Person, actor, community
from tests.fedcom.accounts.rig import Rig

HOST = "here.example"
KEY = NewKey(public_pem="not a key", encrypted_private=b"not a key")


class Instance:
    """What the resolving asks of an instance; its network knows `people` and counts the asking."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.settings = SimpleNamespace(host=HOST, origin=f"https://{HOST}")
        self.people: dict[str, Person | Community] = {}
        self.asked: list[str] = []

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        return self.rig(lambda ctx: work(ctx.conn))

    async def unit(self, work: Callable[[Context], Any]) -> Any:
        return self.rig(work)

    async def lookup(self, text: str) -> Any:
        self.asked.append(text)
        if text not in self.people:
            raise NotFound("couldnt_find_object")
        return self.people[text]


@pytest.fixture
def instance(rig: Rig) -> Instance:
    return Instance(rig)


@pytest.fixture
def ann(rig: Rig) -> Member:
    return rig.member("ann", role="admin")


@pytest.fixture
def cats(rig: Rig, ann: Member) -> Community:
    opened = CreateCommunity(by=ann.person, name="cats", key=KEY, title="Cats")
    return rig(lambda ctx: perform(ctx, opened))


def request_for(instance: Instance, slug: str = "") -> Request:
    app = SimpleNamespace(state=SimpleNamespace(instance=instance))
    return Request({"type": "http", "headers": [], "app": app, "path_params": {"slug": slug}})


@pytest.mark.parametrize(
    ("slug", "name", "host"),
    [
        ("cats", "cats", HOST),
        ("Cats", "cats", HOST),
        ("Cats@Peer.Example", "Cats", "peer.example"),
        ("a.b-c_d@peer.example:8080", "a.b-c_d", "peer.example:8080"),
    ],
)
def test_a_slug_is_a_name_and_a_host(slug: str, name: str, host: str) -> None:
    assert split_slug(slug, HOST) == (name, host)


@pytest.mark.parametrize(
    "slug", ["", "a b", "@a", "a@", "a@b@c", "a/b", "é", "a" * 101, f"a@{'b' * 256}"]
)
def test_an_impossible_name_is_not_found(slug: str) -> None:
    with pytest.raises(NotFound, match="couldnt_find_actor"):
        split_slug(slug, HOST)


def test_a_community_is_named_by_the_address_or_a_slug(
    rig: Rig, instance: Instance, cats: Community
) -> None:
    by_address = rig(lambda ctx: get_community_named(ctx.conn, request_for(instance, "cats")))
    other = request_for(instance, "dogs")
    by_slug = rig(lambda ctx: get_community_named(ctx.conn, other, f"cats@{cats.host}"))

    assert by_address.id == by_slug.id == cats.id
    with pytest.raises(NotFound, match="couldnt_find_community"):
        rig(lambda ctx: get_community_named(ctx.conn, other))


def test_a_community_that_was_closed_is_gone(rig: Rig, instance: Instance, cats: Community) -> None:
    rig(lambda ctx: ctx.conn.execute(update(community).values(removed_at=ctx.now)))

    with pytest.raises(HTTPException) as gone:
        rig(lambda ctx: get_community_named(ctx.conn, request_for(instance, "cats")))
    assert gone.value.status_code == 410


def test_a_deleted_person_is_gone_unless_asked_for(
    rig: Rig, instance: Instance, ann: Member
) -> None:
    request = request_for(instance, "ann")
    assert rig(lambda ctx: get_person_named(ctx.conn, request)).id == ann.person.id

    rig(lambda ctx: ctx.conn.execute(update(actor).values(deleted_at=ctx.now)))

    with pytest.raises(HTTPException) as gone:
        rig(lambda ctx: get_person_named(ctx.conn, request))
    assert gone.value.status_code == 410
    found = rig(lambda ctx: get_person_named(ctx.conn, request, with_deleted=True))
    assert found.id == ann.person.id


def test_only_a_community_of_another_server_is_a_person_too(
    rig: Rig, instance: Instance, cats: Community
) -> None:
    with pytest.raises(NotFound, match="couldnt_find_person"):
        rig(lambda ctx: get_person_named(ctx.conn, request_for(instance, "cats")))


@pytest.mark.anyio
async def test_a_bare_name_is_a_local_one_and_costs_no_look_up(
    instance: Instance, ann: Member
) -> None:
    request = request_for(instance)

    assert (await look_up_person(request, ann.person, "@Ann")).id == ann.person.id
    with pytest.raises(NotFound, match="person_unknown"):
        await look_up_person(request, ann.person, "bob")
    assert instance.asked == []


@pytest.mark.anyio
async def test_only_people_are_people(instance: Instance, ann: Member, cats: Community) -> None:
    instance.people["!cats@here.example"] = cats

    with pytest.raises(Invalid, match="person_expected"):
        await look_up_person(request_for(instance), ann.person, "!cats@here.example")


@pytest.mark.anyio
async def test_look_ups_are_limited_for_each_member(rig: Rig, instance: Instance) -> None:
    request, text, bob = request_for(instance), "@kim@peer.example", rig.member("bob").person
    instance.people[text] = bob
    most = min(allowance.newcomer for allowance in LOOK_UPS.allowances)

    for _ in range(most):
        await look_up(request, bob, text)

    with pytest.raises(TooMany):
        await look_up(request, bob, text)
    assert len(instance.asked) == most


@pytest.mark.anyio
async def test_a_text_has_only_its_first_unknown_mentions_looked_up(
    instance: Instance, ann: Member
) -> None:
    names = " ".join(f"@kim{number}@peer.example" for number in range(MAX_UNKNOWN + 2))

    body = await parse_markdown(request_for(instance), ann.person, f"{names} @ann hello")

    assert sorted(instance.asked) == [f"@kim{number}@peer.example" for number in range(MAX_UNKNOWN)]
    assert "hello" in body.html

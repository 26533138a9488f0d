"""Units of work that fetch what they miss."""

import pytest
from sqlalchemy import insert

from activitypub.errors import BudgetSpent, FetchRefused, NotThere, Unreachable
from activitypub.fetch import Budget
from fedcom.context import Context
from fedcom.errors import NeedsFetch, NotFound
from fedcom.models.actor import local_name
from tests.support.node import Node
from tests.support.people import ORIGIN
from tests.support.served import KIM, WITH_PEERS

pytestmark = [pytest.mark.anyio, *WITH_PEERS]


async def test_missing_documents_are_fetched_and_the_unit_run_again(node: Node) -> None:
    seen = []

    def work(ctx: Context) -> str | None:
        taken = {"name": f"round{len(seen)}", "taken_at": ctx.now}
        ctx.conn.execute(insert(local_name).values(taken))
        seen.append(taken["name"])
        return ctx.document(KIM).id

    assert await node.instance.unit(work) == KIM
    assert seen == ["round0", "round1"]
    names = {row["name"] for row in node.home.rows(local_name)}
    assert "round1" in names
    assert "round0" not in names


async def test_without_a_budget_a_missing_document_is_not_found(node: Node) -> None:
    with pytest.raises(NotFound):
        await node.instance.units.unit(lambda ctx: ctx.document(KIM))
    assert node.network.asked == []


async def test_an_answer_of_the_origin_is_remembered_for_the_unit(node: Node) -> None:
    def work(ctx: Context) -> int:
        try:
            ctx.document("https://kim.example/lost")
        except NotThere:
            return 404
        return 200

    assert await node.instance.unit(work) == 404
    assert node.network.fetched() == ["https://kim.example/lost"]


async def test_a_silent_origin_ends_the_unit_unless_it_can_do_without(node: Node) -> None:
    node.network.silent.add("kim.example")
    with pytest.raises(Unreachable):
        await node.instance.unit(lambda ctx: ctx.document(KIM))

    def work(ctx: Context) -> str:
        if KIM in ctx.fetched.failures:
            return "without"
        raise NeedsFetch(KIM, required=False)

    assert await node.instance.unit(work) == "without"


async def test_a_broken_address_is_a_failure_like_any_other(node: Node) -> None:
    with pytest.raises(FetchRefused, match="iri_"):
        await node.instance.unit(lambda ctx: ctx.document("https://"))


async def test_a_unit_ends_when_its_budget_is_spent(node: Node) -> None:
    def endless(ctx: Context) -> None:
        raise NeedsFetch(f"https://kim.example/{len(ctx.fetched.failures)}")

    with pytest.raises(BudgetSpent):
        await node.instance.units.unit(endless, budget=Budget(documents=4))
    assert len(node.network.asked) == 4


async def test_a_unit_starts_over_only_so_often(node: Node) -> None:
    def stubborn(_ctx: Context) -> None:
        raise NeedsFetch(KIM)

    with pytest.raises(BudgetSpent) as caught:
        await node.instance.units.unit(stubborn, budget=Budget(documents=1000))
    assert caught.value.code == "too_many_rounds"


async def test_our_own_host_is_not_requested(node: Node) -> None:
    with pytest.raises(NotFound):
        await node.instance.unit(lambda ctx: ctx.document(f"{ORIGIN}/post/404"))
    assert node.network.asked == []

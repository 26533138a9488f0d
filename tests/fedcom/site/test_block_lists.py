from fedcom.errors import FedcomError
from fedcom.models.block_list import BlockList
from fedcom.models.moderation import modlog
from fedcom.models.peer import instance_block
from fedcom.site.block_list_file import read_block_list
from fedcom.site.block_lists import (
    BlockListDraft,
    add_upload,
    count_changes,
    decide,
    find_draft,
    get_block_list,
    list_block_lists,
    list_cut_off,
    list_due,
    note_problem,
    propose_again,
    remove_list,
    set_automatic,
    skipped_lines,
    subscribe,
    take_over,
)
from fedcom.site.instances import block_instance, unblock_instance
from tests.support.people import Home

KIM = "https://peer.example/u/kim"
DOGS = "https://sub.peer.example/c/dogs"
URL = "https://lists.example/block.csv"


def draft(home: Home, found: BlockList) -> BlockListDraft:
    return home(lambda ctx: find_draft(ctx.conn, get_block_list(ctx.conn, found.id)))


def additions(home: Home, found: BlockList) -> list[str]:
    return [one.host for one in draft(home, found).additions]


def blocked(home: Home) -> dict[str, str]:
    return {row["host"]: row["list_name"] for row in home.rows(instance_block)}


def fetch(home: Home, found: BlockList, text: str) -> None:
    home(lambda ctx: take_over(ctx, found.id, read_block_list(text, ctx.host), '"1"'))


def settle(home: Home, found: BlockList, approved: set[str], declined: set[str]) -> None:
    home(lambda ctx: decide(ctx, get_block_list(ctx.conn, found.id), approved, declined, home.ann))


def upload(home: Home, text: str, name: str = "mine.csv") -> BlockList:
    return home(lambda ctx: add_upload(ctx, name, read_block_list(text, ctx.host)))


def code_of(home: Home, url: str, name: str = "") -> str:
    try:
        home(lambda ctx: subscribe(ctx, url, name))
    except FedcomError as error:
        return error.code
    return ""


def test_an_upload_is_a_draft_that_counts_the_follows_it_would_cut_off(home: Home) -> None:
    home.follow(home.person(KIM), home.cats)
    home.follow(home.bob, home.group(DOGS))
    home(lambda ctx: block_instance(ctx, "bad.example", "ads"))
    text = "a.example\npeer.example\nsub.bad.example\nhome.example\n"
    found = upload(home, text)

    first, second = draft(home, found).additions
    assert (first.host, first.followers, first.follows) == ("peer.example", 1, 1)
    assert (second.host, second.ties) == ("a.example", 0)
    assert draft(home, found).known == 1
    assert [line.why for line in skipped_lines(found)] == ["own_host"]
    assert blocked(home) == {"bad.example": ""}
    assert home(lambda ctx: count_changes(ctx.conn)) == 2

    settle(home, found, {"a.example"}, set())
    assert blocked(home) == {"bad.example": "", "a.example": "mine.csv"}
    assert home.rows(modlog)[-1]["target_iri"] == "https://a.example"
    settle(home, found, set(), {"peer.example"})
    assert home(lambda ctx: list_block_lists(ctx.conn)) == []


def test_a_new_upload_of_the_same_name_replaces_the_draft(home: Home) -> None:
    upload(home, "a.example\n")
    found = upload(home, "b.example\n")
    assert home(lambda ctx: list_block_lists(ctx.conn)) == [found]
    assert additions(home, found) == ["b.example"]


def test_a_subscription_proposes_what_it_names_and_withdraws_what_it_no_longer_names(
    home: Home,
) -> None:
    found = home(lambda ctx: subscribe(ctx, URL))
    assert found.name == "lists.example/block.csv"
    home(lambda ctx: block_instance(ctx, "own.example", ""))
    fetch(home, found, "a.example\nb.example\nc.example\nown.example\n")
    settle(home, found, {"a.example", "b.example"}, {"c.example"})
    assert additions(home, found) == []
    assert draft(home, found).declined == ("c.example",)
    fetch(home, found, "c.example\nd.example\n")

    changes = draft(home, found)
    assert [one.host for one in changes.additions] == ["d.example"]
    assert [one.host for one in changes.withdrawals] == ["a.example", "b.example"]
    settle(home, found, {"a.example"}, {"b.example", "d.example"})
    assert blocked(home) == {"b.example": "", "own.example": ""}
    assert home(lambda ctx: count_changes(ctx.conn)) == 0
    home(lambda ctx: propose_again(ctx, found.id))
    assert additions(home, found) == ["c.example", "d.example"]


def test_an_automatic_subscription_needs_nobody_but_leaves_alone_what_an_admin_decided(
    home: Home,
) -> None:
    found = home(lambda ctx: subscribe(ctx, URL, "Auto", automatic=True))
    fetch(home, found, "a.example\nb.example\n")
    assert blocked(home) == {"a.example": "Auto", "b.example": "Auto"}
    home(lambda ctx: unblock_instance(ctx, "b.example", home.ann))
    home(lambda ctx: take_over(ctx, found.id, None, ""))
    assert blocked(home) == {"a.example": "Auto"}
    # What another list still names stays blocked.
    upload(home, "a.example\nz.example\n")
    fetch(home, found, "b.example\nc.example\n")
    assert blocked(home) == {"a.example": "Auto", "c.example": "Auto"}
    home(lambda ctx: set_automatic(ctx, found.id, automatic=False))
    home(lambda ctx: remove_list(ctx, found.id))
    assert blocked(home) == {"a.example": "Auto", "c.example": "Auto"}


def test_a_list_is_asked_for_once_a_day_whatever_came_of_it(home: Home) -> None:
    found = home(lambda ctx: subscribe(ctx, URL))
    upload(home, "a.example\n")

    def due() -> list[int]:
        return [one.id for one in home(lambda ctx: list_due(ctx.conn, ctx.now))]

    assert due() == [found.id]
    fetch(home, found, "b.example\n")
    assert due() == []
    home.clock.advance(days=1)
    assert due() == [found.id]
    home(lambda ctx: note_problem(ctx, found.id, "The origin does not have it (404)."))
    assert (due(), additions(home, found)) == ([], ["b.example"])
    assert home(lambda ctx: count_changes(ctx.conn)) == 3


def test_an_address_is_checked_and_subscribed_to_once(home: Home) -> None:
    assert code_of(home, "lists.example") == "url_invalid"
    assert code_of(home, f"https://lists.example/{'x' * 2000}") == "url_invalid"
    assert code_of(home, URL, "One") == ""
    assert code_of(home, URL, "Two") == "url_known"
    assert code_of(home, f"{URL}?2", "One") == "name_taken"


def test_an_allow_list_shows_whom_it_would_cut_off(home: Home) -> None:
    home.follow(home.person(KIM), home.cats)
    home.follow(home.bob, home.group(DOGS))
    home.follow(home.person("https://bad.example/u/eve"), home.cats)
    home(lambda ctx: block_instance(ctx, "bad.example", ""))

    def lost(*names: str) -> list[tuple[str, int, int]]:
        found = home(lambda ctx: list_cut_off(ctx.conn, names))
        return [(one.host, one.followers, one.follows) for one in found]

    assert lost() == []
    assert lost("peer.example") == []
    assert lost("other.example") == [("peer.example", 1, 0), ("sub.peer.example", 0, 1)]

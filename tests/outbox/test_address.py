import pytest

from outbox.address import Recipient, fold

SHARED = "https://big.example/inbox"


def test_a_shared_inbox_is_told_once_for_all_its_members() -> None:
    recipients = [
        Recipient("https://big.example/u/ann/inbox", SHARED),
        Recipient("https://small.example/inbox"),
        Recipient("https://big.example/u/bob/inbox", SHARED),
    ]
    found = fold(recipients, own_host="here.example", skip_hosts=())
    assert found == [SHARED, "https://small.example/inbox"]


def test_members_of_a_server_without_a_shared_inbox_are_told_one_by_one() -> None:
    inboxes = ["https://gts.example/u/ann/inbox", "https://gts.example/u/bob/inbox"]
    found = fold(map(Recipient, inboxes), own_host="here.example", skip_hosts=())
    assert found == inboxes


def test_ourselves_and_unwanted_hosts_are_left_out() -> None:
    recipients = [
        Recipient("https://here.example/u/ann/inbox"),
        Recipient("https://Blocked.example/inbox"),
        Recipient("https://other.example/inbox"),
    ]
    found = fold(recipients, own_host="here.example", skip_hosts={"blocked.example"})
    assert found == ["https://other.example/inbox"]


@pytest.mark.parametrize(
    "shared",
    ["https://victim.example/inbox", "https://here.example/inbox", "nonsense", ""],
    ids=["another host's", "ours", "no IRI", "empty"],
)
def test_a_shared_inbox_elsewhere_is_not_believed(shared: str) -> None:
    recipient = Recipient("https://peer.example/u/ann/inbox", shared)
    found = fold([recipient], own_host="here.example", skip_hosts=())
    assert found == ["https://peer.example/u/ann/inbox"]


def test_a_recipient_whose_inbox_is_no_iri_is_left_out() -> None:
    assert fold([Recipient("ftp://x"), Recipient("")], own_host="h", skip_hosts=()) == []

from outbox.address import fold

SHARED = "https://big.example/inbox"


def test_a_shared_inbox_gets_one_delivery_for_all_its_members() -> None:
    inboxes = [SHARED, "https://small.example/inbox", SHARED]
    found = fold(inboxes, own_host="here.example", skip_hosts=())
    assert found == [SHARED, "https://small.example/inbox"]


def test_members_of_a_server_without_a_shared_inbox_get_one_delivery_each() -> None:
    inboxes = ["https://gts.example/u/ann/inbox", "https://gts.example/u/bob/inbox"]
    assert fold(inboxes, own_host="here.example", skip_hosts=()) == inboxes


def test_ourselves_and_unwanted_hosts_are_left_out() -> None:
    inboxes = [
        "https://here.example/u/ann/inbox",
        "https://Blocked.example/inbox",
        "https://other.example/inbox",
    ]
    found = fold(inboxes, own_host="here.example", skip_hosts={"blocked.example"})
    assert found == ["https://other.example/inbox"]


def test_a_recipient_whose_inbox_is_no_iri_is_left_out() -> None:
    assert fold(["ftp://x", ""], own_host="h", skip_hosts=()) == []

import socket

import pytest

from activitypub.errors import PrivateAddress
from activitypub.netguard import Guard, is_loopback, literal_address
from tests.support.addresses import ADDRESSES

PERMITTED_LITERALS = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:db7::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700::1111",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "3ffe:ffff::1",
    "3fff:1000::1",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_the_table_is_refused(address: str) -> None:
    assert not Guard().may_dial(address)
    with pytest.raises(PrivateAddress):
        Guard().check_host(address)
    with pytest.raises(PrivateAddress):
        Guard().choose("peer.example", [address])


@pytest.mark.parametrize("address", PERMITTED_LITERALS)
def test_addresses_next_to_the_table_are_allowed(address: str) -> None:
    assert Guard().may_dial(address)
    Guard().check_host(address)
    assert Guard().choose("peer.example", [address]) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "peer.example",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "[::1]",
        "2606:4700::1%1",
        "8.8.8.8\0",
    ],
)
def test_a_value_that_is_not_an_address_is_refused(text: str) -> None:
    assert not Guard().may_dial(text)


@pytest.mark.parametrize("spelling", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0x7f000001"])
def test_an_odd_spelling_is_refused_before_and_after_the_resolver(spelling: str) -> None:
    with pytest.raises(PrivateAddress):
        Guard().check_host(spelling)
    as_libc_reads_it = socket.inet_ntoa(socket.inet_aton(spelling))
    assert as_libc_reads_it == "127.0.0.1"
    with pytest.raises(PrivateAddress):
        Guard().choose("peer.example", [as_libc_reads_it])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "peer",
        "a.localhost",
        "metadata.google.internal",
        "printer.local",
        "abc.onion",
        "router.home.arpa",
        "HOME.ARPA",
        "x.LOCAL.",
        "peer.0x7f",
        "1.2.3",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_a_name_of_some_private_network_is_refused_before_it_is_resolved(host: str) -> None:
    with pytest.raises(PrivateAddress) as refusal:
        Guard().check_host(host)
    assert refusal.value.code == "private_address"
    assert refusal.value.facts == {"host": host}


@pytest.mark.parametrize(
    "host", ["peer.example", "local.example", "internal.co", "arpa.home", "xn--bcher-kva.example"]
)
def test_a_public_name_passes(host: str) -> None:
    Guard().check_host(host)


def test_only_the_public_addresses_of_a_name_are_used() -> None:
    addresses = ["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]
    assert Guard().choose("peer.example", addresses) == ["8.8.8.8", "2606:4700::1111"]


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(PrivateAddress):
        Guard().choose("peer.example", [])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "a.localhost"],
)
def test_development_permits_loopback(host: str) -> None:
    Guard(development=True).check_host(host)
    assert is_loopback(host)


@pytest.mark.parametrize(
    "address",
    [a for a in ADDRESSES if a != "::1" and not a.startswith("127.")],
)
def test_development_permits_no_other_private_address(address: str) -> None:
    assert not Guard(development=True).may_dial(address)
    with pytest.raises(PrivateAddress):
        Guard(development=True).check_host(address)
    assert not is_loopback(address)


@pytest.mark.parametrize("host", ["peer", "x.internal", "127.1", "x.local"])
def test_development_permits_no_other_private_name(host: str) -> None:
    with pytest.raises(PrivateAddress):
        Guard(development=True).check_host(host)
    assert not is_loopback(host)


def test_an_exception_permits_one_address_only() -> None:
    guard = Guard(exceptions=["127.0.0.1"])
    guard.check_host("127.0.0.1")
    assert guard.choose("peer.example", ["127.0.0.2", "127.0.0.1"]) == ["127.0.0.1"]
    assert not guard.may_dial("::1")
    assert not guard.may_dial("::ffff:127.0.0.1")


def test_a_literal_address_is_distinguished_from_a_name() -> None:
    assert literal_address("[::1]") == "::1"
    assert literal_address("::1") == "::1"
    assert literal_address("8.8.8.8") == "8.8.8.8"
    assert literal_address("[peer]") is None
    assert literal_address("127.1") is None

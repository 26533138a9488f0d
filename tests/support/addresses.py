"""Addresses that are never dialled, listed independently of the code that must refuse them.

The networks are the union of those that Mastodon 4.6 (`private_address_check.rb`) and GoToSocial
0.20 (`sanitizer.go`) refuse; ADDRESSES has the first and the last address of each, and those inside
that have a special meaning or have been overlooked in other programs.
"""

from ipaddress import ip_network

NETWORKS = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
    *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    # All of IPv6 except 2000::/3, and parts of that.
    *("::/3", "4000::/2", "8000::/1"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
)

_ENDS = tuple(
    str(address) for network in map(ip_network, NETWORKS) for address in (network[0], network[-1])
)

_INSIDE = (
    *("0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.0.0.2", "169.254.169.254"),
    *("172.16.0.1", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.31.196.1", "192.52.193.1"),
    *("192.88.99.1", "192.168.1.1", "192.175.48.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1"),
    *("2001:1ff:ffff::1", "2002:7f00:1::", "2002:808:808::", "2620:4f:8000::1", "3fff::1"),
    *("3fff:fff:ffff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1"),
    *("fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
)

ADDRESSES = (*_ENDS, *_INSIDE)

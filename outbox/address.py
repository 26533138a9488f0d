"""Inboxes → distinct inboxes: our own and those on unwanted hosts are left out."""

from collections.abc import Container, Iterable

from activitypub.errors import Malformed
from activitypub.iri import host_of


def fold(inboxes: Iterable[str], *, own_host: str, skip_hosts: Container[str]) -> list[str]:
    """The inboxes to deliver to, each once, in their order.

    Inboxes on `own_host` or on `skip_hosts` (blocked, gone) are left out, and so are those that are
    not IRIs.
    """
    found: dict[str, None] = {}
    for inbox in inboxes:
        try:
            host = host_of(inbox)
        except Malformed:
            continue
        if host != own_host and host not in skip_hosts:
            found[inbox] = None
    return list(found)

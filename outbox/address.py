"""Recipients → distinct inboxes: shared inboxes folded, ourselves and unwanted hosts left out."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from activitypub.errors import Malformed
from activitypub.iri import host_of


@dataclass(frozen=True, slots=True)
class Recipient:
    """An actor to be told: its own inbox, and its server's shared one when it has one."""

    inbox: str
    shared_inbox: str | None = None


def fold(
    recipients: Iterable[Recipient], *, own_host: str, skip_hosts: Container[str]
) -> list[str]:
    """The inboxes to deliver to, each once, in the order of the recipients.

    A shared inbox stands for all its recipients (ActivityPub §7.1.3), but only one on the
    recipient's own host: a peer must not be able to send us to a third server's door with what was
    meant for its own member. Inboxes on `own_host` or on `skip_hosts` (blocked, gone) are left out,
    and so are those that are no IRIs.
    """
    inboxes: dict[str, None] = {}
    for recipient in recipients:
        try:
            host = host_of(recipient.inbox)
        except Malformed:
            continue
        if host == own_host or host in skip_hosts:
            continue
        inboxes[_door(recipient, host)] = None
    return list(inboxes)


def _door(recipient: Recipient, host: str) -> str:
    shared = recipient.shared_inbox
    if not shared:
        return recipient.inbox
    try:
        return shared if host_of(shared) == host else recipient.inbox
    except Malformed:
        return recipient.inbox

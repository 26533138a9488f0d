"""Accept-Signature (RFC 9421 §5): how a server says that it takes requests signed with Ed25519.

Our inboxes send `REQUESTED` with each 202, and `requests_ed25519` reads what a peer sends. A peer
that asks for anything else than the signature that `request` makes is not taken to ask for it.
"""

from functools import lru_cache

from activitypub.errors import Malformed
from activitypub.signatures import rfc9421
from activitypub.signatures.structured import InnerList, Item, parse_dictionary, serialize

HEADER = "Accept-Signature"

REQUESTED = (
    f"{rfc9421.LABEL}=({rfc9421.METHOD} {rfc9421.TARGET_URI} {rfc9421.CONTENT_DIGEST})"
    f';created;alg="{rfc9421.ALGORITHMS["ed25519"]}"'
)

_COVERED = frozenset({rfc9421.METHOD, rfc9421.TARGET_URI, rfc9421.CONTENT_DIGEST})


@lru_cache(maxsize=256)  # all servers of one kind send the same
def requests_ed25519(header: str) -> bool:
    """Whether an Accept-Signature asks for what an Ed25519 key of ours signs of a POST.

    That is one of its signatures with `ed25519` as its `alg`, over nothing but the method, the
    target and the digest of the content, and with no other parameter than `created`: a nonce, a tag
    or a certain key serve a purpose that is not ours. An invalid header asks for nothing.
    """
    try:
        return any(_is_ours(member) for member in parse_dictionary(header).values())
    except Malformed:
        return False


def _is_ours(member: Item | InnerList) -> bool:
    if not isinstance(member, InnerList):
        return False
    wanted = dict(member.parameters)
    return (
        _COVERED.issuperset(serialize(item) for item in member.items)
        and wanted.pop("alg", None) == rfc9421.ALGORITHMS["ed25519"]
        and wanted.pop("created", True) is True
        and not wanted
    )

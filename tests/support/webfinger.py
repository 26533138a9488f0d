"""WebFinger responses in a test's network."""

import json
from typing import Any

from tests.support.node import Node

KIM = "https://kim.example/u/kim"


def answer_webfinger(node: Node, handle: str, iri: str, *, subject: str = "") -> None:
    host = handle.partition("@")[2]
    found: dict[str, Any] = {
        "subject": f"acct:{subject or handle}",
        "links": [{"rel": "self", "type": "application/activity+json", "href": iri}],
    }
    node.network.answer(
        f"https://{host}/.well-known/webfinger?resource=acct:{handle}",
        json.dumps(found).encode(),
        kind="application/jrd+json",
    )


APEX = "kim@apex.example"


def split_domain(node: Node, *, apex_names: str = KIM) -> None:
    """Kim's handle has the domain of her server's site, given by `apex_names`."""
    answer_webfinger(node, APEX, apex_names)
    answer_webfinger(node, "kim@kim.example", KIM, subject=APEX)

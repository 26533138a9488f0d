"""A person, a community, a post and a comment that other servers serve."""

import pytest

from tests.support.documents import group, note, page, person
from tests.support.node import Node

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"
POST, COMMENT = "https://kim.example/post/1", "https://kim.example/note/1"

WITH_PEERS = [
    pytest.mark.usefixtures("peers"),
    pytest.mark.parametrize("dialect", ["sqlite"], indirect=True),
]
"""Marks of a module whose `node` finds them. Fetching is the same on every database; transactions
are tested in test_db.
"""


def serve(node: Node) -> Node:
    """`node`, for which kim's server and that of !dogs respond."""
    node.network.put(person(KIM), group(DOGS), page(POST, KIM, DOGS))
    node.network.put(note(COMMENT, KIM, POST))
    return node

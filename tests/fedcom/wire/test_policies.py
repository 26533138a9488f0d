"""The interaction policies of remote authors, in the terms of GoToSocial and Mastodon."""

from typing import Any

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.wire.policies import Restrictions, restrictions_in
from tests.support.documents import note

KIM = "https://kim.example/u/kim"
NOBODY = {"automaticApproval": [KIM], "manualApproval": []}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, Restrictions()),
        ("x", Restrictions()),
        ({"canReply": "x"}, Restrictions()),
        ({"canQuote": {"automaticApproval": [KIM]}}, Restrictions()),
        ({"canReply": {"automaticApproval": "as:Public"}}, Restrictions()),
        ({"canReply": {"automaticApproval": [f"{KIM}/followers"]}}, Restrictions()),
        ({"canReply": {"automaticApproval": KIM, "manualApproval": [PUBLIC]}}, Restrictions()),
        ({"canReply": NOBODY}, Restrictions(no_replies=True)),
        ({"canReply": {"always": [KIM]}}, Restrictions(no_replies=True)),
        ({"canReply": {}}, Restrictions(no_replies=True)),
        ({"canAnnounce": {"automaticApproval": [PUBLIC]}}, Restrictions()),
        ({"canAnnounce": NOBODY}, Restrictions(no_boosts=True)),
        ({"canAnnounce": {"approvalRequired": [PUBLIC]}}, Restrictions(no_boosts=True)),
    ],
)
def test_restrictions_are_read_from_the_policy(policy: Any, expected: Restrictions) -> None:
    document = note("https://kim.example/1", KIM, interactionPolicy=policy)

    assert restrictions_in(Document(document)) == expected

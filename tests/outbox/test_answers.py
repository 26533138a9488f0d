import math

import pytest

from activitypub.errors import FetchRefused, Malformed, PrivateAddress, ProtocolError, Unreachable
from outbox.answers import DAY, Kind, from_error, from_status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Kind.DELIVERED),
        (202, Kind.DELIVERED),
        (204, Kind.DELIVERED),
        (301, Kind.REJECTED),
        (308, Kind.REJECTED),
        (400, Kind.REJECTED),
        (401, Kind.UNAUTHORIZED),
        (403, Kind.REJECTED),
        (404, Kind.GONE),
        (408, Kind.BUSY),
        (410, Kind.GONE),
        (413, Kind.REJECTED),
        (422, Kind.REJECTED),
        (429, Kind.BUSY),
        (500, Kind.BUSY),
        (502, Kind.BUSY),
        (503, Kind.BUSY),
        (599, Kind.BUSY),
    ],
)
def test_every_status_has_a_name(status: int, kind: Kind) -> None:
    assert from_status(status).kind is kind


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (Unreachable("timeout", "No answer."), Kind.BUSY, None),
        (Unreachable("busy", "Busy.", status=503), Kind.BUSY, 503),
        (TimeoutError(), Kind.BUSY, None),
        (ConnectionRefusedError("no"), Kind.BUSY, None),
        (PrivateAddress("private_address", "Not there."), Kind.REJECTED, None),
        (FetchRefused("status", "No."), Kind.REJECTED, None),
        (Malformed("iri_host", "No host."), Kind.REJECTED, None),
    ],
)
def test_every_fault_has_a_name(
    error: ProtocolError | OSError, kind: Kind, status: int | None
) -> None:
    outcome = from_error(error)
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.text


@pytest.mark.parametrize(
    ("asked", "kept"),
    [(120.0, 120.0), (None, None), (-1.0, None), (0.0, None), (math.nan, None), (1e12, DAY)],
)
def test_a_wish_for_patience_is_kept_within_reason(asked: float | None, kept: float | None) -> None:
    assert from_status(503, "", asked).retry_after == kept
    assert from_error(Unreachable("busy", "", retry_after=asked)).retry_after == kept


def test_only_the_beginning_of_an_answer_is_kept() -> None:
    assert len(from_status(500, "x" * 2000).text) == 500
    assert len(from_error(OSError("y" * 2000)).text) == 500

import math

import pytest

from activitypub.errors import FetchRefused, Malformed, PrivateAddress, ProtocolError, Unreachable
from outbox.answers import DAY, AnswerKind, from_error, from_status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, AnswerKind.DELIVERED),
        (202, AnswerKind.DELIVERED),
        (204, AnswerKind.DELIVERED),
        (301, AnswerKind.REJECTED),
        (308, AnswerKind.REJECTED),
        (400, AnswerKind.REJECTED),
        (401, AnswerKind.UNAUTHORIZED),
        (403, AnswerKind.REJECTED),
        (404, AnswerKind.GONE),
        (408, AnswerKind.BUSY),
        (410, AnswerKind.GONE),
        (413, AnswerKind.REJECTED),
        (422, AnswerKind.REJECTED),
        (429, AnswerKind.BUSY),
        (500, AnswerKind.BUSY),
        (502, AnswerKind.BUSY),
        (503, AnswerKind.BUSY),
        (599, AnswerKind.BUSY),
    ],
)
def test_every_status_has_a_name(status: int, kind: AnswerKind) -> None:
    assert from_status(status).kind is kind


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (Unreachable("timeout", "No answer."), AnswerKind.BUSY, None),
        (Unreachable("busy", "Busy.", status=503), AnswerKind.BUSY, 503),
        (TimeoutError(), AnswerKind.BUSY, None),
        (ConnectionRefusedError("no"), AnswerKind.BUSY, None),
        (PrivateAddress("private_address", "Not there."), AnswerKind.REJECTED, None),
        (FetchRefused("status", "No."), AnswerKind.REJECTED, None),
        (Malformed("iri_host", "No host."), AnswerKind.REJECTED, None),
    ],
)
def test_every_error_has_a_name(
    error: ProtocolError | OSError, kind: AnswerKind, status: int | None
) -> None:
    outcome = from_error(error)
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.text


@pytest.mark.parametrize(
    ("asked", "kept"),
    [(120.0, 120.0), (None, None), (-1.0, None), (0.0, None), (math.nan, None), (1e12, DAY)],
)
def test_retry_after_is_limited(asked: float | None, kept: float | None) -> None:
    assert from_status(503, "", asked).retry_after == kept
    assert from_error(Unreachable("busy", "", retry_after=asked)).retry_after == kept


def test_only_the_beginning_of_a_response_is_kept() -> None:
    assert len(from_status(500, "x" * 2000).text) == 500
    assert len(from_error(OSError("y" * 2000)).text) == 500

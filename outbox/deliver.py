"""One attempt at one delivery: get the key, sign, POST, classify the response.

Nothing is stored here, and nothing is decided about what comes next.
"""

import asyncio

from activitypub.errors import ProtocolError
from outbox.answers import AnswerKind, AttemptOutcome, from_error, from_status
from outbox.claims import ClaimedDelivery
from outbox.ports import Poster, Signers


async def attempt(
    row: ClaimedDelivery, *, signers: Signers, poster: Poster, seconds: float
) -> AttemptOutcome:
    """Send `row` once, within `seconds`; the result."""
    try:
        async with asyncio.timeout(seconds):
            return await _post(row, signers, poster)
    except (ProtocolError, OSError) as error:  # TimeoutError is an OSError
        return from_error(error)


async def _post(row: ClaimedDelivery, signers: Signers, poster: Poster) -> AttemptOutcome:
    try:
        keys = await signers.keys(row.actor)
    except LookupError:
        return AttemptOutcome(AnswerKind.REJECTED, text=f"{row.actor} has no signing key")
    answer = await poster.post(row.inbox, row.body, keys)
    return from_status(answer.status, answer.text, answer.retry_after)

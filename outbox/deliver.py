"""One attempt at one delivery: get the key, sign anew and POST, name the answer.

Nothing is written down here, and nothing is decided about what comes next.
"""

import asyncio

from activitypub.errors import ProtocolError
from outbox.answers import Kind, Outcome, from_error, from_status
from outbox.claims import Claimed
from outbox.ports import Poster, Signers


async def attempt(row: Claimed, *, signers: Signers, poster: Poster, seconds: float) -> Outcome:
    """Send `row` once, within `seconds`, and name what came of it."""
    try:
        async with asyncio.timeout(seconds):
            return await _post(row, signers, poster)
    except (ProtocolError, OSError) as error:  # TimeoutError is an OSError
        return from_error(error)


async def _post(row: Claimed, signers: Signers, poster: Poster) -> Outcome:
    try:
        key = await signers.key(row.actor)
    except LookupError:
        return Outcome(Kind.REJECTED, text=f"{row.actor} has no signing key")
    answer = await poster.post(row.inbox, row.body, key)
    return from_status(answer.status, answer.text, answer.retry_after)

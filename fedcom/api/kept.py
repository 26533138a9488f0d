"""Long answers that are the same for everybody, kept in memory for a minute by each process."""

import asyncio
import gzip
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

KEPT = timedelta(minutes=1)

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class EncodedAnswer:
    """An answer as it is sent."""

    json: bytes
    gzipped: bytes

    @classmethod
    def of(cls, answer: object) -> "EncodedAnswer":
        """Encode and compress: call it in a thread."""
        json = msgspec.json.encode(answer)
        return cls(json, gzip.compress(json, _LEVEL))


class KeptAnswers:
    """The last answer of each name. One of another version than asked for is not used."""

    def __init__(self) -> None:
        # Of several who ask at the same time, one makes the answer.
        self.turn = asyncio.Lock()
        self._kept: dict[str, tuple[Hashable, datetime, EncodedAnswer]] = {}

    def find(self, name: str, version: Hashable, now: datetime) -> EncodedAnswer | None:
        """The answer, if it is of this version and not older than `KEPT`."""
        its_version, made_at, answer = self._kept.get(name, (None, now, None))
        return answer if its_version == version and now - made_at < KEPT else None

    def keep(self, name: str, version: Hashable, now: datetime, answer: EncodedAnswer) -> None:
        """Keep it in place of the one before."""
        self._kept[name] = version, now, answer
